/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking the kernel's delay before a move between groups off the critical path.
 *
 * A write to any cgroup.procs after some 40 ms without one waits for an RCU grace period: 5-16 ms, whoever
 * writes, and even when the process is in that group already (measured: tests/bench/move.c).  The
 * writes after it take 0.02 ms.  The runtime does such a write in the middle of each start, doing nothing
 * else meanwhile.  So whoever is about to start a container has a child make a write first, and the
 * wait passes while the runtime is still loading: 8-10 ms less for a lone start.
 * Source: kernel/cgroup/cgroup.c, cgroup_threadgroup_rwsem; kernel/rcu/sync.c.
 */
#ifndef CGROUPS_WARM_H
#define CGROUPS_WARM_H

#include "cgroups/detect.h"

/**
 * Move the caller into @path in one hierarchy, where it should be already, so that nothing changes.
 * Blocks for the delay: call it in a child that has nothing else to do.
 * Returns: 0; -ENOENT without such a group; -EINVAL for a bad path; -errno.
 */
int cgroup_warm(const struct cgroup_host *h, const char *path);

#endif
