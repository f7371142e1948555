/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of the comparisons: a container that the OCI runtime runs, nothing around it.
 */
#include "tests/bench/bench.h"

#include "cgroups/warm.h"
#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/base/spawn.h"
#include "runtime/security/caps.h"
#include "runtime/security/paths.h"
#include "runtime/security/users.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

int run(const char *const *argv)
{
	const struct spawn s = {.argv = argv, .fds = {{2, 2}}, .n_fds = 1};
	struct child c;
	struct err e = {0};
	int status;

	if (spawn(&s, &c, &e) < 0)
		die("%s: %s", argv[0], err_text(&e));
	if (child_wait(&c, 120000, &status) < 0) {
		child_kill(&c);
		die("%s %s has not ended in 120 s", argv[0], argv[1] ? argv[1] : "");
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void run_ok(const char *const *argv)
{
	int code = run(argv);

	if (code != 0) {
		for (; *argv; argv++)
			(void)fprintf(stderr, "%s ", *argv);
		die("ended with %d", code);
	}
}

void stamp_reset(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || fchmod(fd, 0666) < 0)
		die("%s: %s", path, strerror(errno));
	(void)close(fd);
}

uint64_t stamp_wait(const char *path, size_t n)
{
	const uint64_t deadline_ns = now_ns() + UINT64_C(30000000000);
	char text[8192];

	for (;;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
		uint64_t last = 0;
		size_t lines = 0;

		if (fd >= 0)
			(void)close(fd);
		text[len > 0 ? len : 0] = '\0';
		for (struct sv rest = sv(text); rest.n > 0; lines++) {
			uint64_t v = 0;

			if (!memchr(rest.p, '\n', rest.n) || parse_u64(sv_cut(&rest, '\n'), &v) < 0)
				break;
			last = v > last ? v : last;
		}
		if (lines >= n)
			return last;
		if (now_ns() > deadline_ns)
			die("%s: %zu of %zu probes have begun in 30 s", path, lines, n);
		/* What is waited for was stamped by the probe itself: looking late costs nothing. */
		sleep_ms(1);
	}
}

static json_t *strings(const char *const *list)
{
	json_t *j = json_array();

	for (; *list; list++)
		json_push(j, json_string(*list));
	return j;
}

static json_t *mount_of(const char *type, const char *at, const char *source, const char *option)
{
	json_t *j = json_object();

	json_put_str(j, "destination", at);
	json_put_str(j, "type", type);
	json_put_str(j, "source", source);
	if (option)
		json_put(j, "options", strings((const char *const[]){option, NULL}));
	return j;
}

/* What `runc spec` writes, less the terminal. */
static json_t *config(const char *dir, json_t *own_seccomp)
{
	static const char *const spaces[] = {"mount", "pid", "ipc", "uts", "network"};
	json_t *j = json_object(), *process = json_sub(j, "process"), *mounts = json_array();
	json_t *list = json_array(), *linux_part = json_sub(j, "linux");

	json_put_str(j, "ociVersion", "1.0.2");
	json_put(process, "user", users_json(&(const struct user_ids){0}));
	json_put(process, "args",
		strings((const char *const[]){"/probe", "once", "/bench/stamp", NULL}));
	json_put(process, "env", strings((const char *const[]){"PATH=/", NULL}));
	json_put_str(process, "cwd", "/");
	json_put(process, "capabilities", caps_json(caps_default()));
	json_put_str(json_sub(j, "root"), "path", "rootfs");
	json_push(mounts, mount_of("proc", "/proc", "proc", NULL));
	json_push(mounts, mount_of("tmpfs", "/dev", "tmpfs", "mode=755"));
	json_push(mounts, mount_of("devpts", "/dev/pts", "devpts", "newinstance"));
	json_push(mounts, mount_of("tmpfs", "/dev/shm", "shm", "mode=1777"));
	json_push(mounts, mount_of("mqueue", "/dev/mqueue", "mqueue", NULL));
	json_push(mounts, mount_of("sysfs", "/sys", "sysfs", "ro"));
	json_push(mounts, mount_of("cgroup", "/sys/fs/cgroup", "cgroup", "ro"));
	json_push(mounts, mount_of("none", "/bench", dir, "bind"));
	json_put(j, "mounts", mounts);
	for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
		json_t *s = json_object();

		json_put_str(s, "type", spaces[i]);
		json_push(list, s);
	}
	json_put(linux_part, "namespaces", list);
	json_put(linux_part, "maskedPaths", paths_masked());
	json_put(linux_part, "readonlyPaths", paths_readonly());
	if (own_seccomp)
		json_put(linux_part, "seccomp", own_seccomp);
	return j;
}

void bundle_write(const struct bench *b, const char *dir, json_t *own_seccomp)
{
	cleanup_json json_t *j = config(dir, own_seccomp);
	cleanup_free char *text = json_text(j);
	cleanup_free char *probe = xasprintf("%s/tests/bench/probe", b->build);
	cleanup_free char *rootfs = xasprintf("%s/rootfs", dir);
	cleanup_free char *inside = xasprintf("%s/rootfs/probe", dir);
	cleanup_free char *stamp = xasprintf("%s/stamp", dir);
	cleanup_close int fd = -EBADF;

	run_ok((const char *const[]){"/bin/mkdir", "-p", rootfs, NULL});
	run_ok((const char *const[]){"/bin/cp", probe, inside, NULL});
	stamp_reset(stamp);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fs_write_atomic(fd, "config.json", text, strlen(text), 0600, FS_NO_SYNC) < 0)
		die("%s: %s", dir, strerror(errno));
}

/* The probe ends by itself; what is left of the container goes outside the measured time. */
void runtime_delete(const struct bench *b, const char *state, const char *id)
{
	const char *const argv[] = {b->runtime, "--root", state, "delete", id, NULL};

	for (int i = 0; i < 500; i++) {
		const struct spawn s = {.argv = argv};
		struct child c;
		int status;

		sleep_ms(20);
		if (spawn(&s, &c, NULL) == 0 && child_wait(&c, 30000, &status) == 0 && status == 0)
			return;
	}
	die("%s is not to be deleted", id);
}

double bundle_run(const struct bench *b, const char *dir, unsigned pause_ms, bool warm)
{
	cleanup_free char *state = xasprintf("%s/runc", b->root);
	cleanup_free char *stamp = xasprintf("%s/stamp", dir);
	cleanup_free char *id = xasprintf("bench-%d", (int)getpid());
	pid_t warmer = 0;
	uint64_t begin, end;
	int status;

	stamp_reset(stamp);
	sleep_ms(pause_ms);
	begin = now_ns();
	if (warm) {
		warmer = fork();
		if (warmer == 0)
			_exit(cgroup_warm(&b->host, b->group) < 0);
	}
	run_ok((const char *const[]){
		b->runtime, "--root", state, "run", "-d", "-b", dir, id, NULL});
	end = stamp_wait(stamp, 1);
	if (warm && (waitpid(warmer, &status, 0) != warmer || status != 0))
		die("writing to cgroup.procs of %s", b->group);
	runtime_delete(b, state, id);
	return (double)(end - begin) / 1e6;
}
