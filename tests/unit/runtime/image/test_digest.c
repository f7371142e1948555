/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: the form, and the sum. */
#include "tests/unit/unit.h"

#include "runtime/image/digest.h"

#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void form_is_strict(void **state)
{
	static const char *const bad[] = {
		"",
		"sha256:",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adx",
		"sha256:../../../../../../../../../../../../../../../../../../../etc/pass",
		"sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	};
	struct digest d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_case(digest_parse(sv(bad[i]), &d) == -EINVAL, bad[i]);
	assert_int_equal(digest_parse(sv(ABC), &d), 0);
	assert_string_equal(d.text, ABC);
	assert_string_equal(digest_hex(&d), ABC + 7);
}

static void sum_is_sha256(void **state)
{
	struct digest_stream s;
	struct digest d = digest_of("abc", 3), pieces;

	(void)state;
	assert_string_equal(d.text, ABC);
	digest_start(&s);
	digest_add(&s, "a", 1);
	digest_add(&s, "", 0);
	digest_add(&s, "bc", 2);
	pieces = digest_end(&s);
	assert_true(digest_eq(&d, &pieces));
	d = digest_of("", 0);
	assert_string_equal(
		d.text, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form_is_strict),
		cmocka_unit_test(sum_is_sha256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
