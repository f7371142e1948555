/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/names.h"

#define LONG63 "a23456789012345678901234567890123456789012345678901234567890123"

static void names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {
		{"web", true},
		{"a", true},
		{"0", true},
		{"5f3e2c9e-7b1d-4a57-9a0b-0f1e2d3c4b5a", true},
		{"web.1_b", true},
		{LONG63, true},
		{LONG63 "4", false},
		{"", false},
		{NULL, false},
		{".", false},
		{"..", false},
		{".hidden", false},
		{"-x", false},
		{"_x", false},
		{"a..b", false},
		{"a/b", false},
		{"a b", false},
		{"a\n", false},
		{"\xc3\xa9", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(cgroup_name_ok(cases[i].name), cases[i].ok);
}

static void paths(void **state)
{
	static const struct {
		const char *path;
		bool ok;
	} cases[] = {
		{"berth", true},
		{"berth/uid/web", true},
		{"a/b/c/d/e/f/g/h", true},
		{"a/b/c/d/e/f/g/h/i", false},
		{"/berth", false},
		{"berth/", false},
		{"berth//uid", false},
		{"berth/../x", false},
		{"..", false},
		{"", false},
		{NULL, false},
		{LONG63 "/" LONG63 "/" LONG63 "/" LONG63, true},
		{LONG63 "/" LONG63 "/" LONG63 "/" LONG63 "/b", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(cgroup_path_ok(cases[i].path), cases[i].ok);
}

static void base(void **state)
{
	char a[CGROUP_PATH_MAX], b[CGROUP_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(
			cgroup_base(a, sizeof a, ((const char *const[]){NULL, "", "/"})[i]), 0);
		assert_string_equal(a, "berth");
	}
	assert_int_equal(cgroup_base(a, sizeof a, "/tmp/x"), 0);
	assert_int_equal(strncmp(a, "berth-", 6), 0);
	assert_int_equal(strlen(a), 14);
	assert_true(cgroup_name_ok(a));
	assert_int_equal(cgroup_base(b, sizeof b, "/tmp/x///"), 0);
	assert_string_equal(a, b);
	assert_int_equal(cgroup_base(b, sizeof b, "/tmp/y"), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(cgroup_base(b, 14, "/tmp/y"), -ENAMETOOLONG);
}

static void pod_paths(void **state)
{
	char buf[CGROUP_PATH_MAX];

	(void)state;
	assert_int_equal(cgroup_path(buf, sizeof buf, "berth", "u-1", NULL), 0);
	assert_string_equal(buf, "berth/u-1");
	assert_int_equal(cgroup_path(buf, sizeof buf, "berth", "u-1", "web"), 0);
	assert_string_equal(buf, "berth/u-1/web");
	assert_int_equal(cgroup_shim_path(buf, sizeof buf, "berth", "u-1"), 0);
	assert_string_equal(buf, "berth-shims/u-1");
	assert_int_equal(cgroup_path(buf, sizeof buf, "berth", "..", NULL), -EINVAL);
	assert_int_equal(cgroup_path(buf, sizeof buf, "berth", "u", "a/b"), -EINVAL);
	assert_int_equal(cgroup_path(buf, sizeof buf, "be rth", "u", NULL), -EINVAL);
	assert_int_equal(cgroup_path(buf, sizeof buf, "berth", "u", ""), -EINVAL);
	assert_int_equal(cgroup_shim_path(buf, sizeof buf, "berth", "u/.."), -EINVAL);
	assert_int_equal(cgroup_path(buf, 8, "berth", "u-1", NULL), -ENAMETOOLONG);
	assert_int_equal(cgroup_shim_path(buf, 8, "berth", "u-1"), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(paths),
		cmocka_unit_test(base),
		cmocka_unit_test(pod_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
