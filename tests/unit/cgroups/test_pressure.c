/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/pressure.h"

#define TOP "sys/fs/cgroup/"
#define AVGS "avg60=0.30 avg300=0.00 "

static void both_lines(void **state)
{
	struct tree t;
	struct cgroup_pressure p;

	(void)state;
	tree_new(&t, TREE_UNIFIED);
	assert_int_equal(cgroup_pressure(&t.host, "b/u", CGROUP_STALL_CPU, &p), -ENOENT);
	tree_put(&t, TOP "b/u/memory.pressure",
		"some avg10=1.50 " AVGS "total=12345\nfull avg10=100.00 " AVGS "total=99\n");
	assert_int_equal(cgroup_pressure(&t.host, "b/u", CGROUP_STALL_MEMORY, &p), 0);
	assert_int_equal(p.some_avg10_centi, 150);
	assert_int_equal(p.some_total_us, 12345);
	assert_int_equal(p.full_avg10_centi, 10000);
	assert_int_equal(p.full_total_us, 99);
	/* A kernel that does not measure has no such file. */
	assert_int_equal(cgroup_pressure(&t.host, "b/u", CGROUP_STALL_IO, &p), -EOPNOTSUPP);
	assert_int_equal(cgroup_pressure(&t.host, "/b", CGROUP_STALL_CPU, &p), -EINVAL);
	tree_free(&t);
}

static void bare_trees(void **state)
{
	struct tree t;
	struct cgroup_pressure p;

	(void)state;
	tree_new(&t, TREE_HYBRID);
	tree_put(&t, TOP "unified/b/u/cpu.pressure", "some avg10=0.07 " AVGS "total=5\n");
	assert_int_equal(cgroup_pressure(&t.host, "b/u", CGROUP_STALL_CPU, &p), 0);
	assert_int_equal(p.some_avg10_centi, 7);
	assert_int_equal(p.full_avg10_centi, 0);
	tree_free(&t);
	tree_new(&t, TREE_V1);
	assert_int_equal(cgroup_pressure(&t.host, "b/u", CGROUP_STALL_CPU, &p), -EOPNOTSUPP);
	tree_free(&t);
}

static void damage(void **state)
{
	static const char *const bad[] = {"some avg10=1.5 total=1\n", "some avg10=x total=1\n",
		"some total=1\n", "full avg10=1.50\n", "some avg10=101.00 total=1\n",
		"some avg10=1.50 total=-1\n"};
	struct cgroup_pressure p = {.some_total_us = 77};
	struct tree t;

	(void)state;
	tree_new(&t, TREE_UNIFIED);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		tree_put(&t, TOP "b/u/cpu.pressure", bad[i]);
		if (cgroup_pressure(&t.host, "b/u", CGROUP_STALL_CPU, &p) != -EBADMSG)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(p.some_total_us, 77);
	tree_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_lines),
		cmocka_unit_test(bare_trees),
		cmocka_unit_test(damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
