/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many pods: what they weigh, how fast they come, and what they do when nothing happens.
 */
#include "tests/bench/bench.h"

#include "runtime/base/spawn.h"
#include "runtime/security/caps.h"
#include "runtime/security/seccomp.h"

#include <poll.h>
#include <sys/wait.h>

enum { PODS = 100, BURST_REPS = 3, IDLE_PODS = 20, IDLE_S = 60, SETTLE_MS = 3000 };

/* "many FROM" … "many TO-1", each running when this returns. */
static void create(const struct bench *b, int from, int to, int containers, char **uids)
{
	cleanup_free char *stamp = xasprintf("%s/stamps/stamp", b->root);

	stamp_reset(stamp);
	for (int i = from; i < to; i++) {
		cleanup_free char *name = xasprintf("many%d", i);
		struct pod_spec pod = {.name = name,
			.verb = "start",
			.policy = "Always",
			.containers = containers};

		uids[i] = pod_create(b, &pod);
	}
	(void)stamp_wait(stamp, (size_t)(to - from) * (size_t)containers);
}

static void forget(char **uids)
{
	for (int i = 0; i < PODS; i++) {
		free(uids[i]);
		uids[i] = NULL;
	}
}

static double shims_of_eight(const struct bench *b, char **uids)
{
	enum { EIGHT = 8, PODS_OF_EIGHT = 20 };
	double sum = 0;

	create(b, 0, PODS_OF_EIGHT, EIGHT, uids);
	sleep_ms(SETTLE_MS);
	for (int p = 0; p < PODS_OF_EIGHT; p++)
		sum += process_pss_kib(pod_shim(b, uids[p])) / PODS_OF_EIGHT;
	pods_delete(b, "many", PODS_OF_EIGHT);
	forget(uids);
	return sum;
}

void bench_memory(struct bench *b)
{
	static const int steps[] = {0, 1, 20, PODS};
	char *uids[PODS] = {NULL};
	double agent[ARRAY_SIZE(steps)], shim[ARRAY_SIZE(steps)];

	agent_start(b);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		create(b, i ? steps[i - 1] : 0, steps[i], 1, uids);
		sleep_ms(SETTLE_MS);
		agent[i] = process_pss_kib(b->berthd);
		shim[i] = 0;
		for (int p = 0; p < steps[i]; p++)
			shim[i] += process_pss_kib(pod_shim(b, uids[p])) / steps[i];
		say("%3d pods: agent %.0f KiB, each shim %.0f KiB", steps[i], agent[i], shim[i]);
	}
	pods_delete(b, "many", PODS);
	forget(uids);
	say_figure("shim-pss-20-pods", shim[2], "KiB", 300);
	say_figure("shim-pss-8-containers", shims_of_eight(b, uids), "KiB", 300);
	say_figure("agent-pss-0-pods", agent[0] / 1024, "MiB", 10);
	say_figure("agent-pss-per-pod", (agent[3] - agent[0]) / PODS, "KiB", 24);
}

/* Two runs of the runtime at a time until @n bundles run; ms. */
static double burst_bare(const struct bench *b, const char *dir, int n)
{
	cleanup_free char *state = xasprintf("%s/runc", b->root);
	cleanup_free char *stamp = xasprintf("%s/stamp", dir);
	struct child c[2] = {{0}, {0}};
	uint64_t begin;
	double ms;

	stamp_reset(stamp);
	begin = now_ns();
	for (int i = 0; i < n + 2; i++) {
		struct child *slot = &c[i % 2];
		cleanup_free char *id = xasprintf("bench-burst-%d", i);
		const char *argv[] = {
			b->runtime, "--root", state, "run", "-d", "-b", dir, id, NULL};
		struct err e = {0};
		int status;

		if (slot->pid && (child_wait(slot, 60000, &status) < 0 || status != 0))
			die("a runtime of the burst failed");
		*slot = (struct child){0};
		if (i < n && spawn(&(const struct spawn){.argv = argv}, slot, &e) < 0)
			die("%s", err_text(&e));
	}
	ms = (double)(stamp_wait(stamp, (size_t)n) - begin) / 1e6;
	for (int i = 0; i < n; i++) {
		cleanup_free char *id = xasprintf("bench-burst-%d", i);

		run_ok((const char *const[]){
			b->runtime, "--root", state, "delete", "-f", id, NULL});
	}
	return ms;
}

void bench_burst(struct bench *b)
{
	cleanup_free char *dir = xasprintf("%s/burst", b->root);
	char *uids[PODS] = {NULL};
	struct series own = {0}, bare = {0};

	agent_start(b);
	bundle_write(b, dir, seccomp_default(caps_default()));
	for (int n = 0; n < BURST_REPS; n++) {
		uint64_t begin = now_ns();

		create(b, 0, PODS, 1, uids);
		series_add(&own, (double)(now_ns() - begin) / 1e6);
		pods_delete(b, "many", PODS);
		forget(uids);
		series_add(&bare, burst_bare(b, dir, PODS));
	}
	say_series("100 pods of one container", &own, "ms");
	say_series("runc run of 100, two at a time", &bare, "ms");
	say_figure("burst-100-pods", series_at(&own, 0.5) / series_at(&bare, 0.5), "x", 1.3);
}

void bench_idle(struct bench *b)
{
	char *uids[PODS] = {NULL};
	pid_t shims[IDLE_PODS];
	uint64_t before_shims = 0, after_shims = 0, before, after;

	agent_start(b);
	create(b, 0, IDLE_PODS, 1, uids);
	sleep_ms(SETTLE_MS * 4);
	for (int i = 0; i < IDLE_PODS; i++) {
		shims[i] = pod_shim(b, uids[i]);
		before_shims += process_switches(shims[i]);
	}
	before = process_switches(b->berthd);
	sleep_ms(IDLE_S * 1000);
	after = process_switches(b->berthd);
	for (int i = 0; i < IDLE_PODS; i++)
		after_shims += process_switches(shims[i]);
	pods_delete(b, "many", IDLE_PODS);
	forget(uids);
	say("%d pods without probes, one minute", IDLE_PODS);
	say_figure("idle-wakeups-shims", (double)(after_shims - before_shims), "/min", 0.5);
	say_figure("idle-wakeups-agent", (double)(after - before), "/min", 6);
}
