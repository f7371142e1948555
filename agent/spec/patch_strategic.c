/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strategic merge patch: like a merge patch, but lists merge by the key that the schema tables name, and
 * directives say what null cannot ($patch, $retainKeys, $deleteFromPrimitiveList, $setElementOrder).
 * Source: Kubernetes community docs, "Strategic Merge Patch".
 */
#include "agent/spec/patch.h"

#define PATCH "$patch"
#define RETAIN_KEY "$retainKeys"
#define DELETE "$deleteFromPrimitiveList/"
#define ORDER "$setElementOrder/"

/* The longest list that validation lets through. */
enum { ITEMS_MAX = ENV_MAX };

static int merge_objects(const struct type *t, const json_t *current, const json_t *patch,
	json_t **ret, struct err *e);

long list_find(const json_t *list, const json_t *item, const char *key)
{
	const json_t *wanted = key ? json_object_get(item, key) : item;
	for (size_t i = 0; wanted && i < json_array_size(list); i++) {
		const json_t *at = json_array_get(list, i);
		const json_t *found = key ? json_object_get(at, key) : at;
		if (found && json_equal(found, wanted))
			return (long)i;
	}
	return -1;
}

static const char *directive(const json_t *object)
{
	return json_str_or(object, PATCH, "merge");
}

static bool is_directive(const char *key)
{
	return streq(key, PATCH) || streq(key, RETAIN_KEY) || sv_starts(sv(key), DELETE) ||
	       sv_starts(sv(key), ORDER);
}

/* A value that is new: the same without directives and nulls. */
static json_t *cleaned(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;
	if (json_is_array(value)) {
		json_t *out = json_array();
		json_array_foreach ((json_t *)(uintptr_t)value, i, member)
			if (!streq(directive(member), "delete"))
				json_push(out, cleaned(member));
		return out;
	}
	if (!json_is_object(value))
		return json_deep_copy(value);
	json_t *out = json_object();
	json_object_foreach ((json_t *)(uintptr_t)value, key, member)
		if (!is_directive(key) && !json_is_null(member))
			json_put(out, key, cleaned(member));
	return out;
}

/* ---- lists ---- */

/*
 * The wanted order: items that @order names stand as it says; the others keep their place among those that were
 * there before (@before).
 */
static json_t *reordered(
	const json_t *merged, const json_t *before, const json_t *order, const char *key)
{
	json_t *out = json_array();
	cleanup_json json_t *named = json_array();
	cleanup_json json_t *others = json_array();
	for (size_t i = 0; i < json_array_size(order); i++) {
		long at = list_find(merged, json_array_get(order, i), key);
		if (at >= 0)
			json_push(named, json_incref(json_array_get(merged, (size_t)at)));
	}
	for (size_t i = 0; i < json_array_size(merged); i++)
		if (list_find(order, json_array_get(merged, i), key) < 0)
			json_push(others, json_incref(json_array_get(merged, i)));
	size_t a = 0, b = 0;
	while (a < json_array_size(named) || b < json_array_size(others)) {
		json_t *x = json_array_get(named, a), *y = json_array_get(others, b);
		long place_x = x ? list_find(before, x, key) : -1;
		long place_y = y ? list_find(before, y, key) : -1;
		bool other = !x || (y && place_x >= 0 && place_y >= 0 && place_y < place_x);
		json_push(out, json_incref(other ? y : x));
		*(other ? &b : &a) += 1;
	}
	return out;
}

static int merge_item(const struct field *f, json_t *list, const json_t *item, struct err *e)
{
	if (!json_is_object(item) || !json_object_get(item, f->key))
		return err_set(e, -EINVAL, "patch: each item of \"%s\" needs its key \"%s\"",
			f->name, f->key);
	long at = list_find(list, item, f->key);
	if (streq(directive(item), "delete")) {
		for (; at >= 0; at = list_find(list, item, f->key))
			json_array_remove(list, (size_t)at);
		return 0;
	}
	if (at < 0) {
		json_push(list, cleaned(item));
		return 0;
	}
	json_t *merged;
	int r = merge_objects(f->of, json_array_get(list, (size_t)at), item, &merged, e);
	if (r >= 0)
		json_array_set_new(list, (size_t)at, merged);
	return r;
}

static bool replaces(const json_t *patch)
{
	for (size_t i = 0; i < json_array_size(patch); i++)
		if (streq(directive(json_array_get(patch, i)), "replace"))
			return true;
	return false;
}

/* { $patch: replace } in a list is no item itself. */
static json_t *replacement(const json_t *patch)
{
	json_t *out = json_array();
	for (size_t i = 0; i < json_array_size(patch); i++) {
		const json_t *item = json_array_get(patch, i);
		if (!streq(directive(item), "replace") || json_object_size(item) > 1)
			json_push(out, cleaned(item));
	}
	return out;
}

