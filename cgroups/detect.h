/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cgroup hierarchies this host has, and where each controller lives.
 *
 * Three shapes are met: *unified* (one v2 tree with every controller: a stock Debian 12),
 * *v1* (one tree a controller), and *hybrid* (v1 controllers plus a v2 tree that holds few or
 * none).  A bare v2 tree is still worth having: cgroup.kill, cgroup.freeze and cgroup.events
 * work in it, so it is the tree that kills are made in.
 *
 * Every other module of this folder takes the struct filled here plus a path below the tops
 * of the hierarchies ("berth/<pod uid>/<container>"); the same path exists in each of them.
 * Source: kernel Documentation/admin-guide/{cgroup-v2.rst,cgroup-v1/}, proc_pid_mountinfo(5).
 */
#ifndef CGROUPS_DETECT_H
#define CGROUPS_DETECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgroup_controller {
	CGROUP_MEMORY,
	CGROUP_CPU,
	CGROUP_CPUACCT, /* v1 only; v2 counts processor time in every group */
	CGROUP_CPUSET,
	CGROUP_PIDS,
	CGROUP_FREEZER, /* v1 only; v2 has cgroup.freeze in every group */
	CGROUP_DEVICES, /* v1 only */
	CGROUP_IO,	/* "blkio" in v1 */
	CGROUP_HUGETLB,
	CGROUP_CONTROLLER_MAX,
	CGROUP_CONTROLLER_INVALID = -22,
};

enum cgroup_mode {
	CGROUP_MODE_V1,
	CGROUP_MODE_HYBRID,
	CGROUP_MODE_UNIFIED,
};

#define CGROUP_HIERARCHY_MAX 24

/** One mounted hierarchy. */
struct cgroup_hierarchy {
	int fd;		      /* O_PATH directory of its top */
	bool v2;	      /* cgroup2 */
	uint32_t controllers; /* bit (1 << enum cgroup_controller) */
};

/** The host's hierarchies.  Owns one descriptor (O_CLOEXEC) for each. */
struct cgroup_host {
	enum cgroup_mode mode;
	int n;
	struct cgroup_hierarchy hierarchies[CGROUP_HIERARCHY_MAX];
	int of[CGROUP_CONTROLLER_MAX]; /* index of the hierarchy with that controller, or -1 */
	int v2;			       /* index of the v2 tree, or -1 */
};

/** As initialiser: `struct cgroup_host h = CGROUP_HOST_NONE;`, safe to close. */
#define CGROUP_HOST_NONE ((struct cgroup_host){.n = 0, .v2 = -1})

/**
 * Find the hierarchies that proc/self/mountinfo below @root_fd names.
 * @root_fd: directory that stands for "/", so that a test can hand in a tree of plain files;
 *           AT_FDCWD means the real "/".  Borrowed, used during this call only.
 * @ret: filled on success; free with cgroup_host_close().
 * Returns: 0; -ENOENT when no cgroup file system is mounted; -E2BIG with more than
 * CGROUP_HIERARCHY_MAX of them; -errno of open or read.
 */
int cgroup_host_open(int root_fd, struct cgroup_host *ret);

/** Close every descriptor.  NULL and CGROUP_HOST_NONE are allowed. */
void cgroup_host_close(struct cgroup_host *h);

/** Is controller @c usable (in a v1 hierarchy, or offered by the v2 tree)? */
bool cgroup_host_has(const struct cgroup_host *h, enum cgroup_controller c);

/** "unified", "hybrid" or "v1". */
const char *cgroup_mode_name(enum cgroup_mode mode);

/** The v2 name of @c ("memory", "io", …); never NULL for a valid @c. */
const char *cgroup_controller_name(enum cgroup_controller c);

#endif
