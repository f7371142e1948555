/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the kernel's OOM killer been in a group?
 *
 * The count is read after an exit and before the group is removed; it is complete by then, because
 * the kernel counts before it sends the signal.  It counts victims *in* the group, whatever
 * limit (the container's, the pod's, a parent's) they were killed for, and a killed child as well
 * as the container's first process: more than zero means OOMKilled. Source: cgroup-v2.rst
 * memory.events "oom_kill"; cgroup-v1/memory.rst memory.oom_control.
 */
#ifndef CGROUPS_OOM_H
#define CGROUPS_OOM_H

#include "cgroups/detect.h"

#include <stdint.h>

/**
 * How many processes of @path and below it the OOM killer took since the group was made.
 * Returns: 0; -ENOENT without such a group; -EOPNOTSUPP without a memory controller; -EINVAL;
 * -errno.
 */
int cgroup_oom_kills(const struct cgroup_host *h, const char *path, uint64_t *ret);

/**
 * A descriptor that tells when the count may have changed, for those who cannot wait for an exit.
 * @ret_events: what to ask epoll for (EPOLLPRI for v2's memory.events, EPOLLIN for v1's eventfd).
 * The v1 watch tells of OOM in this group only, not below it.
 * Returns: the descriptor (O_CLOEXEC, caller's), or -errno as above.
 */
int cgroup_oom_watch(const struct cgroup_host *h, const char *path, uint32_t *ret_events);

/** Take the news off a descriptor of cgroup_oom_watch(), so that it can tell of the next.  0 or
 * -errno. */
int cgroup_oom_watch_clear(int fd);

#endif
