/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes, joins, lists and removes a group in every hierarchy of the host.
 *
 * The pod's group stands before its first container and goes after its last.  What must hold:
 * removal is believed only when rmdir(2) has answered for every hierarchy, since a runtime that
 * reports success may have left directories behind; and a v2 group is never asked to hold a process
 * and to pass controllers down (callers keep to the layout of names.h).
 */
#include "cgroups/group.h"

#include "cgroups/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What v2 parents pass down: what limits.c writes, and what runc writes for a container. */
static const enum cgroup_controller passed_down[] = {
	CGROUP_MEMORY, CGROUP_CPU, CGROUP_PIDS, CGROUP_CPUSET, CGROUP_IO};

/*
 * One at a time, since the kernel refuses a list as a whole.  One that cannot be passed (the cpu
 * controller with real-time processes about) is noticed by whoever writes a limit of it: its file
 * is missing.
 */
static void pass_down(int dir)
{
	char have[256], on[256], word[32];

	if (cg_read(dir, "cgroup.controllers", have, sizeof have) < 0 ||
		cg_read(dir, "cgroup.subtree_control", on, sizeof on) < 0)
		return;
	for (size_t i = 0; i < sizeof passed_down / sizeof *passed_down; i++) {
		const char *name = cgroup_controller_name(passed_down[i]);

		if (!cg_has_word(have, name) || cg_has_word(on, name))
			continue;
		(void)snprintf(word, sizeof word, "+%s", name);
		(void)cg_write(dir, "cgroup.subtree_control", word);
	}
}

/* A v1 cpuset group is born without cpus and mems, and then takes no process (ENOSPC). */
static int inherit_cpuset(int parent, int dir)
{
	static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char value[256];
		ssize_t n = cg_read(dir, files[i], value, sizeof value);
		int r;

		if (n < 0)
			return (int)n;
		if (value[0] != '\0' && value[0] != '\n')
			continue;
		n = cg_read(parent, files[i], value, sizeof value);
		if (n < 0)
			return (int)n;
		r = cg_write(dir, files[i], value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int create_in(const struct cgroup_hierarchy *t, const char *path)
{
	cg_fd int dir = openat(t->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[CGROUP_PATH_MAX];

	if (dir < 0)
		return -errno;
	while (*path) {
		size_t n = strcspn(path, "/");
		int child, r = 0;

		memcpy(name, path, n);
		name[n] = '\0';
		path += n + (path[n] == '/');
		if (t->v2)
			pass_down(dir);
		if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
			return -errno;
		child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0)
			return -errno;
		if (!t->v2 && t->controllers & UINT32_C(1) << CGROUP_CPUSET)
			r = inherit_cpuset(dir, child);
		(void)close(dir);
		dir = child;
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_create(const struct cgroup_host *h, const char *path)
{
	if (!cgroup_path_ok(path))
		return -EINVAL;
	for (int i = 0; i < h->n; i++) {
		int r = create_in(&h->hierarchies[i], path);

		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_attach(const struct cgroup_host *h, const char *path, pid_t pid)
{
	char text[16];

	if (!cgroup_path_ok(path) || pid < 0)
		return -EINVAL;
	(void)snprintf(text, sizeof text, "%d", (int)pid);
	for (int i = 0; i < h->n; i++) {
		cg_fd int dir = cg_dir_open(&h->hierarchies[i], path);
		int r = dir < 0 ? dir : cg_write(dir, "cgroup.procs", text);

		if (r < 0)
			return r;
	}
	return 0;
}

static int remove_child(int dir, const char *name, void *arg)
{
	int *depth = arg;
	int r = 0;

	/* Most groups have no children: the directory is read only when rmdir says it must be. */
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	if (*depth == 0)
		return -ELOOP;
	{
		cg_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return errno == ENOENT ? 0 : -errno;
		--*depth;
		r = cg_each_dir(fd, remove_child, depth);
		++*depth;
	}
	if (r == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = errno == ENOTEMPTY ? -EBUSY : -errno;
	return r;
}

int cgroup_remove(const struct cgroup_host *h, const char *path)
{
	int worst = 0;

	if (!cgroup_path_ok(path))
		return -EINVAL;
	for (int i = 0; i < h->n; i++) {
		int depth = 64;
		int r = remove_child(h->hierarchies[i].fd, path, &depth);

		if (r < 0 && worst != -EBUSY)
			worst = r;
	}
	return worst;
}

struct child_walk {
	const struct cgroup_host *h;
	const char *path;
	int at; /* hierarchy being read */
	int (*fn)(const char *name, void *arg);
	void *arg;
};

static int report_child(int dir, const char *name, void *arg)
{
	struct child_walk *w = arg;
	char path[CGROUP_PATH_MAX + 256];
	struct stat st;

	(void)dir;
	(void)snprintf(path, sizeof path, "%s/%s", w->path, name);
	for (int i = 0; i < w->at; i++)
		if (fstatat(w->h->hierarchies[i].fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 0; /* told when that hierarchy was read */
	return w->fn(name, w->arg);
}

int cgroup_each_child(const struct cgroup_host *h, const char *path,
	int (*fn)(const char *name, void *arg), void *arg)
{
	struct child_walk w = {.h = h, .path = path, .fn = fn, .arg = arg};

	if (!cgroup_path_ok(path))
		return -EINVAL;
	for (w.at = 0; w.at < h->n; w.at++) {
		cg_fd int dir = cg_dir_open(&h->hierarchies[w.at], path);
		int r = dir < 0 ? dir : cg_each_dir(dir, report_child, &w);

		if (r != 0 && r != -ENOENT)
			return r;
	}
	return 0;
}
