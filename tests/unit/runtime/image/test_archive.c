/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.json of docker save. */
#include "tests/unit/unit.h"

#include "runtime/image/archive.h"

static void decodes(void **state)
{
	static const char text[] =
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"b:2\"],\"Layers\":[\"x/"
		"layer.tar\"]},"
		"{\"Config\":\"d.json\",\"RepoTags\":null,\"Layers\":[]},{\"Config\":\"e\"}]";
	cleanup_archive struct archive a = {0};
	struct err e = {0};

	(void)state;
	if (archive_decode(sv(text), &a, &e) < 0)
		fail_msg("%s", err_text(&e));
	assert_int_equal(a.n, 3);
	assert_string_equal(a.images[0].config, "c.json");
	assert_string_equal(a.images[0].refs[1], "b:2");
	assert_null(a.images[0].refs[2]);
	assert_string_equal(a.images[0].layers[0], "x/layer.tar");
	assert_null(a.images[1].refs[0]);
	assert_null(a.images[2].layers[0]);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[1]",
		"[{}]",
		"[{\"Config\":1}]",
		"[{\"Config\":\"\"}]",
		"[{\"Config\":\"a\\u0000b\"}]",
		"[{\"Config\":\"c\",\"Layers\":{}}]",
		"[{\"Config\":\"c\",\"Layers\":[1]}]",
		"[{\"Config\":\"c\",\"RepoTags\":\"a\"}]",
		"[{\"Config\":\"c\",\"RepoTags\":[\"\"]}]",
		"[{\"Config\":\"c\"},{}]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_archive struct archive a = {0};
		struct err e = {0};

		assert_case(archive_decode(sv(bad[i]), &a, &e) < 0 && e.msg[0], bad[i]);
		assert_case(!a.images, bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
