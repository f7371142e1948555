/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Updates: what may not change, who may write which half of an object, and whether the desired state changed.
 * The schema tables say it (IMMUTABLE, FROZEN, MUTABLE); the rest is here.
 * Source: Kubernetes API conventions, "Spec and Status"; pkg/apis/core/validation, the Update functions.
 */
#include "agent/spec/walk.h"

static void diff_object(
	struct walk *w, const struct type *t, const json_t *old, const json_t *new, bool frozen);

/* "nothing" and missing are the same, so that a client that leaves out what the server filled in is told less. */
static bool same(const json_t *a, const json_t *b)
{
	bool no_a = !a || value_is_empty(a), no_b = !b || value_is_empty(b);
	return (no_a && no_b) || (a && b && json_equal(a, b));
}

static void say_frozen(struct walk *w)
{
	walk_forbidden(w,
		"may not change after creation, only images may; delete the pod and create it "
		"anew");
}

static void diff_list(struct walk *w, const struct field *f, const json_t *old, const json_t *new)
{
	size_t n = json_array_size(new);
	if (n != json_array_size(old) || f->type != OBJECT) {
		say_frozen(w);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		size_t mark = walk_index(w, i);
		diff_object(w, f->of, json_array_get(old, i), json_array_get(new, i), true);
		walk_up(w, mark);
	}
}

static void diff_field(
	struct walk *w, const struct field *f, const json_t *old, const json_t *new, bool frozen)
{
	frozen = frozen || f->flags & FROZEN;
	if (same(old, new) || f->flags & (MUTABLE | OBSERVED))
		return;
	if (f->flags & IMMUTABLE) {
		if (old && !value_is_empty(old))
			walk_invalid(w, new ? new : json_null(), "field is immutable");
	} else if (frozen && f->flags & LIST) {
		diff_list(w, f, old, new);
	} else if (f->type == OBJECT && !(f->flags & LIST) && json_is_object(old) &&
		   json_is_object(new)) {
		diff_object(w, f->of, old, new, frozen);
	} else if (frozen) {
		say_frozen(w);
	}
}

static void diff_object(
	struct walk *w, const struct type *t, const json_t *old, const json_t *new, bool frozen)
{
	for (const struct field *f = t->fields; f->name; f++) {
		size_t mark = walk_field(w, f->name);
		diff_field(
			w, f, json_object_get(old, f->name), json_object_get(new, f->name), frozen);
		walk_up(w, mark);
	}
}

/* Secrets and ConfigMaps that were made immutable. */
static void diff_data(struct walk *w, const json_t *old, const json_t *new)
{
	static const char *const members[] = {"data", "binaryData"};
	if (!json_flag(old, "immutable", false))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		size_t mark = walk_field(w, members[i]);
		if (!same(json_object_get(old, members[i]), json_object_get(new, members[i])))
			walk_forbidden(w, "field is immutable when `immutable` is set");
		walk_up(w, mark);
	}
	size_t mark = walk_field(w, "immutable");
	if (!json_flag(new, "immutable", false))
		walk_forbidden(w, "field is immutable when `immutable` is set");
	walk_up(w, mark);
}

/* Of an object that is being deleted, finalizers may go but not come. */
static void diff_finalizers(struct walk *w, const json_t *old, const json_t *new)
{
	const json_t *before = json_at(old, "metadata", "finalizers", NULL);
	const json_t *after = json_at(new, "metadata", "finalizers", NULL);
	if (!json_at(old, "metadata", "deletionTimestamp", NULL))
		return;
	for (size_t i = 0; i < json_array_size(after); i++) {
		bool known = false;
		for (size_t j = 0; j < json_array_size(before); j++)
			known |= json_equal(json_array_get(after, i), json_array_get(before, j));
		if (known)
			continue;
		size_t mark = walk_field(w, "metadata");
		size_t inner = walk_field(w, "finalizers");
		walk_forbidden(w, "no new finalizers can be added if the object is being deleted");
		walk_up(w, inner);
		walk_up(w, mark);
	}
}

