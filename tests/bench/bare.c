/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle that a shim has made, run by the runtime alone: in the shim's namespaces, with the same config.json
 * but for the cgroup and the probe's verb.
 */
#include "tests/bench/bare.h"

#include "runtime/base/fs.h"
#include "runtime/base/json.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

/* Everything from here on is in a child that has entered the shim's namespaces. */
static void enter(const struct bench *b, const char *uid)
{
	static const char *const names[] = {"net", "ipc", "uts", "mnt"};
	int fds[ARRAY_SIZE(names)];
	pid_t shim = pod_shim(b, uid);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *path = xasprintf("/proc/%d/ns/%s", (int)shim, names[i]);

		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			die("%s: %s", path, strerror(errno));
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (setns(fds[i], 0) < 0)
			die("entering the shim's %s namespace: %s", names[i], strerror(errno));
}

/* The config.json of run @id of the pod, changed, in the directory @to. */
static void rewrite(const struct bench *b, const char *from, const char *to)
{
	cleanup_free char *text = NULL, *changed = NULL;
	cleanup_json json_t *j = NULL;
	cleanup_close int dir = -EBADF;
	json_t *args;
	struct err e = {0};
	size_t n;

	if (fs_read(AT_FDCWD, from, 1 << 20, &text, &n) < 0 ||
		json_parse((struct sv){text, n}, &j, &e) < 0)
		die("%s: %s %s", from, strerror(errno), err_text(&e));
	args = json_list(json_map(j, "process"), "args");
	(void)json_array_set_new(args, 1, json_string("once"));
	json_put(json_map(j, "linux"), "cgroupsPath", json_sprintf("/%s/bare", b->group));
	changed = json_text(j);
	run_ok((const char *const[]){"/bin/mkdir", "-p", to, NULL});
	dir = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fs_write_atomic(dir, "config.json", changed, strlen(changed), 0600, FS_NO_SYNC) < 0)
		die("%s/config.json: %s", to, strerror(errno));
}

static int measure(const struct bench *b, const char *uid, const char *id, unsigned pause_ms)
{
	cleanup_free char *config = xasprintf(
		"%s/run/berth/pods/%s/private/run/%s/config.json", b->agent_root, uid, id);
	cleanup_free char *to = xasprintf("%s/bare", b->root);
	cleanup_free char *state = xasprintf("%s/runc", b->root);
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root);
	uint64_t begin, end;

	enter(b, uid);
	rewrite(b, config, to);
	stamp_reset(stamp);
	sleep_ms(pause_ms);
	begin = now_ns();
	run_ok((const char *const[]){
		b->runtime, "--root", state, "run", "-d", "-b", to, "bench-bare", NULL});
	end = stamp_wait(stamp, 1);
	runtime_delete(b, state, "bench-bare");
	return (int)((end - begin) / 1000);
}

double bare_run(const struct bench *b, const char *uid, const char *id, unsigned pause_ms)
{
	int channel[2], us = 0, status;
	pid_t pid;

	if (pipe2(channel, O_CLOEXEC) < 0)
		die("no pipe");
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		us = measure(b, uid, id, pause_ms);
		_exit(write(channel[1], &us, sizeof us) != sizeof us);
	}
	(void)close(channel[1]);
	if (read(channel[0], &us, sizeof us) != sizeof us || waitpid(pid, &status, 0) != pid)
		die("the bare run of %s failed", id);
	(void)close(channel[0]);
	return us / 1e3;
}
