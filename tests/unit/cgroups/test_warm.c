/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/files.h"
#include "cgroups/warm.h"

#define TOP "sys/fs/cgroup/"

static void plain_files(void **state)
{
	struct tree t;

	(void)state;
	tree_new(&t, TREE_HYBRID);
	assert_int_equal(cgroup_warm(&t.host, "../b"), -EINVAL);
	assert_int_equal(cgroup_warm(&(struct cgroup_host){.n = 0}, "b"), -EINVAL);
	assert_int_equal(cgroup_warm(&t.host, "none"), -ENOENT);
	tree_put(&t, TOP "unified/b/cgroup.procs", "");
	tree_put(&t, TOP "memory/b/cgroup.procs", "");
	assert_int_equal(cgroup_warm(&t.host, "b"), 0);
	assert_string_equal(tree_get(&t, TOP "unified/b/cgroup.procs"), "0");
	assert_string_equal(tree_get(&t, TOP "memory/b/cgroup.procs"), "");
	tree_free(&t);
}

/* In a child, since it moves itself: the test's own group stays what it was. */
static void changes_nothing(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	char path[CGROUP_PATH_MAX], before[2048], after[2048];
	pid_t pid;

	(void)state;
	real_host(&h);
	(void)snprintf(path, sizeof path, "%s", real_path("shim"));
	assert_int_equal(cgroup_create(&h, path), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_attach(&h, path, 0) < 0 ||
			cg_read(AT_FDCWD, "/proc/self/cgroup", before, sizeof before) <= 0)
			_exit(1);
		if (cgroup_warm(&h, path) < 0 ||
			cg_read(AT_FDCWD, "/proc/self/cgroup", after, sizeof after) <= 0)
			_exit(2);
		_exit(strcmp(before, after) != 0 || !strstr(after, path) ? 3 : 0);
	}
	assert_int_equal(reap(pid), 0);
	real_clean(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_files),
		cmocka_unit_test(changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
