/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/warm.h"

#define TOP "sys/fs/cgroup/"

static void plain_files(void **state)
{
	struct cgroup_warm w = {0};
	struct tree t;

	(void)state;
	tree_new(&t, TREE_HYBRID);
	assert_int_equal(cgroup_warm_wait(&w), 0);
	assert_int_equal(cgroup_warm_start(&w, &t.host, "../b"), -EINVAL);
	assert_int_equal(cgroup_warm_start(&w, &(struct cgroup_host){.n = 0}, "b"), -EINVAL);
	assert_int_equal(cgroup_warm_start(&w, &t.host, "none"), 0);
	assert_int_equal(cgroup_warm_wait(&w), -ENOENT);
	assert_int_equal(cgroup_warm_wait(&w), 0);

	/* Warming writes once, in the v2 tree; a move writes everywhere. */
	tree_put(&t, TOP "unified/b/cgroup.procs", "");
	tree_put(&t, TOP "memory/b/cgroup.procs", "");
	tree_put(&t, TOP "pids/b/cgroup.procs", "");
	tree_put(&t, TOP "systemd/b/cgroup.procs", "");
	tree_put(&t, TOP "cpu,cpuacct/b/cgroup.procs", "");
	assert_int_equal(cgroup_warm_start(&w, &t.host, "b"), 0);
	assert_int_equal(cgroup_warm_wait(&w), 0);
	assert_string_equal(tree_get(&t, TOP "unified/b/cgroup.procs"), "0");
	assert_string_equal(tree_get(&t, TOP "memory/b/cgroup.procs"), "");
	for (int i = 0; i < 50; i++) {
		assert_int_equal(cgroup_warm_start(&w, &t.host, "b"), 0);
		if (i % 2)
			assert_int_equal(cgroup_warm_attach(&w, &t.host, "b"), 0);
	}
	assert_int_equal(cgroup_warm_wait(&w), 0);
	assert_string_equal(tree_get(&t, TOP "memory/b/cgroup.procs"), "0");
	tree_free(&t);
}

static int is_me(pid_t pid, void *arg)
{
	*(bool *)arg |= pid == getpid();
	return 0;
}

/* In a child, since it moves itself: the parent's own group stays what it was. */
static void moves_itself(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	pid_t pid;

	(void)state;
	real_host(&h);
	assert_int_equal(cgroup_create(&h, real_path("shim")), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct cgroup_warm w = {0};
		char path[CGROUP_PATH_MAX];
		bool in = false;

		(void)snprintf(path, sizeof path, "berth-test-%d/shim", (int)getppid());
		if (cgroup_warm_attach(&w, &h, path) < 0 || cgroup_warm_wait(&w) < 0)
			_exit(1);
		if (cgroup_each_pid(&h, path, is_me, &in) < 0 || !in)
			_exit(2);
		if (cgroup_warm_start(&w, &h, path) < 0 || cgroup_warm_wait(&w) < 0)
			_exit(3);
		_exit(0);
	}
	assert_int_equal(reap(pid), 0);
	real_clean(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_files),
		cmocka_unit_test(moves_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
