/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what a group uses, from whichever hierarchy knows.
 *
 * For status, metrics and the dossier of a death.  What must hold: a figure that this kernel does
 * not give is CGROUP_UNKNOWN, never 0; v1 figures are the hierarchical ones ("total_…"), as all of
 * v2's are.
 */
#include "cgroups/usage.h"

#include "cgroups/files.h"
#include "cgroups/names.h"

#include <errno.h>

/* One figure: where v1 and v2 keep it. */
struct source {
	const char *file;
	const char *key; /* NULL: the file is the number */
	uint64_t ns_per_unit;
};

struct figure {
	enum cgroup_controller controller;
	struct source v1, v2;
};

/* v1 writes the largest whole number of pages that fits where v2 writes "max". */
#define NO_LIMIT_V1 (UINT64_C(1) << 62)

enum { MEMORY, MEMORY_PEAK, MEMORY_LIMIT, MEMORY_INACTIVE, CPU, PIDS, FIGURE_MAX };

static const struct figure figures[FIGURE_MAX] = {
	[MEMORY] = {CGROUP_MEMORY, {"memory.usage_in_bytes", NULL, 1}, {"memory.current", NULL, 1}},
	[MEMORY_PEAK] = {CGROUP_MEMORY, {"memory.max_usage_in_bytes", NULL, 1},
		{"memory.peak", NULL, 1}},
	[MEMORY_LIMIT] = {CGROUP_MEMORY, {"memory.limit_in_bytes", NULL, 1},
		{"memory.max", NULL, 1}},
	[MEMORY_INACTIVE] = {CGROUP_MEMORY, {"memory.stat", "total_inactive_file", 1},
		{"memory.stat", "inactive_file", 1}},
	[CPU] = {CGROUP_CPUACCT, {"cpuacct.usage", NULL, 1}, {"cpu.stat", "usage_usec", 1000}},
	[PIDS] = {CGROUP_PIDS, {"pids.current", NULL, 1}, {"pids.current", NULL, 1}},
};

static const struct cgroup_hierarchy *tree_of(const struct cgroup_host *h, enum cgroup_controller c)
{
	if (cgroup_host_has(h, c))
		return &h->hierarchies[h->of[c]];
	/* cpu.stat is in every v2 group, without any controller. */
	return c == CGROUP_CPUACCT && h->v2 >= 0 ? &h->hierarchies[h->v2] : NULL;
}

static uint64_t read_figure(
	const struct cgroup_host *h, const char *path, const struct figure *f, bool *seen)
{
	const struct cgroup_hierarchy *t = tree_of(h, f->controller);
	const struct source *s;
	cg_fd int dir = -1;
	uint64_t v;

	if (!t)
		return CGROUP_UNKNOWN;
	s = t->v2 ? &f->v2 : &f->v1;
	dir = cg_dir_open(t, path);
	if (dir < 0)
		return CGROUP_UNKNOWN;
	*seen = true;
	if ((s->key ? cg_read_key(dir, s->file, s->key, &v) : cg_read_u64(dir, s->file, &v)) < 0)
		return CGROUP_UNKNOWN;
	return v == UINT64_MAX ? CGROUP_UNKNOWN : v * s->ns_per_unit;
}

int cgroup_usage(const struct cgroup_host *h, const char *path, struct cgroup_usage *ret)
{
	uint64_t v[FIGURE_MAX];
	bool seen = false;

	if (!cgroup_path_ok(path))
		return -EINVAL;
	for (int i = 0; i < FIGURE_MAX; i++)
		v[i] = read_figure(h, path, &figures[i], &seen);
	if (!seen)
		return -ENOENT;
	*ret = (struct cgroup_usage){
		.memory_bytes = v[MEMORY],
		.memory_peak_bytes = v[MEMORY_PEAK],
		.memory_limit_bytes =
			v[MEMORY_LIMIT] < NO_LIMIT_V1 ? v[MEMORY_LIMIT] : CGROUP_UNKNOWN,
		.memory_working_set_bytes = CGROUP_UNKNOWN,
		.cpu_ns = v[CPU],
		.pids = v[PIDS],
	};
	if (v[MEMORY] != CGROUP_UNKNOWN && v[MEMORY_INACTIVE] != CGROUP_UNKNOWN)
		ret->memory_working_set_bytes =
			v[MEMORY] > v[MEMORY_INACTIVE] ? v[MEMORY] - v[MEMORY_INACTIVE] : 0;
	return 0;
}
