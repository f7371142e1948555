/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a group and of the groups below it.
 */
#ifndef CGROUPS_MEMBERS_H
#define CGROUPS_MEMBERS_H

#include "cgroups/detect.h"

#include <sys/types.h>

/**
 * Is there a live process in @path or below it, in any hierarchy?
 * Returns: 1, 0 (also when there is no such group), or -errno.
 */
int cgroup_populated(const struct cgroup_host *h, const char *path);

/**
 * Wait until cgroup_populated() says 0.
 * Sleeps on cgroup.events where there is a v2 tree, and looks every few ms where there is not.
 * Returns: 0; -ETIMEDOUT after @timeout_ms; -errno.
 */
int cgroup_wait_empty(const struct cgroup_host *h, const char *path, unsigned timeout_ms);

/**
 * Call @fn for each process in @path and below it, until it returns non-zero.
 * Taken from one hierarchy (the v2 tree, else the freezer, else the first).
 * Returns: 0, what @fn returned, or -errno.
 */
int cgroup_each_pid(
	const struct cgroup_host *h, const char *path, int (*fn)(pid_t pid, void *arg), void *arg);

/*
 * Inside this folder only.
 */

/** The v1 hierarchy whose lists of processes are believed (the freezer's, else the first), or NULL.
 */
const struct cgroup_hierarchy *cg_v1_tree(const struct cgroup_host *h);

/** cgroup_each_pid() in hierarchy @t. */
int cg_each_pid_in(const struct cgroup_hierarchy *t, const char *path,
	int (*fn)(pid_t pid, void *arg), void *arg);

#endif
