/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a group may use, in one vocabulary for v1 and v2.
 *
 * Which file each limit goes to, and how it is written there, is the table in limits.c.
 * Source: cgroup-v2.rst; cgroup-v1/memory.rst; scheduler/sched-bwc.rst; OCI config-linux.md.
 */
#ifndef CGROUPS_LIMITS_H
#define CGROUPS_LIMITS_H

#include "cgroups/detect.h"

#include <stdint.h>

/** Write "no limit" (v1: -1, v2: "max"); 0 leaves the file alone. */
#define CGROUP_UNLIMITED UINT64_MAX

/** A limit of 0 is not written: the kernel's default stays. */
struct cgroup_limits {
	uint64_t memory_max_bytes;  /* beyond it the kernel reclaims, then kills */
	uint64_t memory_min_bytes;  /* never reclaimed below it; v2 only */
	uint64_t memory_high_bytes; /* throttled beyond it; v2 only */
	uint64_t cpu_shares;	    /* 2..262144, 1024 = one CPU's worth (the v1 scale) */
	uint64_t cpu_quota_us;	    /* of each period; CGROUP_UNLIMITED = none */
	uint64_t cpu_period_us;	    /* 0 = 100000 */
	uint64_t pids_max;
};

/**
 * Write every non-zero limit of @l into the group @path.
 * A limit that only v2 has is skipped on v1; one whose controller the host lacks is refused.
 * @ret_file: when not NULL, gets the name (static) of the file that refused, on failure only.
 * Returns: 0; -EOPNOTSUPP when the host has no such controller; -EINVAL for a bad path or a value
 * out of range; -ENOENT when there is no such group; -errno of the kernel.  Order in the table is
 * the order of writing; a failure leaves the earlier ones written.
 */
int cgroup_apply(const struct cgroup_host *h, const char *path, const struct cgroup_limits *l,
	const char **ret_file);

/**
 * cpu.shares (2..262144) to cpu.weight (1..10000), as runc 1.1 and the kubelet convert:
 * 1 + (shares - 2) * 9999 / 262142.  Out-of-range values are clamped; 0 stays 0 (unset).
 */
uint64_t cgroup_shares_to_weight(uint64_t shares);

/**
 * CPU request to shares as the kubelet does: mcpu * 1024 / 1000, within 2..262144.
 * 0 gives 2: a container that asks for nothing yields to those that asked.
 */
uint64_t cgroup_mcpu_to_shares(uint64_t mcpu);

/**
 * CPU limit to microseconds of each @period_us, at least 1000 (the kernel's least quota).
 * 0 mcpu = no limit: gives CGROUP_UNLIMITED.
 */
uint64_t cgroup_mcpu_to_quota_us(uint64_t mcpu, uint64_t period_us);

#endif
