/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cgroups/tree.h"

#include "runtime/base/str.h"

static void v1(void **state)
{
	struct tree t;

	(void)state;
	tree_new(&t, TREE_V1);
	assert_int_equal(t.host.mode, CGROUP_MODE_V1);
	assert_int_equal(t.host.n, 4);
	assert_int_equal(t.host.v2, -1);
	assert_int_equal(t.host.of[CGROUP_CPU], t.host.of[CGROUP_CPUACCT]);
	assert_true(cgroup_host_has(&t.host, CGROUP_MEMORY));
	assert_false(cgroup_host_has(&t.host, CGROUP_FREEZER));
	assert_string_equal(cgroup_mode_name(t.host.mode), "v1");
	tree_free(&t);
}

static void hybrid(void **state)
{
	struct tree t;

	(void)state;
	tree_new(&t, TREE_HYBRID);
	assert_int_equal(t.host.mode, CGROUP_MODE_HYBRID);
	assert_int_equal(t.host.n, 5);
	assert_int_equal(t.host.v2, 4);
	assert_int_equal(t.host.of[CGROUP_HUGETLB], 4);
	assert_int_not_equal(t.host.of[CGROUP_MEMORY], 4);
	tree_free(&t);
}

static void unified(void **state)
{
	struct tree t;

	(void)state;
	tree_new(&t, TREE_UNIFIED);
	assert_int_equal(t.host.mode, CGROUP_MODE_UNIFIED);
	assert_int_equal(t.host.n, 1);
	assert_int_equal(t.host.v2, 0);
	for (int c = 0; c < CGROUP_CONTROLLER_MAX; c++)
		assert_int_equal(cgroup_host_has(&t.host, (enum cgroup_controller)c),
			c == CGROUP_MEMORY || c == CGROUP_CPU || c == CGROUP_CPUSET ||
				c == CGROUP_PIDS || c == CGROUP_IO);
	tree_free(&t);
}

/* Mount lines on their own: what they give, by the number of hierarchies and the mode. */
static void odd_mounts(void **state)
{
	static const struct {
		const char *name, *mounts;
		int r, n;
		enum cgroup_mode mode;
	} cases[] = {
		{"nothing", MOUNT_OTHER, -ENOENT, 0, 0},
		{"empty", "", -ENOENT, 0, 0},
		{"garbage", "x\n\n- - -\n1 2 3 4\n1 2 3 / /m rw cgroup2\n", -ENOENT, 0, 0},
		{"twice",
			"1 2 0:3 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
			"4 2 0:3 / /again rw - cgroup cgroup rw,memory\n",
			0, 1, CGROUP_MODE_V1},
		{"two named ones",
			"1 2 0:3 / /sys/fs/cgroup/systemd rw - cgroup x rw,name=systemd\n"
			"4 2 0:4 / /again rw - cgroup cgroup rw,name=other\n",
			0, 2, CGROUP_MODE_V1},
		{"hidden",
			"1 2 0:3 / /hidden rw - cgroup cgroup rw,memory\n"
			"1 2 0:4 / /again rw - cgroup cgroup rw,pids\n",
			0, 1, CGROUP_MODE_V1},
		{"absent", "1 2 0:3 / /absent rw - cgroup2 cgroup2 rw\n", -ENOENT, 0, 0},
		{"v2 without its list", "1 2 0:3 / /again rw - cgroup2 cgroup2 rw\n", -ENOENT, 0,
			0},
		{"escaped name", "1 2 0:3 / /with\\040space rw a:1 b:2 - cgroup cgroup rw,pids\n",
			0, 1, CGROUP_MODE_V1},
		{"v1 without controllers beside v2",
			"1 2 0:3 / /again rw - cgroup cgroup rw,net_cls\n"
			"1 2 0:4 / /two rw - cgroup2 cgroup2 rw\n",
			0, 2, CGROUP_MODE_UNIFIED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tree t;

		tree_empty(&t);
		tree_put_v1(&t);
		tree_put(&t, "again/cgroup.procs", "");
		tree_put(&t, "hidden/other", "");
		tree_put(&t, "with space/cgroup.procs", "");
		tree_put(&t, "two/cgroup.procs", "");
		tree_put(&t, "two/cgroup.controllers", "memory pids\n");
		tree_put(&t, "proc/self/mountinfo", cases[i].mounts);
		print_message("  %s\n", cases[i].name);
		assert_int_equal(cgroup_host_open(t.fd, &t.host), cases[i].r);
		assert_int_equal(t.host.n, cases[i].n);
		if (cases[i].r == 0)
			assert_int_equal(t.host.mode, cases[i].mode);
		tree_free(&t);
	}
}

static void too_many(void **state)
{
	struct tree t;
	cleanup_str struct str text = {0};

	(void)state;
	tree_empty(&t);
	tree_put(&t, "again/cgroup.procs", "");
	for (int i = 0; i < CGROUP_HIERARCHY_MAX + 1; i++) {
		str_addf(&text, "1 2 0:3 / /again rw - cgroup cgroup rw,name=n%d\n", i);
	}
	tree_put(&t, "proc/self/mountinfo", text.p);
	assert_int_equal(cgroup_host_open(t.fd, &t.host), -E2BIG);
	tree_free(&t);
}

static void closing(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;

	(void)state;
	cgroup_host_close(NULL);
	cgroup_host_close(&h);
	assert_false(cgroup_host_has(&h, CGROUP_MEMORY));
}

static void real(void **state)
{
	struct cgroup_host h = CGROUP_HOST_NONE;

	(void)state;
	real_host(&h);
	assert_true(h.n >= 1);
	assert_true(cgroup_host_has(&h, CGROUP_MEMORY));
	assert_true(cgroup_host_has(&h, CGROUP_PIDS));
	cgroup_host_close(&h);
	assert_int_equal(h.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v1),
		cmocka_unit_test(hybrid),
		cmocka_unit_test(unified),
		cmocka_unit_test(odd_mounts),
		cmocka_unit_test(too_many),
		cmocka_unit_test(closing),
		cmocka_unit_test(real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
