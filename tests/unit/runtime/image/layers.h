/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers made to do harm, and what to look at after they were unpacked: a canary tree beside the layer's directory.
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

/*
 * The corpus (T17): every planted thing, then every way to use it. CANARY stands for the canary's absolute path, REL for a
 * way to it from the layer's root.
 */
static const struct member plants[] = {
	{'2', "a", "CANARY"},
	{'2', "a", "CANARY/file"},
	{'2', "a", "../canary"},
	{'2', "a", "."},
	{'2', "a", "a"},
	{'2', "a", "/"},
	{'5', "a/"},
	{'0', "a", .text = "mine"},
	{'0', "a", .text = "mine", .mode = 06755},
	{'1', "a", "CANARY/file"},
	{'1', "a", "../canary/file"},
	{'6', "a"},
	{'3', "a", .major = 1, .minor = 3},
	{'3', "a", .major = 0, .minor = 0},
	{'0', ".wh.a"},
	{'5', "a/", .pax = "SCHILY.xattr.trusted.overlay.redirect=/canary"},
	{'5', "a/", .pax = "SCHILY.xattr.trusted.overlay.opaque=y"},
	{'0', "a", .pax = "SCHILY.xattr.user.overlay.opaque=y\nSCHILY.xattr.user.keep=1"},
};

static const struct member hits[] = {
	{'0', "a", .text = "evil"},
	{'0', "a/file", .text = "evil"},
	{'0', "a/file", .text = "evil", .mode = 04777, .uid = 12},
	{'0', "a/dir/new", .text = "evil"},
	{'5', "a/", .mode = 0777, .uid = 12},
	{'5', "a/.", .mode = 0777},
	{'5', "a/dir/", .mode = 0777},
	{'5', "a/file", .mode = 0777},
	{'1', "h", "a"},
	{'1', "h", "a/file"},
	{'1', "a/h", "a"},
	{'1', "a", "a"},
	{'2', "a", "CANARY"},
	{'2', "a/file", "x"},
	{'0', "a/.wh.file"},
	{'0', "a/.wh.dir"},
	{'0', "a/.wh..wh..opq"},
	{'5', "a/.wh..wh..opq"},
	{'2', ".wh..wh..opq", "CANARY"},
	{'0', ".wh.a"},
	{'5', ".wh.a"},
	{'0', ".wh.."},
	{'0', ".wh..."},
	{'0', "a/../../canary/file", .text = "evil"},
	{'0', "../canary/file", .text = "evil"},
	{'0', "CANARY/file", .text = "evil"},
	{'6', "a/file"},
	{'4', "a/sda", .major = 8},
	{'0', "x", .text = "evil", .pax = "path=../canary/file"},
	{'1', "x", "y", .pax = "linkpath=a/../../canary/file"},
	{'0', "a/file",
		.pax = "SCHILY.xattr.trusted.overlay.metacopy=\nSCHILY.xattr.security.capability="
		       "x"},
};

/* After the hit, once more through whatever stands there now. */
static const struct member last_hits[] = {
	{'0', "h", .text = "evil again", .mode = 0777},
	{'0', "a", .text = "evil again", .mode = 0777},
};

BUILDS char *with_canary(const struct ground *g, const char *text)
{
	struct str out = {0};
	const char *mark = text ? strstr(text, "CANARY") : NULL;

	if (!text)
		return NULL;
	if (!mark)
		return xstrdup(text);
	str_addn(&out, text, (size_t)(mark - text));
	str_addf(&out, "%s/canary%s", g->s.path, mark + strlen("CANARY"));
	return str_take(&out);
}

BUILDS void put_member(const struct ground *g, struct str *out, const struct member *m)
{
	cleanup_free char *path = with_canary(g, m->path), *link = with_canary(g, m->link);
	struct member copy = *m;

	copy.path = path;
	copy.link = link;
	tar_put(out, &copy);
}

/* The layer number @i. Returns false behind the last. */
BUILDS bool hostile_layer(
	const struct ground *g, size_t i, struct str *out, char *name, size_t size)
{
	size_t plant = i / ARRAY_SIZE(hits), hit = i % ARRAY_SIZE(hits);

	if (plant >= ARRAY_SIZE(plants))
		return false;
	put_member(g, out, &plants[plant]);
	put_member(g, out, &hits[hit]);
	for (size_t k = 0; k < ARRAY_SIZE(last_hits); k++)
		put_member(g, out, &last_hits[k]);
	tar_end(out);
	(void)snprintf(name, size, "%c %s>%s, then %c %s>%s", plants[plant].type,
		plants[plant].path, plants[plant].link ? plants[plant].link : "", hits[hit].type,
		hits[hit].path, hits[hit].link ? hits[hit].link : "");
	return true;
}

#endif
