/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking the kernel's delay before a move between groups off the critical path.
 *
 * A write to any cgroup.procs after some 40 ms without one waits for an RCU grace period: 5-16 ms, whoever
 * writes, and even when the process is already there (measured: tests/bench/cgroup-move).  The writes
 * after it take 0.02 ms.  The runtime does such a write in the middle of each start, doing nothing else
 * meanwhile.  So whoever is about to start a container makes a write of its own first, in a
 * thread, and the wait passes while the runtime is still loading: 8-10 ms less for a lone start.
 * Source: kernel/cgroup/cgroup.c, cgroup_threadgroup_rwsem; kernel/rcu/sync.c.
 */
#ifndef CGROUPS_WARM_H
#define CGROUPS_WARM_H

#include "cgroups/detect.h"

#include <pthread.h>

/** A write under way.  {0} is one that never was. */
struct cgroup_warm {
	const struct cgroup_host *host;
	const char *path;
	pthread_t thread;
	bool started;
	bool all; /* every hierarchy: a real move */
	int result;
};

/**
 * Move the calling process into @path in a thread of its own (cgroup_attach() of pid 0), and return at once.
 * @host, @path: borrowed until cgroup_warm_wait() or the next start.
 * One that still runs is left to it: that one does the warming.
 * Returns: 0; -EINVAL for a bad path; -errno when there is no thread to be had.
 */
int cgroup_warm_attach(struct cgroup_warm *w, const struct cgroup_host *host, const char *path);

/** The same for a process that is in @path already: one write, which changes nothing. */
int cgroup_warm_start(struct cgroup_warm *w, const struct cgroup_host *host, const char *path);

/** Wait for it.  Returns: what cgroup_attach() said; 0 when none was started. */
int cgroup_warm_wait(struct cgroup_warm *w);

#endif
