/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: only those of the image's own registry are ever composed (R16, T20). */
#include "tests/unit/unit.h"

#include "runtime/base/json.h"
#include "runtime/image/auth.h"

static char *compose(const char *node, const char *pod, const char *ref_text)
{
	cleanup_image_ref struct image_ref ref = {0};
	char *text = NULL;
	struct err e = {0};

	assert_int_equal(image_ref_parse(ref_text, &ref, NULL), 0);
	if (auth_compose(node, pod, &ref, &text, &e) < 0)
		fail_msg("%s", err_text(&e));
	return text;
}

static void chooses_the_best_entry(void **state)
{
	static const struct {
		const char *ref, *pod, *out;
	} cases[] = {
		{"h.io/a", NULL, "{\"auths\":{}}"},
		{"h.io/a", "{}", "{\"auths\":{}}"},
		{"h.io/a", "{\"auths\":{}}", "{\"auths\":{}}"},
		{"h.io/a", "{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}",
			"{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}"},
		{"h.io/a", "{\"auths\":{\"other.io\":{\"auth\":\"QQ==\"}}}", "{\"auths\":{}}"},
		{"h.io/a", "{\"auths\":{\"h.io.evil\":{\"auth\":\"QQ==\"}}}", "{\"auths\":{}}"},
		{"h.io.evil/a", "{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}", "{\"auths\":{}}"},
		{"h.io:1/a", "{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}", "{\"auths\":{}}"},
		{"h.io:1/a", "{\"auths\":{\"h.io:1\":{\"auth\":\"QQ==\"}}}",
			"{\"auths\":{\"h.io:1\":{\"auth\":\"QQ==\"}}}"},
		{"h.io/org/a",
			"{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"},\"h.io/org\":{\"auth\":\"Qg==\"},"
			"\"h.io/orga\":{\"auth\":\"Qw==\"}}}",
			"{\"auths\":{\"h.io\":{\"auth\":\"Qg==\"}}}"},
		{"h.io/organ", "{\"auths\":{\"h.io/org\":{\"auth\":\"QQ==\"}}}", "{\"auths\":{}}"},
		{"nginx", "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"QQ==\"}}}",
			"{\"auths\":{\"docker.io\":{\"auth\":\"QQ==\"}}}"},
		{"h.io/a", "{\"auths\":{\"https://h.io/v2/\":{\"auth\":\"QQ==\"}}}",
			"{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}"},
		{"x.h.io/a", "{\"auths\":{\"*.h.io\":{\"auth\":\"QQ==\"}}}",
			"{\"auths\":{\"x.h.io\":{\"auth\":\"QQ==\"}}}"},
		{"x.y.h.io/a", "{\"auths\":{\"*.h.io\":{\"auth\":\"QQ==\"}}}", "{\"auths\":{}}"},
		{"x.h.io/a", "{\"auths\":{\"*\":{\"auth\":\"QQ==\"}}}", "{\"auths\":{}}"},
		{"x.h.io/a", "{\"auths\":{\"?.h.io\":{\"auth\":\"QQ==\"}}}", "{\"auths\":{}}"},
		{"h.io/a", "{\"auths\":{\"h.io\":{\"username\":\"u\",\"password\":\"p\"}}}",
			"{\"auths\":{\"h.io\":{\"auth\":\"dTpw\"}}}"},
		{"h.io/a", "{\"auths\":{\"h.io\":{\"identitytoken\":\"t\",\"email\":\"x@y\"}}}",
			"{\"auths\":{\"h.io\":{\"identitytoken\":\"t\"}}}"},
		{"h.io/a",
			"{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}},\"credHelpers\":{\"h.io\":"
			"\"evil\"},"
			"\"credsStore\":\"evil\"}",
			"{\"auths\":{\"h.io\":{\"auth\":\"QQ==\"}}}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = compose(NULL, cases[i].pod, cases[i].ref);

		assert_string_equal(text, cases[i].out);
	}
}

static void node_file_comes_whole(void **state)
{
	cleanup_free char *text = compose(
		"{\"auths\":{\"mirror.io\":{\"auth\":\"QQ==\"},\"h.io\":{\"auth\":\"Qg==\"}}}",
		"{\"auths\":{\"h.io\":{\"auth\":\"Qw==\"},\"z.io\":{\"auth\":\"RA==\"}}}",
		"h.io/a");

	(void)state;
	assert_string_equal(text,
		"{\"auths\":{\"mirror.io\":{\"auth\":\"QQ==\"},\"h.io\":{\"auth\":\"Qw==\"}}}");
}

/* Not even a message shows a secret. */
static void refuses_without_quoting(void **state)
{
	static const char *const bad[] = {"", "secret", "[\"secret\"]", "{\"auths\":\"secret\""};
	cleanup_image_ref struct image_ref ref = {0};

	(void)state;
	assert_int_equal(image_ref_parse("h.io/a", &ref, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = {0};
		char *text = NULL;

		assert_int_equal(auth_compose(NULL, bad[i], &ref, &text, &e), -EINVAL);
		assert_null(strstr(e.msg, "secret\"") ? e.msg : NULL);
		assert_int_equal(auth_compose(bad[i], NULL, &ref, &text, &e), -EINVAL);
		assert_null(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_the_best_entry),
		cmocka_unit_test(node_file_comes_whole),
		cmocka_unit_test(refuses_without_quoting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
