/* SPDX-License-Identifier: Apache-2.0 */
/* Versions, known holes, and the floor below which pods are refused (safety R5). */
#include "tests/unit/unit.h"

#include "agent/node/findings.h"
#include "agent/node/oci_runtime.h"

#define DEBIAN "runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\n"

static const struct {
	const char *text;
	int floor;
	size_t fixed; /* of the ten holes in the table */
} cases[] = {
	{DEBIAN, 0, 5},
	{"runc version 1.1.5\ncommit: v1.1.5-0-gf19387a6\n", -EOPNOTSUPP, 4},
	{"runc version 1.1.1\n", -EOPNOTSUPP, 0},
	{"runc version 1.0.3\n", -EOPNOTSUPP, 0},
	{"runc version 1.1.12\n", 0, 5},
	{"runc version 1.1.14\n", 0, 6},
	{"runc version 1.2.0-rc.2\n", 0, 5},
	{"runc version 1.2.0\n", 0, 6},
	{"runc version 1.2.8\n", 0, 9},
	{"runc version 1.3.2\n", 0, 6},
	{"runc version 1.3.3\n", 0, 9},
	{"runc version 1.4.0-rc.2\n", 0, 6},
	{"runc version 1.4.0\n", 0, 9},
	{"runc version 2.0.0\n", 0, 9},
	{"crun version 1.8.1\n", 0, 0},
};

static void floors_and_holes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *list = json_array();
		struct oci_runtime r;
		const json_t *row;
		size_t k, fixed = 0, open = 0;

		assert_case(oci_runtime_parse(sv(cases[i].text), &r, NULL) == 0, cases[i].text);
		assert_case(oci_runtime_floor(&r, NULL) == cases[i].floor, cases[i].text);
		oci_runtime_findings(&r, list);
		json_array_foreach (list, k, row) {
			fixed += strstr(json_str(row, "message"), "fixed in runc") != NULL;
			open += streq(json_str(row, "status"), "error");
		}
		assert_case(fixed == cases[i].fixed, cases[i].text);
		assert_case(open == (cases[i].floor ? 1 : 0), cases[i].text);
	}
}

static void nonsense_is_no_runtime(void **state)
{
	static const char *const texts[] = {
		"", "\n", "runc", "runc version", "hello world 1.2", "version 1.1.12"};
	struct oci_runtime r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_case(oci_runtime_parse(sv(texts[i]), &r, NULL) == -EINVAL, texts[i]);
}

static void probes_the_real_one(void **state)
{
	struct scratch s;
	struct oci_runtime r;
	struct err e = {0};
	cleanup_free char *path = NULL;

	(void)state;
	assert_int_equal(oci_runtime_probe("/usr/sbin/runc", &r, &e), 0);
	assert_string_equal(r.name, "runc");
	assert_int_equal(oci_runtime_floor(&r, &e), 0);
	assert_int_equal(oci_runtime_probe("/no/such/runc", &r, &e), -ENOENT);
	assert_non_null(strstr(err_text(&e), "install the package runc"));
	scratch_open(&s);
	path = xasprintf("%s/runc", s.path);
	assert_int_equal(fs_write_atomic(s.fd, "runc", "#!/bin/sh\n", 10, 0777, FS_NO_SYNC), 0);
	assert_int_equal(oci_runtime_probe(path, &r, &e), -EPERM);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(oci_runtime_probe(path, &r, &e), -EINVAL);
	scratch_close(&s);
}

static void finds_this_host_fit(void **state)
{
	const struct findings_options o = {.root_fd = AT_FDCWD,
		.runtime = "/usr/sbin/runc",
		.skopeo = "/bin/true",
		.shim = "/bin/true",
		.unpack = "/no/such/program"};
	cleanup_close int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct findings_options here = o;
	cleanup_json json_t *list = NULL;
	size_t i, errors = 0;
	const json_t *row;

	(void)state;
	here.root_fd = root;
	list = findings(&here);
	json_array_foreach (list, i, row) {
		if (!streq(json_str(row, "status"), "error"))
			continue;
		errors++;
		assert_true(streq(json_str(row, "name"), "berth-unpack") ||
			    streq(json_str(row, "name"), "cgroups"));
	}
	/* No cgroups were handed in, and there is no such unpacker. */
	assert_int_equal(errors, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floors_and_holes),
		cmocka_unit_test(nonsense_is_no_runtime),
		cmocka_unit_test(probes_the_real_one),
		cmocka_unit_test(finds_this_host_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
