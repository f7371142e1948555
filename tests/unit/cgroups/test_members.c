/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#define TOP "sys/fs/cgroup/"

static void populated(void **state)
{
	static const struct {
		const char *name;
		enum tree_shape shape;
		const char *file, *text;
		int r;
	} cases[] = {
		{"v1 empty", TREE_V1, TOP "cpu,cpuacct/b/u/cgroup.procs", "", 0},
		{"v1", TREE_V1, TOP "cpu,cpuacct/b/u/cgroup.procs", "12\n", 1},
		{"v1, below", TREE_V1, TOP "cpu,cpuacct/b/u/c/cgroup.procs", "12\n", 1},
		{"v2 empty", TREE_UNIFIED, TOP "b/u/cgroup.events", "populated 0\nfrozen 0\n", 0},
		{"v2", TREE_UNIFIED, TOP "b/u/cgroup.events", "populated 1\nfrozen 0\n", 1},
		{"hybrid, v2 side", TREE_HYBRID, TOP "unified/b/u/cgroup.events", "populated 1\n",
			1},
		{"hybrid, v1 side", TREE_HYBRID, TOP "cpu,cpuacct/b/u/cgroup.procs", "12\n", 1},
		{"absent", TREE_HYBRID, TOP "unified/b/x/cgroup.events", "populated 1\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tree t;

		print_message("  %s\n", cases[i].name);
		tree_new(&t, cases[i].shape);
		tree_put(&t, cases[i].file, cases[i].text);
		assert_int_equal(cgroup_populated(&t.host, "b/u"), cases[i].r);
		assert_int_equal(cgroup_populated(&t.host, "b/u/"), -EINVAL);
		tree_free(&t);
	}
}

static int add(pid_t pid, void *arg)
{
	*(int *)arg += pid;
	return 0;
}

static void pids(void **state)
{
	struct tree t;
	int sum = 0;

	(void)state;
	tree_new(&t, TREE_UNIFIED);
	tree_put(&t, TOP "b/u/cgroup.procs", "1\n20\n0\njunk\n");
	tree_put(&t, TOP "b/u/c/cgroup.procs", "300\n");
	assert_int_equal(cgroup_each_pid(&t.host, "b/u", add, &sum), 0);
	assert_int_equal(sum, 321);
	assert_int_equal(cgroup_each_pid(&t.host, "b/none", add, &sum), 0);
	assert_int_equal(sum, 321);
	tree_free(&t);
}

static void real(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	int sum = 0;
	pid_t pid;

	(void)state;
	real_host(&h);
	assert_int_equal(cgroup_create(&h, real_path("pod/c")), 0);
	assert_int_equal(cgroup_wait_empty(&h, real_path("pod"), 1000), 0);
	pid = sleeper();
	assert_int_equal(cgroup_attach(&h, real_path("pod/c"), pid), 0);
	assert_int_equal(cgroup_populated(&h, real_path("pod")), 1);
	assert_int_equal(cgroup_each_pid(&h, real_path("pod"), add, &sum), 0);
	assert_int_equal(sum, pid);
	assert_int_equal(cgroup_wait_empty(&h, real_path("pod"), 20), -ETIMEDOUT);
	(void)kill(pid, SIGKILL);
	assert_int_equal(cgroup_wait_empty(&h, real_path("pod"), 2000), 0);
	assert_int_equal(cgroup_populated(&h, real_path("pod")), 0);
	assert_int_equal(reap(pid), SIGKILL);
	real_clean(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(populated),
		cmocka_unit_test(pids),
		cmocka_unit_test(real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
