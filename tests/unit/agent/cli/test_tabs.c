/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/cli/tabs.h"

/* Expected texts are Go's text/tabwriter's with minwidth 0, padding 2. */
static void lays_out(void **state)
{
	static const struct {
		const char *name, *in, *out;
	} cases[] = {
		{"empty", "", ""},
		{"no tabs", "a\nb\n", "a\nb\n"},
		{"pairs", "Name:\tx\nNamespace:\ty\n", "Name:       x\nNamespace:  y\n"},
		{"a line without a tab parts blocks", "a:\t1\nLonger:\nb:\t2\nccc:\t3\n",
			"a:  1\nLonger:\nb:    2\nccc:  3\n"},
		{"inner blocks", "x\t1\tend\nyy\t22\nz\t333\tend\n",
			"x   1  end\nyy  22\nz   333  end\n"},
		{"an empty first cell", "Labels:\ta=1\n\tb=2\n", "Labels:  a=1\n         b=2\n"},
		{"trailing cell", "a\t\nbb\t\n", "a   \nbb  \n"},
		{"UTF-8 counts characters", "é\t1\nab\t2\n", "é   1\nab  2\n"},
		{"control characters are shown", "a\033[1m\tb\n", "a^[[1m  b\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_str struct str out = {0};

		tabs_expand(sv(cases[i].in), &out);
		if (strcmp(out.p ? out.p : "", cases[i].out) != 0)
			fail_msg("%s:\n%s\nnot\n%s", cases[i].name, out.p, cases[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lays_out)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
