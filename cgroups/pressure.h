/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a group's processes waited for something: the kernel's pressure stall information.
 * Every group of a v2 tree has it, controllers or not, so a hybrid host's bare tree gives it too.
 * Source: Documentation/accounting/psi.rst; cgroup-v2.rst "cpu.pressure", "memory.pressure".
 */
#ifndef CGROUPS_PRESSURE_H
#define CGROUPS_PRESSURE_H

#include "cgroups/detect.h"

#include <stdint.h>

enum cgroup_stall { CGROUP_STALL_CPU, CGROUP_STALL_MEMORY, CGROUP_STALL_IO, CGROUP_STALL_MAX };

/* "some": at least one waited; "full": all that could have run did. */
struct cgroup_pressure {
	uint32_t some_avg10_centi, full_avg10_centi; /* of the last 10 s, hundredths of a percent */
	uint64_t some_total_us, full_total_us;	     /* since the group was made */
};

/**
 * Read the pressure of @path, all below it included.
 * Returns: 0; -EOPNOTSUPP without a v2 tree, or a kernel that does not measure (psi=0); -ENOENT without
 * such a group; -EBADMSG; -EINVAL for a bad path.
 */
int cgroup_pressure(const struct cgroup_host *h, const char *path, enum cgroup_stall stall,
	struct cgroup_pressure *ret);

#endif