static int merge_list(const struct field *f, const json_t *current, const json_t *patch,
	json_t **ret, struct err *e)
{
	cleanup_json json_t *out = json_is_array(current) ? json_deep_copy(current) : json_array();
	if (!json_is_array(patch))
		return err_set(e, -EINVAL, "patch: \"%s\" is a list", f->name);
	/* Each item is looked up among the others. */
	if (list_merges(f) &&
		(json_array_size(patch) > ITEMS_MAX || json_array_size(out) > ITEMS_MAX))
		return err_set(
			e, -E2BIG, "patch: more than %d items in \"%s\"", ITEMS_MAX, f->name);
	if (!list_merges(f) || replaces(patch)) {
		*ret = replacement(patch);
		return 0;
	}
	for (size_t i = 0; i < json_array_size(patch); i++) {
		const json_t *item = json_array_get(patch, i);
		int r = 0;
		if (f->key)
			r = merge_item(f, out, item, e);
		else if (list_find(out, item, NULL) < 0)
			json_push(out, json_deep_copy(item));
		if (r < 0)
			return r;
	}
	*ret = take(out);
	return 0;
}

/* ---- objects ---- */

static void retain(json_t *object, const json_t *keys)
{
	const char *key;
	json_t *value;
	void *next;
	json_object_foreach_safe (object, next, key, value) {
		cleanup_json json_t *name = json_string(key);
		if (list_find(keys, name, NULL) < 0)
			json_object_del(object, key);
	}
}

static void delete_from_list(json_t *object, const char *name, const json_t *items)
{
	json_t *list = json_list(object, name);
	for (size_t i = 0; i < json_array_size(items); i++)
		for (long at; (at = list_find(list, json_array_get(items, i), NULL)) >= 0;)
			json_array_remove(list, (size_t)at);
}

static int merge_member(const struct field *f, json_t *out, const char *key, const json_t *old,
	const json_t *value, struct err *e)
{
	json_t *merged = NULL;
	int r = 0;
	if (json_is_null(value)) {
		json_object_del(out, key);
		return 0;
	}
	if (f && f->flags & LIST)
		r = merge_list(f, old, value, &merged, e);
	else if (json_is_object(value) && json_is_object(old) && f && f->type == OBJECT &&
		 !(f->flags & MAP))
		r = merge_objects(f->of, old, value, &merged, e);
	else if (json_is_object(value) && json_is_object(old))
		r = merge_objects(NULL, old, value, &merged, e);
	else
		merged = cleaned(value);
	if (r >= 0)
		json_put(out, key, merged);
	return r;
}

static void set_orders(
	const struct type *t, const json_t *current, const json_t *patch, json_t *out)
{
	const char *key;
	json_t *order;
	json_object_foreach ((json_t *)(uintptr_t)patch, key, order) {
		if (!sv_starts(sv(key), ORDER))
			continue;
		const char *name = key + strlen(ORDER);
		const struct field *f = t ? type_field(t, name) : NULL;
		const json_t *list = json_list(out, name);
		if (list_merges(f) && list && json_is_array(order))
			json_put(out, name,
				reordered(list, json_object_get(current, name), order, f->key));
	}
}

/* What a patch says about the object as it is, before anything is put in. */
static int act_on_directives(json_t *out, const json_t *patch, struct err *e)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)patch, key, value)
		if (is_directive(key) && json_array_size(value) > ITEMS_MAX)
			return err_set(
				e, -E2BIG, "patch: more than %d items in \"%s\"", ITEMS_MAX, key);
	if (json_list(patch, RETAIN_KEY))
		retain(out, json_list(patch, RETAIN_KEY));
	json_object_foreach ((json_t *)(uintptr_t)patch, key, value)
		if (sv_starts(sv(key), DELETE))
			delete_from_list(out, key + strlen(DELETE), value);
	return 0;
}

/* @t is NULL for maps and for what is not in the tables: an ordinary merge patch then. */
static int merge_objects(const struct type *t, const json_t *current, const json_t *patch,
	json_t **ret, struct err *e)
{
	cleanup_json json_t *out = json_deep_copy(current);
	const char *how = directive(patch), *key;
	json_t *value;
	if (streq(how, "replace") || streq(how, "delete")) {
		*ret = streq(how, "replace") ? cleaned(patch) : json_object();
		return 0;
	}
	if (!streq(how, "merge"))
		return err_set(
			e, -EINVAL, "patch: $patch is merge, replace or delete, not \"%s\"", how);
	int r = act_on_directives(out, patch, e);
	json_object_foreach ((json_t *)(uintptr_t)patch, key, value)
		if (r >= 0 && !is_directive(key))
			r = merge_member(t ? type_field(t, key) : NULL, out, key,
				json_object_get(out, key), value, e);
	if (r < 0)
		return r;
	set_orders(t, current, patch, out);
	*ret = take(out);
	return 0;
}

int patch_strategic(const struct type *t, const json_t *current, const json_t *patch, json_t **ret,
	struct err *e)
{
	return merge_objects(t, current, patch, ret, e);
}
