/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From tar entries to files. What must hold for any layer whatever: nothing outside the root is opened,
 * because parents are opened without following a link; nothing is written through what was there before, because
 * it is unlinked first; owner, mode and times are set on the descriptor of what was just made.
 * Whiteouts become overlayfs's character devices 0/0; no other device is ever made.
 */
#include "runtime/image/extract.h"

#include "runtime/base/fs.h"
#include "runtime/base/str.h"
#include "runtime/image/layer_path.h"
#include "runtime/image/metadata.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

enum { DIR_TIMES_MAX_BYTES = 32 << 20 };

struct dir_time {
	char *path;
	struct timespec mtime;
};

/* A file that is being written: what to put on it when its contents are complete. */
struct open_file {
	int fd; /* -EBADF: the entry's contents are passed over */
	struct tar_entry entry;
	struct tar_xattr *xattrs;
	char *path;
};

struct extract {
	int root_fd;
	struct extract_options options;
	struct extract_counts counts;
	char *parent_path; /* the directory the last entry was in, and its descriptor */
	int parent_fd;
	struct open_file file;
	struct dir_time *times;
	size_t n_times, cap_times, times_bytes;
};

struct extract *extract_new(int root_fd, const struct extract_options *options)
{
	struct extract *x = xcalloc(1, sizeof *x);

	x->root_fd = root_fd;
	x->options = *options;
	x->parent_fd = -EBADF;
	x->file.fd = -EBADF;
	return x;
}

static void forget_parent(struct extract *x)
{
	own_close_p(&x->parent_fd);
	x->parent_fd = -EBADF;
	free(take(x->parent_path));
}

static void forget_file(struct extract *x)
{
	own_close_p(&x->file.fd);
	for (size_t i = 0; x->file.xattrs && i < x->file.entry.n_xattrs; i++) {
		free(x->file.xattrs[i].name);
		free(x->file.xattrs[i].value);
	}
	free(x->file.xattrs);
	free(x->file.path);
	x->file = (struct open_file){.fd = -EBADF};
}

void extract_free(struct extract *x)
{
	if (!x)
		return;
	forget_parent(x);
	forget_file(x);
	for (size_t i = 0; i < x->n_times; i++)
		free(x->times[i].path);
	free(x->times);
	free(x);
}

static int fail(struct err *e, int r, const char *path, const char *what)
{
	if (r == -ELOOP)
		return err_set(e, -EBADMSG, "%.200s: its path goes through a symbolic link", path);
	if (r == -ENOTDIR)
		return err_set(e, -EBADMSG, "%.200s: its path goes through a file", path);
	return err_errno(e, r, "%.200s: %s", path, what);
}

/* ---- directories -------------------------------------------------------------------------------- */

/* The directory that is the first @n bytes of @path, made when it is missing. Borrowed, or -errno. */
static int open_parent(struct extract *x, const char *path, size_t n, struct err *e)
{
	cleanup_free char *dir = NULL;
	int fd;

	if (n == 0)
		return x->root_fd;
	if (x->parent_path && strlen(x->parent_path) == n && memcmp(x->parent_path, path, n) == 0)
		return x->parent_fd;
	dir = xstrndup(path, n);
	fd = fs_open_beneath(x->root_fd, dir, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT)
		fd = fs_open_dir(x->root_fd, dir, 0755);
	if (fd < 0)
		return fail(e, fd, path, "opening its directory");
	forget_parent(x);
	x->parent_fd = fd;
	x->parent_path = take(dir);
	return fd;
}

static int remember_time(
	struct extract *x, const char *path, const struct tar_entry *entry, struct err *e)
{
	x->times_bytes += strlen(path) + 1 + sizeof *x->times;
	if (x->times_bytes > DIR_TIMES_MAX_BYTES)
		return err_set(e, -EFBIG, "too many directories");
	GROW(x->times, x->n_times + 1, x->cap_times);
	x->times[x->n_times++] = (struct dir_time){
		xstrdup(path), {.tv_sec = entry->mtime_s, .tv_nsec = entry->mtime_ns}};
	return 0;
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/*
 * Unlinks what stands at @name so that something else can be made there. A directory goes only when it is empty:
 * a layer that replaces its own full directory is made to confuse.
 * Returns: 1 when it was a whiteout, 0, or -errno.
 */
static int make_room(
	struct extract *x, int parent_fd, const char *name, const char *path, struct err *e)
{
	struct stat st;

