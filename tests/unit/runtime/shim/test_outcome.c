/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/shim/outcome.h"

static const struct {
	const char *name;
	int status; /* as waitpid gives it: code << 8, or the signal (| 0x80: core) */
	uint64_t oom;
	int exit_code, signal;
	const char *reason;
} cases[] = {
	{"success", 0, 0, 0, 0, "Completed"},
	{"failure", 3 << 8, 0, 3, 0, "Error"},
	{"last code", 255 << 8, 0, 255, 0, "Error"},
	{"killed", 9, 0, 137, 9, "Error"},
	{"terminated", 15, 0, 143, 15, "Error"},
	{"core dumped", 11 | 0x80, 0, 139, 11, "Error"},
	{"killed for memory", 9, 1, 137, 9, "OOMKilled"},
	{"a child was killed for memory", 1 << 8, 3, 1, 0, "OOMKilled"},
	{"a child was killed, and it succeeded", 0, 1, 0, 0, "Completed"},
};

static void outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome o = outcome_of(cases[i].status, cases[i].oom);

		assert_case(o.exit_code == cases[i].exit_code, cases[i].name);
		assert_case(o.signal == cases[i].signal, cases[i].name);
		assert_case(streq(o.reason, cases[i].reason), cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(outcomes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
