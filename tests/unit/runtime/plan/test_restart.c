/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/base/clock.h"
#include "runtime/plan/restart.h"

#define KUBERNETES                                                                                 \
	{                                                                                          \
		10 * NS_PER_SEC, 300 * NS_PER_SEC, 2, 600 * NS_PER_SEC, 0                          \
	}
static const struct plan_backoff kubernetes = KUBERNETES;

static int64_t three[] = {3}, none_or_three[] = {0, 3};
static const struct plan_rule again_at_3 = {PLAN_RULE_RESTART, PLAN_RULE_IN, three, 1};
static const struct plan_rule all_at_3 = {PLAN_RULE_RESTART_ALL, PLAN_RULE_IN, three, 1};
static const struct plan_rule again_but_3 = {PLAN_RULE_RESTART, PLAN_RULE_NOT_IN, three, 1};
static const struct plan_rule all_but = {PLAN_RULE_RESTART_ALL, PLAN_RULE_NOT_IN, none_or_three, 2};
static const struct plan_rule always = {PLAN_RULE_RESTART, PLAN_RULE_NOT_IN, NULL, 0};

#define POLICY(p) PLAN_RESTART_##p
static const struct {
	enum plan_restart policy;
	bool to_end;
	struct plan_rule rules[2];
	int exit_code;
	enum restart_verdict verdict;
} verdicts[] = {
	{POLICY(ALWAYS), false, {{0}}, 0, RESTART_YES},
	{POLICY(ALWAYS), false, {{0}}, 1, RESTART_YES},
	{POLICY(ALWAYS), true, {{0}}, 0, RESTART_NO},
	{POLICY(ALWAYS), true, {{0}}, 1, RESTART_YES},
	{POLICY(ON_FAILURE), false, {{0}}, 0, RESTART_NO},
	{POLICY(ON_FAILURE), false, {{0}}, 137, RESTART_YES},
	{POLICY(ON_FAILURE), true, {{0}}, 0, RESTART_NO},
	{POLICY(ON_FAILURE), true, {{0}}, 2, RESTART_YES},
	{POLICY(NEVER), false, {{0}}, 0, RESTART_NO},
	{POLICY(NEVER), false, {{0}}, 1, RESTART_NO},
	{POLICY(NEVER), true, {{0}}, 0, RESTART_NO},
	{POLICY(NEVER), true, {{0}}, 1, RESTART_NO},
	/* rules */
	{POLICY(NEVER), false, {again_at_3}, 3, RESTART_YES},
	{POLICY(NEVER), false, {again_at_3}, 4, RESTART_NO},
	{POLICY(NEVER), false, {again_but_3}, 3, RESTART_NO},
	{POLICY(NEVER), false, {again_but_3}, 4, RESTART_YES},
	{POLICY(NEVER), false, {always}, 0, RESTART_YES},
	{POLICY(ON_FAILURE), false, {again_but_3}, 3, RESTART_YES},
	{POLICY(NEVER), false, {all_at_3}, 3, RESTART_ALL},
	{POLICY(ALWAYS), false, {all_at_3}, 4, RESTART_YES},
	{POLICY(NEVER), false, {again_at_3, all_at_3}, 3, RESTART_YES},
	{POLICY(NEVER), false, {all_but, again_at_3}, 3, RESTART_YES},
	{POLICY(NEVER), false, {all_but, again_at_3}, 9, RESTART_ALL},
	/* an init container that succeeded goes on, unless all are to start anew */
	{POLICY(NEVER), true, {always}, 0, RESTART_NO},
	{POLICY(NEVER), true, {always}, 1, RESTART_YES},
	{POLICY(NEVER), true, {{PLAN_RULE_RESTART_ALL, PLAN_RULE_NOT_IN, NULL, 0}}, 0, RESTART_ALL},
};

static void policies_and_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		struct restart_terms t = {
			.policy = verdicts[i].policy,
			.to_end = verdicts[i].to_end,
			.rules = verdicts[i].rules,
		};
		const struct plan_rule nothing = {0};

		while (t.n_rules < 2 && memcmp(&t.rules[t.n_rules], &nothing, sizeof nothing) != 0)
			t.n_rules++;
		if (restart_verdict(&t, verdicts[i].exit_code) != verdicts[i].verdict)
			fail_msg("row %zu", i);
	}
}

static const struct {
	struct plan_backoff b;
	uint32_t crashes;
	uint64_t seconds;
} delays[] = {
	{KUBERNETES, 1, 0},
	{KUBERNETES, 2, 10},
	{KUBERNETES, 3, 20},
	{KUBERNETES, 4, 40},
	{KUBERNETES, 5, 80},
	{KUBERNETES, 6, 160},
	{KUBERNETES, 7, 300},
	{KUBERNETES, 8, 300},
	{KUBERNETES, UINT32_MAX, 300},
	{{NS_PER_SEC, 300 * NS_PER_SEC, 1, 0, 0}, 100, 1},
	{{500 * NS_PER_SEC, 300 * NS_PER_SEC, 2, 0, 0}, 2, 300},
	{{0, 300 * NS_PER_SEC, 2, 0, 0}, 9, 0},
	{{NS_PER_SEC, UINT64_MAX, UINT32_MAX, 0, 0}, 3, UINT32_MAX},
};

static void back_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(delays); i++)
		if (restart_delay_ns(&delays[i].b, delays[i].crashes, UINT32_MAX) !=
			delays[i].seconds * NS_PER_SEC)
			fail_msg("row %zu: %llu", i,
				(unsigned long long)restart_delay_ns(
					&delays[i].b, delays[i].crashes, UINT32_MAX));
}

/* A factor and a cap at the end of the range must not wrap round to a short delay. */
static void no_overflow(void **state)
{
	const struct plan_backoff b = {UINT64_MAX / 3, UINT64_MAX - 1, 2, 0, 0};

	(void)state;
	assert_true(restart_delay_ns(&b, 3, 0) == UINT64_MAX / 3 * 2);
	assert_true(restart_delay_ns(&b, 4, 0) == UINT64_MAX - 1);
}

/* Later by a share of the delay, never sooner: what waits ten seconds waits ten at least. */
static void jitter(void **state)
{
	const struct plan_backoff b = {10 * NS_PER_SEC, 300 * NS_PER_SEC, 2, 0, 10};
	uint64_t most = restart_delay_ns(&b, 7, UINT32_MAX);

	(void)state;
	assert_true(restart_delay_ns(&b, 1, UINT32_MAX) == 0);
	assert_true(restart_delay_ns(&b, 2, 0) == 10 * NS_PER_SEC);
	assert_true(restart_delay_ns(&b, 2, UINT32_MAX / 2) > 10 * NS_PER_SEC);
	assert_true(most > 329 * NS_PER_SEC && most <= 330 * NS_PER_SEC);
}

static void counting(void **state)
{
	(void)state;
	assert_int_equal(restart_count(&kubernetes, 0, 0), 1);
	assert_int_equal(restart_count(&kubernetes, 4, 599 * NS_PER_SEC), 5);
	assert_int_equal(restart_count(&kubernetes, 4, 600 * NS_PER_SEC), 1);
	assert_int_equal(restart_count(&kubernetes, UINT32_MAX, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_and_rules),
		cmocka_unit_test(back_off),
		cmocka_unit_test(no_overflow),
		cmocka_unit_test(jitter),
		cmocka_unit_test(counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
