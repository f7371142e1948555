/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are in a group, and when the last one is gone.
 *
 * Asked before a kill is believed and before a group is removed.  What must hold: the answer covers
 * the groups below, and both the v2 tree and the v1 trees of a hybrid host.
 */
#include "cgroups/members.h"

#include "cgroups/files.h"
#include "cgroups/names.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

/* The v1 hierarchy whose lists of processes are believed: where a frozen group can be killed. */
const struct cgroup_hierarchy *cg_v1_tree(const struct cgroup_host *h)
{
	if (h->mode == CGROUP_MODE_UNIFIED)
		return NULL;
	if (h->of[CGROUP_FREEZER] >= 0 && !h->hierarchies[h->of[CGROUP_FREEZER]].v2)
		return &h->hierarchies[h->of[CGROUP_FREEZER]];
	for (int i = 0; i < h->n; i++)
		if (!h->hierarchies[i].v2)
			return &h->hierarchies[i];
	return NULL;
}

static int any_line(char *line, void *arg)
{
	(void)line;
	(void)arg;
	return 1;
}

static int any_process(int dir, void *arg)
{
	int r = cg_each_line(dir, "cgroup.procs", any_line, arg);

	/* ENODEV: the group went while it was being read. */
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int populated_v2(const struct cgroup_hierarchy *t, const char *path)
{
	cg_fd int dir = cg_dir_open(t, path);
	uint64_t populated;
	int r = dir < 0 ? dir : cg_read_key(dir, "cgroup.events", "populated", &populated);

	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	return populated != 0;
}

static int populated_v1(const struct cgroup_hierarchy *t, const char *path)
{
	cg_fd int dir = cg_dir_open(t, path);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	return cg_walk(dir, any_process, NULL);
}

int cgroup_populated(const struct cgroup_host *h, const char *path)
{
	const struct cgroup_hierarchy *v1 = cg_v1_tree(h);
	int r = 0;

	if (!cgroup_path_ok(path))
		return -EINVAL;
	if (h->v2 >= 0)
		r = populated_v2(&h->hierarchies[h->v2], path);
	/* A runtime may have left the v2 tree of a hybrid host alone: the v1 trees are asked too.
	 */
	if (r == 0 && v1)
		r = populated_v1(v1, path);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int cgroup_wait_empty(const struct cgroup_host *h, const char *path, unsigned timeout_ms)
{
	enum { LOOK_AGAIN_MS = 2, WAIT_MS = 1000 };
	const int64_t deadline_ms = now_ms() + timeout_ms;
	cg_fd int dir = -1;
	cg_fd int events = -1;

	if (!cgroup_path_ok(path))
		return -EINVAL;
	if (h->v2 >= 0)
		dir = cg_dir_open(&h->hierarchies[h->v2], path);
	if (dir >= 0)
		events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	for (;;) {
		struct pollfd p = {.fd = events, .events = POLLPRI};
		char buf[64];
		int64_t left_ms;
		int r, wait_ms = LOOK_AGAIN_MS;

		/* Read before asking, and from the polled descriptor: that arms it for the next
		 * change. */
		if (events >= 0 && pread(events, buf, sizeof buf - 1, 0) > 0)
			wait_ms = WAIT_MS;
		r = cgroup_populated(h, path);
		if (r <= 0)
			return r;
		/* Only v1 shows a process: no event will come. */
		if (h->v2 >= 0 && populated_v2(&h->hierarchies[h->v2], path) != 1)
			wait_ms = LOOK_AGAIN_MS;
		left_ms = deadline_ms - now_ms();
		if (left_ms <= 0)
			return -ETIMEDOUT;
		r = poll(&p, 1, left_ms < wait_ms ? (int)left_ms : wait_ms);
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

struct pid_walk {
	int (*fn)(pid_t pid, void *arg);
	void *arg;
};

static int report_pid(char *line, void *arg)
{
	const struct pid_walk *w = arg;
	uint64_t pid;

	/* 0: a process of another pid namespace, which cannot be named from here. */
	if (cg_parse_u64(line, NULL, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return 0;
	return w->fn((pid_t)pid, w->arg);
}

static int report_pids(int dir, void *arg)
{
	int r = cg_each_line(dir, "cgroup.procs", report_pid, arg);

	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

int cg_each_pid_in(const struct cgroup_hierarchy *t, const char *path,
	int (*fn)(pid_t pid, void *arg), void *arg)
{
	struct pid_walk w = {.fn = fn, .arg = arg};
	cg_fd int dir = cg_dir_open(t, path);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	return cg_walk(dir, report_pids, &w);
}

int cgroup_each_pid(
	const struct cgroup_host *h, const char *path, int (*fn)(pid_t pid, void *arg), void *arg)
{
	const struct cgroup_hierarchy *v1 = cg_v1_tree(h);

	if (!cgroup_path_ok(path))
		return -EINVAL;
	if (v1)
		return cg_each_pid_in(v1, path, fn, arg);
	return h->v2 < 0 ? 0 : cg_each_pid_in(&h->hierarchies[h->v2], path, fn, arg);
}
