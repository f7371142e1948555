/* SPDX-License-Identifier: Apache-2.0 */
/* The walls of the unpack jail, each leaned against from inside (R14). */
#include "tests/unit/unit.h"

#include "runtime/image/jail.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

/* Each tries something and returns 0 or -errno; what the filter kills does not return. */
static int reads_host_file(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int climbs_out(void)
{
	return open("../../../../../../etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int finds_proc(void)
{
	return open("/proc/self/status", O_RDONLY | O_CLOEXEC) < 0 ? -errno : 0;
}

static int makes_device(void)
{
	return mknodat(AT_FDCWD, "/null", S_IFCHR | 0666, makedev(1, 3)) < 0 ? -errno : 0;
}

static int makes_block_device(void)
{
	int r = mknodat(AT_FDCWD, "/sda", S_IFBLK | 0666, makedev(8, 0));

	/* landlock says EACCES, the user namespace EPERM: whichever is asked first. */
	return r == 0 ? 0 : errno == EACCES ? -EPERM : -errno;
}

static int makes_socket_file(void)
{
	return mknodat(AT_FDCWD, "/s", S_IFSOCK | 0666, 0) < 0 ? -errno : 0;
}

static int makes_whiteout(void)
{
	return mknodat(AT_FDCWD, "/gone", S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
}

static int marks_opaque(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
}

static int makes_setuid_file(void)
{
	struct stat st;
	int fd = open("/su", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || fchown(fd, 4000000, 7) < 0 || fchmod(fd, 04755) < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == 4000000 && st.st_mode == (S_IFREG | 04755) ? 0 : -EINVAL;
}

static int links_across_directories(void)
{
	int fd = open("/from", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || mkdirat(AT_FDCWD, "/d", 0700) < 0)
		return -errno;
	return linkat(AT_FDCWD, "/from", AT_FDCWD, "/d/to", 0) < 0 ? -errno : 0;
}

static int takes_much_memory(void)
{
	void *p = mmap(NULL, 1u << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}

static int opens_much(void)
{
	for (int i = 0; i < 64; i++)
		if (open("/", O_RDONLY | O_CLOEXEC) < 0)
			return -errno;
	return 0;
}

static int writes_a_long_file(void)
{
	int fd = open("/long", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (lseek(fd, 5 << 20, SEEK_SET) < 0)
		return -errno;
	return write(fd, "x", 1) < 0 ? -errno : 0;
}

static int opens_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -errno : 0;
}

static int runs_a_program(void)
{
	static char *const argv[] = {NULL};

	return execve("/bin/true", argv, argv) < 0 ? -errno : 0;
}

static int forks(void)
{
	return syscall(SYS_fork) < 0 ? -errno : 0;
}

static int mounts(void)
{
	return mount("none", "/", "proc", 0, NULL) < 0 ? -errno : 0;
}

static int traces(void)
{
	return ptrace(PTRACE_ATTACH, 1, NULL, NULL) < 0 ? -errno : 0;
}

static int maps_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -errno : 0;
}

static int renames(void)
{
	return renameat(AT_FDCWD, "/a", AT_FDCWD, "/b") < 0 ? -errno : 0;
}

static int signals(void)
{
	return kill(1, 0) < 0 ? -errno : 0;
}

static const struct {
	const char *name;
	int (*act)(void);
	int r;	    /* what it returns … */
	int signal; /* … or what kills it */
} cases[] = {
	{"reads a host file", reads_host_file, -ENOENT, 0},
	{"climbs out", climbs_out, -ENOENT, 0},
	{"finds /proc", finds_proc, -ENOENT, 0},
	{"makes a device", makes_device, -EPERM, 0},
	{"makes a block device", makes_block_device, -EPERM, 0},
	{"marks a directory opaque", marks_opaque, -EPERM, 0},
	{"takes 1 GiB", takes_much_memory, -ENOMEM, 0},
	{"opens 64 files", opens_much, -EMFILE, 0},
	/* The first process of a namespace does not die of SIGXFSZ; the write fails. */
	{"writes a long file", writes_a_long_file, -EFBIG, 0},
	{"makes a whiteout", makes_whiteout, 0, 0},
	{"makes a setuid file", makes_setuid_file, 0, 0},
	{"links across directories", links_across_directories, 0, 0},
	{"opens a socket", opens_a_socket, 0, SIGSYS},
	{"runs a program", runs_a_program, 0, SIGSYS},
	{"forks", forks, 0, SIGSYS},
	{"mounts", mounts, 0, SIGSYS},
	{"traces", traces, 0, SIGSYS},
	{"maps code", maps_code, 0, SIGSYS},
	{"renames", renames, 0, SIGSYS},
	{"signals", signals, 0, SIGSYS},
};

static int status_in_jail(int root_fd, int (*act)(void))
{
	struct jail jail = {256u << 20, 1 << 20, 10};
	struct child child;
	struct err e = {0};
	int r = jail_fork(root_fd, &child, &e), status;

	if (r < 0)
		fail_msg("%s", err_text(&e));
	if (r == 0) {
		if (jail_enter(&jail, &e) < 0) {
			(void)!write(2, e.msg, strlen(e.msg));
			_exit(125);
		}
		_exit(-act() & 0x7f);
	}
	assert_int_equal(child_wait(&child, 10000, &status), 0);
	return status;
}

static void walls_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scratch s;
		int status;

#ifdef __SANITIZE_ADDRESS__ /* has no limit of its address space */
		if (cases[i].act == takes_much_memory)
			continue;
#endif
		scratch_open(&s);
		status = status_in_jail(s.fd, cases[i].act);
		if (cases[i].signal)
			assert_case(WIFSIGNALED(status) && WTERMSIG(status) == cases[i].signal,
				cases[i].name);
		else
			assert_case(WIFEXITED(status) && WEXITSTATUS(status) == -cases[i].r,
				cases[i].name);
		scratch_close(&s);
	}
}

/* landlock alone denies it: EACCES where the kernel has landlock, else a harmless file. */
static void landlock_is_on_where_there_is_one(void **state)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* version */);
	struct scratch s;
	int status;

	(void)state;
	scratch_open(&s);
	status = status_in_jail(s.fd, makes_socket_file);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), abi >= 2 ? EACCES : 0);
	scratch_close(&s);
}

