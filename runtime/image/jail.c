/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jail of berth-unpack. Its walls, from the outside in: no host file has a name in it (pivot_root into the layer's
 * directory, the old root detached), no network, no other process, seven capabilities that count in its own user
 * namespace only, landlock, and about forty system calls. Any one of them may be missing on an old
 * kernel only if it is landlock.
 * Source: user_namespaces(7), pivot_root(2), landlock(7), seccomp(2).
 */
#include "runtime/image/jail.h"

#include "runtime/base/fs.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* ---- namespaces --------------------------------------------------------------------------------- */

static int write_map(pid_t pid, const char *file)
{
	static const char map[] = "0 0 4294967295\n";
	cleanup_free char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fs_write_all(fd, map, sizeof map - 1);
}

static int fail_fork(struct err *e, int r)
{
	if (r == -EPERM || r == -ENOSPC || r == -EUSERS || r == -EINVAL)
		return err_errno(e, r,
			"image layers are unpacked in a user namespace, and this host does not "
			"allow "
			"one (see sysctl user.max_user_namespaces)");
	return err_errno(e, r, "making the namespaces to unpack a layer in");
}

/*
 * In a chroot the kernel refuses new user namespaces. Entering the mount namespace that we are in already takes a
 * process back to that namespace's own root. Nothing is opened there: the child goes on from its working directory.
 * Source: user_namespaces(7), EPERM; setns(2), mount namespaces.
 */
static int leave_chroot(int root_fd)
{
	cleanup_close int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	return own < 0 || setns(own, CLONE_NEWNS) < 0 || fchdir(root_fd) < 0 ? -errno : 0;
}

int jail_fork(int root_fd, struct child *ret, struct err *e)
{
	struct child c = {-1, -EBADF};
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID |
			 CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&c.pidfd,
		.exit_signal = SIGCHLD,
	};
	cleanup_close int read_end = -EBADF, write_end = -EBADF;
	int fds[2], r;
	long pid;
	char go;

	/*
	 * Only a working directory comes along into the new mount namespace; a descriptor would still name the
	 * mount of the old one, which cannot be cloned from there.
	 */
	if (pipe2(fds, O_CLOEXEC) < 0 || fchdir(root_fd) < 0)
		return err_errno(e, -errno, "unpacking a layer");
	read_end = fds[0];
	write_end = fds[1];
	pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0 && errno == EPERM && leave_chroot(root_fd) == 0)
		pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		return fail_fork(e, -errno);
	if (pid == 0) {
		(void)close(take_fd(write_end));
		/* Nothing may be done before the id maps stand: until then the child is nobody. */
		if (read(read_end, &go, 1) != 1)
			_exit(126);
		return 0;
	}
	c.pid = (pid_t)pid;
	r = write_map(c.pid, "uid_map");
	if (r == 0)
		r = write_map(c.pid, "gid_map");
	if (r == 0)
		r = fs_write_all(write_end, "g", 1);
	if (r < 0) {
		child_kill(&c);
		return fail_fork(e, r);
	}
	*ret = c;
	return 1;
}

/* ---- the root ----------------------------------------------------------------------------------- */

