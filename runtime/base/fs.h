/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by directory descriptor and relative name. What a stranger may have shaped (an image, a
 * volume) is opened through fs_open_in only (safety R1); what berth itself owns is written
 * atomically. Every function returns 0 or a descriptor, or -errno.
 */
#ifndef RUNTIME_BASE_FS_H
#define RUNTIME_BASE_FS_H

#include "runtime/base/own.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>

/**
 * Opens @path as if @root_fd were "/": links are followed but cannot leave it, magic links
 * (/proc/N/fd) are refused.  @flags: O_*; O_CLOEXEC is added.  Returns: an fd the caller closes, or
 * -errno.
 * Source: openat2(2), RESOLVE_IN_ROOT.
 */
int fs_open_in(int root_fd, const char *path, int flags, mode_t mode);

/** The same, with no link in any part of @path and no way out: for berth's own trees. */
int fs_open_beneath(int root_fd, const char *path, int flags, mode_t mode);

/**
 * Creates @path and its parents below @root_fd, each with @mode. What is there already must be a
 * directory, not a link.
 */
int fs_mkdir_p(int root_fd, const char *path, mode_t mode);

/** The same, and opens it O_PATH-free (O_RDONLY|O_DIRECTORY). Returns: an fd, or -errno. */
int fs_open_dir(int root_fd, const char *path, mode_t mode);

/**
 * Reads a whole file of at most @max bytes into a new NUL-terminated buffer.
 * Returns: 0, -EFBIG when it is longer, or -errno. *ret_p is freed by the caller; *ret_n (may be
 * NULL) has no NUL.
 */
int fs_read(int dir_fd, const char *path, size_t max, char **ret_p, size_t *ret_n);
int fs_read_fd(int fd, size_t max, char **ret_p, size_t *ret_n);

enum fs_sync { FS_NO_SYNC, FS_SYNC };
/**
 * Replaces @name (in @dir_fd itself) by a file with these bytes, atomically.
 * FS_SYNC: it is on disk when the call returns.
 */
int fs_write_atomic(
	int dir_fd, const char *name, const void *bytes, size_t n, mode_t mode, enum fs_sync sync);

/** Writes all of it, over EINTR and short writes. */
int fs_write_all(int fd, const void *bytes, size_t n);

/**
 * Removes @name, an entry of the directory @dir_fd itself, with all it holds, by descriptors, never
 * following a link and never crossing onto another mount: a mount met inside stops the walk with
 * -EXDEV and leaves the rest (safety R23). A missing @name is no error.
 */
int fs_remove_tree(int dir_fd, const char *name);

/** The address of a socket @name in @dir_fd, by way of /proc/self/fd: any path length fits. */
int fs_socket_address(int dir_fd, const char *name, struct sockaddr_un *ret);

/** What the kernel says a descriptor is, and whether it is a mount's root. */
int fs_mount_id(int dir_fd, const char *name, uint64_t *ret_id, bool *ret_is_root);

#endif
