/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group's life: made in every hierarchy, joined, removed; its children listed.
 *
 * A path (names.h) stands for the same group in each hierarchy, so a pod's group on a v1 host is a
 * dozen directories that these functions treat as one.  berth trusts none but the kernel about
 * emptiness: a 0 from `runc delete` proves nothing (safety.md, ground truth 3).
 */
#ifndef CGROUPS_GROUP_H
#define CGROUPS_GROUP_H

#include "cgroups/detect.h"
#include "cgroups/names.h"

#include <sys/types.h>

/**
 * Make the group @path and its parents in every hierarchy; one that exists is fine.
 * In v2 each parent passes memory, cpu, pids, cpuset and io down, as far as it has them; in v1 a
 * new cpuset group inherits its parent's cpus and mems, without which no process could join it.
 * Returns: 0; -EINVAL for a bad path; -errno (what was made stays: call cgroup_remove()).
 */
int cgroup_create(const struct cgroup_host *h, const char *path);

/**
 * Move @pid (0 = the caller) with all its threads into @path in every hierarchy.
 * The first move after a quiet time waits 10-15 ms for an RCU grace period in the kernel.
 * Returns: 0; -ENOENT without such a group; -ESRCH without such a process; -EBUSY when v2 group
 * has children that it passes controllers to; -EINVAL for a bad path; -errno.
 */
int cgroup_attach(const struct cgroup_host *h, const char *path, pid_t pid);

/**
 * Remove the group with everything below it, bottom up, in every hierarchy.
 * Returns: 0 when none of it is left, or was never there; -EBUSY while a process is in it (nothing
 * of that hierarchy's branch above the process is removed; call again); -EINVAL; -errno.
 */
int cgroup_remove(const struct cgroup_host *h, const char *path);

/**
 * Call @fn once for each child group of @path (each name once, though it may be in many
 * hierarchies and of some only), until it returns non-zero.
 * The names stay valid during the call only.  @fn may remove the child.
 * Returns: 0, what @fn returned, or -errno.  No such group: 0, @fn is not called.
 */
int cgroup_each_child(const struct cgroup_host *h, const char *path,
	int (*fn)(const char *name, void *arg), void *arg);

#endif
