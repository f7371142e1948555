/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create, replace and patch, of objects and of their status: decode, default, validate, store.
 */
#include "agent/api/write.h"
#include "agent/api/body.h"
#include "agent/api/routes.h"
#include "agent/api/server.h"
#include "agent/spec/object.h"
#include "agent/status/pod_status.h"

static enum store_durability durability_of(const struct kind *k)
{
	/* Records of what happened may be lost with the power; what a user said may not. */
	return streq(k->kind, "Event") ? STORE_NORMAL : STORE_FULL;
}

/* ---- create ------------------------------------------------------------------------------------ */

/* New objects need a namespace that is there and stays. */
static int check_namespace(const struct request *r, const json_t *object, struct err *e)
{
	cleanup_json json_t *ns = NULL;
	const json_t *meta = json_map(object, "metadata");
	int code;

	if (!r->ns)
		return 0;
	code = store_get(r->api->o.store, r->api->namespaces, "", r->ns, &ns, e);
	if (code < 0)
		return code;
	if (!json_str(json_map(ns, "metadata"), "deletionTimestamp"))
		return 0;
	(void)err_set(e, -EPERM,
		"%s \"%s\" is forbidden: unable to create new content in namespace %s because it "
		"is being terminated",
		r->kind->plural, json_str_or(meta, "name", json_str_or(meta, "generateName", "")),
		r->ns);
	return err_reason(e, "Forbidden");
}

/* What the server itself says of a new object. */
static void first_status(const struct request *r, json_t *object)
{
	if (r->kind == r->api->pods) {
		json_t *status = json_sub(object, "status");

		json_put_str(status, "phase", "Pending");
		json_put_str(status, "qosClass", pod_qos_class(object));
	} else if (r->kind == r->api->namespaces) {
		json_put_str(json_sub(object, "status"), "phase", "Active");
	}
}

static int store_new(struct request *r, json_t *object, struct err *e)
{
	json_t *meta = json_map(object, "metadata");
	bool generated = !json_str_or(meta, "name", "")[0];
	int code = 0;

	for (int tries = 0; tries < 8; tries++) {
		if (generated)
			(void)json_object_del(meta, "name");
		code = store_create(r->api->o.store, r->kind, object, durability_of(r->kind), e);
		if (code != -EEXIST || !generated)
			break;
	}
	return code;
}

/* A dry run shows what a create would have filled in, and is refused where it would have been. */
static int dry_create(struct request *r, json_t *object, struct err *e)
{
	cleanup_json json_t *there = NULL;
	const char *name = meta_str(object, "name");
	char now[RFC3339_SIZE];

	if (name[0] &&
		store_get(r->api->o.store, r->kind, r->ns ? r->ns : "", name, &there, NULL) == 0)
		return err_set(e, -EEXIST, "%s \"%s\" already exists", r->kind->plural, name);
	json_put_str(json_sub(object, "metadata"), "creationTimestamp",
		rfc3339(clock_wall_ns(r->api->o.clock), now));
	return 0;
}

void create_object(struct request *r)
{
	cleanup_json json_t *object = NULL;
	struct write_options options;
	struct err e = {0};
	int code = write_options_parse(r, &options, &e);

	if (code == 0)
		code = body_object(r, r->kind, &object, &e);
	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	spec_keep_status(r->kind, NULL, object);
	if (!object_admit(r, r->kind, NULL, object, options.validation))
		return;
	code = check_namespace(r, object, &e);
	if (code == 0) {
		first_status(r, object);
		code = options.dry_run ? dry_create(r, object, &e) : store_new(r, object, &e);
	}
	if (code < 0)
		reply_err(r, &e);
	else
		reply_json(r, 201, take(object));
}

/* ---- replace and patch ------------------------------------------------------------------------- */

void write_new_state(struct request *r, const json_t *old, json_t *own_object, bool status,
	const struct write_options *options)
{
	cleanup_json json_t *object = own_object;
	const char *rv, *old_rv = json_str(json_map(old, "metadata"), "resourceVersion");
	struct err e = {0};
	int code = 0;

	if (status)
		spec_keep_spec(r->kind, old, object);
	else
		spec_keep_status(r->kind, old, object);
	if (!object_admit(r, r->kind, old, object, options->validation))
		return;
	if (!options->dry_run) {
		code = store_update(r->api->o.store, r->kind, object, durability_of(r->kind), &e);
	} else {
		rv = meta_str(object, "resourceVersion");
		if (rv[0] && !streq(rv, old_rv))
			code = err_set(&e, -ESTALE,
				"Operation cannot be fulfilled on %s \"%s\": the object has been "
				"modified; please apply your changes to the latest version and try "
				"again",
				r->kind->plural, r->name);
		json_put_str(json_sub(object, "metadata"), "resourceVersion", old_rv);
	}
	if (code < 0)
		reply_err(r, &e);
	else
		reply_json(r, 200, take(object));
}

int write_begin(struct request *r, struct write_options *ret, json_t **ret_old, struct err *e)
{
	int code = write_options_parse(r, ret, e);

	return code < 0 ? code
			: store_get(r->api->o.store, r->kind, r->ns ? r->ns : "", r->name, ret_old,
				  e);
}

static void replace(struct request *r, bool status)
{
	cleanup_json json_t *old = NULL, *object = NULL;
	struct write_options options;
	struct err e = {0};
	int code = write_begin(r, &options, &old, &e);

	if (code == 0)
		code = body_object(r, r->kind, &object, &e);
	if (code < 0)
		reply_err(r, &e);
	else
		write_new_state(r, old, take(object), status, &options);
}

int write_patched(
	struct request *r, const struct kind *k, const json_t *current, json_t **ret, struct err *e)
{
	cleanup_json json_t *patch = NULL, *object = NULL;
	const char *type = request_header(r, "Content-Type");
	struct sv text = {r->body.p ? r->body.p : "", r->body.n};
	enum patch_type how;
	int code;

	if (patch_type_of(type ? type : "", &how) < 0)
		return err_set(e, -EMEDIUMTYPE,
			"the body of the request was in an unknown format (%.100s) - accepted "
			"media "
			"types include: application/json-patch+json, application/merge-patch+json, "
			"application/strategic-merge-patch+json; server-side apply is not served, "
			"use "
			"client-side apply",
			type ? type : "no Content-Type");
	code = json_parse_object(text, &patch, e);
	if (code == 0)
		code = spec_patch(k, current, patch, how, &object, e);
	if (code < 0)
		return code;
	if (!json_is_object(object))
		return err_set(e, -EBADMSG, "the patch makes something else of the object");
	*ret = take(object);
	return 0;
}

static void patch(struct request *r, bool status)
{
	cleanup_json json_t *old = NULL, *object = NULL;
	struct write_options options;
	struct err e = {0};
	int code = write_begin(r, &options, &old, &e);

	if (code == 0)
		code = write_patched(r, r->kind, old, &object, &e);
	if (code == 0)
		code = object_fits_path(r, object, &e);
	if (code < 0)
		reply_err(r, &e);
	else
		write_new_state(r, old, take(object), status, &options);
}

void replace_object(struct request *r)
{
	replace(r, false);
}

void replace_status(struct request *r)
{
	replace(r, true);
}

void patch_object(struct request *r)
{
	patch(r, false);
}

void patch_status(struct request *r)
{
	patch(r, true);
}
