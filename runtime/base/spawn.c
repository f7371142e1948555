/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting another program. clone3 gives the pidfd with the child, so that no pid is ever looked up
 * again (safety R28); between clone3 and execve the child makes system calls only. What fails there
 * is told through a pipe that exec closes.
 */
#include "runtime/base/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char *const fixed_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};

/*
 * The system call itself: glibc refuses its own signals 32 and 33, which a posix_spawn of glibc 2.36
 * (make, for one) leaves ignored in what it starts, and an ignored signal outlives execve.
 */
static void reset_signals(void)
{
	static const unsigned long kernel_default[4]; /* struct sigaction of the kernel: SIG_DFL */
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)syscall(SYS_rt_sigaction, sig, kernel_default, NULL, sizeof(unsigned long));
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

enum { PARKED = 64 }; /* descriptors wait above this number while they are put in place */

/* Puts the named descriptors in place and closes all others but @keep: its new number, or -errno. */
static int place_fds(const struct spawn *s, int keep)
{
	bool named[3] = {false, false, false};
	int parked[SPAWN_FDS_MAX];
	int last = 2, null;

	keep = fcntl(keep, F_DUPFD_CLOEXEC, PARKED);
	if (keep < 0)
		return -errno;
	for (size_t i = 0; i < s->n_fds; i++) {
		parked[i] = fcntl(s->fds[i].fd, F_DUPFD_CLOEXEC, PARKED);
		if (parked[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < s->n_fds; i++) {
		int as = s->fds[i].as;

		if (dup2(parked[i], as) < 0)
			return -errno;
		if (as < 3)
			named[as] = true;
		else if (as > last)
			last = as;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		if (!named[fd] && (null < 0 || dup2(null, fd) < 0))
			return -errno;
	if (syscall(SYS_close_range, last + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return keep;
}

static int join_cgroups(const struct spawn *s)
{
	for (size_t i = 0; i < s->n_procs_fds; i++)
		if (write(s->procs_fds[i], "0", 1) < 0)
			return -errno;
	return 0;
}

int spawn_become(const struct spawn *s, int *keep_fd)
{
	const char *const *env = s->env ? s->env : fixed_env;
	int r = join_cgroups(s), kept;

	reset_signals();
	if (r == 0 && !s->keep_session && setsid() < 0)
		r = -errno;
	if (r == 0 && chdir("/") < 0)
		r = -errno;
	if (r == 0 && s->prepare)
		r = s->prepare(s->prepare_data);
	if (r < 0)
		return r;
	kept = place_fds(s, keep_fd ? *keep_fd : STDERR_FILENO);
	if (kept < 0)
		return kept;
	if (keep_fd)
		*keep_fd = kept;
	/* execve takes non-const arrays for historical reasons and does not change them. */
	(void)execve(s->argv[0], (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)env);
	return -errno;
}

_Noreturn static void run_child(const struct spawn *s, int report)
{
	int r = spawn_become(s, &report);

	(void)!write(report, &r, sizeof r);
	_exit(127);
}

static int clone_child(const struct spawn *s, struct child *ret)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&ret->pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (s->cgroup_fd > 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)s->cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		return -errno;
	ret->pid = (pid_t)pid;
	return 0;
}

int spawn(const struct spawn *s, struct child *ret, struct err *e)
{
	struct child c = {-1, -EBADF};
	cleanup_close int read_end = -EBADF, write_end = -EBADF;
	int pipe_fds[2], failed = 0, r;
	ssize_t got;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(e, -errno, "starting %s", s->argv[0]);
	read_end = pipe_fds[0];
	write_end = pipe_fds[1];
	r = clone_child(s, &c);
	if (r < 0)
		return err_errno(e, r, "starting %s", s->argv[0]);
	if (c.pid == 0)
		run_child(s, write_end);
	(void)close(take_fd(write_end));
	do
		got = read(read_end, &failed, sizeof failed);
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)sizeof failed) {
		int status;

		(void)child_wait(&c, -1, &status);
		return err_errno(e, failed, "starting %s", s->argv[0]);
	}
	*ret = c;
	return 0;
}

int child_wait(struct child *c, int timeout_ms, int *ret_status)
{
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	int status, n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	(void)close(c->pidfd);
	*c = (struct child){-1, -EBADF};
	*ret_status = status;
	return 0;
}

void child_kill(struct child *c)
{
	int status;

	if (c->pidfd < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
	(void)child_wait(c, -1, &status);
}
