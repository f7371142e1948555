/* SPDX-License-Identifier: Apache-2.0 */
/* Directories are private, wrong modes are refused with the cure, one agent a root. */
#include "tests/unit/unit.h"

#include "agent/node/tree.h"

static void makes_private_directories(void **state)
{
	cleanup_free char *path = NULL;
	struct scratch s;
	struct stat st;
	struct tree t;
	struct err e = {0};

	(void)state;
	scratch_open(&s);
	assert_int_equal(tree_open(s.path, &t, &e), 0);
	assert_int_equal(fstatat(s.fd, "var/lib/berth", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fstatat(s.fd, "run/berth", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	path = tree_path(&t, "etc/berth");
	assert_true(strncmp(path, s.path, strlen(s.path)) == 0);
	tree_close(&t);
	tree_close(&t);
	scratch_close(&s);
}

static void refuses_what_others_can_touch(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
		const char *word;
	} cases[] = {
		{"var/lib/berth", 0755, "chmod 0700"},
		{"run/berth", 0770, "chmod 0700"},
		{"etc/berth/manifests", 0777, "chmod go-w"},
		{"var/log/pods", 0775, "chmod go-w"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};
		struct scratch s;
		struct tree t;

		scratch_open(&s);
		assert_int_equal(fs_mkdir_p(s.fd, cases[i].path, 0755), 0);
		assert_int_equal(fchmodat(s.fd, cases[i].path, cases[i].mode, 0), 0);
		assert_case(tree_open(s.path, &t, &e) == -EPERM, cases[i].path);
		assert_case(strstr(err_text(&e), cases[i].word) != NULL, err_text(&e));
		scratch_close(&s);
	}
}

static void refuses_another_owner(void **state)
{
	struct err e = {0};
	struct scratch s;
	struct tree t;

	(void)state;
	scratch_open(&s);
	assert_int_equal(fs_mkdir_p(s.fd, "var/lib/berth", 0700), 0);
	assert_int_equal(fchownat(s.fd, "var/lib/berth", 65534, 65534, 0), 0);
	assert_int_equal(tree_open(s.path, &t, &e), -EPERM);
	assert_non_null(strstr(err_text(&e), "chown root:root"));
	scratch_close(&s);
}

static void one_agent_a_root(void **state)
{
	struct tree first, second;
	struct err e = {0};
	struct scratch s;
	char pid[32];

	(void)state;
	scratch_open(&s);
	assert_int_equal(tree_open(s.path, &first, &e), 0);
	assert_int_equal(tree_open(s.path, &second, &e), -EBUSY);
	(void)snprintf(pid, sizeof pid, "pid %d)", (int)getpid());
	assert_non_null(strstr(err_text(&e), pid));
	tree_close(&first);
	assert_int_equal(tree_open(s.path, &second, &e), 0);
	tree_close(&second);
	assert_int_equal(tree_open("/no/such/root", &second, &e), -ENOENT);
	scratch_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_private_directories),
		cmocka_unit_test(refuses_what_others_can_touch),
		cmocka_unit_test(refuses_another_owner),
		cmocka_unit_test(one_agent_a_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
