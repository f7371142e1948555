/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs of the image store on the loop, and the images as the API shows them. A job is stepped whenever its descriptor is
 * readable and tells its owner how it goes.
 */
#include "agent/control/planned.h"
#include "agent/control/pod.h"

#include "runtime/image/image.h"

struct control_image_job {
	struct control *control;
	struct image_job *job;
	sd_event_source *source;
	control_image_fn fn;
	void *data;
	bool ended;
};

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct control_image_job *j = data;
	struct err e = {0};
	const char *const *refs = NULL;
	size_t n = 0;

	(void)source;
	(void)fd;
	(void)events;
	int r = image_job_step(j->job, &e);
	struct image_progress progress = image_job_progress(j->job);
	if (r > 0)
		n = image_job_refs(j->job, &refs);
	if (r != 0) {
		j->ended = true;
		(void)sd_event_source_set_enabled(j->source, SD_EVENT_OFF);
	}
	/* The callee may free the job: nothing of it is touched behind this. */
	j->fn(j->data, r, &progress, refs, n, r < 0 ? &e : NULL);
	return 0;
}

static int job_new(struct control *c, struct image_job *own_job, control_image_fn fn, void *data,
	struct control_image_job **ret, struct err *e)
{
	CLEANUP(control_image_job_free) struct control_image_job *j = xcalloc(1, sizeof(*j));

	*j = (struct control_image_job){.control = c, .job = own_job, .fn = fn, .data = data};
	int r = sd_event_add_io(c->o.loop, &j->source, image_job_fd(own_job), EPOLLIN, on_ready, j);
	if (r < 0)
		return err_errno(e, r, "watching the image job");
	*ret = take(j);
	return 0;
}

void control_image_job_free(struct control_image_job *own_job)
{
	if (!own_job)
		return;
	sd_event_source_disable_unref(own_job->source);
	image_job_free(own_job->job);
	free(own_job);
}

int control_image_pull(struct control *c, const char *ref, const char *auth_json,
	control_image_fn fn, void *data, struct control_image_job **ret, struct err *e)
{
	struct image_job *job;
	int r = image_pull_start(c->o.images, ref, auth_json, &job, e);
	return r < 0 ? r : job_new(c, job, fn, data, ret, e);
}

int control_image_load(struct control *c, int fd, control_image_fn fn, void *data,
	struct control_image_job **ret, struct err *e)
{
	struct image_job *job;
	int r = image_load_start(c->o.images, fd, &job, e);
	return r < 0 ? r : job_new(c, job, fn, data, ret, e);
}

/* ---- what there is -------------------------------------------------------------------------------------- */

/* Does the pod use an image of this id or reference? */
static bool uses(struct control *c, const struct pod *p, const struct image *image)
{
	for (size_t i = 0; i < p->n_images; i++) {
		const struct image *own;
		if (image_find(c->o.images, p->images[i].ref, &own, NULL) == 0 &&
			streq(own->ref, image->ref))
			return true;
	}
	return false;
}

static json_t *users(struct control *c, const struct image *image)
{
	json_t *list = json_array();

	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		const struct pod *p = map_value(i);
		if (p->stage != POD_ENDED && uses(c, p, image))
			json_push(list, json_sprintf("%s/%s", p->ns, p->name));
	}
	return list;
}

json_t *control_images(struct control *c)
{
	cleanup_free const struct image **images = NULL;
	json_t *list = json_array();
	size_t n = image_list(c->o.images, &images);

	for (size_t i = 0; i < n; i++) {
		json_t *item = json_object();
		char when[RFC3339_SIZE];
		json_put_str(item, "ref", images[i]->ref);
		json_put_str(item, "id", images[i]->id);
		json_put_str(item, "digest", images[i]->digest);
		json_put_int(item, "sizeBytes", (int64_t)images[i]->size_bytes);
		json_put_int(item, "layers", (int64_t)images[i]->n_layers);
		json_put_str(item, "loadedAt", rfc3339(images[i]->loaded_wall_ns, when));
		json_put(item, "usedBy", users(c, images[i]));
		json_push(list, item);
	}
	return list;
}

/* ---- removal ------------------------------------------------------------------------------------------ */

static void collected(void *data, int r, const struct image_progress *progress,
	const char *const *refs, size_t n_refs, const struct err *e)
{
	struct control *c = data;

	(void)progress;
	(void)refs;
	(void)n_refs;
	(void)e;
	if (r != 0)
		control_image_job_free(take(c->collection));
}

/* Layers of all pods: of their plans, and of images that are there for plans to come. */
static int layers_in_use(struct control *c, struct layer_names *layers)
{
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		const struct pod *p = map_value(i);
		int r = planned_layers(c->state_fd, p->uid, layers, NULL);
		if (r < 0)
			return r;
		for (size_t k = 0; k < p->n_images; k++) {
			const struct image *image;
			if (image_find(c->o.images, p->images[k].ref, &image, NULL) < 0)
				continue;
			for (size_t l = 0; l < image->n_layers; l++)
				layer_names_add(layers, image->layers[l]);
		}
	}
	return 0;
}

static void collect(struct control *c)
{
	cleanup_layer_names struct layer_names layers = {0};
	struct image_job *job;

	/* One at a time is enough: what is in use was looked up when it began, so it starts again. */
	control_image_job_free(take(c->collection));
	if (layers_in_use(c, &layers) < 0)
		return; /* a plan cannot be read: nothing is removed under a pod */
	if (image_gc_start(c->o.images, (const char *const *)layers.names, layers.n, &job, NULL) <
		0)
		return; /* the next removal does it */
	(void)job_new(c, job, collected, c, &c->collection, NULL);
}

int control_image_remove(struct control *c, const char *ref, struct err *e)
{
	const struct image *image;
	int r = image_find(c->o.images, ref, &image, e);

	if (r < 0)
		return r;
	cleanup_json json_t *list = users(c, image);
	if (json_array_size(list)) {
		(void)err_set(e, -EBUSY, "image %s is used by pod %s: delete the pod first", ref,
			json_string_value(json_array_get(list, 0)));
		return err_reason(e, "Conflict");
	}
	r = image_remove(c->o.images, ref, e);
	if (r >= 0)
		collect(c);
	return r;
}
