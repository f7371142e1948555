/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's device nodes, for privileged containers. Source: what containerd and CRI-O hand over; terminals,
 * shared memory and message queues are left out, for the container has its own.
 */
#include "runtime/base/json.h"
#include "runtime/bundle/bundle.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { DEPTH = 3 };

static bool is_own(const char *name)
{
	static const char *const names[] = {"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts",
		".udev", "console", "ptmx", "null", "zero", "full", "random", "urandom", "tty"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(names[i], name))
			return true;
	return false;
}

static void add_device(json_t *list, const char *path, const struct stat *st)
{
	json_t *d = json_object();

	json_put_str(d, "path", path);
	json_put_str(d, "type", S_ISBLK(st->st_mode) ? "b" : "c");
	json_put_int(d, "major", major(st->st_rdev));
	json_put_int(d, "minor", minor(st->st_rdev));
	json_put_int(d, "fileMode", st->st_mode & 0777);
	json_put_int(d, "uid", st->st_uid);
	json_put_int(d, "gid", st->st_gid);
	json_push(list, d);
}

static void walk(json_t *list, int own_fd, const char *prefix, int depth)
{
	DIR *dir = own_fd < 0 ? NULL : fdopendir(own_fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s/%s", prefix, entry->d_name);
		struct stat st;

		if (entry->d_name[0] == '.' || (depth == DEPTH && is_own(entry->d_name)) ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth > 1)
			walk(list,
				openat(dirfd(dir), entry->d_name,
					O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
				path, depth - 1);
		else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			add_device(list, path, &st);
	}
	if (dir)
		(void)closedir(dir);
}

json_t *bundle_host_devices(int dev_fd)
{
	json_t *list = json_array();

	walk(list, openat(dev_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "/dev", DEPTH);
	return list;
}
