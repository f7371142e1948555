/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The garbage collector. It keeps no graph: an object names its owners, and whose owner has gone is
 * found by walking the namespace. One machine's objects are few.
 */
#include "agent/control/collect.h"

#include "agent/control/deletion.h"
#include "agent/spec/object.h"
#include "agent/spec/spec.h"

static const json_t *owners_of(const json_t *object)
{
	return json_at(object, "metadata", "ownerReferences", NULL);
}

/* Is the owner that a reference names there, and the same one? Of an unknown kind: who knows, so yes. */
static bool owner_is_there(
	const struct reconcile *ctx, const json_t *reference, const char *ns, json_t **ret_owner)
{
	const struct kind *kind = kind_by_name(
		json_str_or(reference, "apiVersion", ""), json_str_or(reference, "kind", ""));
	cleanup_json json_t *owner = NULL;

	if (!kind)
		return true;
	if (store_get(ctx->store, kind, kind->namespaced ? ns : "",
		    json_str_or(reference, "name", ""), &owner, NULL) < 0 ||
		!streq(meta_str(owner, "uid"), json_str(reference, "uid")))
		return false;
	*ret_owner = take(owner);
	return true;
}

/* Has it owners, and are they all gone, or leaving and waiting for it? */
static bool is_garbage(const struct reconcile *ctx, const json_t *object)
{
	const json_t *owners = owners_of(object), *reference;
	size_t i;

	json_array_foreach (owners, i, reference) {
		cleanup_json json_t *owner = NULL;

		if (!owner_is_there(ctx, reference, meta_str(object, "namespace"), &owner))
			continue;
		if (!owner || !deletion_is_begun(owner) ||
			!deletion_has_finalizer(owner, FINALIZER_FOREGROUND))
			return false;
	}
	return json_array_size(owners) > 0;
}

/* ---- dependents ----------------------------------------------------------------------------------------- */

static bool names_owner(void *data, const json_t *object)
{
	const char *uid = data;
	const json_t *reference;
	size_t i;

	json_array_foreach (owners_of(object), i, reference) {
		if (streq(json_str(reference, "uid"), uid))
			return true;
	}
	return false;
}

typedef int (*visit_fn)(const struct reconcile *ctx, const struct kind *kind, json_t *object,
	void *data, struct err *e);

/* Visits the namespaced objects of @ns that @match takes. Returns: how many, or -errno of the first that failed. */
static int visit(const struct reconcile *ctx, const char *ns, store_match_fn match,
	void *match_data, visit_fn fn, void *data, struct err *e)
{
	int n = 0;

	for (size_t k = 0; kinds[k]; k++) {
		cleanup_json json_t *list = NULL;
		json_t *object;
		size_t i;
		int r;

		if (!kinds[k]->namespaced || !kinds[k]->plural)
			continue;
		r = store_list(ctx->store, kinds[k], ns, match, match_data, &list, NULL, e);
		if (r < 0)
			return r;
		json_array_foreach (list, i, object) {
			r = fn(ctx, kinds[k], object, data, e);
			if (r < 0 && r != -ENOENT)
				return r;
			n++;
		}
	}
	return n;
}

static int end_it(const struct reconcile *ctx, const struct kind *kind, json_t *object, void *data,
	struct err *e)
{
	static const struct deletion how = {.grace_seconds = -1};

	(void)data;
	if (deletion_is_begun(object))
		return 0;
	return deletion_begin(ctx->store, ctx->clock, kind, meta_str(object, "namespace"),
		meta_str(object, "name"), &how, NULL, e);
}

/* Takes the reference to the owner @data (its uid) out of @object. */
static int let_go(const struct reconcile *ctx, const struct kind *kind, json_t *object, void *data,
	struct err *e)
{
	json_t *metadata = json_map(object, "metadata"),
	       *list = json_list(metadata, "ownerReferences");

	for (size_t i = json_array_size(list); i-- > 0;)
		if (streq(json_str(json_array_get(list, i), "uid"), data))
			(void)json_array_remove(list, i);
	if (json_array_size(list) == 0)
		(void)json_object_del(metadata, "ownerReferences");
	return store_update(ctx->store, kind, object, STORE_FULL, e);
}

static int look_at(const struct reconcile *ctx, const struct kind *kind, json_t *object, void *data,
	struct err *e)
{
	(void)data;
	return is_garbage(ctx, object) ? end_it(ctx, kind, object, NULL, e) : 0;
}

/* ---- marked objects ------------------------------------------------------------------------------------- */

static int collect_namespace(const struct reconcile *ctx, json_t *namespace, struct err *e)
{
	const struct kind *kind = kind_by_name("v1", "Namespace");
	int n = visit(ctx, meta_str(namespace, "name"), NULL, NULL, end_it, NULL, e);

	if (n < 0)
		return n;
	/* What went at once was visited too: empty is what a second look finds empty. */
	for (size_t k = 0; kinds[k]; k++)
		if (kinds[k]->namespaced && kinds[k]->plural &&
			store_count(ctx->store, kinds[k], meta_str(namespace, "name")) != 0)
			return 0;
	return store_delete(ctx->store, kind, "", meta_str(namespace, "name"), NULL, NULL, e);
}

static int collect_marked(
	const struct reconcile *ctx, const struct kind *kind, json_t *object, struct err *e)
{
	cleanup_free char *uid = xstrdup(meta_str(object, "uid"));
	const char *ns = meta_str(object, "namespace"), *done = NULL;
	int r = 0;

	if (deletion_has_finalizer(object, FINALIZER_ORPHAN)) {
		r = visit(ctx, ns, names_owner, uid, let_go, uid, e);
		done = FINALIZER_ORPHAN;
	} else if (deletion_has_finalizer(object, FINALIZER_FOREGROUND)) {
		r = visit(ctx, ns, names_owner, uid, end_it, NULL, e);
		/* Some went at once: a second look counts those that are still there. */
		if (r > 0)
			r = visit(ctx, ns, names_owner, uid, look_at, NULL, e);
		if (r > 0)
			return 0;
		done = FINALIZER_FOREGROUND;
	}
	return r < 0 ? r : deletion_finish(ctx->store, kind, object, done, e);
}

int collect_object(const struct reconcile *ctx, const struct kind *kind, const char *ns,
	const char *name, struct err *e)
{
	cleanup_json json_t *object = NULL;
	int r = store_get(ctx->store, kind, ns, name, &object, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (deletion_is_begun(object) && streq(kind->kind, "Namespace"))
		r = collect_namespace(ctx, object, e);
	else if (deletion_is_begun(object))
		r = collect_marked(ctx, kind, object, e);
	else if (is_garbage(ctx, object))
		r = end_it(ctx, kind, object, NULL, e);
	return r < 0 && r != -ENOENT ? r : 0;
}

int collect_after(const struct reconcile *ctx, const json_t *last, struct err *e)
{
	cleanup_free char *uid = xstrdup(meta_str(last, "uid"));
	const char *ns = meta_str(last, "namespace");
	const json_t *reference;
	size_t i;
	int r = visit(ctx, ns, names_owner, uid, look_at, NULL, e);

	json_array_foreach (owners_of(last), i, reference) {
		const struct kind *kind = kind_by_name(json_str_or(reference, "apiVersion", ""),
			json_str_or(reference, "kind", ""));

		if (kind && r >= 0)
			r = collect_object(ctx, kind, kind->namespaced ? ns : "",
				json_str_or(reference, "name", ""), e);
	}
	if (r >= 0 && ns[0])
		r = collect_object(ctx, kind_by_name("v1", "Namespace"), "", ns, e);
	return r < 0 ? r : 0;
}
