/* SPDX-License-Identifier: Apache-2.0 */
/* Image configs: what is read, what is refused, and that nothing else has an effect. */
#include "tests/unit/unit.h"

#include "runtime/image/config.h"

#define ID "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" ID "\"]}"

static void reads_what_it_knows(void **state)
{
	static const char text[] =
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2024-01-01T00:00:00Z\","
		"\"config\":{\"Entrypoint\":[\"/"
		"e\"],\"Cmd\":[\"a\",\"b\"],\"Env\":[\"K=V\",\"E=\"],"
		"\"User\":\"1:2\",\"WorkingDir\":\"/w\",\"StopSignal\":\"SIGQUIT\","
		"\"Volumes\":{\"/z\":{},\"/a\":{}},\"Labels\":{\"x\":1}},\"history\":7," ROOTFS "}";
	struct image_config c = {0}, again = {0};
	cleanup_json json_t *j = NULL, *j2 = NULL;
	struct err e = {0};

	(void)state;
	if (image_config_decode(sv(text), &c, &e) < 0)
		fail_msg("%s", err_text(&e));
	assert_string_equal(c.entrypoint[0], "/e");
	assert_null(c.entrypoint[1]);
	assert_string_equal(c.cmd[1], "b");
	assert_string_equal(c.env[1], "E=");
	assert_string_equal(c.user, "1:2");
	assert_string_equal(c.working_dir, "/w");
	assert_string_equal(c.stop_signal, "SIGQUIT");
	assert_string_equal(c.volumes[0], "/a");
	assert_string_equal(c.volumes[1], "/z");
	assert_string_equal(c.diff_ids[0], ID);
	assert_int_equal(image_config_check(&c, "amd64", 1, &e), 0);
	assert_int_equal(image_config_check(&c, "amd64", 2, &e), -EBADMSG);
	assert_int_equal(image_config_check(&c, "arm64", 1, &e), -EINVAL);
	/* There and back. */
	j = image_config_encode(&c);
	assert_int_equal(image_config_from_json(j, &again, &e), 0);
	j2 = image_config_encode(&again);
	assert_true(json_equal(j, j2));
	image_config_done(&c);
	image_config_done(&again);
}

static void absent_is_empty(void **state)
{
	static const char *const texts[] = {
		"{" ROOTFS "}",
		"{\"config\":null," ROOTFS "}",
		"{\"config\":{}," ROOTFS "}",
		"{\"config\":{\"Entrypoint\":null,\"Cmd\":null,\"Env\":null,\"User\":null,"
		"\"Volumes\":null}," ROOTFS "}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct image_config c = {0};

		assert_case(image_config_decode(sv(texts[i]), &c, NULL) == 0, texts[i]);
		assert_null(c.entrypoint[0]);
		assert_null(c.env[0]);
		assert_null(c.volumes[0]);
		assert_string_equal(c.user, "");
		assert_string_equal(c.working_dir, "");
		image_config_done(&c);
	}
}

static void refuses(void **state)
{
	static const char *const texts[] = {
		"",
		"null",
		"[]",
		"{}",
		"{" ROOTFS,
		"{" ROOTFS "}x",
		"{" ROOTFS "," ROOTFS "}",
		"{\"rootfs\":{\"type\":\"dirs\",\"diff_ids\":[]}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":{}}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}",
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:../../etc\"]}}",
		"{\"config\":[]," ROOTFS "}",
		"{\"config\":{\"Cmd\":\"sh\"}," ROOTFS "}",
		"{\"config\":{\"Cmd\":[1]}," ROOTFS "}",
		"{\"config\":{\"Cmd\":[\"a\\u0000b\"]}," ROOTFS "}",
		"{\"config\":{\"Env\":[\"NOEQUALS\"]}," ROOTFS "}",
		"{\"config\":{\"Env\":[\"=x\"]}," ROOTFS "}",
		"{\"config\":{\"Env\":[\"\"]}," ROOTFS "}",
		"{\"config\":{\"User\":7}," ROOTFS "}",
		"{\"config\":{\"User\":\"a\\u0000b\"}," ROOTFS "}",
		"{\"config\":{\"WorkingDir\":\"rel\"}," ROOTFS "}",
		"{\"config\":{\"WorkingDir\":\"/a/../../b\"}," ROOTFS "}",
		"{\"config\":{\"WorkingDir\":\"/..\"}," ROOTFS "}",
		"{\"config\":{\"Volumes\":[]}," ROOTFS "}",
		"{\"os\":1," ROOTFS "}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct image_config c = {0};
		struct err e = {0};

		assert_case(image_config_decode(sv(texts[i]), &c, &e) < 0, texts[i]);
		assert_case(e.msg[0] && !c.env, texts[i]);
	}
}

static void layers_are_limited(void **state)
{
	cleanup_str struct str text = {0};

	(void)state;
	str_add(&text, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (int i = 0; i < IMAGE_LAYERS_MAX + 1; i++)
		str_addf(&text, "%s\"" ID "\"", i ? "," : "");
	str_add(&text, "]}}");
	assert_int_equal(
		image_config_decode((struct sv){text.p, text.n}, &(struct image_config){0}, NULL),
		-EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_knows),
		cmocka_unit_test(absent_is_empty),
		cmocka_unit_test(refuses),
		cmocka_unit_test(layers_are_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
