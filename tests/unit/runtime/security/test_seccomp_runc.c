/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default profile inside a container that the real runc has started: this program is its process, its
 * rootfs a bind of the host's root. The container has every capability that the host can give, while the
 * profile is the one for the default set, so that a refusal can only be the filter's.
 */
#include "tests/unit/unit.h"

#include "runtime/base/json.h"
#include "runtime/base/spawn.h"
#include "runtime/security/caps.h"
#include "runtime/security/paths.h"
#include "runtime/security/seccomp.h"
#include "runtime/security/users.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define RUNC "/usr/sbin/runc"

/* ---- the process in the container ---- */

/* A call, with arguments that the kernel would answer otherwise than the filter does. */
static const struct {
	const char *name;
	long nr, a, b, c;
	int want; /* errno; 0: success */
} calls[] = {
	{"getpid", SYS_getpid, 0, 0, 0, 0},
	{"mount", SYS_mount, 0, 0, 0, EPERM},
	{"umount2", SYS_umount2, 0, 0, 0, EPERM},
	{"pivot_root", SYS_pivot_root, 0, 0, 0, EPERM},
	{"unshare", SYS_unshare, 0, 0, 0, EPERM},
	{"setns", SYS_setns, -1, 0, 0, EPERM},
	{"keyctl", SYS_keyctl, 9999, 0, 0, EPERM},
	{"add_key", SYS_add_key, 0, 0, 0, EPERM},
	{"bpf", SYS_bpf, 9999, 0, 0, EPERM},
	{"io_uring_setup", SYS_io_uring_setup, 1, 0, 0, EPERM},
	{"userfaultfd", SYS_userfaultfd, -1, 0, 0, EPERM},
	{"fsopen", SYS_fsopen, 0, 0, 0, EPERM},
	{"open_tree", SYS_open_tree, -1, 0, 0, EPERM},
	{"sethostname", SYS_sethostname, 0, 0, 0, EPERM},
	{"clone with a namespace", SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, EPERM},
	{"clone3", SYS_clone3, 0, 0, 0, ENOSYS},
	{"personality: asks", SYS_personality, 0xffffffff, 0, 0, 0},
	{"personality: no randomizing", SYS_personality, 0x0040000, 0, 0, EPERM},
	{"socket: unix", SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0},
	{"socket: vsock", SYS_socket, AF_VSOCK, SOCK_STREAM, 0, EPERM},
	{"chroot, whose capability is in the set", SYS_chroot, 0, 0, 0, EFAULT},
	/* Newer than all the profile names: told so, that libc may fall back. */
	{"a call of a later kernel", 4000, 0, 0, 0, ENOSYS},
};

/* A call of 32-bit or x32 code in a child: the signal that ends it. */
static int foreign_call(bool x32)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		long r = 20; /* getpid */

		if (x32)
			(void)syscall(0x40000000 | SYS_getpid);
		else
			__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int probe(void)
{
	cleanup_fclose FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	int mode = -1, wrong = 0;

	while (f && fgets(line, sizeof line, f))
		(void)sscanf(line, "Seccomp: %d", &mode);
	if (mode != 2) {
		(void)printf("Seccomp: %d\n", mode);
		wrong++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		long r = syscall(calls[i].nr, calls[i].a, calls[i].b, calls[i].c, 0, 0);
		int got = r < 0 ? errno : 0;

		if (got != calls[i].want) {
			(void)printf(
				"%s: %s\n", calls[i].name, got ? strerrorname_np(got) : "done");
			wrong++;
		}
	}
	for (int x32 = 0; x32 < 2; x32++)
		if (foreign_call(x32) != SIGSYS) {
			(void)printf("%s call: not killed\n", x32 ? "x32" : "32-bit");
			wrong++;
		}
	return wrong;
}

/* ---- the test around it ---- */

static json_t *strings(const char *const *list)
{
	json_t *j = json_array();

	for (; *list; list++)
		json_push(j, json_string(*list));
	return j;
}

static json_t *mount_of(const char *type, const char *at)
{
	json_t *j = json_object();

	json_put_str(j, "destination", at);
	json_put_str(j, "type", type);
	json_put_str(j, "source", type);
	return j;
}

static json_t *config(const char *self, const char *rootfs, uint64_t host_caps)
{
	json_t *j = json_object(), *process = json_sub(j, "process"), *root = json_sub(j, "root");
	json_t *linux_part = json_sub(j, "linux"), *mounts = json_array(), *spaces = json_array();
	static const char *const names[] = {"mount", "pid", "ipc", "uts", "network"};

	json_put_str(j, "ociVersion", "1.0.2");
	json_put(process, "user", users_json(&(const struct user_ids){0}));
	json_put(process, "args", strings((const char *const[]){self, "probe", NULL}));
	json_put(process, "env", strings((const char *const[]){"PATH=/usr/bin", NULL}));
	json_put_str(process, "cwd", "/");
	json_put(process, "capabilities", caps_json(host_caps));
	json_put_str(root, "path", rootfs);
	json_push(mounts, mount_of("proc", "/proc"));
	json_push(mounts, mount_of("tmpfs", "/dev"));
	json_put(j, "mounts", mounts);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		json_t *s = json_object();

		json_put_str(s, "type", names[i]);
		json_push(spaces, s);
	}
	json_put(linux_part, "namespaces", spaces);
	json_put(linux_part, "maskedPaths", paths_masked());
	json_put(linux_part, "readonlyPaths", paths_readonly());
	json_put(linux_part, "seccomp", seccomp_default(caps_default()));
	return j;
}

static int run_container(const char *dir, const char *id)
{
	char state[96];
	const char *argv[] = {RUNC, "--root", state, "run", "--bundle", dir, id, NULL};
	const struct spawn s = {.argv = argv, .fds = {{1, 1}, {2, 2}}, .n_fds = 2};
	struct child c;
	struct err e = {0};
	int status = -1;

	(void)snprintf(state, sizeof state, "%s/state", dir);
	if (spawn(&s, &c, &e) < 0)
		fail_msg("%s", err_text(&e));
	if (child_wait(&c, 20000, &status) < 0) {
		child_kill(&c);
		fail_msg("runc has not ended in 20 s");
	}
	return status;
}

static void in_a_container(void **state)
{
	struct scratch s;
	char self[512], rootfs[96], id[32];
	cleanup_json json_t *j = NULL;
	cleanup_free char *text = NULL;
	uint64_t caps;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	int status;

	(void)state;
	if (geteuid() != 0 || access(RUNC, X_OK) < 0)
		skip();
	assert_true(n > 0);
	self[n] = '\0';
	assert_int_equal(caps_of_host(&caps), 0);
	scratch_open(&s);
	/* The bind lives in a mount namespace of this test's own, and goes with it. */
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	(void)snprintf(rootfs, sizeof rootfs, "%s/rootfs", s.path);
	assert_int_equal(mkdir(rootfs, 0700), 0);
	assert_int_equal(mount("/", rootfs, NULL, MS_BIND | MS_REC, NULL), 0);
	(void)snprintf(id, sizeof id, "berth-test-%d", (int)getpid());
	j = config(self, rootfs, caps);
	text = json_text(j);
	assert_int_equal(
		fs_write_atomic(s.fd, "config.json", text, strlen(text), 0600, FS_NO_SYNC), 0);
	status = run_container(s.path, id);
	assert_int_equal(umount2(rootfs, MNT_DETACH), 0);
	scratch_close(&s);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(in_a_container)};

	if (argc == 2 && streq(argv[1], "probe"))
		return probe();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
