/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the first move between groups costs after a quiet time, and what becomes of a start when that wait is
 * over before the runtime comes to it (cgroups/warm.h).
 */
#include "tests/bench/bench.h"

#include "cgroups/warm.h"

enum { QUIET_MS = 200 };

static double write_ms(const struct cgroup_host *h, const char *path)
{
	uint64_t begin = now_ns();

	if (cgroup_warm(h, path) < 0)
		die("writing to cgroup.procs of %s", path);
	return (double)(now_ns() - begin) / 1e6;
}

void bench_move(struct bench *b)
{
	struct series first = {0}, second = {0}, plain = {0}, warm = {0};
	cleanup_free char *dir = xasprintf("%s/move", b->root);

	for (int n = 0; n < b->reps; n++) {
		sleep_ms(QUIET_MS);
		series_add(&first, write_ms(&b->host, b->group));
		series_add(&second, write_ms(&b->host, b->group));
	}
	bundle_write(b, dir, NULL);
	(void)bundle_run(b, dir, 0, true);
	for (int n = 0; n < b->reps; n++) {
		series_add(&plain, bundle_run(b, dir, QUIET_MS, false));
		series_add(&warm, bundle_run(b, dir, QUIET_MS, true));
	}
	say_series("write to cgroup.procs after 200 ms", &first, "ms");
	say_series("the next one", &second, "ms");
	say_series("lone runc run", &plain, "ms");
	say_series("lone runc run, warmed beside", &warm, "ms");
	say_figure("warm-start-ratio", series_at(&warm, 0.5) / series_at(&plain, 0.5), "x", 0);
}
