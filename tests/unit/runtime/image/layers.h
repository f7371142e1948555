/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to look at after a layer was unpacked: a canary tree beside its directory, and the directory itself.
 */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_LAYERS_H
#define TESTS_UNIT_RUNTIME_IMAGE_LAYERS_H

#include "tests/unit/runtime/image/build.h"

#include <dirent.h>
#include <sys/xattr.h>

/* A scratch directory with canary/ (what must not change) and root/ (where layers go). */
struct ground {
	struct scratch s;
	char *before; /* the canary as it was */
};

/* A text that says everything about a tree: names, types, modes, owners, links, contents, times, xattrs. */
BUILDS void describe_tree(int dir_fd, const char *name, struct str *out)
{
	struct stat st;
	char list[512] = "", link[512] = "";
	cleanup_free char *path = xasprintf("/proc/self/fd/%d/%s", dir_fd, name);
	ssize_t n;

	assert_int_equal(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	n = llistxattr(path, list, sizeof list);
	str_addf(out, "%s %o %u:%u %ld %lx %ld.%ld [", name, st.st_mode, st.st_uid, st.st_gid,
		S_ISDIR(st.st_mode) ? 0L : (long)st.st_size, (long)st.st_rdev,
		(long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	for (const char *x = list; n > 0 && x < list + n; x += strlen(x) + 1)
		str_addf(out, "%s ", x);
	str_add(out, "]");
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(dir_fd, name, link, sizeof link - 1);
		str_addf(out, ">%.*s", (int)n, link);
	}
	if (S_ISREG(st.st_mode)) {
		cleanup_free char *text = NULL;

		assert_int_equal(fs_read(dir_fd, name, 1 << 20, &text, NULL), 0);
		str_addf(out, " %lu %s", (unsigned long)st.st_nlink, text);
	}
	str_add(out, "\n");
	if (S_ISDIR(st.st_mode)) {
		cleanup_close int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct dirent **entries = NULL;
		int count = scandirat(fd, ".", &entries, NULL, alphasort);

		assert_true(count >= 0);
		for (int i = 0; i < count; i++) {
			if (!streq(entries[i]->d_name, ".") && !streq(entries[i]->d_name, ".."))
				describe_tree(fd, entries[i]->d_name, out);
			free(entries[i]);
		}
		free(entries);
	}
}

BUILDS void ground_open(struct ground *g)
{
	struct str text = {0};

	scratch_open(&g->s);
	assert_int_equal(fs_mkdir_p(g->s.fd, "canary/dir", 0700), 0);
	assert_int_equal(fs_mkdir_p(g->s.fd, "root", 0755), 0);
	{
		cleanup_close int fd = fs_open_dir(g->s.fd, "canary", 0700);

		assert_int_equal(fs_write_atomic(fd, "file", "tweet", 5, 0600, FS_NO_SYNC), 0);
	}
	describe_tree(g->s.fd, "canary", &text);
	g->before = str_take(&text);
}

/* An empty root/ again. Returns its fd. */
BUILDS int ground_root(struct ground *g)
{
	assert_int_equal(fs_remove_tree(g->s.fd, "root"), 0);
	return fs_open_dir(g->s.fd, "root", 0755);
}

/* Nothing of the canary has changed, and nothing new stands beside it. */
BUILDS void ground_check(struct ground *g, const char *name)
{
	cleanup_str struct str now = {0};
	struct dirent **entries = NULL;
	int n = scandirat(g->s.fd, ".", &entries, NULL, alphasort);

	describe_tree(g->s.fd, "canary", &now);
	assert_case(streq(now.p, g->before), name);
	assert_case(n == 4, name); /* ., .., canary, root */
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

BUILDS void ground_close(struct ground *g)
{
	free(g->before);
	scratch_close(&g->s);
}

/* No device but whiteouts, and no trusted xattr but overlay's opaque mark, anywhere in the tree. */
BUILDS void check_harmless(int dir_fd, const char *name, const char *layer)
{
	cleanup_str struct str text = {0};
	struct sv rest;

	describe_tree(dir_fd, name, &text);
	rest = sv(text.p);
	while (rest.n) {
		struct sv line = sv_cut(&rest, '\n');
		cleanup_free char *t = xstrndup(line.p, line.n);
		char *trusted = strstr(t, "trusted.");
		unsigned mode = 0;

		if (trusted)
			assert_case(strstr(t, "[trusted.overlay.opaque ]") != NULL, layer);
		if (sscanf(t, "%*s %o", &mode) == 1) {
			assert_case(!S_ISBLK(mode) && !S_ISSOCK(mode), layer);
			assert_case(!S_ISCHR(mode) || strstr(t, " 0 0 "), layer);
		}
	}
}

#endif
