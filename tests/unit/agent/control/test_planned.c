/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of running pods are known by their plans. */
#include "tests/unit/unit.h"

#include "agent/control/planned.h"

#define PLAN                                                                                       \
	"{\"uid\":\"u1\",\"name\":\"web\",\"namespace\":\"default\",\"runtime\":\"/usr/sbin/"      \
	"runc\","                                                                                  \
	"\"image_dir\":\"/i\",\"cgroup_base\":\"berth\",\"log_dir\":\"/l\",\"containers\":["       \
	"{\"name\":\"a\",\"layers\":[\"l/2/fs\",\"l/1/fs\"],\"argv\":[\"/a\"]},"                   \
	"{\"name\":\"b\",\"layers\":[\"l/3/fs\"],\"argv\":[\"/b\"]}]}"

static void reads_plans(void **state)
{
	cleanup_layer_names struct layer_names l = {0};
	cleanup_close int pod = -EBADF;
	struct scratch s;
	struct err e = {0};

	(void)state;
	scratch_open(&s);
	assert_int_equal(planned_layers(s.fd, "u1", &l, &e), 0);
	assert_int_equal(l.n, 0);
	pod = fs_open_dir(s.fd, "u1", 0700);
	assert_int_equal(planned_layers(s.fd, "u1", &l, &e), 0);
	assert_int_equal(
		fs_write_atomic(pod, "plan.json", PLAN, sizeof PLAN - 1, 0600, FS_NO_SYNC), 0);
	if (planned_layers(s.fd, "u1", &l, &e) < 0)
		fail_msg("%s", err_text(&e));
	assert_int_equal(l.n, 3);
	assert_string_equal(l.names[0], "l/2/fs");
	assert_string_equal(l.names[2], "l/3/fs");
	/* A plan that does not read is no licence to remove. */
	assert_int_equal(fs_write_atomic(pod, "plan.json", PLAN, 50, 0600, FS_NO_SYNC), 0);
	assert_true(planned_layers(s.fd, "u1", &l, &e) < 0);
	assert_non_null(strstr(err_text(&e), "u1"));
	scratch_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
