/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers that a job has to unpack: each by one berth-unpack, two at a time, as their bytes arrive.
 */
#ifndef RUNTIME_IMAGE_LAYER_SET_H
#define RUNTIME_IMAGE_LAYER_SET_H

#include "runtime/image/capture.h"
#include "runtime/image/job.h"
#include "runtime/image/manifest.h"

enum { UNPACKS_AT_ONCE = 2 };

enum layer_state { LAYER_AWAITED, LAYER_READY, LAYER_UNPACKING, LAYER_UNPACKED };

struct layer_work {
	struct digest diff_id;
	struct descriptor blob; /* digest "": not known, the diffID alone counts */
	enum layer_state state;
	int blob_fd;		 /* while it is ready */
	struct capture *capture; /* while it is unpacking */
	char name[16];		 /* its directory in the job's */
};

struct layer_set {
	struct image_job *job;
	struct layer_work *works;
	size_t n, cap, unpacking;
};
void layer_set_done(struct layer_set *set);

/** Adds a layer, unless it is in the store or in the set already. @blob: NULL when nothing is known of it. */
void layer_set_add(struct layer_set *set, const char *diff_id, const struct descriptor *blob);
/** The work that waits for the blob of this digest, or NULL. */
struct layer_work *layer_set_awaits(struct layer_set *set, const struct digest *blob);
/** The work of this diffID that waits, or NULL. */
struct layer_work *layer_set_awaits_diff(struct layer_set *set, const char *diff_id);
/** The layer's bytes can be read from @own_fd. */
void layer_set_ready(struct layer_set *set, struct layer_work *work, int own_fd);

/** Starts and collects. Returns: 1 when all are unpacked, 0, or -errno with the layer named. */
int layer_set_step(struct layer_set *set, struct err *e);
/** Moves all of them into the store. */
int layer_set_commit(struct layer_set *set, struct err *e);

#endif
