/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's process is killed; how long until the next one runs?  Against the runtime alone on the same
 * bundle, after the same quiet time.  Each pod is killed once: the first restart is the one without back-off.
 */
#include "tests/bench/bare.h"

#include <signal.h>

enum { QUIET_MS = 300 };

static double restart_ms(const struct bench *b, const char *uid, const char *stamp)
{
	pid_t pid = pod_process(b, uid);
	uint64_t begin;

	stamp_reset(stamp);
	sleep_ms(QUIET_MS);
	begin = now_ns();
	if (kill(pid, SIGKILL) < 0)
		die("the container's process is gone");
	return (double)(stamp_wait(stamp, 1) - begin) / 1e6;
}

void bench_crash(struct bench *b)
{
	static const struct pod_spec pod = {
		.name = "crash0", .verb = "start", .policy = "Always", .containers = 1};
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root);
	struct series own = {0}, bare = {0};

	agent_start(b);
	for (int n = 0; n < b->reps; n++) {
		cleanup_free char *uid = NULL;

		stamp_reset(stamp);
		uid = pod_create(b, &pod);
		(void)stamp_wait(stamp, 1);
		series_add(&bare, bare_run(b, uid, "c0-0", QUIET_MS));
		series_add(&own, restart_ms(b, uid, stamp));
		pods_delete(b, "crash", 1);
	}
	say_series("kill -9 to first instruction", &own, "ms");
	say_series("runc run of the same bundle", &bare, "ms");
	say_figure("crash-restart", series_at(&own, 0.5) / series_at(&bare, 0.5), "x", 1.25);
}
