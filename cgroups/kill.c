/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills, freezes and thaws everything in a group.
 *
 * Last resort of a pod's stop, and the whole of it when a shim has died.  What must hold: no
 * process gets away by forking; no signal ever reaches a process outside the group, even when a pid
 * was used again between reading the list and signalling (a pidfd is taken first, membership is
 * looked at after).
 */
#include "cgroups/kill.h"

#include "cgroups/files.h"
#include "cgroups/members.h"
#include "cgroups/names.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How long the kernel gets to stop every process, and how often a fork bomb is chased without a
 * freezer. */
enum { FREEZE_ROUNDS = 500, FREEZE_ROUND_MS = 2, KILL_ROUNDS = 100 };

static bool gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

/* ---- freezing ---- */

static int wait_frozen_v2(int dir)
{
	cg_fd int events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);

	if (events < 0)
		return -errno;
	for (int i = 0; i < FREEZE_ROUNDS; i++) {
		struct pollfd p = {.fd = events, .events = POLLPRI};
		uint64_t frozen;
		char arm[64];
		int r;

		if (pread(events, arm, sizeof arm, 0) < 0)
			return -errno;
		r = cg_read_key(dir, "cgroup.events", "frozen", &frozen);
		if (r < 0 || frozen)
			return r;
		(void)poll(&p, 1, FREEZE_ROUND_MS);
	}
	return -ETIMEDOUT;
}

static int freeze_v2(const struct cgroup_hierarchy *t, const char *path, bool on)
{
	cg_fd int dir = cg_dir_open(t, path);
	int r = dir < 0 ? dir : cg_write(dir, "cgroup.freeze", on ? "1" : "0");

	return r < 0 || !on ? r : wait_frozen_v2(dir);
}

static int freeze_v1(const struct cgroup_hierarchy *t, const char *path, bool on)
{
	cg_fd int dir = cg_dir_open(t, path);
	int r = dir < 0 ? dir : cg_write(dir, "freezer.state", on ? "FROZEN" : "THAWED");

	for (int i = 0; on && r == 0 && i < FREEZE_ROUNDS; i++) {
		char state[32];
		ssize_t n = cg_read(dir, "freezer.state", state, sizeof state);

		if (n < 0)
			return (int)n;
		if (strcmp(state, "FROZEN\n") == 0)
			return 0;
		/* Asked for again: a process that was just joining can make the kernel fall short.
		 */
		(void)poll(NULL, 0, FREEZE_ROUND_MS);
		r = cg_write(dir, "freezer.state", "FROZEN");
	}
	return r < 0 || !on ? r : -ETIMEDOUT;
}

static const struct cgroup_hierarchy *v1_freezer(const struct cgroup_host *h)
{
	int i = h->of[CGROUP_FREEZER];

	return h->n > 0 && i >= 0 && !h->hierarchies[i].v2 ? &h->hierarchies[i] : NULL;
}

int cgroup_freeze(const struct cgroup_host *h, const char *path)
{
	const struct cgroup_hierarchy *v1 = v1_freezer(h);

	if (!cgroup_path_ok(path))
		return -EINVAL;
	/* Where there is a v1 freezer, every runtime puts its processes there; not so in a bare v2
	 * tree. */
	if (v1)
		return freeze_v1(v1, path, true);
	return h->v2 < 0 ? -EOPNOTSUPP : freeze_v2(&h->hierarchies[h->v2], path, true);
}

int cgroup_thaw(const struct cgroup_host *h, const char *path)
{
	const struct cgroup_hierarchy *v1 = v1_freezer(h);

	if (!cgroup_path_ok(path))
		return -EINVAL;
	if (v1)
		return freeze_v1(v1, path, false);
	return h->v2 < 0 ? -EOPNOTSUPP : freeze_v2(&h->hierarchies[h->v2], path, false);
}

/* ---- killing ---- */

/* One pass of signals over a hierarchy. */
struct sweep {
	const struct cgroup_host *h;
	const char *path;
	bool signal;   /* else only count */
	int found;     /* processes that cgroup.kill has not reached */
	uint64_t mark; /* of their pids: equal marks, same processes */
};

struct membership {
	const char *path;
	size_t len;
	bool v2; /* look at the v2 line, else at the v1 lines */
	bool is_in;
};

/* A line of /proc/PID/cgroup: "4:memory:/berth/uid/web", v2: "0::/berth/uid/web". */
static int match_membership(char *line, void *arg)
{
	struct membership *m = arg;
	bool v2_line = strncmp(line, "0::", 3) == 0;
	const char *at = strchr(line, '/');

	if (!at || v2_line != m->v2)
		return 0;
	at++;
	if (strncmp(at, m->path, m->len) == 0 && (at[m->len] == '\0' || at[m->len] == '/'))
		m->is_in = true;
	return m->is_in;
}

