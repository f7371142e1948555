/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/files.h"

/* The same real kill by three routes: as the host is, without its v2 tree, without v1's freezer
 * either. */
enum route { ROUTE_HOST, ROUTE_V1_FREEZER, ROUTE_V1_PLAIN, ROUTE_MAX };

static bool route_host(struct cgroup_host *h, enum route route)
{
	real_host(h);
	if (route == ROUTE_HOST)
		return true;
	if (h->mode != CGROUP_MODE_HYBRID) {
		cgroup_host_close(h);
		return false;
	}
	/* The tree stays in the list, so that groups are made in and removed from it. */
	h->v2 = -1;
	h->mode = CGROUP_MODE_V1;
	if (route == ROUTE_V1_PLAIN)
		h->of[CGROUP_FREEZER] = -1;
	return true;
}

static pid_t forker(const struct cgroup_host *h, const char *path)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	if (cgroup_attach(h, path, 0) < 0)
		_exit(9);
	/* A chain of forks that never stands still: each child lives for a blink and makes the
	 * next. */
	for (;;) {
		pid = fork();
		if (pid > 0)
			_exit(0);
		if (pid == 0)
			(void)poll(NULL, 0, 1);
	}
}

static void kills_what_is_in_it(void **state)
{
	for (enum route route = 0; route < ROUTE_MAX; route++) {
		struct cgroup_host h = CGROUP_HOST_NONE;
		pid_t in[3], out;

		(void)state;
		if (!route_host(&h, route))
			continue;
		assert_int_equal(cgroup_create(&h, real_path("pod/c")), 0);
		assert_int_equal(cgroup_create(&h, real_path("pod/d")), 0);
		assert_int_equal(cgroup_create(&h, real_path("pod2")), 0);
		for (int i = 0; i < 3; i++) {
			in[i] = sleeper();
			assert_int_equal(
				cgroup_attach(&h, real_path(i ? "pod/c" : "pod/d"), in[i]), 0);
		}
		out = sleeper();
		assert_int_equal(cgroup_attach(&h, real_path("pod2"), out), 0);
		assert_int_equal(cgroup_kill(&h, real_path("pod")), 0);
		for (int i = 0; i < 3; i++)
			assert_int_equal(reap(in[i]), SIGKILL);
		assert_int_equal(waitpid(out, NULL, WNOHANG), 0);
		assert_int_equal(cgroup_kill(&h, real_path("pod")), 0);
		assert_int_equal(cgroup_kill(&h, real_path("none")), 0);
		assert_int_equal(cgroup_kill(&h, "/"), -EINVAL);
		(void)kill(out, SIGKILL);
		assert_int_equal(reap(out), SIGKILL);
		real_clean(&h);
	}
}

static void kills_forkers(void **state)
{
	(void)state;
	for (enum route route = 0; route < ROUTE_V1_PLAIN; route++) {
		struct cgroup_host h = CGROUP_HOST_NONE;
		pid_t pid;

		if (!route_host(&h, route))
			continue;
		assert_int_equal(cgroup_create(&h, real_path("pod/c")), 0);
		pid = forker(&h, real_path("pod/c"));
		assert_true(reap(pid) <= 0);
		assert_int_equal(cgroup_populated(&h, real_path("pod")), 1);
		assert_int_equal(cgroup_kill(&h, real_path("pod")), 0);
		assert_int_equal(cgroup_wait_empty(&h, real_path("pod"), 2000), 0);
		real_clean(&h);
	}
}

/* A runtime that leaves the v2 tree alone: the v1 side must still be killed. */
static void kills_stragglers(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE, v1;
	pid_t pid;

	(void)state;
	real_host(&h);
	if (h.mode != CGROUP_MODE_HYBRID) {
		cgroup_host_close(&h);
		skip();
	}
	assert_int_equal(cgroup_create(&h, real_path("pod")), 0);
	pid = sleeper();
	v1 = h;
	for (int i = 0; i < v1.n; i++)
		if (i == h.v2)
			v1.hierarchies[i] = v1.hierarchies[--v1.n];
	assert_int_equal(cgroup_attach(&v1, real_path("pod"), pid), 0);
	assert_int_equal(cgroup_kill(&h, real_path("pod")), 0);
	assert_int_equal(reap(pid), SIGKILL);
	real_clean(&h);
}

static uint64_t ticks(pid_t pid)
{
	char file[32], text[1024];
	uint64_t v = 0;
	char *p;

	(void)snprintf(file, sizeof file, "/proc/%d/stat", (int)pid);
	assert_true(cg_read(AT_FDCWD, file, text, sizeof text) > 0);
	p = strrchr(text, ')');
	for (int i = 0; i < 12; i++)
		p = strchr(p + 1, ' ');
	assert_int_equal(cg_parse_u64(p + 1, NULL, &v), 0);
	return v;
}

static void freezes(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	uint64_t before;
	pid_t pid;

	(void)state;
	real_host(&h);
	assert_int_equal(cgroup_freeze(&h, real_path("none")), -ENOENT);
	assert_int_equal(cgroup_create(&h, real_path("pod/c")), 0);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			;
	}
	assert_int_equal(cgroup_attach(&h, real_path("pod/c"), pid), 0);
	assert_int_equal(cgroup_freeze(&h, real_path("pod")), 0);
	before = ticks(pid);
	(void)poll(NULL, 0, 60);
	assert_int_equal(ticks(pid), before);
	assert_int_equal(cgroup_thaw(&h, real_path("pod")), 0);
	for (int i = 0; i < 200 && ticks(pid) == before; i++)
		(void)poll(NULL, 0, 10);
	assert_true(ticks(pid) > before);
	/* A frozen group dies too. */
	assert_int_equal(cgroup_freeze(&h, real_path("pod")), 0);
	assert_int_equal(cgroup_freeze(&h, real_path("pod/c")), 0);
	assert_int_equal(cgroup_kill(&h, real_path("pod")), 0);
	assert_int_equal(reap(pid), SIGKILL);
	real_clean(&h);
}

static void unsupported(void **state)
{
	struct tree t;

	(void)state;
	tree_new(&t, TREE_V1);
	assert_int_equal(cgroup_freeze(&t.host, "b"), -EOPNOTSUPP);
	assert_int_equal(cgroup_thaw(&t.host, "b"), -EOPNOTSUPP);
	assert_int_equal(cgroup_freeze(&t.host, "../b"), -EINVAL);
	assert_int_equal(cgroup_kill(&t.host, "b"), 0);
	tree_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_what_is_in_it),
		cmocka_unit_test(kills_forkers),
		cmocka_unit_test(kills_stragglers),
		cmocka_unit_test(freezes),
		cmocka_unit_test(unsupported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
