/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner, mode, xattrs and time of what a layer has just made, in the one order that keeps all of them.
 */
#include "runtime/image/metadata.h"

#include "runtime/base/str.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

int metadata_set_mtime(int dir_fd, const char *name, int64_t s, uint32_t ns)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = s, .tv_nsec = (long)ns}};
	int r = name ? utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW)
		     : futimens(dir_fd, times);

	return r < 0 ? -errno : 0;
}

/* security.capability is what setcap wrote; user.* is the image's own. overlayfs's own marks are not the image's to set. */
static bool keep_xattr(const char *name)
{
	struct sv n = sv(name);

	return sv_eq(n, "security.capability") ||
	       (sv_starts(n, "user.") && !sv_starts(n, "user.overlay."));
}

static int set_xattrs(
	int fd, const struct tar_entry *entry, const char *path, uint64_t *dropped, struct err *e)
{
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];

		if (!keep_xattr(xattr->name)) {
			++*dropped;
			continue;
		}
		if (fsetxattr(fd, xattr->name, xattr->value, xattr->n, 0) == 0)
			continue;
		/* tmpfs has no user.* before Linux 6.6; nothing that runs depends on them. */
		if (errno != EOPNOTSUPP || !sv_starts(sv(xattr->name), "user."))
			return err_errno(e, -errno, "%.200s: setting xattr %s", path, xattr->name);
		++*dropped;
	}
	return 0;
}

/* Owner first: changing it takes setuid bits and file capabilities away. */
int metadata_set(
	int fd, const struct tar_entry *entry, const char *path, uint64_t *dropped, struct err *e)
{
	if (fchown(fd, entry->uid, entry->gid) < 0)
		return err_errno(e, -errno, "%.200s: setting its owner", path);
	if (fchmod(fd, entry->mode) < 0)
		return err_errno(e, -errno, "%.200s: setting its mode", path);
	return set_xattrs(fd, entry, path, dropped, e);
}

int metadata_set_at(int dir_fd, const char *name, const struct tar_entry *entry, const char *path,
	struct err *e)
{
	int r;

	if (fchownat(dir_fd, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, -errno, "%.200s: setting its owner", path);
	r = metadata_set_mtime(dir_fd, name, entry->mtime_s, entry->mtime_ns);
	return r < 0 ? err_errno(e, r, "%.200s: setting its time", path) : 0;
}
