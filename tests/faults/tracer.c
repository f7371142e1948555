/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracer PROGRAM…: runs it and does something to it at one of its system calls. What, stands in the file TRACER_PLAN, one line:
 *
 *	count			nothing
 *	kill N			SIGKILL at the entry of the Nth call
 *	fail N ERRNO TIMES	the Nth call and those after it, TIMES in all, fail without being made
 *
 * SIGUSR1 reads the plan and begins to count, SIGUSR2 ends it; with TRACER_BEGIN set it begins with the program. At its end and
 * the program's the calls are written to TRACER_OUT. Of the program itself only, not of its children. Calls whose failure
 * nobody provides for (brk, futex, exit …) are not counted for "fail". The program's exit status is the tracer's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum what { COUNT, KILL, FAIL };

static struct {
	enum what what;
	long n, times;
	int error;
	long calls;
	pid_t child;
} t;

static volatile sig_atomic_t counting;

static void begin(void)
{
	const char *path = getenv("TRACER_PLAN");
	FILE *f = path ? fopen(path, "re") : NULL;
	char word[16] = "";

	t.calls = t.n = t.times = 0;
	t.what = COUNT;
	if (!f)
		return;
	if (fscanf(f, "%15s %ld %d %ld", word, &t.n, &t.error, &t.times) > 1)
		t.what = strcmp(word, "kill") == 0 ? KILL : FAIL;
	(void)fclose(f);
}

/* Between two stops of the program the plan is nobody's: it is read here. */
static void on_signal(int signal)
{
	if (signal == SIGUSR1)
		begin();
	counting = signal == SIGUSR1;
}

static void say_calls(void)
{
	const char *path = getenv("TRACER_OUT");
	FILE *f = path ? fopen(path, "we") : NULL;

	if (!f)
		return;
	(void)fprintf(f, "calls %ld\n", t.calls);
	(void)fclose(f);
}

/* Calls that are made to fail: those that ask the kernel for something that it may not have. */
static bool may_fail(unsigned long long nr)
{
	static const int calls[] = {SYS_openat, SYS_read, SYS_write, SYS_pread64, SYS_pwrite64,
		SYS_fsync, SYS_fdatasync, SYS_socket, SYS_connect, SYS_accept4, SYS_accept,
		SYS_sendmsg, SYS_sendto, SYS_recvmsg, SYS_recvfrom, SYS_mkdir, SYS_mkdirat,
		SYS_rename, SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat, SYS_ftruncate,
		SYS_fstat, SYS_newfstatat, SYS_statx, SYS_getdents64, SYS_pipe2, SYS_memfd_create,
		SYS_fcntl, SYS_epoll_ctl, SYS_clone, SYS_clone3, SYS_vfork, SYS_fork,
		SYS_pidfd_open, SYS_openat2, SYS_socketpair, SYS_dup3, SYS_timerfd_create,
		SYS_pidfd_send_signal, SYS_waitid, SYS_bind, SYS_setns, SYS_inotify_add_watch,
		SYS_writev, SYS_rmdir, SYS_faccessat, SYS_faccessat2, SYS_access, SYS_readlinkat,
		SYS_readlink};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if ((unsigned long long)calls[i] == nr)
			return true;
	return false;
}

/* Timers, signals and events of the loop itself: reading them fails on no machine. */
static bool is_of_the_loop(unsigned long long nr, unsigned long long fd)
{
	char path[64], to[32] = "";

	if (nr != SYS_read)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%llu", (int)t.child, fd);
	return readlink(path, to, sizeof(to) - 1) > 0 && strncmp(to, "anon_inode:", 11) == 0;
}

static bool is_hit(unsigned long long nr, unsigned long long first)
{
	if (!counting || (t.what == FAIL && (!may_fail(nr) || is_of_the_loop(nr, first))))
		return false;
	t.calls++;
	return t.what != COUNT && t.calls >= t.n && (t.what == KILL || t.calls < t.n + t.times);
}

/* One stop of a thread of the program. */
static void step(pid_t pid, int signal)
{
	struct __ptrace_syscall_info info;
	struct user_regs_struct regs;
	static bool failing; /* one thread only: berthd has no other */

	if (signal != (SIGTRAP | 0x80)) {
		(void)ptrace(PTRACE_SYSCALL, pid, NULL, signal == SIGTRAP ? 0 : (long)signal);
		return;
	}
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0) {
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
			is_hit(info.entry.nr, info.entry.args[0])) {
			if (t.what == KILL)
				(void)kill(t.child, SIGKILL);
			else if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0) {
				regs.orig_rax = (unsigned long long)-1;
				(void)ptrace(PTRACE_SETREGS, pid, NULL, &regs);
				failing = true;
			}
		} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && failing) {
			failing = false;
			if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0) {
				regs.rax = (unsigned long long)-(long long)t.error;
				(void)ptrace(PTRACE_SETREGS, pid, NULL, &regs);
			}
		}
	}
	(void)ptrace(PTRACE_SYSCALL, pid, NULL, 0);
}

static int trace(void)
{
	bool counted = false;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (counted && !counting)
			say_calls();
		counted = counting;
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return 1;
		if (WIFSTOPPED(status)) {
			step(pid, WSTOPSIG(status));
			continue;
		}
		if (pid != t.child)
			continue;
		say_calls();
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static int run(char **argv)
{
	struct sigaction a = {.sa_handler = on_signal};
	int status;

	(void)sigaction(SIGUSR1, &a, NULL);
	(void)sigaction(SIGUSR2, &a, NULL);
	t.child = fork();
	if (t.child == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		(void)execv(argv[0], argv);
		_exit(127);
	}
	if (t.child < 0 || waitpid(t.child, &status, 0) != t.child)
		return 1;
	(void)ptrace(PTRACE_SETOPTIONS, t.child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	(void)ptrace(PTRACE_SYSCALL, t.child, NULL, 0);
	return trace();
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (getenv("TRACER_BEGIN"))
		on_signal(SIGUSR1);
	return run(argv + 1);
}
