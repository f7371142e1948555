/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's volumes, files and root file systems. All of it is called in children of the shim (job.h), where
 * descriptors that stay open do not matter: the child ends soon.
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_COMPOSE_H
#define RUNTIME_SHIM_COMPOSE_H

#include "runtime/shim/shim.h"
#include "runtime/volume/source.h"

/* Programs in private/bin: the runtime's and the runner's. */
#define COMPOSE_RUNTIME "runtime"
#define COMPOSE_RUNNER "runner"

/** Reads plan.json. The caller frees the plan. */
int compose_plan(const struct shim *s, struct plan **ret, struct err *e);

/** What all containers share, the volumes, and the root file system of each container's first start. */
int compose_pod(const struct shim *s, const struct plan *p, struct err *e);

/** Writes the payload's file sets into the files volumes. */
int compose_files(const struct shim *s, const struct plan *p, struct err *e);

/** Mounts the image's layers with a fresh upper directory at private/run/@id/rootfs. */
int compose_rootfs(const struct shim *s, const struct plan_container *c, const char *image_dir,
	const char *id, struct err *e);
/** Mounts volumes and the pod's files into that root file system. */
int compose_mounts(const struct shim *s, const struct plan *p, const struct plan_container *c,
	const char *id, struct err *e);
/** Opens it. Fd or -errno. */
int compose_open_rootfs(const struct shim *s, const char *id, struct err *e);
/** Unmounts and removes all that an attempt has, in memory and on disk. */
void compose_remove(const struct shim *s, const char *id);

/** The directories of volumes; opened once more, the caller's for the rest of the child's life. */
int compose_source_dirs(const struct shim *s, struct source_dirs *ret, struct err *e);

#endif
