/* SPDX-License-Identifier: Apache-2.0 */
/* A probe's worker against a clock of the test's: when it asks, what answers in a row mean, what ends a run's questions. */
#include "agent/probe/history.h"
#include "runtime/base/clock.h"
#include "tests/unit/unit.h"

#define S NS_PER_SEC

static struct probe_worker make(enum probe_type type)
{
	return (struct probe_worker){.type = type,
		.times = {.period_ns = 10 * S,
			.timeout_ns = S,
			.success_threshold = 1,
			.failure_threshold = 3}};
}

static struct probe_view run(const char *id, uint64_t started_ns)
{
	return (struct probe_view){
		.run = id, .running = true, .started = true, .started_ns = started_ns};
}

static enum probe_effect answer(struct probe_worker *w, enum probe_result result, uint64_t now)
{
	bool said;

	assert_true(probe_worker_due(w) <= now);
	probe_worker_ask(w, now);
	assert_int_equal(probe_worker_due(w), UINT64_MAX);
	return probe_worker_answer(w, result, now, &said);
}

/* Rows of answers to a running container, each at the time the worker asks for. */
static void test_thresholds(void **state)
{
	static const struct {
		const char *name;
		enum probe_type type;
		uint32_t success, failure;
		const char *answers; /* + - ! (error) */
		const char *effects; /* . none, t turned, L lost */
		bool ok;
	} cases[] = {
		{"ready at once", PROBE_READINESS, 1, 3, "+", "t", true},
		{"ready after two", PROBE_READINESS, 2, 1, "++", ".t", true},
		{"a failure starts the count anew", PROBE_READINESS, 2, 2, "+-++", "...t", true},
		{"unready after three", PROBE_READINESS, 1, 3, "+---", "t..t", false},
		{"a success forgives", PROBE_READINESS, 1, 3, "+--+--", "t.....", true},
		{"errors count as nothing", PROBE_READINESS, 1, 2, "+-!-", "t..t", false},
		{"liveness lost", PROBE_LIVENESS, 1, 3, "+---", "...L", false},
		{"liveness lost at once", PROBE_LIVENESS, 1, 1, "-", "L", false},
		{"startup passed", PROBE_STARTUP, 1, 3, "--+", "..t", true},
		{"startup lost", PROBE_STARTUP, 1, 2, "--", ".L", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe_worker w = make(cases[i].type);
		struct probe_view v = run("a-0", 0);
		uint64_t now = 0;

		w.times.success_threshold = cases[i].success;
		w.times.failure_threshold = cases[i].failure;
		v.started = w.type != PROBE_STARTUP;
		(void)probe_worker_see(&w, &v, now);
		for (size_t k = 0; cases[i].answers[k]; k++) {
			char c = cases[i].answers[k], e = cases[i].effects[k];

			now = probe_worker_due(&w);
			assert_case(now != UINT64_MAX, cases[i].name);
			/* On the beat, where failures count. */
			now = now < w.beat_ns ? w.beat_ns : now;
			assert_case(answer(&w,
					    c == '+'   ? PROBE_SUCCESS
					    : c == '-' ? PROBE_FAILURE
						       : PROBE_ERROR,
					    now) == (e == 't'	       ? PROBE_TURNED
							    : e == 'L' ? PROBE_LOST
								       : PROBE_NO_EFFECT),
				cases[i].name);
		}
		assert_case(w.ok == cases[i].ok || w.type == PROBE_LIVENESS, cases[i].name);
		probe_worker_done(&w);
	}
}

static void test_what_is_lost_is_not_asked_until_the_next_run(void **state)
{
	struct probe_worker w = make(PROBE_LIVENESS);
	struct probe_view v = run("a-0", 0);

	(void)state;
	w.times.failure_threshold = 1;
	(void)probe_worker_see(&w, &v, 0);
	assert_int_equal(answer(&w, PROBE_FAILURE, 0), PROBE_LOST);
	assert_int_equal(probe_worker_due(&w), UINT64_MAX);
	(void)probe_worker_see(&w, &v, 60 * S);
	assert_int_equal(probe_worker_due(&w), UINT64_MAX);
	v = run("a-1", 70 * S);
	(void)probe_worker_see(&w, &v, 70 * S);
	assert_int_equal(probe_worker_due(&w), 70 * S);
	probe_worker_done(&w);
}

static void test_the_start_holds_the_others_back(void **state)
{
	struct probe_worker live = make(PROBE_LIVENESS), start = make(PROBE_STARTUP);
	struct probe_view v = run("a-0", 0);

	(void)state;
	v.started = false;
	(void)probe_worker_see(&live, &v, 0);
	(void)probe_worker_see(&start, &v, 0);
	assert_int_equal(probe_worker_due(&live), UINT64_MAX);
	assert_int_equal(answer(&start, PROBE_SUCCESS, 0), PROBE_TURNED);
	/* Until the shim says so, too, nothing is asked of either. */
	(void)probe_worker_see(&start, &v, 1);
	assert_int_equal(probe_worker_due(&start), UINT64_MAX);
	v.started = true;
	(void)probe_worker_see(&live, &v, 2);
	assert_int_equal(probe_worker_due(&live), 2);
	probe_worker_done(&live);
	probe_worker_done(&start);
}

static void test_delays_beats_and_sleep(void **state)
{
	struct probe_worker w = make(PROBE_LIVENESS);
	struct probe_view v = run("a-0", 5 * S);

	(void)state;
	w.times.initial_delay_ns = 30 * S;
	(void)probe_worker_see(&w, &v, 6 * S);
	assert_int_equal(probe_worker_due(&w), 35 * S);
	(void)answer(&w, PROBE_SUCCESS, 36 * S);
	assert_int_equal(probe_worker_due(&w), 45 * S);
	/* The machine slept for an hour: one question, and the beat as before. */
	(void)answer(&w, PROBE_SUCCESS, 3646 * S);
	assert_int_equal(probe_worker_due(&w), 3655 * S);
	probe_worker_done(&w);
}

static void test_what_is_not_ready_is_asked_sooner_and_not_blamed(void **state)
{
	struct probe_worker w = make(PROBE_READINESS);
	struct probe_view v = run("a-0", 0);
	static const uint64_t at_ms[] = {0, 250, 750, 1750, 3750, 7750, 10000, 18000, 20000};
	bool said;

	(void)state;
	(void)probe_worker_see(&w, &v, 0);
	for (size_t i = 0; i < ARRAY_SIZE(at_ms); i++) {
		uint64_t now = probe_worker_due(&w);

		assert_int_equal(now, at_ms[i] * NS_PER_MS);
		probe_worker_ask(&w, now);
		assert_int_equal(
			probe_worker_answer(&w, PROBE_FAILURE, now, &said), PROBE_NO_EFFECT);
		assert_int_equal(said, at_ms[i] % 10000 == 0);
	}
	/* Ready once, it is asked at the beat only. */
	assert_int_equal(answer(&w, PROBE_SUCCESS, 30 * S), PROBE_TURNED);
	assert_int_equal(answer(&w, PROBE_FAILURE, 40 * S), PROBE_NO_EFFECT);
	assert_int_equal(probe_worker_due(&w), 50 * S);
	probe_worker_done(&w);
}

static void test_an_agent_that_comes_back_flips_nothing(void **state)
{
	struct probe_worker w = make(PROBE_READINESS);
	struct probe_view v = run("a-0", 0);

	(void)state;
	v.adopted = v.was_ready = true;
	w.seed = 512;
	(void)probe_worker_see(&w, &v, 1000 * S);
	assert_true(w.ok);
	/* Spread over the whole period, not at once. */
	assert_true(probe_worker_due(&w) > 1004 * S && probe_worker_due(&w) < 1006 * S);
	uint64_t now = probe_worker_due(&w);
	assert_int_equal(answer(&w, PROBE_FAILURE, now), PROBE_NO_EFFECT);
	assert_true(w.ok);
	/* The next run is nobody's word but its own. */
	v = run("a-1", now + S);
	assert_true(probe_worker_see(&w, &v, now + S));
	assert_false(w.ok);
	probe_worker_done(&w);
}

static void test_ends(void **state)
{
	struct probe_worker live = make(PROBE_LIVENESS), ready = make(PROBE_READINESS);
	struct probe_view v = run("a-0", 0);
	bool said;

	(void)state;
	(void)probe_worker_see(&live, &v, 0);
	(void)probe_worker_see(&ready, &v, 0);
	probe_worker_ask(&live, 0);
	assert_int_equal(answer(&ready, PROBE_SUCCESS, 0), PROBE_TURNED);
	v.ending = true;
	/* What was asked is not waited for; readiness goes on. */
	assert_true(probe_worker_see(&live, &v, 1));
	assert_int_equal(probe_worker_answer(&live, PROBE_FAILURE, 2, &said), PROBE_NO_EFFECT);
	assert_false(said);
	(void)probe_worker_see(&ready, &v, 1);
	assert_int_equal(probe_worker_due(&ready), 10 * S);
	v.running = false;
	assert_true(probe_worker_see(&ready, &v, 3));
	assert_false(ready.ok);
	assert_int_equal(probe_worker_due(&ready), UINT64_MAX);
	probe_worker_done(&live);
	probe_worker_done(&ready);
}

static void test_history(void **state)
{
	struct probe_history h = {0};
	static char big[5000];

	(void)state;
	memset(big, 'x', sizeof big - 1);
	probe_history_add(&h, PROBE_LIVENESS, PROBE_FAILURE, "no", 1 * S);
	for (int i = 0; i < 1000; i++) {
		probe_history_add(&h, PROBE_LIVENESS, PROBE_SUCCESS, NULL, 2 * S);
		probe_history_add(&h, PROBE_READINESS, PROBE_SUCCESS, NULL, 3 * S);
	}
	assert_int_equal(h.n, 3);
	for (int i = 0; i < 30; i++)
		probe_history_add(
			&h, PROBE_LIVENESS, i % 2 ? PROBE_FAILURE : PROBE_SUCCESS, big, 4 * S);
	assert_int_equal(h.n, PROBE_HISTORY_MAX);
	json_t *j = probe_history_json(&h);
	assert_int_equal(json_array_size(j), PROBE_HISTORY_MAX);
	const json_t *last = json_array_get(j, PROBE_HISTORY_MAX - 1);
	assert_string_equal(json_string_value(json_object_get(last, "result")), "failure");
	assert_int_equal(strlen(json_string_value(json_object_get(last, "message"))),
		PROBE_HISTORY_TEXT_MAX);
	json_decref(j);
	probe_history_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_what_is_lost_is_not_asked_until_the_next_run),
		cmocka_unit_test(test_the_start_holds_the_others_back),
		cmocka_unit_test(test_delays_beats_and_sleep),
		cmocka_unit_test(test_what_is_not_ready_is_asked_sooner_and_not_blamed),
		cmocka_unit_test(test_an_agent_that_comes_back_flips_nothing),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_history),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