	if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, -errno, "%.200s", path);
	if (!S_ISDIR(st.st_mode)) {
		if (unlinkat(parent_fd, name, 0) < 0)
			return err_errno(e, -errno, "%.200s: replacing it", path);
		return is_whiteout(&st);
	}
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0)
		return errno == ENOTEMPTY || errno == EEXIST
			       ? err_set(e, -EBADMSG,
					 "%.200s: it replaces a directory of the same layer", path)
			       : err_errno(e, -errno, "%.200s: replacing it", path);
	if (x->parent_path && streq(x->parent_path, path))
		forget_parent(x);
	return 0;
}

/* Makes the directory; what stands there already and is one is kept. *@ret_was_whiteout: it hides one of a lower layer. */
static int make_dir(struct extract *x, int parent_fd, const char *name, const char *path,
	bool *ret_was_whiteout, struct err *e)
{
	struct stat st;
	int r;

	*ret_was_whiteout = false;
	if (mkdirat(parent_fd, name, 0700) == 0)
		return 0;
	if (errno != EEXIST || fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, -errno, "%.200s: making the directory", path);
	if (S_ISDIR(st.st_mode))
		return 0;
	r = make_room(x, parent_fd, name, path, e);
	if (r < 0)
		return r;
	*ret_was_whiteout = r > 0;
	if (mkdirat(parent_fd, name, 0700) < 0)
		return err_errno(e, -errno, "%.200s: making the directory", path);
	return 0;
}

static int put_dir(struct extract *x, int parent_fd, const char *name, const char *path,
	const struct tar_entry *entry, struct err *e)
{
	cleanup_close int fd = -EBADF;
	bool was_whiteout;
	int r = make_dir(x, parent_fd, name, path, &was_whiteout, e);

	if (r < 0)
		return r;
	fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, -errno, "%.200s", path);
	r = metadata_set(fd, entry, path, &x->counts.dropped_xattrs, e);
	if (r == 0 && was_whiteout)
		r = x->options.opaque(x->options.data, fd, e);
	if (r == 0)
		r = remember_time(x, path, entry, e);
	if (r < 0)
		return r;
	/* What comes next is most likely in it. */
	forget_parent(x);
	x->parent_fd = take_fd(fd);
	x->parent_path = xstrdup(path);
	return 0;
}

static int put_root(struct extract *x, const struct tar_entry *entry, struct err *e)
{
	int r;

	if (entry->type != TAR_DIR)
		return err_set(e, -EBADMSG, "\"%.100s\": the root of the layer is no directory",
			entry->path);
	r = metadata_set(x->root_fd, entry, "/", &x->counts.dropped_xattrs, e);
	return r < 0 ? r : remember_time(x, "", entry, e);
}

/* ---- files, links, FIFOs ------------------------------------------------------------------------ */

static int put_file(struct extract *x, int parent_fd, const char *name, const char *path,
	const struct tar_entry *entry, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent_fd, name, flags, 0600);

	if (fd < 0 && errno == EEXIST) {
		int r = make_room(x, parent_fd, name, path, e);

		if (r < 0)
			return r;
		fd = openat(parent_fd, name, flags, 0600);
	}
	if (fd < 0)
		return err_errno(e, -errno, "%.200s: making the file", path);
	x->file.fd = fd;
	x->file.entry = *entry;
	x->file.path = xstrdup(path);
	if (entry->n_xattrs)
		x->file.xattrs = xcalloc(entry->n_xattrs, sizeof *x->file.xattrs);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct tar_xattr *from = &entry->xattrs[i];
		struct tar_xattr *to = &x->file.xattrs[i];

		to->name = xstrdup(from->name);
		to->value = xmalloc(from->n + 1);
		memcpy(to->value, from->value, from->n);
		to->n = from->n;
	}
	x->file.entry.xattrs = x->file.xattrs;
	return 0;
}

