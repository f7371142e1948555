/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/base/json.h"
#include "runtime/security/paths.h"

static bool has(const json_t *list, const char *path)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (streq(json_string_value(json_array_get(list, i)), path))
			return true;
	return false;
}

static void lists(void **state)
{
	cleanup_json json_t *masked = paths_masked();
	cleanup_json json_t *readonly = paths_readonly();

	(void)state;
	assert_true(has(masked, "/proc/kcore"));
	assert_true(has(masked, "/proc/keys"));
	assert_true(has(masked, "/sys/firmware"));
	assert_true(has(masked, "/sys/devices/virtual/powercap"));
	assert_true(has(readonly, "/proc/sys"));
	assert_true(has(readonly, "/proc/sysrq-trigger"));
	/* Only below what the runtime mounts afresh: an image cannot redirect any of them. */
	for (size_t i = 0; i < json_array_size(masked); i++) {
		const char *p = json_string_value(json_array_get(masked, i));

		assert_true(strncmp(p, "/proc/", 6) == 0 || strncmp(p, "/sys/", 5) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lists)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
