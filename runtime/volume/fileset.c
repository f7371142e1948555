/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File sets. Written whole into a directory of their own, then one rename of "..data" shows them; the links at
 * the top are made before it (they hang until then) and removed after it.
 */
#include "runtime/volume/fileset.h"

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>

static const char data_link[] = "..data", data_next[] = "..data_tmp";

/* ---- the writing ---------------------------------------------------------------------------------- */

static mode_t file_mode(const json_t *file, int64_t gid)
{
	mode_t mode = (mode_t)json_int(file, "mode", 0644) & 0777;

	return gid >= 0 ? mode | 0440 : mode;
}

static int give(int fd, mode_t mode, int64_t gid)
{
	if (gid >= 0 && fchown(fd, (uid_t)-1, (gid_t)gid) < 0)
		return -errno;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int make_parents(int dir_fd, const char *path, int64_t gid)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *parent = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	cleanup_close int fd = -EBADF;

	if (!parent)
		return 0;
	fd = fs_open_dir(dir_fd, parent, 0755);
	return fd < 0 ? fd : give(fd, gid >= 0 ? 02755 : 0755, gid);
}

static int write_file(int dir_fd, const char *path, const json_t *file, int64_t gid)
{
	const json_t *data = json_object_get(file, "data");
	cleanup_close int fd = -EBADF;
	cleanup_free void *bytes = NULL;
	size_t n;
	int r;

	r = base64_decode(
		(struct sv){json_string_value(data), json_string_length(data)}, &bytes, &n);
	if (r == 0)
		r = make_parents(dir_fd, path, gid);
	if (r < 0)
		return r;
	fd = fs_open_beneath(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return fd;
	r = fs_write_all(fd, bytes, n);
	explicit_bzero(bytes, n);
	return r < 0 ? r : give(fd, file_mode(file, gid), gid);
}

/* ---- comparing: an update that changes nothing must not wake those who watch the volume -------------- */

static bool same_file(int dir_fd, const char *path, const json_t *file, int64_t gid)
{
	cleanup_close int fd = fs_open_beneath(dir_fd, path, O_RDONLY, 0);
	const json_t *data = json_object_get(file, "data");
	cleanup_free void *wanted = NULL;
	cleanup_free char *there = NULL;
	size_t n_wanted, n_there;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & 07777) != file_mode(file, gid) ||
		base64_decode((struct sv){json_string_value(data), json_string_length(data)},
			&wanted, &n_wanted) < 0 ||
		fs_read_fd(fd, n_wanted + 1, &there, &n_there) < 0)
		return false;
	return n_wanted == n_there && memcmp(wanted, there, n_there) == 0;
}

static size_t count_files(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir)))
		if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
			n += entry->d_type == DT_DIR ? count_files(dirfd(dir), entry->d_name) : 1;
	if (dir)
		(void)closedir(dir);
	return n;
}

static bool same_set(int dir_fd, const char *generation, const json_t *files, int64_t gid)
{
	cleanup_close int fd =
		openat(dir_fd, generation, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *path;
	json_t *file;

	if (fd < 0 || count_files(dir_fd, generation) != json_object_size(files))
		return false;
	json_object_foreach ((json_t *)(uintptr_t)files, path, file)
		if (!same_file(fd, path, file, gid))
			return false;
	return true;
}

/* ---- links ---------------------------------------------------------------------------------------- */

static struct sv first_part(const char *path)
{
	struct sv rest = sv(path);

	return sv_cut(&rest, '/');
}

static int link_one(int dir_fd, const char *path)
{
	struct sv part = first_part(path);
	cleanup_free char *name = xstrndup(part.p, part.n);
	cleanup_free char *target = xasprintf("%s/%s", data_link, name);

	if (symlinkat(target, dir_fd, name) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

static bool has_part(const json_t *files, const char *name)
{
	const char *path;
	json_t *file;

	json_object_foreach ((json_t *)(uintptr_t)files, path, file)
		if (sv_eq(first_part(path), name))
			return true;
	return false;
}

/* Removes links whose file is gone and generations but @keep. */
static int sweep(int dir_fd, const json_t *files, const char *keep)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		bool own = strncmp(name, "..", 2) == 0;

		if (streq(name, ".") || streq(name, "..") || streq(name, data_link) ||
			streq(name, keep))
			continue;
		if (own || !has_part(files, name))
			r = fs_remove_tree(dir_fd, name);
	}
	(void)closedir(dir);
	return r;
}

static char *generation_name(uint64_t now_ns)
{
	time_t seconds = (time_t)(now_ns / NS_PER_SEC);
	struct tm tm;
	char text[32];

	(void)gmtime_r(&seconds, &tm);
	(void)strftime(text, sizeof text, "%Y_%m_%d_%H_%M_%S", &tm);
	return xasprintf("..%s.%09llu", text, (unsigned long long)(now_ns % NS_PER_SEC));
}

static int write_generation(
	int dir_fd, const char *name, const json_t *files, int64_t gid, struct err *e)
{
	cleanup_close int fd = -EBADF;
	const char *path;
	json_t *file;
	int r = fs_remove_tree(dir_fd, name);

	if (r < 0)
		return err_errno(e, r, "%s", name);
	fd = fs_open_dir(dir_fd, name, 0755);
	r = fd < 0 ? fd : give(fd, gid >= 0 ? 02755 : 0755, gid);
	if (r < 0)
		return err_errno(e, r, "%s", name);
	json_object_foreach ((json_t *)(uintptr_t)files, path, file) {
		r = write_file(fd, path, file, gid);
		if (r < 0)
			return err_errno(e, r, "file %s", path);
	}
	return 0;
}

static int show(int dir_fd, const char *generation, const json_t *files)
{
	const char *path;
	json_t *file;
	int r = 0;

	json_object_foreach ((json_t *)(uintptr_t)files, path, file) {
		r = link_one(dir_fd, path);
		if (r < 0)
			return r;
	}
	if (unlinkat(dir_fd, data_next, 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(generation, dir_fd, data_next) < 0 ||
		renameat(dir_fd, data_next, dir_fd, data_link) < 0)
		return -errno;
	return 0;
}

int fileset_write(int dir_fd, const json_t *files, const struct fileset_owner *owner, struct err *e)
{
	cleanup_free char *name = generation_name(owner->now_ns);
	char current[128] = "";
	int r;

	if (readlinkat(dir_fd, data_link, current, sizeof current - 1) > 0 &&
		same_set(dir_fd, current, files, owner->gid))
		return 0;
	r = write_generation(dir_fd, name, files, owner->gid, e);
	if (r < 0)
		return r;
	r = show(dir_fd, name, files);
	if (r == 0)
		r = sweep(dir_fd, files, name);
	return r < 0 ? err_errno(e, r, "showing the new files") : 1;
}

uint64_t fileset_size(const json_t *files)
{
	enum { PAGE = 4096, SLACK = 64 << 10 };
	uint64_t pages = 0;
	const char *path;
	json_t *file;

	json_object_foreach ((json_t *)(uintptr_t)files, path, file)
		pages += json_string_length(json_object_get(file, "data")) * 3 / 4 / PAGE + 2;
	return 2 * pages * PAGE + SLACK;
}
