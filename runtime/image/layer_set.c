/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unpacking the layers of a job. A layer is awaited, ready, unpacking, unpacked; the first that fails fails the job.
 */
#include "runtime/image/layer_set.h"

#include "runtime/base/fs.h"

#include <fcntl.h>

enum { RESULT_MAX = 8 << 10 };

void layer_set_done(struct layer_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		own_close_p(&set->works[i].blob_fd);
		capture_free(set->works[i].capture);
	}
	free(set->works);
	*set = (struct layer_set){0};
}

void layer_set_add(struct layer_set *set, const char *diff_id, const struct descriptor *blob)
{
	struct layer_work *work;

	job_pin(set->job, diff_id);
	if (store_layer(set->job->store, diff_id))
		return;
	for (size_t i = 0; i < set->n; i++)
		if (streq(set->works[i].diff_id.text, diff_id))
			return;
	GROW(set->works, set->n + 1, set->cap);
	work = &set->works[set->n];
	*work = (struct layer_work){.blob_fd = -EBADF};
	(void)snprintf(work->name, sizeof work->name, "layer-%zu", set->n);
	(void)digest_parse(sv(diff_id), &work->diff_id);
	if (blob) {
		work->blob = *blob;
		set->job->progress.bytes += blob->size_bytes;
	}
	set->job->progress.layers = ++set->n;
}

struct layer_work *layer_set_awaits(struct layer_set *set, const struct digest *blob)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->works[i].state == LAYER_AWAITED &&
			digest_eq(&set->works[i].blob.digest, blob))
			return &set->works[i];
	return NULL;
}

struct layer_work *layer_set_awaits_diff(struct layer_set *set, const char *diff_id)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->works[i].state == LAYER_AWAITED &&
			streq(set->works[i].diff_id.text, diff_id))
			return &set->works[i];
	return NULL;
}

void layer_set_ready(struct layer_set *set, struct layer_work *work, int own_fd)
{
	work->blob_fd = own_fd;
	work->state = LAYER_READY;
	job_wake(set->job);
}

static int start(struct layer_set *set, struct layer_work *work, struct err *e)
{
	const struct image_store *store = set->job->store;
	cleanup_close int dir_fd = -EBADF;
	char size[24];
	const char *argv[] = {store->options.unpack_path, "--diff-id", work->diff_id.text, NULL,
		work->blob.digest.text, "--size", size, NULL};
	struct spawn s = {.argv = argv, .prepare = store_tie_child, .prepare_data = store};
	int r;

	(void)snprintf(size, sizeof size, "%llu", (unsigned long long)work->blob.size_bytes);
	if (work->blob.digest.text[0])
		argv[3] = "--digest";
	dir_fd = fs_open_dir(set->job->tmp_fd, work->name, 0700);
	if (dir_fd < 0)
		return err_errno(e, dir_fd, "making a directory for a layer");
	s.fds[s.n_fds++] = (struct spawn_fd){work->blob_fd, 0};
	s.fds[s.n_fds++] = (struct spawn_fd){dir_fd, 3};
	r = capture_start(&s, set->job->epoll_fd, RESULT_MAX, &work->capture, e);
	if (r < 0)
		return r;
	(void)close(take_fd(work->blob_fd));
	work->state = LAYER_UNPACKING;
	set->unpacking++;
	return 0;
}

/* What the unpacker says went wrong. */
static int explain(const struct layer_work *work, struct err *e)
{
	const struct capture *c = work->capture;
	cleanup_json json_t *j = NULL;
	int r = json_parse((struct sv){c->out.p ? c->out.p : "", c->out.n}, &j, NULL);
	int code = r == 0 ? (int)json_int(j, "code", -EIO) : -EIO;

	if (code >= 0 || code < -4095)
		code = -EIO;
	if (r == 0 && json_str(j, "error"))
		return err_set(
			e, code, "layer %.19s…: %s", work->diff_id.text, json_str(j, "error"));
	return err_set(e, -EIO, "layer %.19s…: berth-unpack failed: %.300s", work->diff_id.text,
		c->err.n ? c->err.p : "it said nothing");
}

static int collect(struct layer_set *set, struct layer_work *work, struct err *e)
{
	int r = capture_step(work->capture);

	if (r == 0)
		return 0;
	if (r < 0)
		return err_errno(e, r, "layer %.19s…: berth-unpack", work->diff_id.text);
	if (!capture_ok(work->capture))
		return explain(work, e);
	capture_free(take(work->capture));
	work->state = LAYER_UNPACKED;
	set->unpacking--;
	/* Its owner may have held the next one back until there is room. */
	job_wake(set->job);
	set->job->progress.layers_done++;
	set->job->progress.bytes_done += work->blob.size_bytes;
	return 0;
}

int layer_set_step(struct layer_set *set, struct err *e)
{
	size_t unpacked = 0;

	for (size_t i = 0; i < set->n; i++) {
		struct layer_work *work = &set->works[i];
		int r = work->state == LAYER_UNPACKING ? collect(set, work, e) : 0;

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < set->n; i++) {
		struct layer_work *work = &set->works[i];
		int r = work->state == LAYER_READY && set->unpacking < UNPACKS_AT_ONCE
				? start(set, work, e)
				: 0;

		if (r < 0)
			return r;
		unpacked += work->state == LAYER_UNPACKED;
	}
	return unpacked == set->n;
}

int layer_set_commit(struct layer_set *set, struct err *e)
{
	for (size_t i = 0; i < set->n; i++) {
		int r = store_add_layer(set->job->store, set->job->tmp_fd, set->works[i].name, e);

		if (r < 0)
			return r;
	}
	return 0;
}
