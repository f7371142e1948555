/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner, mode, xattrs and time of what a layer has just made.
 */
#ifndef RUNTIME_IMAGE_METADATA_H
#define RUNTIME_IMAGE_METADATA_H

#include "runtime/tar/tar.h"

/**
 * Owner, mode (with setuid bits) and xattrs of the file or directory behind @fd; its contents must be complete,
 * for each write takes file capabilities away. Kept xattrs: security.capability, and user.* but for
 * user.overlay.*; others are counted into *@dropped.  @path: for messages.
 */
int metadata_set(
	int fd, const struct tar_entry *entry, const char *path, uint64_t *dropped, struct err *e);

/** Owner and time of a link or FIFO, by name and without following it. */
int metadata_set_at(int dir_fd, const char *name, const struct tar_entry *entry, const char *path,
	struct err *e);

/** The time of @name in @dir_fd (not followed), or, with NULL, of @dir_fd itself. 0 or -errno. */
int metadata_set_mtime(int dir_fd, const char *name, int64_t s, uint32_t ns);

#endif
