/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From tar entries to files, without the jail: the rules of R15 alone must keep every hostile layer inside of its
 * directory, and an honest one must come out as it was packed.
 */
#include "tests/unit/runtime/image/hostile.h"

#include "runtime/image/extract.h"

#include <sys/sysmacros.h>

struct opaques {
	size_t n;
};

static int mark(void *data, int dir_fd, struct err *e)
{
	struct opaques *o = data;

	o->n++;
	(void)e;
	return fsetxattr(dir_fd, "trusted.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
}

static int extract(
	int root_fd, const struct str *layer, struct extract_counts *counts, struct err *e)
{
	struct opaques opaques = {0};
	struct extract_options options = {mark, &opaques};
	CLEANUP(extract_free) struct extract *x = extract_new(root_fd, &options);
	struct tar_sink sink = extract_sink(x);
	CLEANUP(tar_free) struct tar *tar = tar_new(&sink);
	int r = tar_feed(tar, layer->p, layer->n, e);

	if (r == 0)
		r = tar_finish(tar, e);
	return r == 0 ? extract_finish(x, counts, e) : r;
}

static int extract_members(int root_fd, const struct member *members, size_t n,
	struct extract_counts *counts, struct err *e)
{
	cleanup_str struct str layer = {0};

	tar_of(&layer, members, n);
	return extract(root_fd, &layer, counts, e);
}

static int open_ground(void **state)
{
	struct ground *g = xcalloc(1, sizeof *g);

	(void)umask(0);
	ground_open(g);
	*state = g;
	return 0;
}

static int close_ground(void **state)
{
	ground_close(*state);
	free(*state);
	return 0;
}

static void hostile_layers_stay_inside(void **state)
{
	struct ground *g = *state;
	size_t refused = 0, i;

	for (i = 0;; i++) {
		cleanup_close int root = ground_root(g);
		cleanup_str struct str layer = {0};
		struct extract_counts counts;
		struct err e = {0};
		char name[256];

		if (!hostile_layer(g, i, &layer, name, sizeof name))
			break;
		if (extract(root, &layer, &counts, &e) < 0) {
			assert_case(e.msg[0], name);
			refused++;
		}
		ground_check(g, name);
		check_harmless(g->s.fd, "root", name);
	}
	/* Neither all nor none: the corpus reaches what is behind the first check. */
	assert_true(i > 500);
	assert_true(refused > i / 2 && refused < i * 9 / 10);
}

static void says_why(void **state)
{
	static const struct {
		const char *name;
		struct member first, second;
		const char *word;
	} cases[] = {
		{"up", {'5', "d"}, {'0', "d/../../x"}, "\"..\""},
		{"through a link", {'2', "l", "/etc"}, {'0', "l/passwd"}, "symbolic link"},
		{"through a file", {'0', "f"}, {'0', "f/x"}, "goes through a file"},
		{"device", {'5', "d"}, {'3', "d/null", .major = 1, .minor = 3}, "character 1/3"},
		{"block device", {'5', "d"}, {'4', "d/sda", .major = 8}, "block 8/0"},
		{"hard link to a link", {'2', "l", "x"}, {'1', "h", "l"}, "which is no file"},
		{"hard link to a directory", {'5', "d"}, {'1', "h", "d"}, "which is no file"},
		{"hard link to nothing", {'5', "d"}, {'1', "h", "d/x"}, "No such file"},
		{"hard link through a link", {'2', "l", "/"}, {'1', "h", "l/etc/passwd"},
			"symbolic link"},
		{"hard link up", {'5', "d"}, {'1', "h", "../x"}, "\"..\""},
		{"hard link to itself", {'0', "f"}, {'1', "./f", "f"}, "itself"},
		{"full directory replaced", {'0', "d/f"}, {'0', "d"}, "replaces a directory"},
		{"root as a file", {'5', "d"}, {'0', "./"}, NULL},
		{"root as a link", {'5', "d"}, {'2', "/", "x"}, "no directory"},
		{"whiteout of ..", {'5', "d"}, {'0', "d/.wh..."}, "whiteout of nothing"},
		{"whiteout directory", {'5', "d"}, {'5', "d/.wh.x"}, "no file"},
		{"opaque link", {'5', "d"}, {'2', "d/.wh..wh..opq", "/"}, "no file"},
		{"below a whiteout", {'5', "d"}, {'0', ".wh.d/x"}, "named like a whiteout"},
		{"link to nothing", {'5', "d"}, {'2', "l", ""}, "link to nothing"},
	};
	struct ground *g = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct member members[] = {cases[i].first, cases[i].second};
		cleanup_close int root = ground_root(g);
		struct extract_counts counts;
		struct err e = {0};
		int r = extract_members(root, members, 2, &counts, &e);

		/* A file whose name ends with a slash is a directory of old tar: not an error. */
		if (!cases[i].word) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_case(r < 0, cases[i].name);
		if (!strstr(e.msg, cases[i].word))
			fail_msg(
				"%s: \"%s\" is not in \"%s\"", cases[i].name, cases[i].word, e.msg);
	}
}

