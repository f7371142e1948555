/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of files as a tar stream, made as it is asked for: one entry is open at a time. Links stay links, for it is the
 * container's tar that makes them, inside of the container.
 */
#include "agent/cli/cp.h"

#include "runtime/base/fs.h"
#include "runtime/tar/tar_write.h"

#include <fcntl.h>
#include <fts.h>

struct cp_up {
	FTS *walk;
	size_t skip; /* how much of a path is the user's, and stands for the name */
	char *name;
	int fd;		  /* of the file at work */
	uint64_t left;	  /* of its bytes */
	struct str ready; /* headers and padding */
	size_t ready_at;
	bool ended;
};

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int cp_up_new(const char *local, const char *name, struct cp_up **ret, struct err *e)
{
	CLEANUP(cp_up_free) struct cp_up *u = xcalloc(1, sizeof *u);
	cleanup_free char *path = xstrdup(local);
	char *const roots[] = {path, NULL};
	struct stat st;

	u->fd = -EBADF;
	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	if (lstat(path, &st) < 0)
		return err_set(e, -errno, "%s doesn't exist in local filesystem", local);
	u->skip = strlen(path);
	u->name = xstrdup(name);
	u->walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (!u->walk)
		return err_errno(e, -errno, "%s", local);
	*ret = take(u);
	return 0;
}

void cp_up_free(struct cp_up *own_u)
{
	if (!own_u)
		return;
	if (own_u->walk)
		(void)fts_close(own_u->walk);
	if (own_u->fd >= 0)
		(void)close(own_u->fd);
	str_done(&own_u->ready);
	free(own_u->name);
	free(own_u);
}

static int put_file(struct cp_up *u, const FTSENT *f, struct tar_entry *entry, struct err *e)
{
	struct stat st;

	u->fd = open(f->fts_accpath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (u->fd < 0 || fstat(u->fd, &st) < 0)
		return err_errno(e, -errno, "%s", f->fts_path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "%s has become something else than a file", f->fts_path);
	u->left = entry->size_bytes = (uint64_t)st.st_size;
	tar_put(&u->ready, entry);
	return 0;
}

static int put_link(struct cp_up *u, const FTSENT *f, struct tar_entry *entry, struct err *e)
{
	char target[4096];
	ssize_t n = readlink(f->fts_accpath, target, sizeof target - 1);

	if (n < 0)
		return err_errno(e, -errno, "%s", f->fts_path);
	target[n] = '\0';
	entry->link = target;
	entry->type = TAR_SYMLINK;
	tar_put(&u->ready, entry);
	return 0;
}

static int put_entry(struct cp_up *u, const FTSENT *f, struct err *e)
{
	cleanup_free char *path = xasprintf("%s%s", u->name, f->fts_path + u->skip);
	struct tar_entry entry = {.type = TAR_FILE, .path = path, .link = ""};

	if (f->fts_info == FTS_DNR || f->fts_info == FTS_ERR || f->fts_info == FTS_NS)
		return err_errno(e, -f->fts_errno, "%s", f->fts_path);
	entry.mode = f->fts_statp->st_mode & 07777;
	entry.uid = f->fts_statp->st_uid;
	entry.gid = f->fts_statp->st_gid;
	entry.mtime_s = f->fts_statp->st_mtime;
	switch (f->fts_info) {
	case FTS_F:
		return put_file(u, f, &entry, e);
	case FTS_D:
		entry.type = TAR_DIR;
		tar_put(&u->ready, &entry);
		return 0;
	case FTS_SL:
	case FTS_SLNONE:
		return put_link(u, f, &entry, e);
	case FTS_DP: /* the second visit of a directory */
		return 0;
	default:
		return err_set(e, -EINVAL, "%s is neither file, directory nor link", f->fts_path);
	}
}

/* The next entry's header, or the end's. */
static int next(struct cp_up *u, struct err *e)
{
	const FTSENT *f;

	u->ready.n = u->ready_at = 0;
	errno = 0;
	f = fts_read(u->walk);
	if (f)
		return put_entry(u, f, e);
	if (errno)
		return err_errno(e, -errno, "reading the directory");
	tar_put_end(&u->ready);
	u->ended = true;
	return 0;
}

static ssize_t read_file(struct cp_up *u, char *buf, size_t n, struct err *e)
{
	ssize_t got = read(u->fd, buf, n < u->left ? n : (size_t)u->left);

	if (got < 0)
		return err_errno(e, -errno, "reading a file");
	if (got == 0)
		return err_set(e, -EIO, "a file became shorter while it was copied");
	u->left -= (uint64_t)got;
	return got;
}

static void end_file(struct cp_up *u)
{
	static const char zeros[512];
	off_t size = lseek(u->fd, 0, SEEK_CUR);

	(void)close(u->fd);
	u->fd = -EBADF;
	u->ready.n = u->ready_at = 0;
	str_addn(&u->ready, zeros, tar_pad_bytes((uint64_t)size));
}

ssize_t cp_up_read(struct cp_up *u, char *buf, size_t n, struct err *e)
{
	for (;;) {
		size_t waiting = u->ready.n - u->ready_at;
		int r = 0;

		if (waiting) {
			waiting = waiting < n ? waiting : n;
			memcpy(buf, u->ready.p + u->ready_at, waiting);
			u->ready_at += waiting;
			return (ssize_t)waiting;
		}
		if (u->fd >= 0 && u->left)
			return read_file(u, buf, n, e);
		if (u->fd >= 0)
			end_file(u);
		else if (u->ended)
			return 0;
		else
			r = next(u, e);
		if (r < 0)
			return r;
	}
}