/* The jail leaves no mount behind. */
static void host_is_unchanged(void **state)
{
	cleanup_free char *after = NULL;
	struct scratch s;

	(void)state;
	scratch_open(&s);
	(void)status_in_jail(s.fd, makes_whiteout);
	assert_int_equal(fs_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &after, NULL), 0);
	/* Other mounts come and go with the tests beside this one. */
	assert_null(strstr(after, s.path));
	scratch_close(&s);
}

/* In a child: a chroot with a /proc, then the jail from there. Returns: what the jailed process said, or 99. */
static int jailed_from_chroot(const struct scratch *s)
{
	char proc[80];

	(void)snprintf(proc, sizeof proc, "%s/proc", s->path);
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(s->path, s->path, NULL, MS_BIND, NULL) < 0 ||
		mount("proc", proc, "proc", 0, NULL) < 0 || chroot(s->path) < 0 || chdir("/") < 0)
		return 99;
	{
		cleanup_close int layer = open("/layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int status = status_in_jail(layer, reads_host_file);

		return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
	}
}

static void a_chroot_is_no_hindrance(void **state)
{
	struct scratch s;
	pid_t child;
	int status;

	(void)state;
	scratch_open(&s);
	assert_int_equal(fs_mkdir_p(s.fd, "proc", 0755), 0);
	assert_int_equal(fs_mkdir_p(s.fd, "layer", 0755), 0);
	child = fork();
	if (child == 0)
		_exit(jailed_from_chroot(&s));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ENOENT);
	scratch_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chroot_is_no_hindrance),
		cmocka_unit_test(walls_hold),
		cmocka_unit_test(landlock_is_on_where_there_is_one),
		cmocka_unit_test(host_is_unchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