static const struct member packed[] = {
	{'5', "./", .mode = 0751, .uid = 3, .gid = 4},
	{'5', "bin", .mode = 01777, .uid = 5, .gid = 6, .pax = "mtime=1000.5"},
	{'0', "bin/su", .text = "su!", .mode = 06755, .uid = 1, .gid = 2, .pax = "mtime=-5"},
	{'1', "bin/su2", "./bin/su"},
	{'2', "bin/link", "/../../etc", .uid = 4000000, .gid = 9},
	{'6', "bin/pipe", .mode = 0620, .gid = 5},
	{'0', "implied/deep/file", .text = "x"},
	{'0', "bin/twice", .text = "first"},
	{'0', "bin/twice", .text = "second"},
	{'2', "bin/flip", "x"},
	{'0', "bin/flip", .text = "now a file"},
	{'0', "bin/flop", .text = "x"},
	{'5', "bin/flop"},
	{'0', "bin/flop/in", .text = "inside"},
};

static void keeps_owners_modes_and_times(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
		uid_t uid;
		gid_t gid;
		time_t mtime;
	} wanted[] = {
		{".", S_IFDIR | 0751, 3, 4, 1700000000},
		/* Although files were made in it after its entry. */
		{"bin", S_IFDIR | 01777, 5, 6, 1000},
		{"bin/su", S_IFREG | 06755, 1, 2, -5},
		{"bin/su2", S_IFREG | 06755, 1, 2, -5},
		{"bin/link", S_IFLNK | 0777, 4000000, 9, 1700000000},
		{"bin/pipe", S_IFIFO | 0620, 0, 5, 1700000000},
		{"implied/deep/file", S_IFREG | 0644, 0, 0, 1700000000},
		{"bin/flip", S_IFREG | 0644, 0, 0, 1700000000},
		{"bin/flop", S_IFDIR | 0755, 0, 0, 1700000000},
	};
	struct ground *g = *state;
	cleanup_close int root = ground_root(g);
	struct extract_counts counts = {0};
	struct err e = {0};

	if (extract_members(root, packed, ARRAY_SIZE(packed), &counts, &e) < 0)
		fail_msg("%s", err_text(&e));
	assert_int_equal(counts.entries, ARRAY_SIZE(packed));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct stat st;

		assert_int_equal(fstatat(root, wanted[i].path, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_case(st.st_mode == wanted[i].mode, wanted[i].path);
		assert_case(
			st.st_uid == wanted[i].uid && st.st_gid == wanted[i].gid, wanted[i].path);
		assert_case(st.st_mtim.tv_sec == wanted[i].mtime, wanted[i].path);
	}
}

static void keeps_contents_and_links(void **state)
{
	struct ground *g = *state;
	cleanup_close int root = ground_root(g);
	cleanup_free char *text = NULL, *inside = NULL;
	struct extract_counts counts = {0};
	struct stat su, su2, implied;
	char target[32] = "";

	assert_int_equal(extract_members(root, packed, ARRAY_SIZE(packed), &counts, NULL), 0);
	assert_int_equal(fstatat(root, "bin/su", &su, 0), 0);
	assert_int_equal(fstatat(root, "bin/su2", &su2, 0), 0);
	assert_int_equal(su.st_ino, su2.st_ino);
	assert_int_equal(su.st_nlink, 2);
	assert_int_equal(readlinkat(root, "bin/link", target, sizeof target), 10);
	assert_string_equal(target, "/../../etc");
	assert_int_equal(fstatat(root, "implied/deep", &implied, 0), 0);
	assert_int_equal(implied.st_mode, S_IFDIR | 0755);
	/* The last of two entries counts. */
	assert_int_equal(fs_read(root, "bin/twice", 100, &text, NULL), 0);
	assert_string_equal(text, "second");
	assert_int_equal(fs_read(root, "bin/flop/in", 100, &inside, NULL), 0);
	assert_string_equal(inside, "inside");
}

static void keeps_file_capabilities(void **state)
{
	/* setcap cap_net_bind_service=ep, revision 2. */
	static const unsigned char cap[20] = {1, 0, 0, 2, 0, 4};
	struct ground *g = *state;
	cleanup_close int root = ground_root(g), fd = -EBADF;
	cleanup_str struct str layer = {0}, body = {0};
	struct extract_counts counts = {0};
	unsigned char got[64];

	/* A record with the capability's raw bytes. */
	str_add(&body, "00 SCHILY.xattr.security.capability=");
	str_addn(&body, cap, sizeof cap);
	str_add(&body, "\n");
	body.p[0] = (char)('0' + body.n / 10);
	body.p[1] = (char)('0' + body.n % 10);
	tar_put_raw(&layer, 'x', "pax", body.p, body.n);
	tar_put(&layer, &(struct member){'0', "ping", .text = "ping", .mode = 0755});
	tar_end(&layer);
	assert_int_equal(extract(root, &layer, &counts, NULL), 0);
	fd = openat(root, "ping", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(fd, "security.capability", got, sizeof got), sizeof cap);
	assert_memory_equal(got, cap, sizeof cap);
	assert_int_equal(counts.dropped_xattrs, 0);
}

