/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a pod's containers on a real runtime, as the shim keeps it without an agent: sidecars and their gate, all
 * containers again, the deadline, back-offs that are cut short, ends that an earlier shim has seen.
 */
#include "runtime/base/clock.h"
#include "tests/unit/runtime/shim/rig.h"

#include <signal.h>

#define STAYS "trap 'exit 0' TERM; while :; do sleep 0.05; done"

static void sidecar(struct plan_container *c, const char *name, const char *script)
{
	rig_script(c, name, script);
	c->init = c->sidecar = true;
	c->backoff.base_ns = 100 * NS_PER_MS;
	c->backoff.factor = 1;
}

static bool sidecar_runs(const struct pod_snapshot *s)
{
	return s->containers[0].state == CONTAINER_RUNNING;
}

static bool sidecar_restarted(const struct pod_snapshot *s)
{
	return s->containers[0].state == CONTAINER_RUNNING && s->containers[0].restart_count >= 2;
}

/* The others wait for the agent's word, also over a crash; a word about a run that is over is worth nothing. */
static void the_gate_of_a_sidecar(void **state)
{
	const struct link_message started = {.type = LINK_STARTED, .container = (char[]){"s"}};
	struct plan_container *c;
	struct rig r;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	sidecar(&c[0], "s", STAYS);
	c[0].startup_gate = true;
	rig_script(&c[1], "m", STAYS);
	rig_start(&r);
	rig_wait(&r, sidecar_runs, 10000);
	assert_false(r.snap->containers[0].started);
	assert_int_equal(r.snap->containers[1].state, CONTAINER_WAITING);
	assert_string_equal(r.snap->containers[1].reason, "PodInitializing");
	assert_int_equal(kill(r.snap->containers[0].pid, SIGKILL), 0);
	rig_wait(&r, rig_first_restarted, 10000);
	assert_int_equal(r.snap->containers[1].state, CONTAINER_WAITING);
	rig_send(&r, &started, NULL);
	rig_wait(&r, rig_all_running, 10000);
	assert_true(r.snap->containers[0].started);
	/* Once open, the gate holds nobody up. */
	assert_int_equal(kill(r.snap->containers[0].pid, SIGKILL), 0);
	rig_wait(&r, sidecar_restarted, 10000);
	assert_false(r.snap->containers[0].started);
	assert_int_equal(r.snap->containers[1].state, CONTAINER_RUNNING);
	assert_int_equal(r.snap->containers[1].restart_count, 0);
	rig_stop(&r, 3 * NS_PER_SEC);
	rig_close(&r);
}

/* A sidecar that is deaf is killed when the grace is over, and one in back-off is not waited for. */
static void the_end_of_sidecars(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 3);
	sidecar(&c[0], "deaf", "trap '' TERM; while :; do sleep 0.05; done");
	sidecar(&c[1], "ill", "exit 1");
	c[1].backoff.base_ns = 3600 * NS_PER_SEC;
	rig_script(&c[2], "m", "sleep 0.5");
	c[2].restart_policy = PLAN_RESTART_NEVER;
	r.plan->grace_ns = NS_PER_SEC;
	rig_start(&r);
	rig_wait(&r, rig_all_terminated, 15000);
	assert_int_equal(r.snap->containers[0].exit_code, 137);
	assert_int_equal(r.snap->containers[1].exit_code, 1);
	assert_int_equal(r.snap->containers[2].exit_code, 0);
	assert_int_equal(r.snap->phase, POD_RUNNING);
	rig_stop(&r, 0);
	rig_close(&r);
}

static bool all_again_twice(const struct pod_snapshot *s)
{
	return s->containers[0].restart_count == 2 && s->containers[2].restart_count == 2 &&
	       s->containers[2].state == CONTAINER_RUNNING;
}

static bool is_again(const struct pod_snapshot *s)
{
	return s->again && s->containers[1].state == CONTAINER_WAITING &&
	       streq(s->containers[1].reason, "RestartingAllContainers") &&
	       s->containers[1].next_start_at;
}

/* The second time waits as a crash does; what was killed for it has not crashed. */
static void all_containers_again(void **state)
{
	int64_t codes[] = {3};
	struct plan_container *c;
	struct rig r;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 3);
	rig_script(&c[0], "i", "true");
	c[0].init = true;
	rig_script(&c[1], "m", "sleep 1000");
	c[1].backoff.base_ns = 3600 * NS_PER_SEC;
	rig_script(&c[2], "t", "sleep 0.2; exit 3");
	c[2].restart_policy = PLAN_RESTART_NEVER;
	c[2].backoff.base_ns = NS_PER_SEC;
	c[2].rules = xcalloc(1, sizeof *c[2].rules);
	c[2].n_rules = 1;
	c[2].rules[0] = (struct plan_rule){.action = PLAN_RULE_RESTART_ALL, .n_codes = 1};
	c[2].rules[0].codes = xcalloc(1, sizeof codes);
	memcpy(c[2].rules[0].codes, codes, sizeof codes);
	rig_start(&r);
	rig_wait(&r, is_again, 15000);
	assert_string_equal(r.snap->containers[1].last->reason, "RestartingAllContainers");
	rig_wait(&r, all_again_twice, 15000);
	assert_false(r.snap->again);
	assert_int_equal(r.snap->containers[1].last->exit_code, 137);
	assert_int_equal(r.snap->containers[2].last->exit_code, 3);
	rig_stop(&r, 0);
	rig_close(&r);
}

