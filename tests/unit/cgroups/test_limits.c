/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "cgroups/limits.h"

/* Every file that a limit may go to, empty, in the group "b/u". */
static void put_knobs(struct tree *t, enum tree_shape shape)
{
	static const char *const v1[] = {"memory/b/u/memory.limit_in_bytes",
		"cpu,cpuacct/b/u/cpu.shares", "cpu,cpuacct/b/u/cpu.cfs_period_us",
		"cpu,cpuacct/b/u/cpu.cfs_quota_us", "pids/b/u/pids.max", NULL};
	static const char *const v2[] = {"b/u/memory.min", "b/u/memory.high", "b/u/memory.max",
		"b/u/cpu.weight", "b/u/cpu.max", "b/u/pids.max", NULL};
	char path[128];

	tree_new(t, shape);
	for (const char *const *f = shape == TREE_UNIFIED ? v2 : v1; *f; f++) {
		(void)snprintf(path, sizeof path, "sys/fs/cgroup/%s", *f);
		tree_put(t, path, "");
	}
}

#define V1 "sys/fs/cgroup/"

static const struct cgroup_limits all = {
	.memory_max_bytes = 64 << 20,
	.memory_min_bytes = 4096,
	.memory_high_bytes = 8192,
	.cpu_shares = 512,
	.cpu_quota_us = 50000,
	.cpu_period_us = 200000,
	.pids_max = 100,
};

static const struct cgroup_limits unlimited = {
	.memory_max_bytes = CGROUP_UNLIMITED,
	.cpu_quota_us = CGROUP_UNLIMITED,
	.pids_max = CGROUP_UNLIMITED,
};

