/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, auditing and locking berth's own directories. The audit covers the directories that hold
 * secrets or decide what runs as root: others must not be able to read or change them.
 */
#include "agent/node/tree.h"

#include "runtime/base/fs.h"
#include "runtime/base/str.h"

#include <fcntl.h>
#include <sys/file.h>

static const struct tree_directory {
	const char *path;
	mode_t forbidden; /* mode bits that it may not have */
} directories[] = {
	{"var/lib/berth", 077},
	{"run/berth", 067}, /* the group of the socket may pass through */
	{"etc/berth", 022},
	{"etc/berth/manifests", 022},
	{"var/log/pods", 022},
};

char *tree_path(const struct tree *t, const char *below)
{
	return xasprintf("%s/%s", t->root, below);
}

static int audit(const struct tree *t, const struct tree_directory *d, struct err *e)
{
	cleanup_free char *path = tree_path(t, d->path);
	struct stat st;

	if (fstatat(t->root_fd, d->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, -errno, "looking at %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, -EPERM, "%s is not a directory; move it away", path);
	if (st.st_uid != geteuid())
		return err_set(e, -EPERM, "%s belongs to uid %u; run: chown root:root %s", path,
			(unsigned)st.st_uid, path);
	if (st.st_mode & d->forbidden)
		return err_set(e, -EPERM, "%s has mode %04o, so others could %s; run: chmod %s %s",
			path, (unsigned)(st.st_mode & 07777),
			st.st_mode & 022 ? "change it" : "read it",
			d->forbidden & 055 ? "0700" : "go-w", path);
	return 0;
}

/* Parents may be others' (var, run, etc): only the last part is berth's. */
static int make_directory(const struct tree *t, const struct tree_directory *d, struct err *e)
{
	const char *last = strrchr(d->path, '/') + 1;
	cleanup_free char *parent = xstrndup(d->path, (size_t)(last - d->path));
	cleanup_free char *path = tree_path(t, d->path);
	cleanup_close int fd = fs_open_in(t->root_fd, parent, O_RDONLY | O_DIRECTORY, 0);

	if (fd == -ENOENT)
		fd = fs_open_dir(t->root_fd, parent, 0755);
	if (fd < 0)
		return err_errno(e, fd, "making %s", path);
	if (mkdirat(fd, last, 0700) < 0 && errno != EEXIST)
		return err_errno(e, -errno, "making %s", path);
	return audit(t, d, e);
}

static int take_lock(struct tree *t, struct err *e)
{
	char text[32] = "";
	ssize_t n;

	t->lock_fd = openat(t->run_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (t->lock_fd < 0)
		return err_errno(e, -errno, "opening %s/run/berth/lock", t->root);
	if (flock(t->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		/* Who it is may not be written yet. */
		n = pread(t->lock_fd, text, sizeof text - 1, 0);
		text[n > 0 ? n : 0] = '\0';
		text[strcspn(text, "\n")] = '\0';
		return err_set(e, -EBUSY,
			"another berthd%s%s%s runs on root %s; stop it, or give this one its "
			"own --root",
			text[0] ? " (pid " : "", text, text[0] ? ")" : "",
			t->root[0] ? t->root : "/");
	}
	(void)snprintf(text, sizeof text, "%d\n", (int)getpid());
	if (ftruncate(t->lock_fd, 0) < 0 || pwrite(t->lock_fd, text, strlen(text), 0) < 0)
		return err_errno(e, -errno, "writing %s/run/berth/lock", t->root);
	return 0;
}

static int open_part(const struct tree *t, const char *path, int *ret, struct err *e)
{
	int fd = fs_open_in(t->root_fd, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_errno(e, fd, "opening %s/%s", t->root, path);
	*ret = fd;
	return 0;
}

static int open_all(struct tree *t, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++)
		r = make_directory(t, &directories[i], e);
	r = r ? r : open_part(t, "var/lib/berth", &t->lib_fd, e);
	r = r ? r : open_part(t, "run/berth", &t->run_fd, e);
	r = r ? r : open_part(t, "etc/berth/manifests", &t->manifests_fd, e);
	return r ? r : take_lock(t, e);
}

int tree_open(const char *root, struct tree *ret, struct err *e)
{
	struct tree t = {NULL, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF};
	int r;

	t.root = realpath(root ? root : "/", NULL);
	if (!t.root)
		return err_errno(e, -errno, "root %s", root);
	if (streq(t.root, "/"))
		t.root[0] = '\0';
	t.root_fd = open(t.root[0] ? t.root : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = t.root_fd < 0 ? err_errno(e, -errno, "opening %s", t.root) : open_all(&t, e);
	if (r < 0) {
		tree_close(&t);
		return r;
	}
	*ret = t;
	return 0;
}

void tree_close(struct tree *t)
{
	int *const fds[] = {&t->root_fd, &t->lib_fd, &t->run_fd, &t->manifests_fd, &t->lock_fd};

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (*fds[i] >= 0)
			(void)close(take_fd(*fds[i]));
	free(take(t->root));
}
