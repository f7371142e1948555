/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts OOM kills in a group, and watches for them.
 *
 * The shim asks at every exit, before the group goes.  What must hold: v1 counts a victim only in
 * the group that it was in, so the groups below are added up; v2's memory.events already covers
 * them.
 */
#include "cgroups/oom.h"

#include "cgroups/files.h"
#include "cgroups/names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int add_kills_v1(int dir, void *arg)
{
	uint64_t *sum = arg, n;
	int r = cg_read_key(dir, "memory.oom_control", "oom_kill", &n);

	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r == 0)
		*sum += n;
	return r;
}

static int open_group(const struct cgroup_host *h, const char *path, bool *ret_v2)
{
	const struct cgroup_hierarchy *t;

	if (!cgroup_path_ok(path))
		return -EINVAL;
	if (!cgroup_host_has(h, CGROUP_MEMORY))
		return -EOPNOTSUPP;
	t = &h->hierarchies[h->of[CGROUP_MEMORY]];
	*ret_v2 = t->v2;
	return cg_dir_open(t, path);
}

int cgroup_oom_kills(const struct cgroup_host *h, const char *path, uint64_t *ret)
{
	bool v2;
	uint64_t n = 0;
	cg_fd int dir = open_group(h, path, &v2);
	int r;

	if (dir < 0)
		return dir;
	r = v2 ? cg_read_key(dir, "memory.events", "oom_kill", &n) : cg_walk(dir, add_kills_v1, &n);
	if (r == 0)
		*ret = n;
	return r;
}

/* v1: an eventfd is introduced to the kernel by writing "EVENTFD FILE" to cgroup.event_control. */
static int watch_v1(int dir)
{
	cg_fd int control = openat(dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	char text[32];
	int fd, r;

	if (control < 0)
		return -errno;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	(void)snprintf(text, sizeof text, "%d %d", fd, control);
	r = cg_write(dir, "cgroup.event_control", text);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

int cgroup_oom_watch(const struct cgroup_host *h, const char *path, uint32_t *ret_events)
{
	bool v2;
	cg_fd int dir = open_group(h, path, &v2);
	int fd, r;

	if (dir < 0)
		return dir;
	if (!v2) {
		fd = watch_v1(dir);
		if (fd >= 0)
			*ret_events = EPOLLIN;
		return fd;
	}
	fd = openat(dir, "memory.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* kernfs tells of changes since the last read of this descriptor. */
	r = cgroup_oom_watch_clear(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*ret_events = EPOLLPRI;
	return fd;
}

int cgroup_oom_watch_clear(int fd)
{
	char buf[256];

	/* An eventfd cannot seek: ESPIPE tells the two kinds apart. */
	if (pread(fd, buf, sizeof buf, 0) >= 0)
		return 0;
	if (errno != ESPIPE)
		return -errno;
	if (read(fd, buf, sizeof(uint64_t)) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}
