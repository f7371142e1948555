/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's namespaces, which are the shim's own: made here, pinned nowhere else, gone with it (safety R3).
 *
 * Mounts of the host come in (a slave), so that what the host unmounts is not held by a hundred shims; nothing
 * goes out, and what the shim mounts is private.
 */
#include "runtime/shim/sandbox.h"
#include "runtime/base/fs.h"
#include "runtime/shim/shim.h"
#include "runtime/volume/mount.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	cleanup_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return -errno;
	return 0;
}

static int name_host(const struct plan *p)
{
	if (p->host_network || !p->hostname)
		return 0;
	return sethostname(p->hostname, strlen(p->hostname)) < 0 ? -errno : 0;
}

static int mount_private(struct shim *s)
{
	/* Bundles, the runtime's states, mount points; each of them is small. */
	static const struct mount_tmpfs options = {.size_bytes = 32 << 20,
		.mode = 0700,
		.no_swap = true,
		.limits = MOUNT_NO_SUID | MOUNT_NO_DEV | MOUNT_NO_EXEC};
	cleanup_close int target = fs_open_dir(s->run_fd, "private", 0700);
	cleanup_close int tmpfs = -EBADF;
	int r;

	if (target < 0)
		return target;
	tmpfs = mount_tmpfs(&options);
	r = tmpfs < 0 ? tmpfs : mount_attach(tmpfs, target);
	if (r < 0)
		return r;
	s->private_fd = fs_open_beneath(s->run_fd, "private", O_RDONLY | O_DIRECTORY, 0);
	return s->private_fd < 0 ? s->private_fd : 0;
}

/* What the runtime is told: the path of private/ as this process sees it. */
static int name_private(struct shim *s)
{
	char link[32];
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", s->private_fd);
	n = readlink(link, s->private_path, sizeof s->private_path - 1);
	if (n < 0)
		return -errno;
	s->private_path[n] = '\0';
	(void)snprintf(s->ns_dir, sizeof s->ns_dir, "/proc/%d/ns", getpid());
	return (size_t)n < sizeof s->private_path - 1 ? 0 : -ENAMETOOLONG;
}

/* A descriptor from before belongs to the host's mounts, where nothing may be mounted: the same directory again,
 * found by its path in the new namespace and proven to be the same. */
static int reopen(int *fd)
{
	char link[32], path[4096];
	struct stat old, new;
	int again;
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", *fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		return -errno;
	path[n] = '\0';
	again = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (again < 0)
		return -errno;
	if (fstat(*fd, &old) < 0 || fstat(again, &new) < 0 || old.st_dev != new.st_dev ||
		old.st_ino != new.st_ino) {
		(void)close(again);
		return -ESTALE;
	}
	(void)close(*fd);
	*fd = again;
	return 0;
}

int sandbox_enter(struct shim *s, const struct plan *p, struct err *e)
{
	int flags = CLONE_NEWNS;
	int r;

	if (!p->host_network)
		flags |= CLONE_NEWNET | CLONE_NEWUTS;
	if (!p->host_ipc)
		flags |= CLONE_NEWIPC;
	if (unshare(flags) < 0)
		return err_errno(e, -errno, "making the pod's namespaces");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_errno(e, -errno, "detaching the pod's mounts from the host's");
	r = p->host_network ? 0 : loopback_up();
	if (r < 0)
		return err_errno(e, r, "bringing the pod's loopback up");
	r = name_host(p);
	if (r < 0)
		return err_errno(e, r, "setting the host name");
	r = reopen(&s->state_fd);
	if (r == 0)
		r = reopen(&s->run_fd);
	if (r == 0)
		r = mount_private(s);
	if (r == 0)
		r = name_private(s);
	return r < 0 ? err_errno(e, r, "mounting the pod's private directory") : 0;
}

/* Process 1 of the shared pid namespace: it reaps, and nothing else. */
_Noreturn static void pause_main(void)
{
	sigset_t child;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &child, NULL);
	(void)syscall(SYS_close_range, 0, ~0u, 0);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		(void)sigwaitinfo(&child, NULL);
	}
}

int sandbox_start_pause(struct shim *s)
{
	struct clone_args args = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &args, sizeof args);

	if (pid < 0)
		return -errno;
	if (pid == 0)
		pause_main();
	s->pause_pid = (pid_t)pid;
	return 0;
}
