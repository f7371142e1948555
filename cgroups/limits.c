/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits into files: one table says which file each limit goes to in v1 and v2, and in which form.
 *
 * Used for the pod's group when the pod is composed, and again when its limits change; a
 * container's own limits travel through runc.  What must hold: the period is written before the
 * quota, which the v1 kernel checks against it.
 */
#include "cgroups/limits.h"

#include "cgroups/files.h"
#include "cgroups/names.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

enum { PERIOD_DEFAULT_US = 100000, QUOTA_MIN_US = 1000 };
enum { SHARES_MIN = 2, SHARES_MAX = 262144, WEIGHT_MIN = 1, WEIGHT_MAX = 10000 };

enum knob_format {
	KNOB_NONE,    /* this version has no such file, or another row writes it */
	KNOB_NUMBER,  /* the number; has no "unlimited" */
	KNOB_MINUS_1, /* the number, -1 for unlimited */
	KNOB_MAX,     /* the number, "max" for unlimited */
	KNOB_WEIGHT,  /* shares converted to a v2 weight */
	KNOB_CPU_MAX, /* "quota period" */
};

struct knob_file {
	const char *name;
	enum knob_format format;
};

struct knob {
	size_t offset; /* of the limit in struct cgroup_limits */
	enum cgroup_controller controller;
	struct knob_file v1, v2;
};

#define LIMIT(field) offsetof(struct cgroup_limits, field)

static const struct knob knobs[] = {
	{LIMIT(memory_min_bytes), CGROUP_MEMORY, {NULL, KNOB_NONE}, {"memory.min", KNOB_MAX}},
	{LIMIT(memory_high_bytes), CGROUP_MEMORY, {NULL, KNOB_NONE}, {"memory.high", KNOB_MAX}},
	{LIMIT(memory_max_bytes), CGROUP_MEMORY, {"memory.limit_in_bytes", KNOB_MINUS_1},
		{"memory.max", KNOB_MAX}},
	{LIMIT(cpu_shares), CGROUP_CPU, {"cpu.shares", KNOB_NUMBER}, {"cpu.weight", KNOB_WEIGHT}},
	{LIMIT(cpu_period_us), CGROUP_CPU, {"cpu.cfs_period_us", KNOB_NUMBER}, {NULL, KNOB_NONE}},
	{LIMIT(cpu_quota_us), CGROUP_CPU, {"cpu.cfs_quota_us", KNOB_MINUS_1},
		{"cpu.max", KNOB_CPU_MAX}},
	{LIMIT(pids_max), CGROUP_PIDS, {"pids.max", KNOB_MAX}, {"pids.max", KNOB_MAX}},
};

static uint64_t limit_of(const struct cgroup_limits *l, const struct knob *k)
{
	return *(const uint64_t *)(const void *)((const char *)l + k->offset);
}

static int print_limit(char *buf, size_t size, enum knob_format format, uint64_t value,
	const struct cgroup_limits *l)
{
	unsigned long long v = value;
	unsigned long long period = l->cpu_period_us ? l->cpu_period_us : PERIOD_DEFAULT_US;
	bool unlimited = value == CGROUP_UNLIMITED;

	switch (format) {
	case KNOB_NUMBER:
		return unlimited ? -EINVAL : snprintf(buf, size, "%llu", v);
	case KNOB_MINUS_1:
		return unlimited ? snprintf(buf, size, "-1") : snprintf(buf, size, "%llu", v);
	case KNOB_MAX:
		return unlimited ? snprintf(buf, size, "max") : snprintf(buf, size, "%llu", v);
	case KNOB_WEIGHT:
		v = cgroup_shares_to_weight(value);
		return unlimited ? -EINVAL : snprintf(buf, size, "%llu", v);
	case KNOB_CPU_MAX:
		return unlimited ? snprintf(buf, size, "max %llu", period)
				 : snprintf(buf, size, "%llu %llu", v, period);
	case KNOB_NONE:
		break;
	}
	return -EINVAL;
}

static int write_knob(const struct cgroup_host *h, const char *path, const struct knob *k,
	const struct cgroup_limits *l, const char **ret_file)
{
	const struct cgroup_hierarchy *t;
	const struct knob_file *f;
	char text[64];
	cg_fd int dir = -1;
	int r;

	*ret_file = k->v2.name ? k->v2.name : k->v1.name;
	if (!cgroup_host_has(h, k->controller))
		return -EOPNOTSUPP;
	t = &h->hierarchies[h->of[k->controller]];
	f = t->v2 ? &k->v2 : &k->v1;
	if (f->format == KNOB_NONE)
		return 0;
	*ret_file = f->name;
	r = print_limit(text, sizeof text, f->format, limit_of(l, k), l);
	if (r < 0)
		return r;
	dir = cg_dir_open(t, path);
	if (dir < 0)
		return dir;
	r = cg_write(dir, f->name, text);
	/* The group is there and the file is not: a parent does not pass the controller down. */
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

int cgroup_apply(const struct cgroup_host *h, const char *path, const struct cgroup_limits *l,
	const char **ret_file)
{
	if (!cgroup_path_ok(path))
		return -EINVAL;
	for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++) {
		const char *file;
		int r;

		if (limit_of(l, &knobs[i]) == 0)
			continue;
		r = write_knob(h, path, &knobs[i], l, &file);
		if (r < 0) {
			if (ret_file)
				*ret_file = file;
			return r;
		}
	}
	return 0;
}

static uint64_t clamp(uint64_t v, uint64_t low, uint64_t high)
{
	return v < low ? low : v > high ? high : v;
}

uint64_t cgroup_shares_to_weight(uint64_t shares)
{
	if (shares == 0)
		return 0;
	shares = clamp(shares, SHARES_MIN, SHARES_MAX);
	return WEIGHT_MIN +
	       (shares - SHARES_MIN) * (WEIGHT_MAX - WEIGHT_MIN) / (SHARES_MAX - SHARES_MIN);
}

uint64_t cgroup_mcpu_to_shares(uint64_t mcpu)
{
	/* Beyond this many CPUs the result is the greatest anyway, and the product would overflow.
	 */
	if (mcpu > UINT64_C(1000) * SHARES_MAX)
		return SHARES_MAX;
	return clamp(mcpu * 1024 / 1000, SHARES_MIN, SHARES_MAX);
}

uint64_t cgroup_mcpu_to_quota_us(uint64_t mcpu, uint64_t period_us)
{
	uint64_t quota;

	if (mcpu == 0)
		return CGROUP_UNLIMITED;
	if (period_us == 0)
		period_us = PERIOD_DEFAULT_US;
	if (__builtin_mul_overflow(mcpu, period_us, &quota))
		return CGROUP_UNLIMITED;
	quota /= 1000;
	return quota < QUOTA_MIN_US ? QUOTA_MIN_US : quota;
}
