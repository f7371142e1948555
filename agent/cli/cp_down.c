/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files out of a stranger's tar stream (safety R1, T31). Every name must begin as what was asked for and have no ".." in
 * it; directories are opened below the destination without following a link, and a file is always a new one, so that
 * nothing that stands there already, or is put there meanwhile, leads elsewhere. Links and special files are passed over
 * with a warning, as kubectl does with links.
 */
#include "agent/cli/cp.h"

#include "runtime/base/fs.h"
#include "runtime/tar/tar.h"

#include <fcntl.h>

struct cp_down {
	struct tar *tar;
	FILE *warnings;
	int root_fd; /* the directory that everything goes into */
	char *base; /* what the copy is called in there; NULL: of a directory its entries, a file by its own name */
	char *prefix; /* without slashes around it */
	int fd;	      /* of the file at work; negative: its bytes are dropped */
	char *name;   /* its */
	bool links_told;
	size_t entries;
};

/* "/a//b/./c/" is "a/b/c", as tar strips and as names are compared. "..", which begins nowhere, is refused. */
static int clean(const char *path, struct str *out)
{
	struct sv left = sv(path);

	while (left.n) {
		struct sv part = sv_cut(&left, '/');

		if (part.n == 0 || sv_eq(part, "."))
			continue;
		if (sv_eq(part, ".."))
			return -EINVAL;
		str_addf(out, "%s%.*s", out->n ? "/" : "", (int)part.n, part.p);
	}
	if (!out->p)
		str_add(out, "");
	return 0;
}

/* ---- one entry ------------------------------------------------------------------------------------- */

