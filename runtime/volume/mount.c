/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts by descriptor. The only string paths in here are numbers below /proc/self/fd, which name
 * descriptors that are already open.
 */
#include "runtime/volume/mount.h"

#include "runtime/base/fs.h"
#include "runtime/base/str.h"

#include <fcntl.h>
#include <sys/mount.h>

static uint64_t attributes(unsigned limits)
{
	static const struct {
		unsigned limit;
		uint64_t attribute;
	} rows[] = {
		{MOUNT_READ_ONLY, MOUNT_ATTR_RDONLY},
		{MOUNT_NO_SUID, MOUNT_ATTR_NOSUID},
		{MOUNT_NO_DEV, MOUNT_ATTR_NODEV},
		{MOUNT_NO_EXEC, MOUNT_ATTR_NOEXEC},
	};
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (limits & rows[i].limit)
			set |= rows[i].attribute;
	return set;
}

static int set_number(int fs, const char *key, const char *format, uint64_t value)
{
	char text[32];

	(void)snprintf(
		text, sizeof text, format[1] == 'o' ? "%llo" : "%llu", (unsigned long long)value);
	return fsconfig(fs, FSCONFIG_SET_STRING, key, text, 0) < 0 ? -errno : 0;
}

int mount_tmpfs(const struct mount_tmpfs *t)
{
	cleanup_close int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int fd, r = 0;

	if (fs < 0)
		return -errno;
	if (t->size_bytes)
		r = set_number(fs, "size", "%u", t->size_bytes);
	if (r == 0 && t->inodes)
		r = set_number(fs, "nr_inodes", "%u", t->inodes);
	if (r == 0)
		r = set_number(fs, "mode", "%o", t->mode);
	if (r < 0)
		return r;
	if (t->no_swap)
		(void)fsconfig(fs, FSCONFIG_SET_FLAG, "noswap", NULL, 0);
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes(t->limits));
	return fd < 0 ? -errno : fd;
}

int mount_tmpfs_resize(int fd, uint64_t size_bytes)
{
	cleanup_close int fs = fspick(fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	int r;

	if (fs < 0)
		return -errno;
	r = set_number(fs, "size", "%u", size_bytes);
	if (r == 0 && fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		r = -errno;
	return r;
}

int mount_clone(int fd, unsigned limits)
{
	/* Private: what the host mounts later below a hostPath is not the container's (propagation None). */
	struct mount_attr attr = {.attr_set = attributes(limits), .propagation = MS_PRIVATE};
	cleanup_close int tree = open_tree(
		fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);

	if (tree < 0)
		return -errno;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) < 0)
		return -errno;
	return take_fd(tree);
}

int mount_attach(int mount_fd, int target_fd)
{
	if (move_mount(mount_fd, "", target_fd, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)close(fds[i]);
}

/* "lowerdir=7:8:9": the numbers are relative paths from /proc/self/fd, so that any number of layers with
 * names of any length fit into the one page that mount(2) takes. */
static int open_layers(
	int layers_fd, char *const *layers, size_t n, int *fds, struct str *options, struct err *e)
{
	str_add(options, "lowerdir=");
	for (size_t i = 0; i < n; i++) {
		fds[i] = fs_open_beneath(layers_fd, layers[i], O_PATH | O_DIRECTORY, 0);
		if (fds[i] < 0) {
			int r = err_errno(e, fds[i], "image layer %s", layers[i]);

			close_all(fds, i);
			return r;
		}
		str_addf(options, "%s%d", i ? ":" : "", fds[i]);
	}
	return 0;
}

static int mount_it(const struct str *options, int target_fd)
{
	cleanup_str struct str with = {0};
	char target[16];

	(void)snprintf(target, sizeof target, "%d", target_fd);
	str_addf(&with, "%s,volatile", options->p);
	if (mount("overlay", target, "overlay", 0, with.p) == 0)
		return 0;
	if (errno != EINVAL) /* a kernel without "volatile" */
		return -errno;
	return mount("overlay", target, "overlay", 0, options->p) < 0 ? -errno : 0;
}

int mount_overlay(int layers_fd, char *const *layers, size_t n_layers, int upper_fd, int work_fd,
	int target_fd, struct err *e)
{
	cleanup_str struct str options = {0};
	cleanup_free int *fds = xcalloc(n_layers, sizeof *fds);
	int r = open_layers(layers_fd, layers, n_layers, fds, &options, e);

	if (r < 0)
		return r;
	str_addf(&options, ",upperdir=%d,workdir=%d", upper_fd, work_fd);
	r = chdir("/proc/self/fd") < 0 ? -errno : mount_it(&options, target_fd);
	close_all(fds, n_layers);
	return r < 0 ? err_errno(e, r, "mounting the image's %zu layers", n_layers) : 0;
}
