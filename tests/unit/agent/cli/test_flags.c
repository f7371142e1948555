/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/cli/flags.h"

static const struct flag table[] = {
	{"watch", 'w', FLAG_SWITCH, NULL, NULL, NULL, NULL, ""},
	{"stdin", 'i', FLAG_SWITCH, NULL, NULL, NULL, NULL, ""},
	{"wait", 0, FLAG_SWITCH, NULL, "true", NULL, NULL, ""},
	{"output", 'o', FLAG_TEXT, "F", NULL, NULL, "wide|json|jsonpath=", ""},
	{"filename", 'f', FLAG_LIST, "F", NULL, NULL, NULL, ""},
	{"replicas", 0, FLAG_NUMBER, "N", "-1", NULL, NULL, ""},
	{"since", 0, FLAG_DURATION, "T", NULL, NULL, NULL, ""},
	{"dry-run", 0, FLAG_TEXT, "W", "none", "client", "none|client|server", ""},
	{0},
};

enum { ARGS_MAX = 12 };

static struct flag_values parse(const char *const *args, bool stop, int *ret_r, struct err *e)
{
	struct flag_values v = {.groups = {table}};
	char *argv[ARGS_MAX];
	int n = 0;

	while (args[n]) {
		argv[n] = (char *)(uintptr_t)args[n];
		n++;
	}
	*ret_r = flags_parse(&v, n, argv, stop, e);
	return v;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void reads_every_form(void **state)
{
	int r;
	struct err e = {0};
	struct flag_values v = parse(ARGS("pods", "-wi", "-ojson", "--filename=a", "-f", "b", "web",
					     "--replicas", "3", "--since=1m30s", "--", "-x"),
		false, &r, &e);
	const char *const *files;
	size_t n;

	(void)state;
	assert_int_equal(r, 0);
	assert_true(flag_on(&v, "watch"));
	assert_true(flag_on(&v, "stdin"));
	assert_true(flag_on(&v, "wait"));
	assert_false(flag_given(&v, "wait"));
	assert_string_equal(flag_text(&v, "output"), "json");
	files = flag_list(&v, "filename", &n);
	assert_int_equal(n, 2);
	assert_string_equal(files[0], "a");
	assert_string_equal(files[1], "b");
	assert_int_equal(flag_number(&v, "replicas", 0), 3);
	assert_int_equal(flag_duration_ns(&v, "since", 0), 90000000000);
	assert_string_equal(flag_text(&v, "dry-run"), "none");
	assert_int_equal(v.n_words, 3);
	assert_int_equal(v.n_before_dash, 2);
	assert_string_equal(v.words[1], "web");
	assert_string_equal(v.words[2], "-x");
	flags_done(&v);
}

static void optional_values(void **state)
{
	int r;
	struct err e = {0};
	struct flag_values v =
		parse(ARGS("--dry-run", "server", "--wait=false", "-w=false"), false, &r, &e);

	(void)state;
	assert_int_equal(r, 0);
	/* The value of an optional one must be tied by "=". */
	assert_string_equal(flag_text(&v, "dry-run"), "client");
	assert_string_equal(v.words[0], "server");
	assert_false(flag_on(&v, "wait"));
	assert_false(flag_on(&v, "watch"));
	flags_done(&v);
}

static void stops_at_a_word(void **state)
{
	int r;
	struct err e = {0};
	struct flag_values v = parse(ARGS("-w", "-o", "json", "get", "--nonsense"), true, &r, &e);

	(void)state;
	assert_int_equal(r, 0);
	assert_int_equal(v.n_read, 3);
	flags_done(&v);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *args[3], *message;
	} cases[] = {
		{{"--outptu=x"}, "unknown flag: --outptu (did you mean --output?)"},
		{{"--zzzzzzzz"}, "unknown flag: --zzzzzzzz"},
		{{"-x"}, "unknown shorthand flag: 'x' in -x"},
		{{"-wx"}, "unknown shorthand flag: 'x' in -wx"},
		{{"--output"}, "flag needs an argument: --output"},
		{{"-o"}, "flag needs an argument: 'o' in -o"},
		{{"-o", "xml"}, "invalid argument \"xml\" for \"--output\" flag: one of "
				"wide|json|jsonpath="},
		{{"--replicas=3x"}, "invalid argument \"3x\" for \"--replicas\" flag: a whole "
				    "number is needed"},
		{{"--watch=maybe"},
			"invalid argument \"maybe\" for \"--watch\" flag: true or false"},
		{{"--since=soon"}, "invalid argument \"soon\" for \"--since\" flag: a duration is "
				   "needed, such as 90s, 5m or "
				   "1h30m"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};
		int r;
		struct flag_values v = parse(cases[i].args, false, &r, &e);

		assert_int_equal(r, -EINVAL);
		assert_string_equal(e.msg, cases[i].message);
		flags_done(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form),
		cmocka_unit_test(optional_values),
		cmocka_unit_test(stops_at_a_word),
		cmocka_unit_test(says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
