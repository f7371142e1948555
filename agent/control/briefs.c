/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry a pod, found by "namespace/name", read again when the store's version of it is another.
 */
#include "agent/control/briefs.h"

#include "agent/spec/object.h"
#include "agent/spec/spec.h"
#include "runtime/base/map.h"

struct brief {
	json_t *pod;
	uint64_t version;
	uint64_t round; /* the listing that saw it last */
};

struct briefs {
	struct map map;
	uint64_t round;
};

struct briefs *briefs_new(void)
{
	return xcalloc(1, sizeof(struct briefs));
}

static void drop(struct briefs *b, const char *key, struct brief *own_brief)
{
	(void)map_remove(&b->map, key);
	json_decref(own_brief->pod);
	free(own_brief);
}

void briefs_free(struct briefs *own_b)
{
	if (!own_b)
		return;
	for (struct map_item *i = map_first(&own_b->map), *next; i; i = next) {
		next = map_next(i);
		drop(own_b, map_key(i), map_value(i));
	}
	map_done(&own_b->map);
	free(own_b);
}

static void keep(json_t *to, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	if (value)
		json_put(to, key, json_incref(value));
}

static json_t *brief_statuses(const json_t *statuses)
{
	json_t *list = json_array();
	const json_t *status;
	size_t i;

	json_array_foreach (statuses, i, status) {
		json_t *to = json_object();

		keep(to, status, "restartCount");
		json_push(list, to);
	}
	return list;
}

static json_t *brief_of(const json_t *pod)
{
	json_t *b = json_object(), *status = json_sub(b, "status");

	keep(b, pod, "apiVersion");
	keep(b, pod, "kind");
	keep(b, pod, "metadata");
	keep(json_sub(b, "spec"), json_map(pod, "spec"), "nodeName");
	keep(status, json_map(pod, "status"), "phase");
	keep(status, json_map(pod, "status"), "conditions");
	json_put(status, "containerStatuses",
		brief_statuses(json_at(pod, "status", "containerStatuses", NULL)));
	return b;
}

struct walk {
	struct briefs *briefs;
	json_t *list;
	struct err *e;
};

static int visit(void *data, const struct store_record *record)
{
	struct walk *w = data;
	cleanup_free char *key = xasprintf("%s/%s", record->ns, record->name);
	struct brief *b = map_get(&w->briefs->map, key);

	if (!b) {
		b = xcalloc(1, sizeof(*b));
		(void)map_put(&w->briefs->map, key, b);
	}
	if (b->version != record->rv) {
		cleanup_json json_t *pod = NULL;
		int r = store_record_object(record, &pod, w->e);

		if (r < 0) {
			drop(w->briefs, key, b);
			return r;
		}
		json_decref(b->pod);
		b->pod = brief_of(pod);
		b->version = record->rv;
	}
	b->round = w->briefs->round;
	json_push(w->list, json_incref(b->pod));
	return 0;
}

/* Of pods that are no more. */
static void sweep(struct briefs *b, const char *ns)
{
	size_t n = strlen(ns);

	for (struct map_item *i = map_first(&b->map), *next; i; i = next) {
		const char *key = map_key(i);
		struct brief *brief = map_value(i);

		next = map_next(i);
		if (brief->round != b->round && strncmp(key, ns, n) == 0 && key[n] == '/')
			drop(b, key, brief);
	}
}

int briefs_list(struct briefs *b, struct store *store, const char *ns, json_t **ret, struct err *e)
{
	cleanup_json json_t *list = json_array();
	struct walk w = {b, list, e};

	b->round++;
	int r = store_each(store, kind_by_name("v1", "Pod"), ns, visit, &w, e);
	if (r < 0)
		return r;
	sweep(b, ns);
	*ret = take(list);
	return 0;
}
