/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/base/clock.h"
#include "runtime/shim/restart.h"

#define KUBERNETES                                                                                 \
	{                                                                                          \
		10 * NS_PER_SEC, 300 * NS_PER_SEC, 2, 600 * NS_PER_SEC                             \
	}
static const struct plan_backoff kubernetes = KUBERNETES;

static const struct {
	enum plan_restart policy;
	bool init;
	int exit_code;
	bool wanted;
} wanted[] = {
	{PLAN_RESTART_ALWAYS, false, 0, true},
	{PLAN_RESTART_ALWAYS, false, 1, true},
	{PLAN_RESTART_ALWAYS, true, 0, false},
	{PLAN_RESTART_ALWAYS, true, 1, true},
	{PLAN_RESTART_ON_FAILURE, false, 0, false},
	{PLAN_RESTART_ON_FAILURE, false, 137, true},
	{PLAN_RESTART_ON_FAILURE, true, 0, false},
	{PLAN_RESTART_ON_FAILURE, true, 2, true},
	{PLAN_RESTART_NEVER, false, 0, false},
	{PLAN_RESTART_NEVER, false, 1, false},
	{PLAN_RESTART_NEVER, true, 0, false},
	{PLAN_RESTART_NEVER, true, 1, false},
};

static void policies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (restart_wanted(wanted[i].policy, wanted[i].init, wanted[i].exit_code) !=
			wanted[i].wanted)
			fail_msg("row %zu", i);
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
	{{NS_PER_SEC, 300 * NS_PER_SEC, 1, 0}, 100, 1},
	{{500 * NS_PER_SEC, 300 * NS_PER_SEC, 2, 0}, 2, 300},
	{{0, 300 * NS_PER_SEC, 2, 0}, 9, 0},
	{{NS_PER_SEC, UINT64_MAX, UINT32_MAX, 0}, 3, UINT32_MAX},
};

static void back_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(delays); i++)
		if (restart_delay_ns(&delays[i].b, delays[i].crashes) !=
			delays[i].seconds * NS_PER_SEC)
			fail_msg("row %zu: %llu", i,
				(unsigned long long)restart_delay_ns(
					&delays[i].b, delays[i].crashes));
}

/* A factor and a cap at the end of the range must not wrap round to a short delay. */
static void no_overflow(void **state)
{
	const struct plan_backoff b = {UINT64_MAX / 3, UINT64_MAX - 1, 2, 0};

	(void)state;
	assert_true(restart_delay_ns(&b, 3) == UINT64_MAX / 3 * 2);
	assert_true(restart_delay_ns(&b, 4) == UINT64_MAX - 1);
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
		cmocka_unit_test(policies),
		cmocka_unit_test(back_off),
		cmocka_unit_test(no_overflow),
		cmocka_unit_test(counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