/* Tolerations may be added to a pod, not taken away. */
static void diff_tolerations(struct walk *w, const json_t *old, const json_t *new)
{
	const json_t *before = json_at(old, "spec", "tolerations", NULL);
	const json_t *after = json_at(new, "spec", "tolerations", NULL);
	for (size_t i = 0; w->kind->type == &type_pod && i < json_array_size(before); i++) {
		bool kept = false;
		for (size_t j = 0; j < json_array_size(after); j++)
			kept |= json_equal(json_array_get(before, i), json_array_get(after, j));
		if (kept)
			continue;
		size_t mark = walk_field(w, "spec");
		size_t inner = walk_field(w, "tolerations");
		walk_forbidden(
			w, "existing toleration can not be modified except its tolerationSeconds");
		walk_up(w, inner);
		walk_up(w, mark);
		return;
	}
}

/* The time a pod may be active can be set once and cut short, not given back. */
static void diff_deadline(struct walk *w, const json_t *old, const json_t *new)
{
	const json_t *before = json_at(old, "spec", "activeDeadlineSeconds", NULL);
	const json_t *after = json_at(new, "spec", "activeDeadlineSeconds", NULL);
	if (w->kind->type != &type_pod || !before)
		return;
	size_t mark = walk_field(w, "spec");
	size_t inner = walk_field(w, "activeDeadlineSeconds");
	if (!after)
		walk_invalid(
			w, json_null(), "must not update from a positive integer to nil value");
	else if (json_integer_value(after) > json_integer_value(before))
		walk_invalid(w, after, "must be less than or equal to previous value");
	walk_up(w, inner);
	walk_up(w, mark);
}

void spec_validate_update(
	const struct kind *k, const json_t *old, const json_t *object, struct problems *p)
{
	cleanup_walk struct walk w = {.kind = k, .root = object, .problems = p};
	diff_object(&w, k->type, old, object, false);
	diff_data(&w, old, object);
	diff_finalizers(&w, old, object);
	diff_tolerations(&w, old, object);
	diff_deadline(&w, old, object);
}

/* What the server alone writes. resourceVersion is the client's: it is the lock. */
static const char *const server_members[] = {"uid", "creationTimestamp", "deletionTimestamp",
	"deletionGracePeriodSeconds", "generation", "generateName"};
enum { ALWAYS_SERVERS = 5 };

void spec_keep_status(const struct kind *k, const json_t *old, json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");
	const json_t *before = json_object_get(old, "metadata");
	/* Of another type: decoding will say so. */
	if (metadata && !json_is_object(metadata))
		return;
	metadata = json_sub(object, "metadata");
	for (size_t i = 0; i < ARRAY_SIZE(server_members); i++) {
		const char *name = server_members[i];
		json_t *kept = json_object_get(before, name);
		/* A uid that the client gave is compared with ours by spec_validate_update. */
		bool compared = old && streq(name, "uid") && *json_str_or(metadata, "uid", "");
		if (compared || (i >= ALWAYS_SERVERS && (!old || json_object_get(metadata, name))))
			continue;
		if (kept)
			json_put(metadata, name, json_incref(kept));
		else
			json_object_del(metadata, name);
	}
	if (!old)
		json_object_del(metadata, "resourceVersion");
	if (!k->has_status)
		return;
	json_t *status = json_object_get(old, "status");
	if (status)
		json_put(object, "status", json_deep_copy(status));
	else
		json_object_del(object, "status");
}

void spec_keep_spec(const struct kind *k, const json_t *old, json_t *object)
{
	(void)k;
	json_t *status = json_incref(json_object_get(object, "status"));
	json_t *version = json_incref(json_at(object, "metadata", "resourceVersion", NULL));
	json_object_clear(object);
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)old, name, value)
		if (!streq(name, "status"))
			json_put(object, name, json_deep_copy(value));
	json_t *metadata = json_sub(object, "metadata");
	if (version)
		json_put(metadata, "resourceVersion", version);
	if (status)
		json_put(object, "status", status);
}

bool spec_changed(const struct kind *k, const json_t *a, const json_t *b)
{
	for (const struct field *f = k->type->fields; f->name; f++) {
		if (streq(f->name, "metadata") || streq(f->name, "status"))
			continue;
		const json_t *in_a = json_object_get(a, f->name),
			     *in_b = json_object_get(b, f->name);
		if (in_a != in_b && (!in_a || !in_b || !json_equal(in_a, in_b)))
			return true;
	}
	return false;
}