static int put_symlink(struct extract *x, int parent_fd, const char *name, const char *path,
	const struct tar_entry *entry, struct err *e)
{
	int r;

	if (!*entry->link)
		return err_set(e, -EBADMSG, "%.200s: a link to nothing", path);
	r = symlinkat(entry->link, parent_fd, name);
	if (r < 0 && errno == EEXIST) {
		r = make_room(x, parent_fd, name, path, e);
		if (r < 0)
			return r;
		r = symlinkat(entry->link, parent_fd, name);
	}
	if (r < 0)
		return err_errno(e, -errno, "%.200s: making the link", path);
	return metadata_set_at(parent_fd, name, entry, path, e);
}

static int put_fifo(struct extract *x, int parent_fd, const char *name, const char *path,
	const struct tar_entry *entry, struct err *e)
{
	mode_t mode = S_IFIFO | (entry->mode & 0777);
	int r = mknodat(parent_fd, name, mode, 0);

	if (r < 0 && errno == EEXIST) {
		r = make_room(x, parent_fd, name, path, e);
		if (r < 0)
			return r;
		r = mknodat(parent_fd, name, mode, 0);
	}
	if (r < 0)
		return err_errno(e, -errno, "%.200s: making the FIFO", path);
	return metadata_set_at(parent_fd, name, entry, path, e);
}

/* A second name for a regular file of the same layer; owner and mode are those of the first. */
static int put_hardlink(struct extract *x, int parent_fd, const char *name, const char *path,
	const struct tar_entry *entry, struct err *e)
{
	cleanup_free char *target = NULL, *target_dir = NULL;
	cleanup_close int dir_fd = -EBADF;
	const char *target_name;
	struct stat st;
	size_t n;
	int r = layer_path_clean(entry->link, &target, e);

	if (r < 0)
		return err_wrap(e, r, "%.200s: hard link", path);
	if (!*target || streq(target, path))
		return err_set(e, -EBADMSG, "%.200s: a hard link to itself or to the root", path);
	target_name = layer_path_split(target, &n);
	target_dir = n ? xstrndup(target, n) : xstrdup(".");
	dir_fd = fs_open_beneath(x->root_fd, target_dir, O_RDONLY | O_DIRECTORY, 0);
	if (dir_fd < 0)
		return fail(e, dir_fd, target, "hard link: opening its target");
	if (fstatat(dir_fd, target_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, -errno, "%.200s: hard link to %.100s", path, target);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EBADMSG, "%.200s: a hard link to %.100s, which is no file", path,
			target);
	r = linkat(dir_fd, target_name, parent_fd, name, 0);
	if (r < 0 && errno == EEXIST) {
		r = make_room(x, parent_fd, name, path, e);
		if (r < 0)
			return r;
		r = linkat(dir_fd, target_name, parent_fd, name, 0);
	}
	return r < 0 ? err_errno(e, -errno, "%.200s: hard link to %.100s", path, target) : 0;
}

static int refuse_device(struct extract *x, int parent_fd, const char *name, const char *path,
	const struct tar_entry *entry, struct err *e)
{
	(void)x;
	(void)parent_fd;
	(void)name;
	return err_set(e, -EBADMSG, "%.200s: device nodes (%s %u/%u) are not made from images",
		path, entry->type == TAR_CHAR ? "character" : "block", entry->dev_major,
		entry->dev_minor);
}

static int (*const put[])(struct extract *x, int parent_fd, const char *name, const char *path,
	const struct tar_entry *entry, struct err *e) = {
	[TAR_FILE] = put_file,
	[TAR_HARDLINK] = put_hardlink,
	[TAR_SYMLINK] = put_symlink,
	[TAR_CHAR] = refuse_device,
	[TAR_BLOCK] = refuse_device,
	[TAR_DIR] = put_dir,
	[TAR_FIFO] = put_fifo,
};

/* ---- whiteouts ---------------------------------------------------------------------------------- */

