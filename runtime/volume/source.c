/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of volumes. A host path is the only one that is looked up by a path somebody chose: the pod's author,
 * who by that field has been given the host's tree (the agent decides who may).
 */
#include "runtime/volume/source.h"

#include "runtime/base/fs.h"
#include "runtime/volume/fileset.h"
#include "runtime/volume/mount.h"
#include "runtime/volume/place.h"

#include <fcntl.h>

unsigned source_limits(const struct plan_volume *v)
{
	static const unsigned limits[PLAN_VOLUME_MAX] = {
		[PLAN_VOLUME_FILES] =
			MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEV | MOUNT_NO_EXEC, /* R22 */
		[PLAN_VOLUME_EMPTY_DIR] = MOUNT_NO_DEV,
		[PLAN_VOLUME_TMPFS] = MOUNT_NO_DEV,
		[PLAN_VOLUME_HOST_PATH] = 0,
	};

	return limits[v->kind];
}

/* fsGroup on a volume that the pod owns and that is still empty: its directory is all there is to change. */
static int own(int fd, const struct plan *p, mode_t mode)
{
	if (p->fs_group != PLAN_NONE) {
		if (fchown(fd, (uid_t)-1, (gid_t)p->fs_group) < 0)
			return -errno;
		mode |= 02070;
	}
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int prepare_dir(
	const struct source_dirs *dirs, const struct plan *p, const struct plan_volume *v)
{
	cleanup_close int fd = -EBADF;

	if (mkdirat(dirs->disk_fd, v->name, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	fd = fs_open_beneath(dirs->disk_fd, v->name, O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? fd : own(fd, p, v->mode);
}

static int prepare_tmpfs(const struct source_dirs *dirs, const struct plan *p,
	const struct plan_volume *v, const struct mount_tmpfs *options)
{
	cleanup_close int target = fs_open_dir(dirs->tmpfs_fd, v->name, 0700);
	cleanup_close int tmpfs = -EBADF, dir = -EBADF;
	int r;

	if (target < 0)
		return target;
	tmpfs = mount_tmpfs(options);
	r = tmpfs < 0 ? tmpfs : mount_attach(tmpfs, target);
	if (r < 0)
		return r;
	dir = fs_open_beneath(dirs->tmpfs_fd, v->name, O_RDONLY | O_DIRECTORY, 0);
	return dir < 0 ? dir : own(dir, p, options->mode);
}

static int is_mounted(const struct source_dirs *dirs, const char *name)
{
	uint64_t id;
	bool is_root;
	int r = fs_mount_id(dirs->tmpfs_fd, name, &id, &is_root);

	return r == -ENOENT ? 0 : r < 0 ? r : is_root;
}

int source_prepare(const struct source_dirs *dirs, const struct plan *p,
	const struct plan_volume *v, struct err *e)
{
	int r = 0;

	if (v->kind == PLAN_VOLUME_EMPTY_DIR) {
		r = prepare_dir(dirs, p, v);
	} else if (v->kind == PLAN_VOLUME_TMPFS) {
		const struct mount_tmpfs options = {.size_bytes = v->size_bytes, .mode = v->mode};

		r = is_mounted(dirs, v->name);
		if (r == 0)
			r = prepare_tmpfs(dirs, p, v, &options);
	}
	return r < 0 ? err_errno(e, r, "volume %s", v->name) : 0;
}

int source_write_files(const struct source_dirs *dirs, const struct plan *p,
	const struct plan_volume *v, const json_t *files, uint64_t now_ns, struct err *e)
{
	const struct fileset_owner owner = {.gid = p->fs_group, .now_ns = now_ns};
	const struct mount_tmpfs options = {
		.size_bytes = v->size_bytes ? v->size_bytes : fileset_size(files),
		.mode = 0755,
		.no_swap = true,
		.limits = MOUNT_NO_SUID | MOUNT_NO_DEV | MOUNT_NO_EXEC};
	cleanup_close int dir = -EBADF;
	int r = is_mounted(dirs, v->name);

	if (r == 0)
		r = prepare_tmpfs(dirs, p, v, &options);
	if (r < 0)
		return err_errno(e, r, "volume %s", v->name);
	dir = fs_open_beneath(dirs->tmpfs_fd, v->name, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return err_errno(e, dir, "volume %s", v->name);
	r = mount_tmpfs_resize(dir, options.size_bytes);
	if (r < 0)
		return err_errno(e, r, "volume %s: %llu bytes", v->name,
			(unsigned long long)options.size_bytes);
	r = fileset_write(dir, files, &owner, e);
	return r < 0 ? err_wrap(e, r, "volume %s", v->name) : r;
}

/* ---- host paths ------------------------------------------------------------------------------------ */

/* What each type wants to find; 0: anything. Source: Kubernetes, hostPath volume types. */
static const struct {
	mode_t format;
	bool create;
	const char *wanted;
} host_types[PLAN_HOST_MAX] = {
	[PLAN_HOST_ANY] = {0, false, ""},
	[PLAN_HOST_DIRECTORY_OR_CREATE] = {S_IFDIR, true, "a directory"},
	[PLAN_HOST_DIRECTORY] = {S_IFDIR, false, "a directory"},
	[PLAN_HOST_FILE_OR_CREATE] = {S_IFREG, true, "a file"},
	[PLAN_HOST_FILE] = {S_IFREG, false, "a file"},
	[PLAN_HOST_SOCKET] = {S_IFSOCK, false, "a socket"},
	[PLAN_HOST_CHAR_DEVICE] = {S_IFCHR, false, "a character device"},
	[PLAN_HOST_BLOCK_DEVICE] = {S_IFBLK, false, "a block device"},
};

static int create_host(const struct plan_volume *v, struct err *e)
{
	cleanup_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (v->host_type == PLAN_HOST_DIRECTORY_OR_CREATE)
		return place_dir(root, v->host_path, 0755, e);
	/* The parents of a file are not made (Kubernetes says so). */
	fd = open(v->host_path, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(e, -errno, "creating %s", v->host_path);
	return fd;
}

static int open_host(const struct plan_volume *v, struct err *e)
{
	cleanup_close int fd = open(v->host_path, O_PATH | O_CLOEXEC);
	struct stat st;
	mode_t format = host_types[v->host_type].format;

	if (fd < 0 && errno == ENOENT && host_types[v->host_type].create)
		fd = create_host(v, e);
	else if (fd < 0)
		return err_errno(e, -errno, "host path %s", v->host_path);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "host path %s", v->host_path);
	if (format && (st.st_mode & S_IFMT) != format)
		return err_set(e, -EINVAL, "host path %s is not %s", v->host_path,
			host_types[v->host_type].wanted);
	return take_fd(fd);
}

static int open_volume(const struct source_dirs *dirs, const struct plan_volume *v, struct err *e)
{
	int dir = v->kind == PLAN_VOLUME_EMPTY_DIR ? dirs->disk_fd : dirs->tmpfs_fd, fd;

	if (v->kind == PLAN_VOLUME_HOST_PATH)
		return open_host(v, e);
	fd = fs_open_beneath(dir, v->name, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? err_errno(e, fd, "not prepared") : fd;
}

/* A subPath that is missing is made with the mode of its volume, whatever the umask (Kubernetes, subPath). */
static int make_sub_path(int volume_fd, const char *path, struct err *e)
{
	cleanup_close int sub = -EBADF, dir = -EBADF;
	struct stat st;

	if (fstat(volume_fd, &st) < 0)
		return err_errno(e, -errno, "subPath %s", path);
	sub = place_dir(volume_fd, path, st.st_mode & 0777, e);
	if (sub < 0)
		return sub;
	dir = openat(sub, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fchmod(dir, st.st_mode & 07777) < 0)
		return err_errno(e, -errno, "subPath %s", path);
	return take_fd(sub);
}

int source_open(const struct source_dirs *dirs, const struct plan_volume *v,
	const struct plan_mount *m, struct err *e)
{
	cleanup_close int fd = open_volume(dirs, v, e);
	int sub;

	if (fd < 0)
		return err_wrap(e, fd, "volume %s", v->name);
	if (!m->sub_path)
		return take_fd(fd);
	sub = fs_open_in(fd, m->sub_path, O_PATH, 0);
	if (sub == -ENOENT && v->kind != PLAN_VOLUME_FILES)
		sub = make_sub_path(fd, m->sub_path, e);
	else if (sub < 0)
		sub = err_errno(e, sub, "subPath %s", m->sub_path);
	return sub < 0 ? err_wrap(e, sub, "volume %s", v->name) : sub;
}
