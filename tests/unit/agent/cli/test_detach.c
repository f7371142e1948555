/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/cli/detach.h"

#define P "\x10"
#define Q "\x11"

static const struct {
	const char *text;
	int r;
	const char *keys;
} parsed[] = {
	{"", 0, ""},
	{"ctrl-p,ctrl-q", 0, P Q},
	{"ctrl-P", 0, P},
	{"ctrl-],x,ctrl-_", 0, "\x1dx\x1f"},
	{"ctrl-", -EINVAL, NULL},
	{"ctrl-pp", -EINVAL, NULL},
	{"ctrl-1", -EINVAL, NULL},
	{",", -EINVAL, NULL},
	{"a,b,c,d,e,f,g,h,i", -EINVAL, NULL},
};

static void keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parsed); i++) {
		struct detach d;
		struct err e = {0};

		assert_case(detach_parse(parsed[i].text, &d, &e) == parsed[i].r, parsed[i].text);
		if (parsed[i].r == 0)
			assert_case(d.n == strlen(parsed[i].keys) &&
					    memcmp(d.keys, parsed[i].keys, d.n) == 0,
				parsed[i].text);
	}
}

static const struct {
	const char *keys, *typed, *sent;
	bool detached;
} cases[] = {
	{"ctrl-p,ctrl-q", "ls\n", "ls\n", false},
	{"ctrl-p,ctrl-q", P Q, "", true},
	{"ctrl-p,ctrl-q", "a" P Q "b", "a", true},
	{"ctrl-p,ctrl-q", P, "", false},
	{"ctrl-p,ctrl-q", P "x", P "x", false},
	{"ctrl-p,ctrl-q", P P, P, false},
	{"ctrl-p,ctrl-q", P P Q, P, true},
	{"ctrl-p,ctrl-q", Q P, Q, false},
	{"a,a,b", "aaab", "a", true},
	{"a,b,a,c", "ababac", "ab", true},
	{"ctrl-]", "x\x1d", "x", true},
	{"", P Q, P Q, false},
};

/* The same whether the keys come together or one by one. */
static void typing(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		size_t k = i / 2, n = strlen(cases[k].typed), step = i % 2 ? 1 : n;
		cleanup_str struct str out = {0};
		bool detached = false;
		struct detach d;

		assert_int_equal(detach_parse(cases[k].keys, &d, NULL), 0);
		for (size_t at = 0; at < n && !detached; at += step)
			detached = detach_filter(&d, (struct sv){cases[k].typed + at, step}, &out);
		assert_int_equal(detached, cases[k].detached);
		assert_string_equal(out.p ? out.p : "", cases[k].sent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(keys), cmocka_unit_test(typing)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
