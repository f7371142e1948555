/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a volume's bytes are: descriptors that are then cloned into the containers' trees.
 */
#ifndef RUNTIME_VOLUME_SOURCE_H
#define RUNTIME_VOLUME_SOURCE_H

#include "runtime/plan/plan.h"

/* The pod's own directories. */
struct source_dirs {
	int disk_fd; /* volumes that live on disk, one directory each (var/lib/berth/pods/UID/volumes) */
	int tmpfs_fd; /* mount points of volumes in memory, one directory each (private/volumes) */
};

/**
 * Makes the volume ready, once in the life of a pod: the directory of an empty_dir, the tmpfs of a tmpfs; what is
 * already there is left alone. Files volumes need source_write_files() besides; host paths are opened at each start.
 * Returns: 0, or -errno with a message that names the volume.
 */
int source_prepare(const struct source_dirs *dirs, const struct plan *p,
	const struct plan_volume *v, struct err *e);

/**
 * Mounts (the first time) and fills a files volume. @files: its set in the payload.
 * Returns: 1 when its contents changed, 0, or -errno with a message.
 */
int source_write_files(const struct source_dirs *dirs, const struct plan *p,
	const struct plan_volume *v, const json_t *files, uint64_t now_ns, struct err *e);

/**
 * Opens what a mount shows: the volume, or its sub_path (made as a directory when missing in a writable
 * volume; never outside of it, safety R1).
 * Returns: a descriptor the caller closes, or -errno with a message that names the volume.
 */
int source_open(const struct source_dirs *dirs, const struct plan_volume *v,
	const struct plan_mount *m, struct err *e);

/** What a mount of this volume may not do, beside what the pod asks (enum mount_limit). */
unsigned source_limits(const struct plan_volume *v);

#endif