static int hide(
	struct extract *x, int parent_fd, const char *hidden, const char *path, struct err *e)
{
	cleanup_close int fd = -EBADF;
	struct stat st;

	if (mknodat(parent_fd, hidden, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST || fstatat(parent_fd, hidden, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, -errno, "%.200s: making the whiteout", path);
	/* The layer has something of that name itself, and whiteouts reach only layers below. */
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = openat(parent_fd, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, -errno, "%.200s", path);
	return x->options.opaque(x->options.data, fd, e);
}

static int put_whiteout(struct extract *x, enum whiteout kind, int parent_fd, const char *hidden,
	const char *path, const struct tar_entry *entry, struct err *e)
{
	if (entry->type != TAR_FILE && entry->type != TAR_HARDLINK)
		return err_set(e, -EBADMSG, "%.200s: a whiteout that is no file", path);
	if (kind == WHITEOUT_OTHER)
		return 0;
	if (kind == WHITEOUT_FILE)
		return hide(x, parent_fd, hidden, path, e);
	return x->options.opaque(x->options.data, parent_fd, e);
}

/* ---- the sink ----------------------------------------------------------------------------------- */

static int on_entry(void *data, const struct tar_entry *entry, struct err *e)
{
	struct extract *x = data;
	cleanup_free char *path = NULL;
	const char *name, *hidden = NULL;
	int parent_fd, kind, r;
	size_t n;

	if (++x->counts.entries > EXTRACT_ENTRIES_MAX)
		return err_set(e, -EFBIG, "more than %d entries", EXTRACT_ENTRIES_MAX);
	r = layer_path_clean(entry->path, &path, e);
	if (r < 0)
		return r;
	if (!*path)
		return put_root(x, entry, e);
	name = layer_path_split(path, &n);
	kind = layer_whiteout(name, &hidden, e);
	if (kind < 0)
		return kind;
	parent_fd = open_parent(x, path, n, e);
	if (parent_fd < 0)
		return parent_fd;
	if (kind != WHITEOUT_NONE)
		return put_whiteout(x, (enum whiteout)kind, parent_fd, hidden, path, entry, e);
	return put[entry->type](x, parent_fd, name, path, entry, e);
}

static int on_bytes(void *data, const void *bytes, size_t n, struct err *e)
{
	struct extract *x = data;
	int r;

	if (x->file.fd < 0)
		return 0;
	x->counts.file_bytes += n;
	r = fs_write_all(x->file.fd, bytes, n);
	return r < 0 ? err_errno(e, r, "%.200s: writing", x->file.path) : 0;
}

static int on_done(void *data, struct err *e)
{
	struct extract *x = data;
	const struct open_file *f = &x->file;
	int r;

	if (f->fd < 0)
		return 0;
	/* Only now: each write takes file capabilities away. */
	r = metadata_set(f->fd, &f->entry, f->path, &x->counts.dropped_xattrs, e);
	if (r == 0) {
		r = metadata_set_mtime(f->fd, NULL, f->entry.mtime_s, f->entry.mtime_ns);
		if (r < 0)
			r = err_errno(e, r, "%.200s: setting its time", f->path);
	}
	forget_file(x);
	return r;
}

struct tar_sink extract_sink(struct extract *x)
{
	return (struct tar_sink){on_entry, on_bytes, on_done, x};
}

int extract_finish(struct extract *x, struct extract_counts *ret, struct err *e)
{
	for (size_t i = 0; i < x->n_times; i++) {
		const struct dir_time *t = &x->times[i];
		cleanup_close int fd = fs_open_beneath(
			x->root_fd, *t->path ? t->path : ".", O_RDONLY | O_DIRECTORY, 0);
		int r;

		/* A later entry put something else there. */
		if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
			continue;
		r = fd < 0 ? fd
			   : metadata_set_mtime(
				     fd, NULL, t->mtime.tv_sec, (uint32_t)t->mtime.tv_nsec);
		if (r < 0)
			return err_errno(e, r, "%.200s: setting its time", t->path);
	}
	*ret = x->counts;
	return 0;
}
