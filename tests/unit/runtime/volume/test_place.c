/* SPDX-License-Identifier: Apache-2.0 */
/* Places in a stranger's tree: never outside of it (R1, R4). */
#include "tests/unit/unit.h"

#include "runtime/volume/place.h"

#include <sys/stat.h>

struct tree {
	struct scratch dir;
	int root, outside;
};

/* root/ is the stranger's; outside/ must stay empty. */
static void tree_open(struct tree *t)
{
	cleanup_free char *outside = NULL;

	scratch_open(&t->dir);
	t->root = fs_open_dir(t->dir.fd, "root", 0755);
	t->outside = fs_open_dir(t->dir.fd, "outside", 0755);
	outside = xasprintf("%s/outside", t->dir.path);
	assert_int_equal(fs_mkdir_p(t->root, "etc", 0755), 0);
	assert_int_equal(fs_mkdir_p(t->root, "real", 0755), 0);
	assert_int_equal(fs_write_atomic(t->root, "file", "x", 1, 0644, FS_NO_SYNC), 0);
	assert_int_equal(symlinkat("/real", t->root, "abs"), 0);
	assert_int_equal(symlinkat("../../../../real", t->root, "up"), 0);
	assert_int_equal(symlinkat(outside, t->root, "host"), 0);
	assert_int_equal(symlinkat("../outside", t->root, "rel"), 0);
	assert_int_equal(symlinkat("loop", t->root, "loop"), 0);
	assert_int_equal(symlinkat("/etc/none", t->root, "etc/link"), 0);
}

static void tree_close(struct tree *t)
{
	(void)close(t->root);
	(void)close(t->outside);
	assert_int_equal(
		unlinkat(t->dir.fd, "outside", AT_REMOVEDIR), 0); /* nothing was made in it */
	scratch_close(&t->dir);
}

static const struct {
	const char *path;
	int r;		  /* 0: a directory comes back */
	const char *made; /* below root/; NULL: nothing to look at */
} dirs[] = {
	{"/real", 0, "real"},
	{"/new", 0, "new"},
	{"/a/b/c", 0, "a/b/c"},
	{"/abs/x", 0, "real/x"},
	{"/up/y", 0, "real/y"},
	{"/", 0, NULL},
	{"relative/too", 0, "relative/too"},
	{"/host", -ELOOP, NULL},
	{"/host/x", -ELOOP, NULL},
	{"/rel/x", -ELOOP, NULL},
	{"/loop", -ELOOP, NULL},
	{"/loop/x", -ELOOP, NULL},
	{"/file", -ENOTDIR, NULL},
	{"/file/x", -ENOTDIR, NULL},
};

static void directories(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		struct err e = {0};
		struct tree t;
		int fd;

		tree_open(&t);
		fd = place_dir(t.root, dirs[i].path, 0755, &e);
		if (dirs[i].r == 0 ? fd < 0 : fd != dirs[i].r)
			fail_msg("%s: %d (%s)", dirs[i].path, fd, e.msg);
		if (dirs[i].made) {
			struct stat a, b;

			assert_int_equal(fstat(fd, &a), 0);
			assert_int_equal(fstatat(t.root, dirs[i].made, &b, AT_SYMLINK_NOFOLLOW), 0);
			assert_int_equal(a.st_ino, b.st_ino);
			assert_true(S_ISDIR(a.st_mode));
		}
		assert_case(fd >= 0 || e.msg[0], dirs[i].path);
		if (fd >= 0)
			(void)close(fd);
		tree_close(&t);
	}
}

static const struct {
	const char *path;
	int file, own; /* results of place_file and place_own_file; 0: a file comes back */
} files[] = {
	{"/file", 0, 0},
	{"/etc/hosts", 0, 0},
	{"/new/dir/f", 0, 0},
	{"/etc/link", -ELOOP, 0}, /* a link that leads nowhere is replaced by our own file */
	{"/host", -ELOOP, 0},
	{"/real", -EISDIR, -EISDIR},
	{"/abs", -EISDIR, 0},
	{"/file/x", -ENOTDIR, -ENOTDIR},
	{"/host/x", -ELOOP, -ELOOP},
};

static void regular_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		for (int own = 0; own < 2; own++) {
			struct err e = {0};
			struct tree t;
			struct stat st;
			int fd, wanted = own ? files[i].own : files[i].file;

			tree_open(&t);
			fd = own ? place_own_file(t.root, files[i].path, &e)
				 : place_file(t.root, files[i].path, &e);
			if (wanted == 0 ? fd < 0 : fd != wanted)
				fail_msg("%s (%d): %d (%s)", files[i].path, own, fd, e.msg);
			if (fd >= 0) {
				assert_int_equal(fstat(fd, &st), 0);
				assert_true(S_ISREG(st.st_mode));
				(void)close(fd);
			}
			tree_close(&t);
		}
}

static void reserved_directories(void **state)
{
	static const char *const names[] = {"dev", "proc", "sys"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct err e = {0};
		struct tree t;

		tree_open(&t);
		assert_int_equal(place_check_reserved(t.root, &e), 0); /* missing is fine */
		assert_int_equal(mkdirat(t.root, names[i], 0755), 0);
		assert_int_equal(place_check_reserved(t.root, &e), 0);
		assert_int_equal(unlinkat(t.root, names[i], AT_REMOVEDIR), 0);
		assert_int_equal(symlinkat("real", t.root, names[i]), 0);
		assert_int_equal(place_check_reserved(t.root, &e), -EINVAL);
		assert_non_null(strstr(e.msg, names[i]));
		assert_int_equal(unlinkat(t.root, names[i], 0), 0);
		assert_int_equal(fs_write_atomic(t.root, names[i], "", 0, 0644, FS_NO_SYNC), 0);
		assert_int_equal(place_check_reserved(t.root, &e), -EINVAL);
		tree_close(&t);
	}
}

/* A link of the image, or of a volume, that makes a harmless mountPath the root (R4). */
static void never_over_the_root(void **state)
{
	static const struct {
		const char *path;
		int r;
	} rows[] = {
		{"/", -EINVAL},
		{"/top", -EINVAL},
		{"/above", -EINVAL},
		{"/real/back", -EINVAL},
		{"/real", 0},
		{"/top/new", 0},
	};
	struct tree t;

	(void)state;
	tree_open(&t);
	assert_int_equal(symlinkat("/", t.root, "top"), 0);
	assert_int_equal(symlinkat("../../..", t.root, "above"), 0);
	assert_int_equal(symlinkat("..", t.root, "real/back"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e = {0};
		int fd = place_mount_dir(t.root, rows[i].path, 0755, &e);

		print_message("%s\n", rows[i].path);
		assert_int_equal(fd < 0 ? fd : 0, rows[i].r);
		if (fd >= 0)
			(void)close(fd);
		else
			assert_non_null(strstr(e.msg, "root directory"));
	}
	tree_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories),
		cmocka_unit_test(regular_files),
		cmocka_unit_test(reserved_directories),
		cmocka_unit_test(never_over_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
