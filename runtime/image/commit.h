/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last step of a job: its images get their records, these get to the disk, then the store shows them. The waiting
 * for the disk is a child's, so that the agent's loop never does it.
 */
#ifndef RUNTIME_IMAGE_COMMIT_H
#define RUNTIME_IMAGE_COMMIT_H

#include "runtime/image/job.h"

struct commit {
	struct image_job *job;
	struct image **images;
	size_t n, cap;
	struct child child; /* berth-unpack --sync */
	bool started;
};
/** Kills the child and takes back the records of images that the store does not show yet. */
void commit_done(struct commit *c);

/** Adds an image whose layers are in the store. */
void commit_add(struct commit *c, struct image *own_image);
/** Goes on. Returns: 1 when all images are on disk and in the store, 0, or -errno. */
int commit_step(struct commit *c, struct err *e);

#endif