static bool one_is_again(const struct pod_snapshot *s)
{
	return s->again && s->containers[0].next_start_at;
}

/* A pod that is stopped while all of it waits to run again does not run again. */
static void stopped_while_it_starts_again(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	rig_script(c, "t", "exit 3");
	c->backoff.base_ns = 3600 * NS_PER_SEC;
	c->rules = xcalloc(1, sizeof *c->rules);
	c->n_rules = 1;
	c->rules[0] = (struct plan_rule){.action = PLAN_RULE_RESTART_ALL, .op = PLAN_RULE_NOT_IN};
	rig_start(&r);
	rig_wait(&r, one_is_again, 15000);
	rig_stop(&r, 3600 * NS_PER_SEC);
	rig_close(&r);
}

static bool ended_for_its_deadline(const struct pod_snapshot *s)
{
	return streq(s->reason, "DeadlineExceeded") && rig_all_terminated(s);
}

/* The agent may set it later; the wall clock is looked at once. */
static void the_deadline(void **state)
{
	struct link_message tune = {.type = LINK_TUNE};
	struct plan_container *c;
	struct rig r;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	sidecar(&c[0], "s", STAYS);
	rig_script(&c[1], "m", STAYS);
	r.plan->deadline_wall_ns = clock_wall_ns(&clock_kernel) + 3600 * NS_PER_SEC;
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	tune.deadline_wall_ns = clock_wall_ns(&clock_kernel) + NS_PER_SEC / 2;
	rig_send(&r, &tune, NULL);
	rig_wait(&r, ended_for_its_deadline, 10000);
	assert_int_equal(r.snap->containers[0].exit_code, 0);
	assert_int_equal(r.snap->containers[1].exit_code, 0);
	assert_true(r.snap->containers[0].finished_at >= r.snap->containers[1].finished_at);
	rig_stop(&r, 0);
	rig_close(&r);
}

static bool first_twice_restarted(const struct pod_snapshot *s)
{
	return s->containers[0].restart_count == 2;
}

static bool first_often_restarted(const struct pod_snapshot *s)
{
	return s->containers[0].restart_count >= 5;
}

static void a_wait_is_cut_short(void **state)
{
	struct link_message retry = {.type = LINK_RETRY}, tune = {.type = LINK_TUNE};
	struct plan_backoff short_one = {NS_PER_SEC / 10, NS_PER_SEC / 10, 1, NS_PER_SEC, 0};
	struct plan_container *c;
	struct rig r;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	rig_script(c, "a", "exit 1");
	c->backoff.base_ns = 3600 * NS_PER_SEC;
	c->backoff.cap_ns = 7200 * NS_PER_SEC;
	rig_start(&r);
	rig_wait(&r, rig_first_backs_off, 10000);
	assert_int_equal(r.snap->containers[0].restart_count, 1);
	assert_non_null(strstr(r.snap->containers[0].message, "back-off 1h0m0s restarting failed "
							      "container=a pod="));
	rig_send(&r, &retry, NULL);
	rig_wait(&r, first_twice_restarted, 10000);
	rig_wait(&r, rig_first_backs_off, 10000);
	/* How often it has failed is not forgotten. */
	assert_non_null(strstr(r.snap->containers[0].message, "back-off 2h0m0s"));
	tune.container = retry.container = (char[]){"a"};
	tune.backoff = &short_one;
	rig_send(&r, &tune, NULL);
	rig_send(&r, &retry, NULL);
	rig_wait(&r, first_often_restarted, 10000);
	rig_stop(&r, 0);
	rig_close(&r);
}

static bool second_runs(const struct pod_snapshot *s)
{
	return s->containers[1].state == CONTAINER_RUNNING;
}

/* What an earlier shim saw end is not run again, and is told as it was. */
static void what_was_done_before(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	rig_script(&c[0], "i", "exit 7");
	c[0].init = true;
	c[0].base_restarts = 2;
	c[0].done = xcalloc(1, sizeof *c[0].done);
	*c[0].done = (struct container_run){
		.container_id = xstrdup("i-2"),
		.reason = xstrdup("Completed"),
		.message = xstrdup("well"),
		.finished_at = 5 * NS_PER_SEC,
	};
	rig_script(&c[1], "m", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, second_runs, 10000);
	assert_string_equal(r.snap->containers[0].container_id, "i-2");
	assert_string_equal(r.snap->containers[0].message, "well");
	assert_int_equal(r.snap->containers[0].restart_count, 2);
	assert_int_equal(r.snap->containers[0].finished_at, 5 * NS_PER_SEC);
	rig_stop(&r, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(the_gate_of_a_sidecar),
		RIG_TEST(the_end_of_sidecars),
		RIG_TEST(all_containers_again),
		RIG_TEST(stopped_while_it_starts_again),
		RIG_TEST(the_deadline),
		RIG_TEST(a_wait_is_cut_short),
		RIG_TEST(what_was_done_before),
	};

	if (!rig_usable()) {
		(void)fprintf(stderr, "skipped: needs root, runc and busybox-static\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
