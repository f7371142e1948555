/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marking and taking out. Pods wait for their processes and namespaces for their contents: those
 * are taken out by whoever sees them empty. All else goes when no finalizer holds it.
 */
#include "agent/control/deletion.h"

#include "agent/spec/spec.h"

const char *const propagation_names[] = {"Background", "Foreground", "Orphan", NULL};

static bool is_pod(const struct kind *kind)
{
	return streq(kind->kind, "Pod") && !kind->group[0];
}

static bool is_namespace(const struct kind *kind)
{
	return streq(kind->kind, "Namespace") && !kind->group[0];
}

bool deletion_is_begun(const json_t *object)
{
	return json_str(json_map(object, "metadata"), "deletionTimestamp") != NULL;
}

bool deletion_has_finalizer(const json_t *object, const char *finalizer)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_at(object, "metadata", "finalizers", NULL), i, item) {
		if (streq(json_string_value(item), finalizer))
			return true;
	}
	return false;
}

static void add_finalizer(json_t *object, const char *finalizer)
{
	json_t *metadata = json_map(object, "metadata");

	if (deletion_has_finalizer(object, finalizer))
		return;
	if (!json_list(metadata, "finalizers"))
		json_put(metadata, "finalizers", json_array());
	json_push(json_list(metadata, "finalizers"), json_string(finalizer));
}

static void remove_finalizer(json_t *object, const char *finalizer)
{
	json_t *metadata = json_map(object, "metadata");
	json_t *list = json_list(metadata, "finalizers");

	for (size_t i = json_array_size(list); i-- > 0;)
		if (streq(json_string_value(json_array_get(list, i)), finalizer))
			(void)json_array_remove(list, i);
	if (json_array_size(list) == 0)
		(void)json_object_del(metadata, "finalizers");
}

static bool has_finalizers(const json_t *object)
{
	return json_array_size(json_at(object, "metadata", "finalizers", NULL)) > 0 ||
	       json_array_size(json_at(object, "spec", "finalizers", NULL)) > 0;
}

/* Seconds that a pod may take to end, as asked for or as its spec says. */
static int64_t grace_of(const json_t *pod, const struct deletion *how)
{
	if (how->grace_seconds >= 0)
		return how->grace_seconds;
	return json_int(json_map(pod, "spec"), "terminationGracePeriodSeconds", 30);
}

static void mark(const struct clock *clock, json_t *object, int64_t grace)
{
	uint64_t end = clock_wall_ns(clock) + (uint64_t)grace * NS_PER_SEC;
	json_t *metadata = json_map(object, "metadata");
	char text[RFC3339_SIZE];

	json_put_str(metadata, "deletionTimestamp", rfc3339(end, text));
	json_put_int(metadata, "deletionGracePeriodSeconds", grace);
}

/* Changes @object as the deletion asks. Returns: is there something to write? */
static bool mark_pod(const struct clock *clock, json_t *pod, const struct deletion *how)
{
	const json_t *metadata = json_map(pod, "metadata");
	int64_t grace = grace_of(pod, how);

	if (deletion_is_begun(pod) && json_int(metadata, "deletionGracePeriodSeconds", 0) <= grace)
		return false;
	mark(clock, pod, grace);
	return true;
}

static bool mark_other(const struct clock *clock, const struct kind *kind, json_t *object,
	const struct deletion *how)
{
	bool begun = deletion_is_begun(object);

	if (how->propagation == PROPAGATION_FOREGROUND)
		add_finalizer(object, FINALIZER_FOREGROUND);
	if (how->propagation == PROPAGATION_ORPHAN)
		add_finalizer(object, FINALIZER_ORPHAN);
	if (begun)
		return how->propagation != PROPAGATION_BACKGROUND;
	mark(clock, object, 0);
	if (is_namespace(kind))
		json_put_str(json_sub(object, "status"), "phase", "Terminating");
	return true;
}

int deletion_begin(struct store *s, const struct clock *clock, const struct kind *kind,
	const char *ns, const char *name, const struct deletion *how, json_t **ret, struct err *e)
{
	cleanup_json json_t *object = NULL;
	int r = store_get(s, kind, ns, name, &object, e);
	bool changed, stays;

	if (r < 0)
		return r;
	stays = is_pod(kind) || is_namespace(kind) || has_finalizers(object) ||
		how->propagation != PROPAGATION_BACKGROUND;
	if (!stays) {
		r = store_delete(s, kind, ns, name, how->precondition, ret, e);
		return r < 0 ? r : 1;
	}
	if (how->precondition) {
		json_t *metadata = json_map(object, "metadata");

		/* The store compares what the object says with what it holds. */
		json_put_str(metadata, "uid", how->precondition->uid);
		json_put_str(metadata, "resourceVersion", how->precondition->resource_version);
	}
	changed =
		is_pod(kind) ? mark_pod(clock, object, how) : mark_other(clock, kind, object, how);
	if (changed || how->precondition)
		r = store_update(s, kind, object, STORE_FULL, e);
	if (r == 0 && ret)
		*ret = take(object);
	return r;
}

int deletion_finish(struct store *s, const struct kind *kind, json_t *object, const char *finalizer,
	struct err *e)
{
	const json_t *metadata = json_map(object, "metadata");
	int r = 0;

	if (finalizer && deletion_has_finalizer(object, finalizer)) {
		remove_finalizer(object, finalizer);
		r = store_update(s, kind, object, STORE_FULL, e);
	}
	if (r < 0 || has_finalizers(object) || is_pod(kind) || is_namespace(kind))
		return r;
	r = store_delete(s, kind, json_str_or(metadata, "namespace", ""),
		json_str(metadata, "name"), NULL, NULL, e);
	return r < 0 && r != -ENOENT ? r : 1;
}