static bool is_member(pid_t pid, const char *path, bool v2)
{
	struct membership m = {.path = path, .len = strlen(path), .v2 = v2};
	char file[32];

	(void)snprintf(file, sizeof file, "/proc/%d/cgroup", (int)pid);
	return cg_each_line(AT_FDCWD, file, match_membership, &m) == 1 && m.is_in;
}

static int sweep_pid(pid_t pid, void *arg)
{
	struct sweep *s = arg;
	cg_fd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return errno == ESRCH || errno == EINVAL ? 0 : -errno;
	if (!is_member(pid, s->path, s->h->mode == CGROUP_MODE_UNIFIED))
		return 0;
	s->found++;
	s->mark += (uint64_t)pid * UINT64_C(0x9e3779b97f4a7c15);
	if (!s->signal)
		return 0;
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return -errno;
	return 0;
}

/* Processes of a v1 hierarchy that no cgroup.kill in the v2 tree can have reached. */
static int straggler(pid_t pid, void *arg)
{
	const struct sweep *s = arg;

	return is_member(pid, s->path, true) ? 0 : sweep_pid(pid, arg);
}

static int sweep_once(const struct cgroup_hierarchy *t, struct sweep *s)
{
	bool after_v2_kill = s->h->mode == CGROUP_MODE_HYBRID;

	s->found = 0;
	s->mark = 0;
	return cg_each_pid_in(t, s->path, after_v2_kill ? straggler : sweep_pid, s);
}

/*
 * Frozen processes cannot fork, so one pass gets them all; v2 lets a frozen process die, v1 must
 * thaw it. Without a freezer passes are made until one finds nobody, or only those it has signalled
 * before.
 */
static int sweep_tree(
	const struct cgroup_host *h, const struct cgroup_hierarchy *t, const char *path)
{
	struct sweep s = {.h = h, .path = path};
	uint64_t mark = 0;
	int r = sweep_once(t, &s), frozen;

	if (r < 0 || s.found == 0)
		return gone(r) ? 0 : r;
	frozen = cgroup_freeze(h, path);
	s.signal = true;
	for (int i = 0; i < KILL_ROUNDS; i++) {
		r = sweep_once(t, &s);
		if (r < 0 || s.found == 0 || frozen == 0 || s.mark == mark)
			break;
		mark = s.mark;
		(void)poll(NULL, 0, 1);
	}
	if (frozen != -EOPNOTSUPP && !v1_freezer(h))
		(void)cgroup_thaw(h, path);
	if (r < 0)
		return gone(r) ? 0 : r;
	return s.found == 0 || frozen == 0 || s.mark == mark ? 0 : -EBUSY;
}

/* What v1 has frozen dies only when it is thawed; a runtime may have frozen a container by itself. */
static int thaw_one(int dir, void *arg)
{
	int r = cg_write(dir, "freezer.state", "THAWED");

	(void)arg;
	return gone(r) ? 0 : r;
}

static int thaw_all_v1(const struct cgroup_host *h, const char *path)
{
	const struct cgroup_hierarchy *t = v1_freezer(h);
	cg_fd int dir = t ? cg_dir_open(t, path) : -ENOENT;

	return dir < 0 ? (gone(dir) ? 0 : dir) : cg_walk(dir, thaw_one, NULL);
}

static int kill_v2(const struct cgroup_hierarchy *t, const char *path)
{
	cg_fd int dir = cg_dir_open(t, path);

	return dir < 0 ? dir : cg_write(dir, "cgroup.kill", "1");
}

int cgroup_kill(const struct cgroup_host *h, const char *path)
{
	const struct cgroup_hierarchy *v1 = cg_v1_tree(h);
	int r = -ENOENT;

	if (!cgroup_path_ok(path))
		return -EINVAL;
	if (h->v2 >= 0)
		r = kill_v2(&h->hierarchies[h->v2], path);
	if (r < 0 && !gone(r))
		return r;
	if (v1) {
		int thawed;

		r = sweep_tree(h, v1, path);
		thawed = thaw_all_v1(h, path);
		return r < 0 ? r : thawed;
	}
	/* ENOENT is an absent group, or a kernel before 5.14: the sweep of an absent one finds
	 * nobody. */
	return r == 0 || h->v2 < 0 ? 0 : sweep_tree(h, &h->hierarchies[h->v2], path);
}
