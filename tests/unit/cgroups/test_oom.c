/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/limits.h"
#include "cgroups/oom.h"

#include <sys/epoll.h>
#include <sys/mman.h>

#define TOP "sys/fs/cgroup/"

static void counts(void **state)
{
	struct tree t;
	uint64_t n = 99;

	(void)state;
	tree_new(&t, TREE_V1);
	assert_int_equal(cgroup_oom_kills(&t.host, "b/u", &n), -ENOENT);
	tree_put(&t, TOP "memory/b/u/memory.oom_control",
		"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
	tree_put(&t, TOP "memory/b/u/c/memory.oom_control", "oom_kill 3\n");
	assert_int_equal(cgroup_oom_kills(&t.host, "b/u", &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(cgroup_oom_kills(&t.host, "b/u/c", &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(cgroup_oom_kills(&t.host, "", &n), -EINVAL);
	t.host.of[CGROUP_MEMORY] = -1;
	assert_int_equal(cgroup_oom_kills(&t.host, "b/u", &n), -EOPNOTSUPP);
	tree_free(&t);

	/* v2 adds up by itself. */
	tree_new(&t, TREE_UNIFIED);
	tree_put(&t, TOP "b/u/memory.events", "low 0\nhigh 0\nmax 7\noom 4\noom_kill 3\n");
	tree_put(&t, TOP "b/u/c/memory.events", "oom 4\noom_kill 3\noom_group_kill 0\n");
	assert_int_equal(cgroup_oom_kills(&t.host, "b/u", &n), 0);
	assert_int_equal(n, 3);
	tree_free(&t);
}

/* Touch memory until the kernel objects. */
static void eat(void)
{
	for (;;) {
		char *p = mmap(
			NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		memset(p, 1, 1 << 20);
	}
}

/* Joins @path, then eats or has a child eat; the exit code is 3 when only the child died. */
static pid_t eater(const struct cgroup_host *h, const char *path, bool in_child)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	if (cgroup_attach(h, path, 0) < 0)
		_exit(9);
	if (!in_child)
		eat();
	pid = fork();
	if (pid == 0)
		eat();
	(void)waitpid(pid, &status, 0);
	_exit(WIFSIGNALED(status) ? 3 : 4);
}

static bool told(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events};
	int ep = epoll_create1(EPOLL_CLOEXEC), n;

	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	n = epoll_wait(ep, &ev, 1, 0);
	(void)close(ep);
	return n == 1;
}

static void real(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	const struct cgroup_limits l = {.memory_max_bytes = 16 << 20};
	char container[CGROUP_PATH_MAX];
	uint64_t n = 99;
	uint32_t events = 0;
	int fd;

	(void)state;
	real_host(&h);
	(void)snprintf(container, sizeof container, "%s", real_path("pod/c"));
	assert_int_equal(cgroup_create(&h, container), 0);
	/* The pod's limit, a victim in the container's group: it counts for the container. */
	assert_int_equal(cgroup_apply(&h, real_path("pod"), &l, NULL), 0);
	assert_int_equal(cgroup_oom_kills(&h, container, &n), 0);
	assert_int_equal(n, 0);
	fd = cgroup_oom_watch(&h, container, &events);
	assert_true(fd >= 0);
	assert_false(told(fd, events));
	assert_int_equal(reap(eater(&h, container, false)), SIGKILL);
	assert_int_equal(cgroup_oom_kills(&h, container, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(reap(eater(&h, container, true)), -3);
	assert_int_equal(cgroup_oom_kills(&h, container, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(cgroup_oom_kills(&h, real_path("pod"), &n), 0);
	assert_int_equal(n, 2);
	/* v1 tells of an OOM where the limit is, so only v2's watch must have spoken here. */
	if (events == EPOLLPRI)
		assert_true(told(fd, events));
	assert_int_equal(cgroup_oom_watch_clear(fd), 0);
	assert_false(told(fd, events));
	(void)close(fd);
	real_clean(&h);
}

static void real_watch(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	const struct cgroup_limits l = {.memory_max_bytes = 16 << 20};
	uint32_t events = 0;
	int fd;

	(void)state;
	real_host(&h);
	assert_int_equal(cgroup_create(&h, real_path("c")), 0);
	assert_int_equal(cgroup_apply(&h, real_path("c"), &l, NULL), 0);
	fd = cgroup_oom_watch(&h, real_path("c"), &events);
	assert_true(fd >= 0);
	for (int i = 0; i < 2; i++) {
		assert_false(told(fd, events));
		assert_int_equal(reap(eater(&h, real_path("c"), i == 1)), i == 1 ? -3 : SIGKILL);
		assert_true(told(fd, events));
		assert_int_equal(cgroup_oom_watch_clear(fd), 0);
	}
	(void)close(fd);
	real_clean(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(real),
		cmocka_unit_test(real_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
