/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of an image job: what pull, load and removal have in common.
 */
#ifndef RUNTIME_IMAGE_JOB_H
#define RUNTIME_IMAGE_JOB_H

#include "runtime/image/store_internal.h"

/* One kind of job. */
struct job_kind {
	/* Goes on: 1 done, 0 not yet, -errno failed. */
	int (*step)(void *body, struct err *e);
	/* Ends the body's children and releases it. */
	void (*free)(void *own_body);
};

struct image_job {
	struct image_store *store;
	const struct job_kind *kind;
	void *body;
	int epoll_fd, wake_fd;
	char tmp_name[TMP_NAME_SIZE]; /* its directory in tmp/ */
	int tmp_fd;
	struct image_progress progress;
	char **refs; /* what it brought; ended by NULL */
	size_t n_refs, cap_refs;
	char **pins; /* diffIDs of layers it counts on: not to be removed meanwhile */
	size_t n_pins, cap_pins;
	int result; /* 0 until the body is done */
	struct err error;
	struct child cleaner; /* deletes the job's directory */
	bool cleaned;
	struct image_job *prev, *next;
};

/** A job with a directory in tmp/; the first step comes at once. The caller hangs the body in. */
int job_new(
	struct image_store *s, const struct job_kind *kind, struct image_job **ret, struct err *e);
/** Has @fd (level-triggered, POLLIN) wake the job. */
int job_watch(struct image_job *job, int fd);
/** Makes the job be stepped again soon. */
void job_wake(struct image_job *job);
void job_add_ref(struct image_job *job, const char *ref);
void job_pin(struct image_job *job, const char *diff_id);
/** Does any running job count on this layer? */
bool jobs_pin(const struct image_store *s, const char *diff_id);

#endif
