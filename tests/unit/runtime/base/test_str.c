/* SPDX-License-Identifier: Apache-2.0 */
/* Slices, building, strict numbers, base64, hex, nearest words. */
#include "tests/unit/unit.h"

#include "runtime/base/str.h"

static void cuts_and_trims(void **state)
{
	struct sv rest = sv("a,bc,,d");

	(void)state;
	assert_true(sv_eq(sv_cut(&rest, ','), "a"));
	assert_true(sv_eq(sv_cut(&rest, ','), "bc"));
	assert_true(sv_eq(sv_cut(&rest, ','), ""));
	assert_true(sv_eq(sv_cut(&rest, ','), "d"));
	assert_int_equal(rest.n, 0);
	assert_true(sv_eq(sv_trim(sv(" \t x y\r\n")), "x y"));
	assert_true(sv_eq(sv_trim(sv("  ")), ""));
	assert_true(sv_starts(sv("sha256:ab"), "sha256:"));
	assert_false(sv_starts(sv("sha"), "sha256:"));
}

static void builds_text(void **state)
{
	struct str s = {0};
	char *text;

	(void)state;
	str_add(&s, "a");
	str_addf(&s, "%d-%s", 17, "x");
	str_addn(&s, "zzz", 2);
	assert_string_equal(s.p, "a17-xzz");
	text = str_take(&s);
	assert_int_equal(s.n, 0);
	free(text);
	text = str_take(&s);
	assert_string_equal(text, "");
	free(text);
}

static void numbers_are_strict(void **state)
{
	static const struct {
		const char *in;
		int r;
		uint64_t value;
	} cases[] = {
		{"0", 0, 0},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
	};
	int64_t negative;
	uint32_t small;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 7;

		assert_case(parse_u64(sv(cases[i].in), &value) == cases[i].r, cases[i].in);
		assert_case(value == (cases[i].r ? 7 : cases[i].value), cases[i].in);
	}
	assert_int_equal(parse_i64(sv("-9223372036854775808"), &negative), 0);
	assert_true(negative == INT64_MIN);
	assert_int_equal(parse_i64(sv("9223372036854775808"), &negative), -ERANGE);
	assert_int_equal(parse_i64(sv("--1"), &negative), -EINVAL);
	assert_int_equal(parse_u32_max(sv("65536"), 65535, &small), -ERANGE);
	assert_int_equal(parse_u32_max(sv("65535"), 65535, &small), 0);
}

static void base64_round_trip(void **state)
{
	static const char *const texts[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
	static const char *const codes[] = {
		"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
	static const char *const bad[] = {"Zg=", "Zg", "Z===", "Zm9*", "Zg==Zg==", "===="};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_free char *code = base64_encode(texts[i], strlen(texts[i]));
		cleanup_free void *back = NULL;
		size_t n;

		assert_string_equal(code, codes[i]);
		assert_int_equal(base64_decode(sv(code), &back, &n), 0);
		assert_int_equal(n, strlen(texts[i]));
		assert_memory_equal(back, texts[i], n + 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		void *back;
		size_t n;

		assert_case(base64_decode(sv(bad[i]), &back, &n) == -EINVAL, bad[i]);
	}
}

static void finds_the_nearest_word(void **state)
{
	static const char *const words[] = {"image", "imagePullPolicy", "name", "ports", "env"};
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"imag", "image"},
		{"imgae", "image"},
		{"imagePullPolcy", "imagePullPolicy"},
		{"prots", "ports"},
		{"zzzzzz", NULL},
		{"", NULL},
	};
	char hex[9];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_case(
			streq(nearest_word(cases[i].in, words, ARRAY_SIZE(words)), cases[i].out),
			cases[i].in);
	hex_encode("\x00\xff\x1a\x2b", 4, hex);
	assert_string_equal(hex, "00ff1a2b");
}

static void only_utf8_gets_through(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain \n", "plain \n"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"a\xff"
		 "b",
			"a\xef\xbf\xbd"
			"b"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},		  /* overlong */
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* a surrogate */
		{"\xf4\x90\x80\x80",
			"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* beyond U+10FFFF */
		{"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
	};
	cleanup_str struct str nul = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_str struct str s = {0};

		str_add_utf8(&s, cases[i].in, strlen(cases[i].in));
		assert_case(streq(s.p, cases[i].out), cases[i].in);
	}
	str_add_utf8(&nul, "a\0b", 3);
	assert_string_equal(nul.p, "a\xef\xbf\xbd"
				   "b");
	assert_int_equal(utf8_length("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_and_trims),
		cmocka_unit_test(builds_text),
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(base64_round_trip),
		cmocka_unit_test(finds_the_nearest_word),
		cmocka_unit_test(only_utf8_gets_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
