/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stop everything in a group as one: kill, freeze, thaw.
 *
 * Killed through cgroup.kill in the v2 tree (atomic against forks, Linux 5.14), then through the
 * freezer and SIGKILL in whichever hierarchy still shows a process: an OCI runtime may have left
 * the v2 tree of a hybrid host alone.  Source: safety.md R27, R28; cgroup-v2.rst "cgroup.kill",
 * freezer-subsystem.rst.
 */
#ifndef CGROUPS_KILL_H
#define CGROUPS_KILL_H

#include "cgroups/detect.h"

/**
 * SIGKILL every process in @path and below it; none can escape by forking.
 * Does not wait for them to be gone (a process in uninterruptible sleep takes its time): use
 * cgroup_wait_empty().
 * Returns: 0, also when the group is empty or absent; -EINVAL for a bad path; -EBUSY when
 * processes kept appearing (no freezer, no cgroup.kill, a fork bomb); -errno.
 */
int cgroup_kill(const struct cgroup_host *h, const char *path);

/**
 * Stop every process in @path and below it where it stands.
 * Returns: 0 once frozen; -ETIMEDOUT when the kernel has not stopped all within about a second
 * (they stay marked: thaw them); -EOPNOTSUPP without freezer or v2 tree; -ENOENT; -errno.
 */
int cgroup_freeze(const struct cgroup_host *h, const char *path);

/** Let them run again.  Returns: 0; -EOPNOTSUPP; -ENOENT; -errno. */
int cgroup_thaw(const struct cgroup_host *h, const char *path);

#endif
