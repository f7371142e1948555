/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write that makes the kernel ready for the runtime's own.
 *
 * Begun the moment a start is decided, in a child of the shim.  What must hold: it changes nothing, so that
 * it may be left out, made twice, or killed half-way.
 */
#include "cgroups/warm.h"

#include "cgroups/files.h"
#include "cgroups/names.h"

#include <errno.h>

int cgroup_warm(const struct cgroup_host *h, const char *path)
{
	cg_fd int dir = -1;

	if (!cgroup_path_ok(path) || h->n == 0)
		return -EINVAL;
	/* The v2 tree, where a move has the fewest controllers to ask; else any. */
	dir = cg_dir_open(&h->hierarchies[h->v2 >= 0 ? h->v2 : 0], path);
	return dir < 0 ? dir : cg_write(dir, "cgroup.procs", "0");
}
