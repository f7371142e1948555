/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in a stranger's tree. Everything is openat2 below the root, then calls relative to the descriptor it
 * gave: a name that is swapped meanwhile can lead to another place in the same tree only.
 */
#include "runtime/volume/place.h"

#include "runtime/base/fs.h"
#include "runtime/base/str.h"

#include <fcntl.h>

/* Splits into parent ("" when there is none) and last part; @parent is of PATH_MAX bytes. */
static int split(const char *path, char *parent, size_t size, const char **ret_last)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(parent, path, n);
	parent[n] = '\0';
	*ret_last = slash ? slash + 1 : path;
	return (*ret_last)[0] ? 0 : -EINVAL;
}

static int make_dir(int root_fd, const char *path, mode_t mode)
{
	char parent[4096];
	cleanup_close int dir = -EBADF;
	const char *last;
	int fd, r;

	fd = fs_open_in(root_fd, path[0] ? path : ".", O_PATH | O_DIRECTORY, 0);
	if (fd != -ENOENT)
		return fd;
	r = split(path, parent, sizeof parent, &last);
	if (r < 0)
		return r;
	dir = make_dir(root_fd, parent, mode);
	if (dir < 0)
		return dir;
	if (mkdirat(dir, last, mode) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dir, last, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* EEXIST and then no directory: a link that leads nowhere stands there. */
	return fd >= 0 ? fd : errno == ENOTDIR ? -ELOOP : -errno;
}

int place_dir(int root_fd, const char *path, mode_t mode, struct err *e)
{
	int fd = make_dir(root_fd, path, mode);

	if (fd == -ENOTDIR)
		return err_set(e, fd, "%s, or a part of it, is a file", path);
	if (fd == -ELOOP)
		return err_set(e, fd, "%s, or a part of it, is a link that leads nowhere", path);
	return fd < 0 ? err_errno(e, fd, "%s", path) : fd;
}

int place_mount_dir(int root_fd, const char *path, mode_t mode, struct err *e)
{
	cleanup_close int fd = place_dir(root_fd, path, mode, e);
	struct stat root, st;

	if (fd < 0)
		return fd;
	if (fstat(root_fd, &root) < 0 || fstat(fd, &st) < 0)
		return err_errno(e, -errno, "%s", path);
	if (st.st_dev == root.st_dev && st.st_ino == root.st_ino)
		return err_set(e, -EINVAL,
			"%s leads to the root directory by a link of the image or of a volume; "
			"nothing may be mounted over the root: choose another mountPath",
			path);
	return take_fd(fd);
}

static int open_file(int root_fd, const char *path, struct err *e)
{
	cleanup_close int fd = fs_open_in(root_fd, path, O_PATH, 0);
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT ? fd : err_errno(e, fd, "%s", path);
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(
			e, -EISDIR, "%s is a directory; a file is to be mounted there", path);
	return take_fd(fd);
}

static int make_file(int dir, const char *last, const char *path, struct err *e)
{
	int fd = openat(dir, last, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0 && errno == EEXIST)
		return err_set(e, -ELOOP, "%s is a link that leads nowhere", path);
	if (fd < 0)
		return err_errno(e, -errno, "%s", path);
	(void)close(fd);
	fd = openat(dir, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_errno(e, -errno, "%s", path) : fd;
}

static int open_parent(int root_fd, const char *path, const char **ret_last, struct err *e)
{
	char parent[4096];
	int r = split(path, parent, sizeof parent, ret_last);

	return r < 0 ? err_errno(e, r, "%s", path) : place_dir(root_fd, parent, 0755, e);
}

int place_file(int root_fd, const char *path, struct err *e)
{
	cleanup_close int dir = -EBADF;
	const char *last;
	int fd = open_file(root_fd, path, e);

	if (fd != -ENOENT)
		return fd;
	dir = open_parent(root_fd, path, &last, e);
	return dir < 0 ? dir : make_file(dir, last, path, e);
}

int place_own_file(int root_fd, const char *path, struct err *e)
{
	cleanup_close int dir = -EBADF;
	uint64_t root_mount, dir_mount;
	bool is_root;
	struct stat st;
	const char *last;
	int r;

	dir = open_parent(root_fd, path, &last, e);
	if (dir < 0)
		return dir;
	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? make_file(dir, last, path, e)
				       : err_errno(e, -errno, "%s", path);
	if (!S_ISLNK(st.st_mode))
		return place_file(root_fd, path, e);
	r = fs_mount_id(root_fd, "", &root_mount, &is_root);
	if (r == 0)
		r = fs_mount_id(dir, "", &dir_mount, &is_root);
	if (r < 0)
		return err_errno(e, r, "%s", path);
	if (root_mount != dir_mount)
		return place_file(root_fd, path, e);
	if (unlinkat(dir, last, 0) < 0)
		return err_errno(e, -errno, "%s", path);
	return make_file(dir, last, path, e);
}

int place_check_reserved(int root_fd, struct err *e)
{
	static const char *const names[] = {"dev", "proc", "sys"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct stat st;

		if (fstatat(root_fd, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT)
				continue;
			return err_errno(e, -errno, "/%s", names[i]);
		}
		if (!S_ISDIR(st.st_mode))
			return err_set(e, -EINVAL,
				"/%s of the image is %s, not a directory: such an image could "
				"reach "
				"the host and is refused",
				names[i], S_ISLNK(st.st_mode) ? "a link" : "a file");
	}
	return 0;
}
