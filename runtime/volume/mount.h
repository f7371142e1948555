/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts by descriptor (safety R1, R2): a mount is made detached, given its attributes while nobody can see
 * it, and put onto a directory that is already open. No path is resolved on the way.
 * Source: fsopen(2), fsconfig(2), open_tree(2), mount_setattr(2), move_mount(2); Linux 5.12.
 */
#ifndef RUNTIME_VOLUME_MOUNT_H
#define RUNTIME_VOLUME_MOUNT_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a mount may not do. */
enum mount_limit {
	MOUNT_READ_ONLY = 1 << 0,
	MOUNT_NO_SUID = 1 << 1,
	MOUNT_NO_DEV = 1 << 2,
	MOUNT_NO_EXEC = 1 << 3,
};

struct mount_tmpfs {
	uint64_t size_bytes; /* 0: half the memory, as the kernel has it */
	uint64_t inodes;     /* 0: the kernel's default */
	mode_t mode;
	bool no_swap;	 /* asked for; kernels before 6.3 do not know it and go on without */
	unsigned limits; /* enum mount_limit */
};

/** A detached tmpfs. Returns: a mount descriptor the caller closes, or -errno. */
int mount_tmpfs(const struct mount_tmpfs *t);

/** Gives the tmpfs that holds @fd a new size. 0 or -errno (-ENOSPC, -EINVAL: more than that is in use). */
int mount_tmpfs_resize(int fd, uint64_t size_bytes);

/**
 * A detached copy of what is at @fd (an O_PATH or other descriptor of a file or directory) with the mounts
 * below it; @limits hold for all of them.
 * Returns: a mount descriptor, or -errno.
 */
int mount_clone(int fd, unsigned limits);

/** Attaches the detached @mount_fd onto what @target_fd is. 0 or -errno. */
int mount_attach(int mount_fd, int target_fd);

/**
 * Mounts an overlay onto the directory @target_fd. @layers: directories below @layers_fd, top first;
 * @upper_fd and @work_fd: empty directories of one file system.
 * What is written goes nowhere after the container: the mount is "volatile" (no sync) where the kernel has it.
 * The caller's working directory is changed and not restored: for short-lived children only.
 * Returns: 0, or -errno with a message that names the layer.
 */
int mount_overlay(int layers_fd, char *const *layers, size_t n_layers, int upper_fd, int work_fd,
	int target_fd, struct err *e);

#endif
