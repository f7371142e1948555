/* SPDX-License-Identifier: Apache-2.0 */
/* The time of the next attempt in a waiting message: what is written is read. */
#include "agent/spec/attempt.h"
#include "runtime/base/clock.h"
#include "tests/unit/unit.h"

#define AT (1795379281ull * NS_PER_SEC) /* 2026-11-22T20:28:01Z */

static uint64_t read_back(const char *message)
{
	cleanup_json json_t *status =
		json_pack("{s:{s:{s:s}}}", "state", "waiting", "message", message);

	return attempt_of(status);
}

static void written_is_read(void **state)
{
	cleanup_free char *with = attempt_text("back-off 10s", AT), *alone = attempt_text(NULL, AT);
	cleanup_free char *twice = attempt_text(with, AT + NS_PER_SEC);

	(void)state;
	assert_string_equal(with, "back-off 10s; next attempt at 2026-11-22T20:28:01Z");
	assert_string_equal(alone, "next attempt at 2026-11-22T20:28:01Z");
	assert_true(read_back(with) == AT && read_back(alone) == AT);
	/* A registry's words that look like ours stand in front. */
	assert_true(read_back(twice) == AT + NS_PER_SEC);
	assert_true(read_back("next attempt at dawn") == 0);
	assert_true(read_back("") == 0);
	assert_true(attempt_of(NULL) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(written_is_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