static bool is_opaque(int root, const char *path)
{
	cleanup_close int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char value;

	return fd >= 0 && fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static bool is_whiteout(int root, const char *path)
{
	struct stat st;

	return fstatat(root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(0, 0);
}

static void whiteouts_become_overlays(void **state)
{
	static const struct member members[] = {
		{'5', "d"},
		{'0', "d/.wh.gone"},
		{'0', "d/.wh..hidden"},
		{'5', "o"},
		{'0', "o/.wh..wh..opq"},
		{'0', "o/new", .text = "x"},
		/* Whiteouts reach only layers below: what the layer itself has stays. */
		{'0', "both", .text = "kept"},
		{'0', ".wh.both"},
		{'5', "bothdir"},
		{'0', "bothdir/in", .text = "x"},
		{'0', ".wh.bothdir"},
		/* The other order: the whiteout comes first. */
		{'0', ".wh.then_file"},
		{'0', "then_file", .text = "x"},
		{'0', ".wh.then_dir"},
		{'5', "then_dir"},
		{'0', "implied/.wh.x"},
		{'0', ".wh..wh.aufs"},
		{'1', ".wh.linked", ".wh..wh.aufs"},
	};
	struct ground *g = *state;
	cleanup_close int root = ground_root(g);
	struct extract_counts counts;
	struct stat st;
	struct err e = {0};

	if (extract_members(root, members, ARRAY_SIZE(members), &counts, &e) < 0)
		fail_msg("%s", err_text(&e));
	assert_true(is_whiteout(root, "d/gone"));
	assert_true(is_whiteout(root, "d/.hidden"));
	assert_true(is_whiteout(root, "implied/x"));
	assert_true(is_whiteout(root, "linked"));
	assert_true(is_opaque(root, "o"));
	assert_false(is_opaque(root, "d"));
	assert_int_equal(fstatat(root, "o/new", &st, 0), 0);
	assert_int_equal(fstatat(root, "both", &st, 0), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_true(is_opaque(root, "bothdir"));
	assert_int_equal(fstatat(root, "bothdir/in", &st, 0), 0);
	assert_int_equal(fstatat(root, "then_file", &st, 0), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_true(is_opaque(root, "then_dir"));
	assert_int_equal(fstatat(root, ".wh..wh.aufs", &st, AT_SYMLINK_NOFOLLOW), -1);
}

static void root_can_be_opaque(void **state)
{
	static const struct member members[] = {{'0', ".wh..wh..opq"}, {'0', "f", .text = "x"}};
	struct ground *g = *state;
	cleanup_close int root = ground_root(g);
	struct extract_counts counts;

	assert_int_equal(extract_members(root, members, 2, &counts, NULL), 0);
	assert_true(is_opaque(root, "."));
}

static void xattrs_are_chosen(void **state)
{
	static const struct member members[] = {
		{'5', "d",
			.pax = "SCHILY.xattr.trusted.overlay.opaque=y\n"
			       "SCHILY.xattr.trusted.x=1\nSCHILY.xattr.user.overlay.whiteout=y\n"
			       "SCHILY.xattr.security.selinux=system_u\n"
			       "SCHILY.xattr.system.posix_acl_access=x"},
		{'2', "l", "d", .pax = "SCHILY.xattr.security.capability=x"},
	};
	struct ground *g = *state;
	cleanup_close int root = ground_root(g);
	struct extract_counts counts = {0};
	char list[256];

	assert_int_equal(extract_members(root, members, 2, &counts, NULL), 0);
	assert_int_equal(counts.dropped_xattrs, 5);
	{
		cleanup_close int fd = openat(root, "d", O_RDONLY | O_CLOEXEC);
		ssize_t n = flistxattr(fd, list, sizeof list);

		for (const char *x = list; x < list + n; x += strlen(x) + 1)
			assert_string_equal(x, "security.selinux"); /* a host's own label */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_layers_stay_inside),
		cmocka_unit_test(says_why),
		cmocka_unit_test(keeps_owners_modes_and_times),
		cmocka_unit_test(keeps_contents_and_links),
		cmocka_unit_test(keeps_file_capabilities),
		cmocka_unit_test(whiteouts_become_overlays),
		cmocka_unit_test(root_can_be_opaque),
		cmocka_unit_test(xattrs_are_chosen),
	};

	return cmocka_run_group_tests(tests, open_ground, close_ground);
}
