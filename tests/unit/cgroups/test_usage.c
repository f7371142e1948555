/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/usage.h"

#define TOP "sys/fs/cgroup/"

static void v1(void **state)
{
	struct tree t;
	struct cgroup_usage u;

	(void)state;
	tree_new(&t, TREE_V1);
	assert_int_equal(cgroup_usage(&t.host, "b/u", &u), -ENOENT);
	tree_put(&t, TOP "memory/b/u/memory.usage_in_bytes", "5000\n");
	tree_put(&t, TOP "memory/b/u/memory.max_usage_in_bytes", "9000\n");
	tree_put(&t, TOP "memory/b/u/memory.limit_in_bytes", "9223372036854771712\n");
	tree_put(&t, TOP "memory/b/u/memory.stat", "inactive_file 1\ntotal_inactive_file 2000\n");
	tree_put(&t, TOP "cpu,cpuacct/b/u/cpuacct.usage", "123456789\n");
	tree_put(&t, TOP "pids/b/u/pids.current", "3\n");
	assert_int_equal(cgroup_usage(&t.host, "b/u", &u), 0);
	assert_int_equal(u.memory_bytes, 5000);
	assert_int_equal(u.memory_peak_bytes, 9000);
	assert_int_equal(u.memory_limit_bytes, CGROUP_UNKNOWN);
	tree_put(&t, TOP "memory/b/u/memory.limit_in_bytes", "67108864\n");
	assert_int_equal(cgroup_usage(&t.host, "b/u", &u), 0);
	assert_int_equal(u.memory_limit_bytes, 67108864);
	assert_int_equal(u.memory_working_set_bytes, 3000);
	assert_int_equal(u.cpu_ns, 123456789);
	assert_int_equal(u.pids, 3);
	tree_free(&t);
}

static void v2(void **state)
{
	struct tree t;
	struct cgroup_usage u;

	(void)state;
	tree_new(&t, TREE_UNIFIED);
	tree_put(&t, TOP "b/u/memory.current", "5000\n");
	tree_put(&t, TOP "b/u/memory.stat", "anon 4\ninactive_file 6000\n");
	tree_put(&t, TOP "b/u/cpu.stat", "usage_usec 15\nuser_usec 10\n");
	tree_put(&t, TOP "b/u/pids.current", "junk\n");
	tree_put(&t, TOP "b/u/memory.max", "max\n");
	tree_put(&t, TOP "b/u/memory.peak", "7000\n");
	assert_int_equal(cgroup_usage(&t.host, "b/u", &u), 0);
	assert_int_equal(u.memory_bytes, 5000);
	assert_int_equal(u.memory_peak_bytes, 7000);
	assert_int_equal(u.memory_limit_bytes, CGROUP_UNKNOWN);
	assert_int_equal(u.memory_working_set_bytes, 0);
	assert_int_equal(u.cpu_ns, 15000);
	assert_int_equal(u.pids, CGROUP_UNKNOWN);
	assert_int_equal(cgroup_usage(&t.host, "/b/u", &u), -EINVAL);
	tree_free(&t);
}

static void real(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	struct cgroup_usage u;
	pid_t pid;

	(void)state;
	real_host(&h);
	assert_int_equal(cgroup_create(&h, real_path("pod/c")), 0);
	pid = sleeper();
	assert_int_equal(cgroup_attach(&h, real_path("pod/c"), pid), 0);
	assert_int_equal(cgroup_usage(&h, real_path("pod"), &u), 0);
	assert_int_equal(u.pids, 1);
	assert_true(u.memory_bytes != CGROUP_UNKNOWN);
	assert_true(u.cpu_ns != CGROUP_UNKNOWN);
	assert_true(u.memory_working_set_bytes <= u.memory_bytes);
	assert_int_equal(cgroup_kill(&h, real_path("pod")), 0);
	assert_int_equal(reap(pid), SIGKILL);
	real_clean(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v1),
		cmocka_unit_test(v2),
		cmocka_unit_test(real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
