/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/shim/cri.h"

static const struct {
	const char *name;
	size_t n, newline; /* bytes of 'x', the place of a newline (n: none) */
	size_t carry;
	bool found;
	size_t ret_n;
	bool whole;
} cuts[] = {
	{"empty", 0, 0, 0, false, 0, false},
	{"no end yet", 5, 5, 0, false, 0, false},
	{"a line", 5, 3, 0, true, 4, true},
	{"an empty line", 1, 0, 0, true, 1, true},
	{"the end of a line that waits", 3, 0, 100, true, 1, true},
	{"the longest whole line", CRI_TEXT_MAX + 1, CRI_TEXT_MAX, 0, true, CRI_TEXT_MAX + 1, true},
	{"one longer", CRI_TEXT_MAX + 2, CRI_TEXT_MAX + 1, 0, true, CRI_TEXT_MAX, false},
	{"as long as a record, more may come", CRI_TEXT_MAX, CRI_TEXT_MAX, 0, false, 0, false},
	{"full and waiting, the end comes", 1, 0, CRI_TEXT_MAX, true, 1, true},
	{"full and waiting, more comes", 4, 4, CRI_TEXT_MAX, true, 0, false},
	{"the rest of a record", 200, 200, CRI_TEXT_MAX - 100, true, 100, false},
};

static void cutting(void **state)
{
	static char bytes[CRI_TEXT_MAX + 8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		size_t n = 0;
		bool whole = false, found;

		memset(bytes, 'x', sizeof bytes);
		if (cuts[i].newline < cuts[i].n)
			bytes[cuts[i].newline] = '\n';
		found = cri_next(bytes, cuts[i].n, cuts[i].carry, &n, &whole);
		assert_case(found == cuts[i].found, cuts[i].name);
		assert_case(!found || (n == cuts[i].ret_n && whole == cuts[i].whole), cuts[i].name);
	}
}

static void records(void **state)
{
	struct cri_prefix prefix;
	char out[256];
	size_t n;

	(void)state;
	cri_prefix_set(&prefix, "2026-11-22T20:28:01.123456789Z", "stdout");
	n = cri_put(out, &prefix, &(struct cri_text){"ab", 2, "c\n", 2, true});
	out[n] = '\0';
	assert_string_equal(out, "2026-11-22T20:28:01.123456789Z stdout F abc\n");
	n = cri_put(out, &prefix, &(struct cri_text){NULL, 0, "abc", 3, false});
	out[n] = '\0';
	assert_string_equal(out, "2026-11-22T20:28:01.123456789Z stdout P abc\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(cutting), cmocka_unit_test(records)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
