/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads "some avg10=1.50 avg60=0.30 avg300=0.00 total=12345" and the line "full …", which older
 * kernels do not write for the processor.
 *
 * For the dossier of a death: read after the last process has gone and before the group goes.
 */
#include "cgroups/pressure.h"

#include "cgroups/files.h"
#include "cgroups/names.h"

#include <errno.h>
#include <string.h>

static const char *const files[CGROUP_STALL_MAX] = {
	[CGROUP_STALL_CPU] = "cpu.pressure",
	[CGROUP_STALL_MEMORY] = "memory.pressure",
	[CGROUP_STALL_IO] = "io.pressure",
};

/* "1.50": 150. */
static int parse_centi(const char *s, uint32_t *ret)
{
	uint64_t whole, part;
	const char *end;

	if (cg_parse_u64(s, &end, &whole) < 0 || whole > 100 || *end != '.')
		return -EBADMSG;
	s = end + 1;
	if (cg_parse_u64(s, &end, &part) < 0 || end - s != 2)
		return -EBADMSG;
	*ret = (uint32_t)(whole * 100 + part);
	return 0;
}

static int take_line(char *line, void *arg)
{
	struct cgroup_pressure *p = arg;
	bool full = strncmp(line, "full ", 5) == 0;
	const char *avg10 = strstr(line, "avg10="), *total = strstr(line, "total=");

	if (!full && strncmp(line, "some ", 5) != 0)
		return 0;
	if (!avg10 || !total)
		return -EBADMSG;
	if (cg_parse_u64(total + 6, NULL, full ? &p->full_total_us : &p->some_total_us) < 0)
		return -EBADMSG;
	return parse_centi(avg10 + 6, full ? &p->full_avg10_centi : &p->some_avg10_centi);
}

int cgroup_pressure(const struct cgroup_host *h, const char *path, enum cgroup_stall stall,
	struct cgroup_pressure *ret)
{
	struct cgroup_pressure p = {0};
	cg_fd int dir = -1;
	int r;

	if (!cgroup_path_ok(path))
		return -EINVAL;
	if (h->v2 < 0)
		return -EOPNOTSUPP;
	dir = cg_dir_open(&h->hierarchies[h->v2], path);
	if (dir < 0)
		return dir;
	r = cg_each_line(dir, files[stall], take_line, &p);
	if (r == -ENOENT)
		return -EOPNOTSUPP;
	if (r == 0)
		*ret = p;
	return r;
}
