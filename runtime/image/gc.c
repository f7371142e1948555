/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removal of layers that nothing refers to. Out of the store by a rename each, at once; deleted by a child.
 */
#include "runtime/image/job.h"

#include <stdint.h>

struct gc {
	struct image_job *job;
	const char **names; /* in tmp/, ended by NULL */
	size_t n, cap;
	struct child child;
	bool started;
};

static void gc_free(void *own_body)
{
	struct gc *gc = own_body;

	child_kill(&gc->child);
	for (size_t i = 0; i < gc->n; i++)
		free((void *)(uintptr_t)gc->names[i]);
	free(gc->names);
	free(gc);
}

static int gc_step(void *body, struct err *e)
{
	struct gc *gc = body;
	int status = 0, r;

	if (gc->n == 0)
		return 1;
	if (!gc->started) {
		r = store_discard(gc->job->store, gc->names, &gc->child, e);
		if (r == 0)
			r = job_watch(gc->job, gc->child.pidfd);
		if (r < 0)
			return r;
		gc->started = true;
		return 0;
	}
	r = child_wait(&gc->child, 0, &status);
	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0 || status)
		return err_set(e, r < 0 ? r : -EIO, "deleting layers: berth-unpack failed");
	gc->job->progress.layers_done = gc->n;
	return 1;
}

static const struct job_kind gc_kind = {gc_step, gc_free};

static bool is_used(
	const struct image_store *s, const char *diff_id, const char *const *in_use, size_t n)
{
	cleanup_free char *path = store_layer_path(diff_id);

	for (size_t i = 0; i < n; i++)
		if (streq(in_use[i], path))
			return true;
	for (struct map_item *m = map_first(&s->images); m; m = map_next(m)) {
		const struct image *image = map_value(m);

		for (size_t i = 0; i < image->n_layers; i++)
			if (streq(image->diff_ids[i], diff_id))
				return true;
	}
	return jobs_pin(s, diff_id);
}

int image_gc_start(struct image_store *s, const char *const *in_use, size_t n,
	struct image_job **ret, struct err *e)
{
	CLEANUP(image_job_free) struct image_job *job = NULL;
	struct gc *gc = xcalloc(1, sizeof *gc);
	int r = job_new(s, &gc_kind, &job, e);

	gc->child = (struct child){-1, -EBADF};
	gc->names = xcalloc(1, sizeof *gc->names);
	gc->job = job;
	if (r < 0) {
		gc_free(gc);
		return r;
	}
	job->body = gc;
	job->progress.stage = "removing";
	for (struct map_item *m = map_first(&s->layers), *next; m; m = next) {
		char name[TMP_NAME_SIZE];

		next = map_next(m);
		if (is_used(s, map_key(m), in_use, n))
			continue;
		r = store_drop_layer(s, map_value(m), name, e);
		if (r < 0)
			return r;
		GROW(gc->names, gc->n + 2, gc->cap);
		gc->names[gc->n++] = xstrdup(name);
		gc->names[gc->n] = NULL;
	}
	job->progress.layers = gc->n;
	*ret = take(job);
	return 0;
}
