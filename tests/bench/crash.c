/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's process is killed; how long until the next one runs?  Against the runtime alone on the same
 * bundle, after the same quiet time.  Each pod is killed once: the first restart is the one without back-off. Then the
 * same with the next attempt made ahead; and what a shim weighs after many restarts.
 */
#include "tests/bench/bare.h"

#include "cgroups/members.h"
#include "cgroups/names.h"
#include "runtime/base/json.h"

#include <signal.h>

enum { QUIET_MS = 300, STANDBY_MS = 2000 };

static int keep(pid_t pid, void *arg)
{
	*(pid_t *)arg = pid;
	return 0;
}

/* Of the run "c0-0", not of what waits beside it. */
static pid_t first_process(const struct bench *b, const char *uid)
{
	char path[CGROUP_PATH_MAX];
	pid_t pid = 0;

	if (cgroup_path(path, sizeof path, b->agent_base, uid, "c0-0") < 0 ||
		cgroup_each_pid(&b->host, path, keep, &pid) < 0 || pid == 0)
		die("no process in the cgroup %s", path);
	return pid;
}

static double restart_ms(
	const struct bench *b, const char *uid, const char *stamp, unsigned quiet_ms)
{
	pid_t pid = first_process(b, uid);
	uint64_t begin;

	stamp_reset(stamp);
	sleep_ms(quiet_ms);
	begin = now_ns();
	if (kill(pid, SIGKILL) < 0)
		die("the container's process is gone");
	return (double)(stamp_wait(stamp, 1) - begin) / 1e6;
}

void bench_crash(struct bench *b)
{
	static const struct pod_spec pods[] = {
		{.name = "crash0", .verb = "start", .policy = "Always", .containers = 1},
		{.name = "crash0",
			.verb = "start",
			.policy = "Always",
			.containers = 1,
			.annotation = "berth.dev/standby",
			.value = "true"},
	};
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root);
	struct series own[2] = {0}, bare = {0};

	agent_start(b);
	for (int n = 0; n < 2 * b->reps; n++) {
		bool standby = n % 2;
		cleanup_free char *uid = NULL;

		stamp_reset(stamp);
		uid = pod_create(b, &pods[standby]);
		(void)stamp_wait(stamp, 1);
		if (!standby)
			series_add(&bare, bare_run(b, uid, "c0-0", QUIET_MS));
		series_add(
			&own[standby], restart_ms(b, uid, stamp, standby ? STANDBY_MS : QUIET_MS));
		pods_delete(b, "crash", 1);
	}
	say_series("kill -9 to first instruction", &own[0], "ms");
	say_series("the same with a standby", &own[1], "ms");
	say_series("runc run of the same bundle", &bare, "ms");
	say_figure("crash-restart", series_at(&own[0], 0.5) / series_at(&bare, 0.5), "x", 1.25);
	say_figure("crash-standby", series_at(&own[1], 0.5) / series_at(&bare, 0.5), "x", 0.3);
}

/* ---- many of them ------------------------------------------------------------------------------------ */

static int64_t restarts_of(const struct bench *b, const char *path)
{
	int status = 0;
	cleanup_json json_t *pod = agent_call(b, "GET", path, NULL, &status);
	const json_t *c;
	int64_t sum = 0;
	size_t i;

	json_array_foreach (json_at(pod, "status", "containerStatuses", NULL), i, c)
		sum += json_int(c, "restartCount", 0);
	return sum;
}

static double pss_after(const struct bench *b, const char *uid, int64_t restarts)
{
	enum { LOOKS_MAX = 40000, LOOK_MS = 100 };
	int looks = 0;

	while (restarts_of(b, "/api/v1/namespaces/default/pods/again0") < restarts) {
		if (++looks > LOOKS_MAX)
			die("the containers are not started again");
		sleep_ms(LOOK_MS);
	}
	return process_pss_kib(pod_shim(b, uid));
}

/* The least of some looks: between two restarts there is nothing in flight. */
static double least_pss(const struct bench *b, const char *uid, int64_t restarts)
{
	double least = pss_after(b, uid, restarts);

	for (int i = 1; i <= 20; i++) {
		double kib = pss_after(b, uid, restarts + i);

		least = kib < least ? kib : least;
	}
	return least;
}

void bench_restarts(struct bench *b)
{
	enum { FIRST = 100, DEFAULT = 1000, MOST = 1000000 };
	static const struct pod_spec pod = {.name = "again0",
		.verb = "once",
		.policy = "Always",
		.containers = 8,
		.annotation = "berth.dev/backoff",
		.value = "base=100ms,factor=1,cap=100ms"};
	const char *wanted = getenv("BENCH_RESTARTS");
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root), *uid = NULL;
	uint32_t n = DEFAULT;
	double before, after;

	if (wanted && (parse_u32_max(sv(wanted), MOST, &n) < 0 || n <= FIRST))
		die("BENCH_RESTARTS: 101 to %d", MOST);
	agent_start(b);
	stamp_reset(stamp);
	uid = pod_create(b, &pod);
	before = least_pss(b, uid, FIRST);
	after = least_pss(b, uid, n);
	say("a shim of 8 containers: %.0f KiB after %d restarts, %.0f KiB after %u", before, FIRST,
		after, n);
	pods_delete(b, "again", 1);
	say_figure("shim-pss-growth", after - before, "KiB", 16);
}
