/* SPDX-License-Identifier: Apache-2.0 */
/* Names in layers: one form for all of them, and whiteouts (T18). */
#include "tests/unit/unit.h"

#include "runtime/base/str.h"
#include "runtime/image/layer_path.h"

static void cleans(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: refused */
	} cases[] = {
		{"a", "a"},
		{"a/b", "a/b"},
		{"./a", "a"},
		{"/a", "a"},
		{"//a//b//", "a/b"},
		{"a/./b/.", "a/b"},
		{".", ""},
		{"./", ""},
		{"/", ""},
		{"", ""},
		{"a/", "a"},
		{"...", "..."},
		{"a/..b", "a/..b"},
		{".wh.a", ".wh.a"},
		{"a/.wh.b", "a/.wh.b"},
		{"..", NULL},
		{"../a", NULL},
		{"/..", NULL},
		{"a/..", NULL},
		{"a/../b", NULL},
		{"./..", NULL},
		{".wh.a/b", NULL},
		{"x/.wh..wh.plnk/1.2", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *out = NULL;
		struct err e = {0};
		int r = layer_path_clean(cases[i].in, &out, &e);

		if (cases[i].out) {
			assert_case(r == 0, cases[i].in);
			assert_string_equal(out, cases[i].out);
		} else {
			assert_case(r == -EBADMSG && e.msg[0] && !out, cases[i].in);
		}
	}
}

static void limits(void **state)
{
	cleanup_str struct str deep = {0}, longer = {0};
	cleanup_free char *out = NULL;

	(void)state;
	for (int i = 0; i < LAYER_DEPTH_MAX; i++)
		str_add(&deep, "d/");
	assert_int_equal(layer_path_clean(deep.p, &out, NULL), 0);
	str_add(&deep, "d");
	assert_int_equal(layer_path_clean(deep.p, &(char *){NULL}, NULL), -EBADMSG);
	for (int i = 0; i < 4096; i++)
		str_add(&longer, "x");
	assert_int_equal(layer_path_clean(longer.p, &(char *){NULL}, NULL), -EBADMSG);
}

static void splits(void **state)
{
	size_t n;

	(void)state;
	assert_string_equal(layer_path_split("a/b/c", &n), "c");
	assert_int_equal(n, 3);
	assert_string_equal(layer_path_split("c", &n), "c");
	assert_int_equal(n, 0);
}

static void knows_whiteouts(void **state)
{
	static const struct {
		const char *name;
		int kind;
		const char *hidden;
	} cases[] = {
		{"a", WHITEOUT_NONE, NULL},
		{".w", WHITEOUT_NONE, NULL},
		{".wh", WHITEOUT_NONE, NULL},
		{"x.wh.a", WHITEOUT_NONE, NULL},
		{".wh.a", WHITEOUT_FILE, "a"},
		{".wh....", WHITEOUT_FILE, "..."},
		{".wh..a", WHITEOUT_FILE, ".a"},
		{".wh..wh", WHITEOUT_FILE, ".wh"},
		{".wh..wh..opq", WHITEOUT_OPAQUE, NULL},
		{".wh..wh.aufs", WHITEOUT_OTHER, NULL},
		{".wh..wh.", WHITEOUT_OTHER, NULL},
		{".wh.", -EBADMSG, NULL},
		{".wh..", -EBADMSG, NULL},
		{".wh...", -EBADMSG, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *hidden = NULL;

		assert_case(layer_whiteout(cases[i].name, &hidden, NULL) == cases[i].kind,
			cases[i].name);
		assert_case(streq(hidden, cases[i].hidden), cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleans),
		cmocka_unit_test(limits),
		cmocka_unit_test(splits),
		cmocka_unit_test(knows_whiteouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
