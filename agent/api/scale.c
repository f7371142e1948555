/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subresource "scale": autoscaling/v1 Scale in and out, spec.replicas in the store.
 */
#include "agent/api/routes.h"
#include "agent/api/server.h"
#include "agent/api/write.h"

void get_scale(struct request *r)
{
	cleanup_json json_t *object = NULL;
	struct err e = {0};

	if (store_get(r->api->o.store, r->kind, r->ns, r->name, &object, &e) < 0)
		reply_err(r, &e);
	else
		reply_json(r, 200, spec_scale_of(r->kind, object));
}

/* Stores the replicas of @scale; the version in it is the precondition. */
static void put_scale(struct request *r, const json_t *old, json_t *scale, const struct kind *kind,
	const struct write_options *options)
{
	cleanup_json json_t *object = NULL;
	const char *rv;
	struct err e = {0};

	if (!object_admit(r, kind, NULL, scale, options->validation))
		return;
	object = json_deep_copy(old);
	rv = json_str(json_map(scale, "metadata"), "resourceVersion");
	json_put_str(json_sub(object, "metadata"), "resourceVersion", rv ? rv : "");
	spec_scale_put(r->kind, object, scale);
	if (!options->dry_run && store_update(r->api->o.store, r->kind, object, STORE_FULL, &e) < 0)
		reply_err(r, &e);
	else
		reply_json(r, 200, spec_scale_of(r->kind, object));
}

static void change_scale(struct request *r, bool patched)
{
	cleanup_json json_t *old = NULL, *current = NULL, *scale = NULL;
	const struct kind *kind = kind_by_name("autoscaling/v1", "Scale");
	struct write_options options;
	struct err e = {0};
	int code = write_begin(r, &options, &old, &e);

	if (code == 0 && patched) {
		current = spec_scale_of(r->kind, old);
		code = write_patched(r, kind, current, &scale, &e);
		if (code == 0)
			code = object_fits_path(r, scale, &e);
	} else if (code == 0) {
		code = body_object(r, kind, &scale, &e);
	}
	if (code < 0)
		reply_err(r, &e);
	else
		put_scale(r, old, scale, kind, &options);
}

void replace_scale(struct request *r)
{
	change_scale(r, false);
}

void patch_scale(struct request *r)
{
	change_scale(r, true);
}
