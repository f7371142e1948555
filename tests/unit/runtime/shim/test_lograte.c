/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/base/clock.h"
#include "runtime/shim/lograte.h"

#define MS NS_PER_MS

static void any_rate(void **state)
{
	struct log_rate r = {0};

	(void)state;
	for (uint64_t i = 1; i < 100; i++) {
		log_rate_take(&r, SIZE_MAX / 2);
		assert_true(log_rate_admits(&r, i));
	}
	assert_int_equal(log_rate_due(&r), 0);
}

static void two_marks(void **state)
{
	struct log_rate r = {.per_sec = 10000};
	uint64_t due;

	(void)state;
	assert_true(log_rate_admits(&r, 5 * MS));
	log_rate_take(&r, 9999);
	assert_true(log_rate_admits(&r, 5 * MS));
	log_rate_take(&r, 1001); /* a line takes what it takes */
	assert_false(log_rate_admits(&r, 5 * MS));
	due = log_rate_due(&r);
	assert_int_equal(due, 605 * MS + 1);
	assert_false(log_rate_admits(&r, due - 2 * MS));
	assert_true(log_rate_admits(&r, due));
	assert_int_equal(log_rate_due(&r), 0);
	/* An hour later there is a second's worth, no more. */
	assert_true(log_rate_admits(&r, 3600 * NS_PER_SEC));
	assert_int_equal(r.room, 10000);
}

/* Looking often must not lose what comes between two looks. */
static void small_steps(void **state)
{
	struct log_rate r = {.per_sec = 5000};
	uint64_t now = MS;
	int admitted = 0;

	(void)state;
	(void)log_rate_admits(&r, now);
	log_rate_take(&r, 5000);
	for (int i = 0; i < 1000000; i++) { /* 10 s in steps of 10 us */
		now += MS / 100;
		if (log_rate_admits(&r, now)) {
			log_rate_take(&r, 100);
			admitted += 100;
		}
	}
	assert_true(admitted >= 47000 && admitted <= 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_rate),
		cmocka_unit_test(two_marks),
		cmocka_unit_test(small_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