static int change_root(struct err *e)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	cleanup_close int tree = -EBADF;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(e, -errno, "jail: making mounts private");
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return err_errno(e, -errno, "jail: taking the layer's directory");
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
		return err_errno(e, -errno, "jail: restricting the layer's directory");
	if (syscall(SYS_move_mount, tree, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_errno(e, -errno, "jail: mounting the layer's directory");
	/* pivot_root(".", ".") puts the old root on top of the new one, where it is detached. */
	if (fchdir(tree) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_errno(e, -errno, "jail: entering the layer's directory");
	return 0;
}

/* ---- limits and capabilities --------------------------------------------------------------------- */

static int set_limits(const struct jail *jail, struct err *e)
{
	const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
#ifndef __SANITIZE_ADDRESS__ /* which maps terabytes and touches little of it */
		{RLIMIT_AS, jail->memory_bytes ? jail->memory_bytes : RLIM_INFINITY},
#endif
		{RLIMIT_FSIZE, jail->file_bytes},
		{RLIMIT_CPU, jail->cpu_seconds},
		{RLIMIT_NOFILE, 32},
		{RLIMIT_CORE, 0},
		{RLIMIT_NPROC, 0},
		{RLIMIT_MEMLOCK, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit limit = {limits[i].value, limits[i].value}, now;

		/* A limit that is lower already stays: raising it is not ours to do. */
		if (getrlimit(limits[i].resource, &now) == 0 && now.rlim_max < limit.rlim_max)
			limit.rlim_cur = limit.rlim_max = now.rlim_max;
		if (setrlimit(limits[i].resource, &limit) < 0)
			return err_errno(e, -errno, "jail: setting limit %zu", i);
	}
	return 0;
}

static int drop_capabilities(struct err *e)
{
	const uint32_t kept = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER |
			      1u << CAP_FSETID | 1u << CAP_MKNOD | 1u << CAP_SETFCAP;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{.effective = kept, .permitted = kept}};

	if (syscall(SYS_capset, &head, sets) < 0)
		return err_errno(e, -errno, "jail: giving up capabilities");
	return 0;
}

/* ---- landlock ------------------------------------------------------------------------------------ */

/* What the jail may do below its root; the rest of what the kernel can restrict is denied. */
static const uint64_t landlock_allowed =
	LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_WRITE_FILE |
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SYM |
	LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_REFER;
static const uint64_t landlock_handled = landlock_allowed | LANDLOCK_ACCESS_FS_EXECUTE |
					 LANDLOCK_ACCESS_FS_MAKE_BLOCK |
					 LANDLOCK_ACCESS_FS_MAKE_SOCK;

static int set_landlock(struct err *e)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = landlock_handled};
	struct landlock_path_beneath_attr rule = {.allowed_access = landlock_allowed};
	cleanup_close int ruleset = -EBADF, root = -EBADF;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	/* Without ABI 2 hard links between directories would be denied; the other walls stand without it. */
	if (abi < 2)
		return 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ruleset < 0 || root < 0)
		return err_errno(e, -errno, "jail: landlock");
	rule.parent_fd = root;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ||
		syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return err_errno(e, -errno, "jail: landlock");
	return 0;
}

/* ---- system calls -------------------------------------------------------------------------------- */

static const int allowed_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	SCMP_SYS(lseek),
	/* making and changing files */
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(mkdirat),
	SCMP_SYS(mknodat),
	SCMP_SYS(symlinkat),
	SCMP_SYS(linkat),
	SCMP_SYS(unlinkat),
	SCMP_SYS(fchmod),
	SCMP_SYS(fchown),
	SCMP_SYS(fchownat),
	SCMP_SYS(utimensat),
	SCMP_SYS(fsetxattr),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	/* talking to the parent */
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg),
	/* libc: memory, ending, time */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(getrandom),
#ifdef __SANITIZE_ADDRESS__
	SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
#endif
};

static int set_filter(struct err *e)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = filter ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(allowed_calls); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	/* Memory yes, code no. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, 4 /* PROT_EXEC */, 0));
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r < 0 ? err_errno(e, r, "jail: system call filter") : 0;
}

int jail_enter(const struct jail *jail, struct err *e)
{
	int r = change_root(e);

	(void)umask(0);
	if (r == 0)
		r = set_limits(jail, e);
	if (r == 0)
		r = drop_capabilities(e);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_errno(e, -errno, "jail: no_new_privs");
	if (r == 0)
		r = set_landlock(e);
	/* After the last change of capabilities, which would clear it. */
	if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		r = err_errno(e, -errno, "jail: death signal");
	return r < 0 ? r : set_filter(e);
}
