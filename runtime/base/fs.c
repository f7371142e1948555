/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by directory descriptor. The one module that opens paths which an image or a pod may have
 * shaped (safety R1), writes berth's own files atomically, and removes trees without ever leaving
 * them (R23).
 */
#include "runtime/base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static int open_how(int root_fd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = resolve,
	};
	long fd;

	/* EAGAIN: a rename raced with the walk (openat2(2)); an attacker may race for ever. */
	for (int tries = 0; tries < 64; tries++) {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof how);
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

int fs_open_in(int root_fd, const char *path, int flags, mode_t mode)
{
	return open_how(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int fs_open_beneath(int root_fd, const char *path, int flags, mode_t mode)
{
	return open_how(root_fd, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int fs_open_dir(int root_fd, const char *path, mode_t mode)
{
	cleanup_free char *rest = xstrdup(path);
	cleanup_close int at = -EBADF;
	char *next = rest, *part;
	int dir = root_fd;

	while ((part = strsep(&next, "/"))) {
		int fd;

		if (!*part)
			continue;
		if (mkdirat(dir, part, mode) < 0 && errno != EEXIST)
			return -errno;
		fd = fs_open_beneath(dir, part, O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0)
			return fd;
		if (at >= 0)
			(void)close(at);
		dir = at = fd;
	}
	return at >= 0 ? take_fd(at) : fs_open_beneath(root_fd, ".", O_RDONLY | O_DIRECTORY, 0);
}

int fs_mkdir_p(int root_fd, const char *path, mode_t mode)
{
	cleanup_close int fd = fs_open_dir(root_fd, path, mode);

	return fd < 0 ? fd : 0;
}

int fs_read_fd(int fd, size_t max, char **ret_p, size_t *ret_n)
{
	cleanup_free char *p = NULL;
	size_t n = 0, cap = 0;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	cap = st.st_size > 0 && (uint64_t)st.st_size <= max ? (size_t)st.st_size + 2 : 4096;
	for (;;) {
		char *grown = !p || cap - n < 2 ? realloc(p, p ? cap *= 2 : cap) : p;
		ssize_t got;

		if (!grown)
			return -ENOMEM;
		p = grown;
		got = read(fd, p + n, cap - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > max)
			return -EFBIG;
	}
	p[n] = '\0';
	*ret_p = take(p);
	if (ret_n)
		*ret_n = n;
	return 0;
}

int fs_read(int dir_fd, const char *path, size_t max, char **ret_p, size_t *ret_n)
{
	cleanup_close int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return fs_read_fd(fd, max, ret_p, ret_n);
}

int fs_write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int fs_write_atomic(
	int dir_fd, const char *name, const void *bytes, size_t n, mode_t mode, enum fs_sync sync)
{
	cleanup_free char *temporary = xasprintf(".%s.new", name);
	cleanup_close int fd = -EBADF;
	int r;

	if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, bytes, n);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0 && sync == FS_SYNC && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir_fd, temporary, 0);
	else if (sync == FS_SYNC && fsync(dir_fd) < 0)
		r = -errno;
	return r;
}

int fs_mount_id(int dir_fd, const char *name, uint64_t *ret_id, bool *ret_is_root)
{
	struct statx stx;

	if (statx(dir_fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID,
		    &stx) < 0)
		return -errno;
	*ret_id = stx.stx_mnt_id;
	*ret_is_root = stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return 0;
}

static int remove_entry(int dir_fd, const char *name, uint64_t mount_id, int depth);

/* Empties the directory behind @own_fd, which is closed. */
static int remove_entries(int own_fd, uint64_t mount_id, int depth)
{
	DIR *dir = fdopendir(own_fd);
	int r = 0;

	if (!dir) {
		r = -errno;
		(void)close(own_fd);
		return r;
	}
	for (;;) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			r = -errno;
			break;
		}
		if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		r = remove_entry(dirfd(dir), entry->d_name, mount_id, depth);
		if (r < 0)
			break;
	}
	(void)closedir(dir);
	return r;
}

static int remove_entry(int dir_fd, const char *name, uint64_t mount_id, int depth)
{
	uint64_t id;
	bool is_root;
	int fd, r;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM && errno != EBUSY)
		return -errno;
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY)
		return -errno;
	if (depth == 0)
		return -ELOOP;
	r = fs_mount_id(dir_fd, name, &id, &is_root);
	if (r < 0)
		return r;
	if (is_root || id != mount_id)
		return -EXDEV;
	fd = fs_open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	r = remove_entries(fd, mount_id, depth - 1);
	if (r < 0)
		return r;
	return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int fs_remove_tree(int dir_fd, const char *name)
{
	enum {
		DEPTH_MAX = 256
	}; /* open descriptors at once; layers are refused beyond depth 128 (R15) */
	uint64_t id;
	bool is_root;
	int r = fs_mount_id(dir_fd, "", &id, &is_root);

	return r < 0 ? r : remove_entry(dir_fd, name, id, DEPTH_MAX);
}

int fs_socket_address(int dir_fd, const char *name, struct sockaddr_un *ret)
{
	int n;

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	n = snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
	return n < 0 || (size_t)n >= sizeof ret->sun_path ? -ENAMETOOLONG : 0;
}
