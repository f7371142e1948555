/* SPDX-License-Identifier: Apache-2.0 */
/* References: what people write, what registries get, and what is refused. */
#include "tests/unit/unit.h"

#include "runtime/image/ref.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX64

static void normalises(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"nginx", "docker.io/library/nginx:latest"},
		{"nginx:1.25", "docker.io/library/nginx:1.25"},
		{"library/nginx", "docker.io/library/nginx:latest"},
		{"docker.io/nginx", "docker.io/library/nginx:latest"},
		{"index.docker.io/nginx", "docker.io/library/nginx:latest"},
		{"bitnami/redis:7", "docker.io/bitnami/redis:7"},
		{"gcr.io/your-project/web", "gcr.io/your-project/web:latest"},
		{"registry.k8s.io/a/b/c:v1", "registry.k8s.io/a/b/c:v1"},
		{"localhost/web", "localhost/web:latest"},
		{"localhost:5000/web:x", "localhost:5000/web:x"},
		{"localhost:5000", "docker.io/library/localhost:5000"},
		{"127.0.0.1:5000/a", "127.0.0.1:5000/a:latest"},
		{"[::1]:5000/a", "[::1]:5000/a:latest"},
		{"[fe80::1]/a", "[fe80::1]/a:latest"},
		{"Registry/a", "Registry/a:latest"},
		{"a__b/c.d-e--f_g", "docker.io/a__b/c.d-e--f_g:latest"},
		{"nginx@" DIGEST, "docker.io/library/nginx@" DIGEST},
		{"nginx:1@" DIGEST, "docker.io/library/nginx:1@" DIGEST},
		{"h.example:1/p:t@" DIGEST, "h.example:1/p:t@" DIGEST},
		{"nginx:_A-.9", "docker.io/library/nginx:_A-.9"},
		{"xn--n3h.example/a", "xn--n3h.example/a:latest"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_image_ref struct image_ref ref = {0};
		cleanup_free char *text = NULL;
		struct err e = {0};

		if (image_ref_parse(cases[i].in, &ref, &e) < 0)
			fail_msg("%s: %s", cases[i].in, err_text(&e));
		text = image_ref_text(&ref);
		assert_string_equal(text, cases[i].out);
	}
}

static void refuses(void **state)
{
	static const char *const cases[] = {
		"",
		"/",
		"a/",
		"/a",
		"a//b",
		":",
		":tag",
		"a:",
		"a: b",
		"A",
		"a/B",
		"a b",
		"a\n",
		"-a",
		"a-",
		".a",
		"a.",
		"_a",
		"a___b",
		"a..b",
		"a._b",
		"a_-b",
		"../a",
		"a/../b",
		"http://a/b",
		"docker://a",
		"a:b:c",
		"a:.x",
		"a:-x",
		"a@",
		"a@sha256:",
		"a@sha256:12",
		"a@sha512:" HEX64,
		"a@" DIGEST "0",
		"a@sha256:"
		"G123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"a@" DIGEST "@" DIGEST,
		"@" DIGEST,
		HEX64,
		"host.:1/a",
		".host/a",
		"ho..st/a",
		"-h.x/a",
		"h-.x/a",
		"h.x:/a",
		"h.x:99999/a",
		"h.x:1x/a",
		"[::1/a",
		"[]/a",
		"[::g]/a",
		"[::1]x/a",
		"h_x.y/a",
		"a%2fb",
		"a\\b",
		"a$(x)",
		"\xc3\xa9",
		"a:0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123456789",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_image_ref struct image_ref ref = {0};
		struct err e = {0};

		assert_case(image_ref_parse(cases[i], &ref, &e) == -EINVAL, cases[i]);
		assert_case(strstr(e.msg, "image reference") != NULL, cases[i]);
		assert_case(ref.path == NULL, cases[i]);
	}
}

static void is_limited(void **state)
{
	cleanup_free char *name = xmalloc(600);
	cleanup_image_ref struct image_ref ref = {0};

	(void)state;
	memset(name, 'a', 600);
	name[243] = '\0'; /* with docker.io/library/ 261 bytes */
	assert_int_equal(image_ref_parse(name, &ref, NULL), -EINVAL);
	name[230] = '\0';
	assert_int_equal(image_ref_parse(name, &ref, NULL), 0);
	name[230] = 'a';
	name[599] = '\0';
	assert_int_equal(image_ref_parse(name, &(struct image_ref){0}, NULL), -EINVAL);
}

/* What was normalised once is normal. */
static void is_a_fixed_point(void **state)
{
	static const char *const cases[] = {"nginx", "a/b:c", "h:1/x@" DIGEST, "h.i/x:t@" DIGEST};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_image_ref struct image_ref once = {0}, twice = {0};
		cleanup_free char *first = NULL, *second = NULL;

		assert_int_equal(image_ref_parse(cases[i], &once, NULL), 0);
		first = image_ref_text(&once);
		assert_int_equal(image_ref_parse(first, &twice, NULL), 0);
		second = image_ref_text(&twice);
		assert_string_equal(first, second);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises),
		cmocka_unit_test(refuses),
		cmocka_unit_test(is_limited),
		cmocka_unit_test(is_a_fixed_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
