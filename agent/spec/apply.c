/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `apply`, the client's side: from what was applied last, what is wanted and what is there, the strategic merge
 * patch that brings one to the other and leaves alone what others set.
 * Source: Kubernetes docs, "Declarative Management of Kubernetes Objects", how apply calculates differences.
 */
#include "agent/spec/patch.h"

static json_t *diff_objects(
	const struct type *t, const json_t *was, const json_t *want, const json_t *is);

/* Are the wanted items, in their order, what is there (others between them do not matter)? */
static bool in_order(const json_t *want, const json_t *is, const char *key)
{
	long last = -1;
	for (size_t i = 0; i < json_array_size(want); i++) {
		long at = list_find(is, json_array_get(want, i), key);
		if (at >= 0 && at < last)
			return false;
		last = at >= 0 ? at : last;
	}
	return true;
}

static json_t *item_at(const json_t *list, long i)
{
	return i < 0 ? NULL : json_array_get(list, (size_t)i);
}

/* The key alone, as $setElementOrder and deletions name an item. */
static json_t *key_of(const json_t *item, const char *key)
{
	json_t *out = json_object();
	json_put(out, key, json_incref(json_object_get(item, key)));
	return out;
}

static json_t *keys_of(const json_t *object)
{
	json_t *out = json_array();
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)object, name, value)
		json_push(out, json_string(name));
	return out;
}

static void diff_item(const struct field *f, const json_t *was, const json_t *want,
	const json_t *is, json_t *changes)
{
	if (!is) {
		json_push(changes, json_deep_copy(want));
		return;
	}
	json_t *change = diff_objects(f->of, was, want, is);
	if (!json_object_size(change)) {
		json_drop(change);
		return;
	}
	/* An item that is a union: what it was before must go. */
	if (f->flags & RETAIN)
		json_put(change, "$retainKeys", keys_of(want));
	json_put(change, f->key, json_incref(json_object_get(want, f->key)));
	json_push(changes, change);
}

static void diff_keyed(const struct field *f, const json_t *was, const json_t *want,
	const json_t *is, json_t *patch)
{
	json_t *changes = json_array(), *order = json_array();
	for (size_t i = 0; i < json_array_size(want); i++) {
		const json_t *item = json_array_get(want, i);
		json_push(order, key_of(item, f->key));
		diff_item(f, item_at(was, list_find(was, item, f->key)), item,
			item_at(is, list_find(is, item, f->key)), changes);
	}
	for (size_t i = 0; i < json_array_size(was); i++) {
		const json_t *item = json_array_get(was, i);
		if (list_find(want, item, f->key) >= 0 || list_find(is, item, f->key) < 0)
			continue;
		json_t *gone = key_of(item, f->key);
		json_put_str(gone, "$patch", "delete");
		json_push(changes, gone);
	}
	if (json_array_size(changes) || !in_order(want, is, f->key)) {
		cleanup_free char *name = xasprintf("$setElementOrder/%s", f->name);
		json_put(patch, name, json_incref(order));
	}
	if (json_array_size(changes))
		json_put(patch, f->name, json_incref(changes));
	json_drop(changes);
	json_drop(order);
}

static void diff_set(const struct field *f, const json_t *was, const json_t *want, const json_t *is,
	json_t *patch)
{
	cleanup_json json_t *more = json_array();
	cleanup_json json_t *gone = json_array();
	for (size_t i = 0; i < json_array_size(want); i++)
		if (list_find(is, json_array_get(want, i), NULL) < 0)
			json_push(more, json_incref(json_array_get(want, i)));
	for (size_t i = 0; i < json_array_size(was); i++) {
		json_t *item = json_array_get(was, i);
		if (list_find(want, item, NULL) < 0 && list_find(is, item, NULL) >= 0)
			json_push(gone, json_incref(item));
	}
	if (json_array_size(more))
		json_put(patch, f->name, take(more));
	if (json_array_size(gone)) {
		cleanup_free char *name = xasprintf("$deleteFromPrimitiveList/%s", f->name);
		json_put(patch, name, take(gone));
	}
}

/* A list can be merged by key when all items have one. */
static bool all_keyed(const json_t *list, const char *key)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_object_get(json_array_get(list, i), key))
			return false;
	return true;
}

static void diff_member(const struct field *f, const char *name, const json_t *was,
	const json_t *want, const json_t *is, json_t *patch)
{
	bool lists = json_is_array(want) && json_is_array(is) && list_merges(f);
	if (lists && f->key && all_keyed(want, f->key) && all_keyed(was, f->key)) {
		diff_keyed(f, was, want, is, patch);
	} else if (lists && !f->key) {
		diff_set(f, was, want, is, patch);
	} else if (json_is_object(want) && json_is_object(is)) {
		const struct type *t = f && f->type == OBJECT && !(f->flags & MAP) ? f->of : NULL;
		json_t *sub = diff_objects(t, was, want, is);
		if (json_object_size(sub))
			json_put(patch, name, json_incref(sub));
		json_drop(sub);
	} else if (!json_equal(want, is)) {
		json_put(patch, name, json_deep_copy(want));
	}
}

static json_t *diff_objects(
	const struct type *t, const json_t *was, const json_t *want, const json_t *is)
{
	json_t *patch = json_object();
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)want, name, value) {
		const json_t *there = json_object_get(is, name);
		if (json_is_null(value) && there)
			json_put(patch, name, json_null());
		else if (!there && !json_is_null(value))
			json_put(patch, name, json_deep_copy(value));
		else if (there)
			diff_member(t ? type_field(t, name) : NULL, name,
				json_object_get(was, name), value, there, patch);
	}
	json_object_foreach ((json_t *)(uintptr_t)was, name, value)
		if (!json_object_get(want, name) && json_object_get(is, name))
			json_put(patch, name, json_null());
	return patch;
}

int spec_apply_patch(const struct kind *k, const json_t *original, const json_t *modified,
	const json_t *current, json_t **ret, struct err *e)
{
	if (!json_is_object(modified) || !json_is_object(current))
		return err_set(
			e, -EINVAL, "apply needs the wanted object and the one that is there");
	*ret = diff_objects(k->type, original, modified, current);
	return 0;
}

void spec_set_last_applied(json_t *modified)
{
	/* What is of another type is left for decoding to say. */
	const json_t *metadata = json_object_get(modified, "metadata");
	const json_t *before = json_object_get(metadata, "annotations");
	if ((metadata && !json_is_object(metadata)) || (before && !json_is_object(before)))
		return;
	json_t *annotations = json_sub(json_sub(modified, "metadata"), "annotations");
	json_object_del(annotations, LAST_APPLIED);
	cleanup_free char *text = json_canonical(modified);
	/* kubectl ends it with a line break. */
	cleanup_free char *line = xasprintf("%s\n", text);
	json_put_str(annotations, LAST_APPLIED, line);
}
