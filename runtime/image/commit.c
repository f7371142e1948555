/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of new images. They are written at once and are worth nothing until they and the layers' names are on disk:
 * a crash before that leaves a record that the next opening drops, or one that holds.
 */
#include "runtime/image/commit.h"

void commit_add(struct commit *c, struct image *own_image)
{
	GROW(c->images, c->n + 1, c->cap);
	c->images[c->n++] = own_image;
}

void commit_done(struct commit *c)
{
	child_kill(&c->child);
	for (size_t i = 0; i < c->n; i++) {
		if (c->started)
			store_take_back(c->job->store, c->images[i]);
		image_free(c->images[i]);
	}
	free(c->images);
	*c = (struct commit){.child = {-1, -EBADF}};
}

static int start(struct commit *c, struct err *e)
{
	const struct image_store *s = c->job->store;
	cleanup_free const char **argv = xcalloc(c->n + 5, sizeof *argv);
	struct spawn spawn_it = {.argv = argv,
		.fds = {{s->fd, 3}},
		.n_fds = 1,
		.prepare = store_tie_child,
		.prepare_data = s};
	char **paths = xcalloc(c->n, sizeof *paths);
	size_t n = 0;
	int r = 0;

	c->started = true;
	argv[n++] = s->options.unpack_path;
	argv[n++] = "--sync";
	argv[n++] = "l";
	for (size_t i = 0; r == 0 && i < c->n; i++) {
		r = store_write_record(c->job->store, c->images[i], &paths[i], e);
		argv[n++] = paths[i];
	}
	if (r == 0) {
		argv[n] = "i";
		r = spawn(&spawn_it, &c->child, e);
	}
	if (r == 0) {
		r = job_watch(c->job, c->child.pidfd);
		if (r < 0)
			r = err_errno(e, r, "waiting for the disk");
	}
	for (size_t i = 0; i < c->n; i++)
		free(paths[i]);
	free(paths);
	return r;
}

int commit_step(struct commit *c, struct err *e)
{
	int status = 0, r;

	if (!c->started)
		return start(c, e);
	r = child_wait(&c->child, 0, &status);
	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0 || status)
		return err_set(e, -EIO, "writing the image's record to disk failed");
	for (size_t i = 0; i < c->n; i++) {
		job_add_ref(c->job, c->images[i]->ref);
		store_show_image(c->job->store, c->images[i]);
	}
	c->n = 0;
	return 1;
}
