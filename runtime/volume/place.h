/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places inside a tree that a stranger has shaped (an image's root file system, a volume): found, or made
 * when they are missing, without ever leaving the tree (safety R1). What comes back is a descriptor; nothing
 * is looked up by name again.
 */
#ifndef RUNTIME_VOLUME_PLACE_H
#define RUNTIME_VOLUME_PLACE_H

#include "runtime/base/err.h"

#include <sys/types.h>

/**
 * The directory @path below @root_fd, made with its parents (mode @mode) where they are missing. Links are followed
 * inside the tree.
 * Returns: an O_PATH descriptor, or -errno with a message: -ENOTDIR (a file is there), -ELOOP (a link that
 * leads nowhere).
 */
int place_dir(int root_fd, const char *path, mode_t mode, struct err *e);

/**
 * place_dir for something to be mounted on: -EINVAL when @path leads, through links of the image or of a volume, to the
 * root itself. A volume mounted there would be the root that the runtime sees, with a /dev that its writers chose
 * (R2, R4), after place_check_reserved has looked at another.
 */
int place_mount_dir(int root_fd, const char *path, mode_t mode, struct err *e);

/**
 * A file at @path to mount another file upon: what is there (any type but a directory; a link is followed), or
 * a new empty one. Returns: an O_PATH descriptor, or -errno with a message (-EISDIR).
 */
int place_file(int root_fd, const char *path, struct err *e);

/**
 * The same for a file that berth brings itself (/etc/hosts …): a link at the end of @path is replaced by a new
 * empty file when its directory is on the mount of @root_fd itself, that is in the container's own fresh layer;
 * on a volume, nothing is replaced and links are followed.
 */
int place_own_file(int root_fd, const char *path, struct err *e);

/** R4: are /dev, /proc and /sys missing or real directories? 0, or -EINVAL with a message that names the first. */
int place_check_reserved(int root_fd, struct err *e);

#endif
