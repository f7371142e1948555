/* SPDX-License-Identifier: Apache-2.0 */
/* Strict parsing within limits; readers that return the "nothing" value. */
#include "tests/unit/unit.h"

#include "runtime/base/json.h"

static char *nested(size_t depth)
{
	struct str s = {0};

	for (size_t i = 0; i < depth; i++)
		str_add(&s, "[");
	for (size_t i = 0; i < depth; i++)
		str_add(&s, "]");
	return str_take(&s);
}

static void refuses_what_is_not_one_sound_value(void **state)
{
	static const struct {
		const char *in;
		int r;
	} cases[] = {
		{"{}", 0},
		{"[1,\"a\",null,true,1.5]", 0},
		{"\"text\"", 0},
		{"{\"a\":1,\"a\":2}", -EBADMSG},
		{"{} {}", -EBADMSG},
		{"{", -EBADMSG},
		{"", -EBADMSG},
		{"\"\xff\"", -EBADMSG},
		{"{\"a\\u0000b\":1}", -EBADMSG},
		{"nan", -EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *j = NULL;
		struct err e = {0};

		assert_case(json_parse(sv(cases[i].in), &j, &e) == cases[i].r, cases[i].in);
		assert_case(!cases[i].r == !!j, cases[i].in);
	}
}

static void says_where(void **state)
{
	struct err e = {0};
	json_t *j;

	(void)state;
	assert_int_equal(json_parse(sv("{\n  \"a\": }\n"), &j, &e), -EBADMSG);
	assert_non_null(strstr(err_text(&e), "line 2"));
}

static void depth_and_size_are_bounded(void **state)
{
	cleanup_free char *deep = nested(1000000), *right = nested(JSON_DEPTH_MAX);
	struct str many = {0};
	struct err e = {0};
	json_t *j = NULL;

	(void)state;
	assert_int_equal(json_parse_max(sv(deep), SIZE_MAX, &j, &e), -E2BIG);
	assert_int_equal(json_parse(sv(right), &j, &e), 0);
	json_decref(j);
	str_add(&many, "[0");
	for (int i = 0; i < JSON_NODES_MAX; i++)
		str_add(&many, ",0");
	str_add(&many, "]");
	assert_int_equal(json_parse(sv(many.p), &j, &e), -E2BIG);
	str_done(&many);
	assert_int_equal(json_parse_max(sv("[1,2,3]"), 3, &j, &e), -E2BIG);
}

static void readers_and_writers(void **state)
{
	cleanup_json json_t *j = json_object();
	cleanup_free char *text = NULL;

	(void)state;
	json_put_str(j, "s", "x");
	json_put_str(j, "none", NULL);
	json_put_int(j, "i", -3);
	json_put_flag(j, "f", true);
	json_put_int(j, "a", 5); /* of another type: replaced */
	json_put_int(json_sub(json_sub(j, "a"), "b"), "c", 1);
	text = json_canonical(j);
	assert_string_equal(text, "{\"a\":{\"b\":{\"c\":1}},\"f\":true,\"i\":-3,\"s\":\"x\"}");
	assert_string_equal(json_str(j, "s"), "x");
	assert_null(json_str(j, "i"));
	assert_string_equal(json_str_or(j, "zz", "d"), "d");
	assert_int_equal(json_int(j, "i", 0), -3);
	assert_int_equal(json_int(j, "s", 9), 9);
	assert_true(json_flag(j, "f", false));
	assert_int_equal(json_integer_value(json_at(j, "a", "b", "c", NULL)), 1);
	assert_null(json_at(j, "a", "s", "c", NULL));
	assert_null(json_list(j, "a"));
	assert_non_null(json_map(j, "a"));
	assert_null(json_str(NULL, "a"));
	json_put(j, "list", json_pack("[{s:s},{s:s},n]", "name", "a", "name", "b"));
	assert_ptr_equal(json_find(json_list(j, "list"), "name", "b"),
		json_array_get(json_list(j, "list"), 1));
	assert_null(json_find(json_list(j, "list"), "name", "c"));
	assert_null(json_find(json_list(j, "list"), "name", NULL));
	assert_null(json_find(NULL, "name", "a"));
}

static void any_bytes_become_a_string(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"plain", "plain"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
		{"cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd"},
		{"\xff\xe2\x82\xac", "\xef\xbf\xbd\xe2\x82\xac"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf0\x9f\x90\xb3", "\xf0\x9f\x90\xb3"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *j = json_any_string(cases[i].in);

		assert_string_equal(json_string_value(j), cases[i].out);
	}
	/* Whatever the first three bytes are: it neither fails nor aborts. */
	for (unsigned n = 0; n < 1u << 24; n += 0x0501) {
		char text[] = {(char)(n | 0x80), (char)(n >> 8), (char)(n >> 16), '\x80', '\0'};
		cleanup_json json_t *j = json_any_string(text);

		assert_non_null(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_one_sound_value),
		cmocka_unit_test(says_where),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(readers_and_writers),
		cmocka_unit_test(any_bytes_become_a_string),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