static void apply(void **state)
{
	static const struct {
		enum tree_shape shape;
		const struct cgroup_limits *limits;
		const char *file, *text;
	} cases[] = {
		{TREE_V1, &all, V1 "memory/b/u/memory.limit_in_bytes", "67108864"},
		{TREE_V1, &all, V1 "cpu,cpuacct/b/u/cpu.shares", "512"},
		{TREE_V1, &all, V1 "cpu,cpuacct/b/u/cpu.cfs_period_us", "200000"},
		{TREE_V1, &all, V1 "cpu,cpuacct/b/u/cpu.cfs_quota_us", "50000"},
		{TREE_V1, &all, V1 "pids/b/u/pids.max", "100"},
		{TREE_V1, &unlimited, V1 "memory/b/u/memory.limit_in_bytes", "-1"},
		{TREE_V1, &unlimited, V1 "cpu,cpuacct/b/u/cpu.cfs_quota_us", "-1"},
		{TREE_V1, &unlimited, V1 "cpu,cpuacct/b/u/cpu.cfs_period_us", ""},
		{TREE_V1, &unlimited, V1 "cpu,cpuacct/b/u/cpu.shares", ""},
		{TREE_V1, &unlimited, V1 "pids/b/u/pids.max", "max"},
		{TREE_HYBRID, &all, V1 "memory/b/u/memory.limit_in_bytes", "67108864"},
		{TREE_UNIFIED, &all, V1 "b/u/memory.max", "67108864"},
		{TREE_UNIFIED, &all, V1 "b/u/memory.min", "4096"},
		{TREE_UNIFIED, &all, V1 "b/u/memory.high", "8192"},
		{TREE_UNIFIED, &all, V1 "b/u/cpu.weight", "20"},
		{TREE_UNIFIED, &all, V1 "b/u/cpu.max", "50000 200000"},
		{TREE_UNIFIED, &all, V1 "b/u/pids.max", "100"},
		{TREE_UNIFIED, &unlimited, V1 "b/u/memory.max", "max"},
		{TREE_UNIFIED, &unlimited, V1 "b/u/memory.min", ""},
		{TREE_UNIFIED, &unlimited, V1 "b/u/cpu.max", "max 100000"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tree t;

		put_knobs(&t, cases[i].shape);
		assert_int_equal(cgroup_apply(&t.host, "b/u", cases[i].limits, NULL), 0);
		assert_string_equal(tree_get(&t, cases[i].file), cases[i].text);
		tree_free(&t);
	}
}

static void refused(void **state)
{
	struct tree t;
	const char *file = "untouched";

	(void)state;
	put_knobs(&t, TREE_UNIFIED);
	assert_int_equal(cgroup_apply(&t.host, "../b", &all, &file), -EINVAL);
	assert_string_equal(file, "untouched");
	assert_int_equal(cgroup_apply(&t.host, "b/x", &all, &file), -ENOENT);
	assert_string_equal(file, "memory.min");
	assert_int_equal(unlinkat(t.fd, V1 "b/u/pids.max", 0), 0);
	assert_int_equal(cgroup_apply(&t.host, "b/u", &all, &file), -EOPNOTSUPP);
	assert_string_equal(file, "pids.max");
	assert_int_equal(cgroup_apply(&t.host, "b/u",
				 &(struct cgroup_limits){.cpu_shares = CGROUP_UNLIMITED}, &file),
		-EINVAL);
	assert_string_equal(file, "cpu.weight");
	t.host.of[CGROUP_MEMORY] = -1;
	assert_int_equal(cgroup_apply(&t.host, "b/u", &all, &file), -EOPNOTSUPP);
	assert_int_equal(cgroup_apply(&t.host, "b/u", &(struct cgroup_limits){0}, NULL), 0);
	tree_free(&t);
}

static void conversions(void **state)
{
	static const struct {
		uint64_t (*fn)(uint64_t);
		uint64_t in, out;
	} cases[] = {
		{cgroup_shares_to_weight, 0, 0},
		{cgroup_shares_to_weight, 1, 1},
		{cgroup_shares_to_weight, 2, 1},
		{cgroup_shares_to_weight, 100, 4},
		{cgroup_shares_to_weight, 1024, 39},
		{cgroup_shares_to_weight, 262144, 10000},
		{cgroup_shares_to_weight, 300000, 10000},
		{cgroup_mcpu_to_shares, 0, 2},
		{cgroup_mcpu_to_shares, 1, 2},
		{cgroup_mcpu_to_shares, 100, 102},
		{cgroup_mcpu_to_shares, 1000, 1024},
		{cgroup_mcpu_to_shares, 256000, 262144},
		{cgroup_mcpu_to_shares, UINT64_MAX, 262144},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(cases[i].fn(cases[i].in), cases[i].out);
	assert_int_equal(cgroup_mcpu_to_quota_us(0, 0), CGROUP_UNLIMITED);
	assert_int_equal(cgroup_mcpu_to_quota_us(1, 0), 1000);
	assert_int_equal(cgroup_mcpu_to_quota_us(500, 0), 50000);
	assert_int_equal(cgroup_mcpu_to_quota_us(2500, 10000), 25000);
	assert_int_equal(cgroup_mcpu_to_quota_us(UINT64_MAX, 0), CGROUP_UNLIMITED);
}

static void real(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	struct cgroup_limits l = {.memory_max_bytes = 64 << 20,
		.cpu_shares = 512,
		.cpu_quota_us = 50000,
		.pids_max = 100};
	const char *file = "";

	(void)state;
	real_host(&h);
	assert_int_equal(cgroup_create(&h, real_path("pod")), 0);
	assert_int_equal(cgroup_apply(&h, real_path("pod"), &l, &file), 0);
	l = unlimited;
	assert_int_equal(cgroup_apply(&h, real_path("pod"), &l, &file), 0);
	l.cpu_quota_us = 1; /* the kernel wants 1000 or more */
	assert_int_equal(cgroup_apply(&h, real_path("pod"), &l, &file), -EINVAL);
	assert_true(strncmp(file, "cpu.", 4) == 0);
	real_clean(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apply),
		cmocka_unit_test(refused),
		cmocka_unit_test(conversions),
		cmocka_unit_test(real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
