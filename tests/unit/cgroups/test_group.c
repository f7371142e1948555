/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "runtime/base/str.h"

#define TOP "sys/fs/cgroup/"

static void creates_in_every_hierarchy(void **state)
{
	static const char *const dirs[] = {TOP "memory/b/u", TOP "cpu,cpuacct/b/u", TOP "pids/b/u",
		TOP "systemd/b/u", TOP "unified/b/u"};
	struct tree t;
	struct stat st;

	(void)state;
	tree_new(&t, TREE_HYBRID);
	assert_int_equal(cgroup_create(&t.host, "b/u"), 0);
	assert_int_equal(cgroup_create(&t.host, "b/u"), 0);
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		assert_int_equal(fstatat(t.fd, dirs[i], &st, 0), 0);
	assert_int_equal(cgroup_create(&t.host, "b/../u"), -EINVAL);
	assert_int_equal(cgroup_remove(&t.host, "b"), 0);
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		assert_int_equal(fstatat(t.fd, dirs[i], &st, 0), -1);
	assert_int_equal(cgroup_remove(&t.host, "b"), 0);
	tree_free(&t);
}

static void passes_controllers_down(void **state)
{
	struct tree t;

	(void)state;
	tree_new(&t, TREE_UNIFIED);
	/* Plain files keep the last write, over the head of what stood there: the last that was missing. */
	tree_put(&t, TOP "b/cgroup.controllers", "memory pids\n");
	tree_put(&t, TOP "b/cgroup.subtree_control", "memory\n");
	tree_put(&t, TOP "b/u/cgroup.controllers", "memory pids\n");
	tree_put(&t, TOP "b/u/cgroup.subtree_control", "\n");
	tree_put(&t, TOP "cgroup.subtree_control", "cpuset cpu io memory\n");
	assert_int_equal(cgroup_create(&t.host, "b/u"), 0);
	assert_string_equal(tree_get(&t, TOP "cgroup.subtree_control"), "+pidst cpu io memory\n");
	assert_string_equal(tree_get(&t, TOP "b/cgroup.subtree_control"), "+pidsy\n");
	/* The last one is a leaf, which must stay able to hold processes. */
	assert_string_equal(tree_get(&t, TOP "b/u/cgroup.subtree_control"), "\n");
	tree_free(&t);
}

static void cpuset_inherits(void **state)
{
	struct tree t;

	(void)state;
	tree_empty(&t);
	tree_put(&t, "proc/self/mountinfo", "1 2 0:3 / /cpuset rw - cgroup cgroup rw,cpuset\n");
	tree_put(&t, "cpuset/cgroup.procs", "");
	tree_put(&t, "cpuset/cpuset.cpus", "0-3\n");
	tree_put(&t, "cpuset/cpuset.mems", "0\n");
	tree_put(&t, "cpuset/b/cpuset.cpus", "1\n");
	tree_put(&t, "cpuset/b/cpuset.mems", "\n");
	tree_put(&t, "cpuset/b/u/cpuset.cpus", "");
	tree_put(&t, "cpuset/b/u/cpuset.mems", "\n");
	assert_int_equal(cgroup_host_open(t.fd, &t.host), 0);
	assert_int_equal(cgroup_create(&t.host, "b/u"), 0);
	assert_string_equal(tree_get(&t, "cpuset/b/cpuset.cpus"), "1\n");
	assert_string_equal(tree_get(&t, "cpuset/b/cpuset.mems"), "0\n");
	assert_string_equal(tree_get(&t, "cpuset/b/u/cpuset.cpus"), "1\n");
	assert_string_equal(tree_get(&t, "cpuset/b/u/cpuset.mems"), "0\n");
	tree_free(&t);
}

static void attaches_everywhere(void **state)
{
	static const char *const files[] = {TOP "memory/b/u/cgroup.procs",
		TOP "cpu,cpuacct/b/u/cgroup.procs", TOP "pids/b/u/cgroup.procs",
		TOP "systemd/b/u/cgroup.procs", TOP "unified/b/u/cgroup.procs"};
	struct tree t;

	(void)state;
	tree_new(&t, TREE_HYBRID);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		tree_put(&t, files[i], "");
	assert_int_equal(cgroup_attach(&t.host, "b/u", 4321), 0);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		assert_string_equal(tree_get(&t, files[i]), "4321");
	assert_int_equal(cgroup_attach(&t.host, "b/none", 1), -ENOENT);
	assert_int_equal(cgroup_attach(&t.host, "b/u", -1), -EINVAL);
	assert_int_equal(cgroup_attach(&t.host, "/b", 1), -EINVAL);
	tree_free(&t);
}

static int collect(const char *name, void *arg)
{
	str_addf(arg, "%s ", name);
	return 0;
}

static int first(const char *name, void *arg)
{
	(void)name;
	++*(int *)arg;
	return 7;
}

static void children(void **state)
{
	struct tree t;
	cleanup_str struct str all = {0};
	int n = 0;

	(void)state;
	tree_new(&t, TREE_HYBRID);
	tree_put(&t, TOP "memory/b/one/x", "");
	tree_put(&t, TOP "pids/b/one/x", "");
	tree_put(&t, TOP "unified/b/two/x", "");
	assert_int_equal(cgroup_each_child(&t.host, "b", collect, &all), 0);
	assert_string_equal(all.p, "one two ");
	assert_int_equal(cgroup_each_child(&t.host, "b", first, &n), 7);
	assert_int_equal(n, 1);
	assert_int_equal(cgroup_each_child(&t.host, "none", first, &n), 0);
	assert_int_equal(cgroup_each_child(&t.host, "..", first, &n), -EINVAL);
	tree_free(&t);
}

static void real(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	cleanup_str struct str all = {0};
	pid_t pid;

	(void)state;
	real_host(&h);
	assert_int_equal(cgroup_create(&h, real_path("pod/c")), 0);
	assert_int_equal(cgroup_create(&h, real_path("pod/d")), 0);
	pid = sleeper();
	assert_int_equal(cgroup_attach(&h, real_path("pod/c"), pid), 0);
	assert_int_equal(cgroup_attach(&h, real_path("pod/none"), pid), -ENOENT);
	assert_int_equal(cgroup_attach(&h, real_path("pod/d"), 4194304), -ESRCH);
	/* Nothing goes while a process is in it; afterwards everything does. */
	assert_int_equal(cgroup_remove(&h, real_path("pod")), -EBUSY);
	assert_int_equal(cgroup_populated(&h, real_path("pod")), 1);
	(void)kill(pid, SIGKILL);
	assert_int_equal(reap(pid), SIGKILL);
	assert_int_equal(cgroup_remove(&h, real_path("pod")), 0);
	assert_int_equal(cgroup_each_child(&h, real_path(NULL), collect, &all), 0);
	assert_null(all.p);
	real_clean(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_in_every_hierarchy),
		cmocka_unit_test(passes_controllers_down),
		cmocka_unit_test(cpuset_inherits),
		cmocka_unit_test(attaches_everywhere),
		cmocka_unit_test(children),
		cmocka_unit_test(real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