/* What stands behind the prefix; NULL: the name does not begin with it. */
static const char *behind(const struct cp_down *d, const char *name)
{
	size_t n = strlen(d->prefix);

	if (n == 0)
		return name;
	if (strncmp(name, d->prefix, n) != 0 || (name[n] && name[n] != '/'))
		return NULL;
	return name[n] ? name + n + 1 : name + n;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where below root_fd the entry goes; "" is root_fd itself. Returns: owned by the caller. */
static char *place(const struct cp_down *d, const char *rest, bool is_dir)
{
	if (d->base)
		return xasprintf("%s%s%s", d->base, *rest ? "/" : "", rest);
	return xstrdup(*rest || is_dir ? rest : last_part(d->prefix));
}

/* A new file in the place of what is there. */
static int create(const struct cp_down *d, const char *path, mode_t mode)
{
	const char *name = last_part(path);
	cleanup_free char *parent =
		name > path ? xstrndup(path, (size_t)(name - path - 1)) : xstrdup(".");
	cleanup_close int dir = -EBADF;
	int fd, r = name > path ? fs_mkdir_p(d->root_fd, parent, 0777) : 0;

	if (r < 0)
		return r;
	dir = fs_open_beneath(d->root_fd, parent, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return -errno;
	/* Without set-id bits: whose they would be here is not the container's to say. */
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
	return fd < 0 ? -errno : fd;
}

static void skip_link(struct cp_down *d, const struct tar_entry *entry)
{
	if (entry->type == TAR_SYMLINK || entry->type == TAR_HARDLINK)
		(void)fprintf(d->warnings, "warning: skipping %s: \"%s\" -> \"%s\"%s\n",
			entry->type == TAR_SYMLINK ? "symlink" : "hard link", entry->path,
			entry->link,
			d->links_told ? ""
				      : " (consider using \"berth exec POD -- tar cf - PATH | tar "
					"xf -\")");
	else
		(void)fprintf(d->warnings, "warning: skipping special file: \"%s\"\n", entry->path);
	d->links_told = true;
}

static int on_entry(void *data, const struct tar_entry *entry, struct err *e)
{
	struct cp_down *d = data;
	cleanup_str struct str name = {0};
	cleanup_free char *path = NULL;
	const char *rest;
	int r = clean(entry->path, &name);

	d->entries++;
	if (r < 0) {
		(void)fprintf(d->warnings,
			"warning: file \"%s\" is outside target destination, skipping\n",
			entry->path);
		return 0;
	}
	rest = behind(d, name.p);
	if (!rest)
		return err_set(e, -EBADMSG,
			"tar contents corrupted: \"%s\" was not asked for, \"%s\" was", entry->path,
			d->prefix);
	if (entry->type != TAR_FILE && entry->type != TAR_DIR) {
		skip_link(d, entry);
		return 0;
	}
	path = place(d, rest, entry->type == TAR_DIR);
	if (entry->type == TAR_DIR)
		r = *path ? fs_mkdir_p(d->root_fd, path, 0777) : 0;
	else
		r = d->fd = create(d, path, entry->mode);
	free(d->name);
	d->name = take(path);
	return r < 0 ? err_errno(e, r, "writing %s", d->name) : 0;
}

static int on_bytes(void *data, const void *bytes, size_t n, struct err *e)
{
	const struct cp_down *d = data;
	int r = d->fd < 0 ? 0 : fs_write_all(d->fd, bytes, n);

	return r < 0 ? err_errno(e, r, "writing %s", d->name) : 0;
}

static int on_done(void *data, struct err *e)
{
	struct cp_down *d = data;
	int r = d->fd >= 0 && close(d->fd) < 0 ? -errno : 0;

	d->fd = -EBADF;
	return r < 0 ? err_errno(e, r, "writing %s", d->name) : 0;
}

/* ---- the whole ------------------------------------------------------------------------------------- */

/* A directory that is there, or the one that the new name is in. */
static int open_root(struct cp_down *d, const char *local, struct err *e)
{
	cleanup_free char *parent = NULL, *trimmed = xstrdup(local);
	const char *name;

	d->root_fd = open(local, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->root_fd >= 0)
		return 0;
	if (errno != ENOENT && errno != ENOTDIR)
		return err_errno(e, -errno, "%s", local);
	for (size_t n = strlen(trimmed); n > 1 && trimmed[n - 1] == '/'; n--)
		trimmed[n - 1] = '\0';
	name = last_part(trimmed);
	if (!*name || streq(name, "..") || streq(name, "."))
		return err_set(e, -EINVAL, "\"%s\" is no name for a copy", local);
	d->base = xstrdup(name);
	parent = name > trimmed ? xstrndup(trimmed, (size_t)(name - trimmed)) : xstrdup(".");
	d->root_fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return d->root_fd < 0 ? err_errno(e, -errno, "%s", parent) : 0;
}

int cp_down_new(
	const char *remote, const char *local, FILE *warnings, struct cp_down **ret, struct err *e)
{
	CLEANUP(cp_down_free) struct cp_down *d = xcalloc(1, sizeof *d);
	cleanup_str struct str prefix = {0};
	int r;

	*d = (struct cp_down){.warnings = warnings, .root_fd = -EBADF, .fd = -EBADF};
	r = clean(remote, &prefix);
	if (r < 0)
		return err_set(
			e, r, "the path in the container must not have \"..\" in it: %s", remote);
	d->prefix = str_take(&prefix);
	r = open_root(d, local, e);
	if (r < 0)
		return r;
	d->tar = tar_new(&(const struct tar_sink){on_entry, on_bytes, on_done, d});
	*ret = take(d);
	return 0;
}

int cp_down_feed(struct cp_down *d, struct sv bytes, struct err *e)
{
	return tar_feed(d->tar, bytes.p, bytes.n, e);
}

int cp_down_finish(struct cp_down *d, struct err *e)
{
	int r = tar_finish(d->tar, e);

	if (r == 0 && !d->entries)
		return err_set(e, -EBADMSG, "nothing came: \"%s\" is not there", d->prefix);
	return r;
}

void cp_down_free(struct cp_down *own_d)
{
	if (!own_d)
		return;
	tar_free(own_d->tar);
	if (own_d->fd >= 0)
		(void)close(own_d->fd);
	if (own_d->root_fd >= 0)
		(void)close(own_d->root_fd);
	free(own_d->base);
	free(own_d->prefix);
	free(own_d->name);
	free(own_d);
}
