/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a group uses, one vocabulary for v1 and v2.
 * Source: cgroup-v2.rst, cgroup-v1/{memory,cpuacct,pids}.rst; working set as the kubelet reckons
 * it.
 */
#ifndef CGROUPS_USAGE_H
#define CGROUPS_USAGE_H

#include "cgroups/detect.h"

#include <stdint.h>

/** A figure that this kernel does not give. */
#define CGROUP_UNKNOWN UINT64_MAX

struct cgroup_usage {
	uint64_t memory_bytes;		   /* with page cache */
	uint64_t memory_peak_bytes;	   /* v2: since Linux 5.19 */
	uint64_t memory_limit_bytes;	   /* CGROUP_UNKNOWN: none, too */
	uint64_t memory_working_set_bytes; /* memory_bytes less the inactive file cache */
	uint64_t cpu_ns;		   /* since the group was made */
	uint64_t pids;			   /* processes and threads */
};

/**
 * Read the figures of @path, all below it included.
 * Returns: 0, each figure that cannot be had being CGROUP_UNKNOWN; -ENOENT when no hierarchy
 * has such a group; -EINVAL for a bad path.
 */
int cgroup_usage(const struct cgroup_host *h, const char *path, struct cgroup_usage *ret);

#endif
