/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event objects. The name of a record is made from what it says about whom, so that the same thing
 * said again finds its record in the store and raises the count: nothing is kept in memory. Step
 * "reported" of a pod's life.
 */
#include "agent/status/recorder.h"

#include "agent/spec/spec.h"
#include "runtime/base/clock.h"
#include "runtime/base/map.h"

#include <stdarg.h>

enum { RECORDS_KEPT = RECORDS_MAX * 9 / 10, NAME_PART_MAX = 200, MESSAGE_MAX = 1024 };

/* What one component may say of one object. Source: client-go, tools/record, EventSourceObjectSpamFilter. */
enum { SAY_BURST = 25 };
#define SAY_AGAIN_NS (300 * NS_PER_SEC)

/* How much it has said lately, as a time: it grows by SAY_AGAIN_NS with each record, and the clock catches up. */
struct talker {
	uint64_t spent_until_ns;
};

struct recorder {
	struct store *store;
	const struct clock *clock;
	const struct kind *kind;
	char *node;
	size_t count; /* records in the store, as far as this recorder has made or seen them */
	uint64_t lost;
	struct map talkers; /* "component/kind/uid" → struct talker */
};

int recorder_new(struct store *store, const struct clock *clock, const char *node,
	struct recorder **ret, struct err *e)
{
	const struct kind *kind = kind_by_name("v1", "Event");
	struct recorder *r;
	int n = store_count(store, kind, NULL);

	if (n < 0)
		return err_wrap(e, n, "counting the events");
	r = xcalloc(1, sizeof *r);
	*r = (struct recorder){.store = store,
		.clock = clock,
		.kind = kind,
		.node = xstrdup(node),
		.count = (size_t)n};
	*ret = r;
	return 0;
}

void recorder_free(struct recorder *own_r)
{
	if (!own_r)
		return;
	for (struct map_item *i = map_first(&own_r->talkers); i; i = map_next(i))
		free(map_value(i));
	map_done(&own_r->talkers);
	free(own_r->node);
	free(own_r);
}

uint64_t recorder_lost(const struct recorder *r)
{
	return r->lost;
}

/* FNV-1a over texts with a border between them: a name, no defence. */
static uint64_t digest(uint64_t h, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211ull;
	return (h ^ 0xff) * 1099511628211ull;
}

static char *record_name(
	const struct subject *about, bool warning, const char *reason, const char *message)
{
	uint64_t h = 14695981039346656037ull;

	h = digest(h, about->kind);
	h = digest(h, about->uid);
	h = digest(h, about->field);
	h = digest(h, reason);
	h = digest(h, message);
	return xasprintf(
		"%.*s.%016llx", NAME_PART_MAX, about->name, (unsigned long long)(warning ? ~h : h));
}

static json_t *involved_object(const struct subject *about)
{
	json_t *o = json_object();

	json_put_str(o, "kind", about->kind);
	json_put_str(o, "namespace", about->ns && about->ns[0] ? about->ns : NULL);
	json_put_str(o, "name", about->name);
	json_put_str(o, "uid", about->uid);
	json_put_str(o, "apiVersion", about->api_version);
	json_put_str(o, "fieldPath", about->field);
	return o;
}

static json_t *record_object(const struct recorder *r, const char *component,
	const struct subject *about, const char *ns, const char *name)
{
	json_t *o = json_object(), *metadata = json_sub(o, "metadata"), *source;

	json_put_str(o, "apiVersion", "v1");
	json_put_str(o, "kind", "Event");
	json_put_str(metadata, "name", name);
	json_put_str(metadata, "namespace", ns);
	json_put(o, "involvedObject", involved_object(about));
	source = json_sub(o, "source");
	json_put_str(source, "component", component);
	json_put_str(source, "host", r->node);
	json_put_str(o, "reportingComponent", component);
	json_put_str(o, "reportingInstance", r->node);
	return o;
}

static int write_record(struct recorder *r, const char *component, const struct subject *about,
	bool warning, const char *reason, const char *message)
{
	const char *ns = about->ns && about->ns[0] ? about->ns : "default";
	cleanup_free char *name = record_name(about, warning, reason, message);
	cleanup_json json_t *o = NULL;
	char now[RFC3339_SIZE];
	bool is_new;
	int res;

	rfc3339(clock_wall_ns(r->clock), now);
	res = store_get(r->store, r->kind, ns, name, &o, NULL);
	if (res < 0 && res != -ENOENT)
		return res;
	is_new = res == -ENOENT;
	if (is_new) {
		o = record_object(r, component, about, ns, name);
		json_put_str(o, "reason", reason);
		json_put_str(o, "message", message);
		json_put_str(o, "type", warning ? "Warning" : "Normal");
		json_put_str(o, "firstTimestamp", now);
	}
	json_put_str(o, "lastTimestamp", now);
	json_put_int(o, "count", json_int(o, "count", 0) + 1);
	res = is_new ? store_create(r->store, r->kind, o, STORE_NORMAL, NULL)
		     : store_update(r->store, r->kind, o, STORE_NORMAL, NULL);
	if (res == 0 && is_new && ++r->count > RECORDS_MAX)
		(void)recorder_expire(r);
	return res;
}

/* May this be said, or has it been said too often? A pod that crashes in a loop must not fill the store with it. */
static bool may_say(struct recorder *r, const char *component, const struct subject *about)
{
	cleanup_free char *key = xasprintf(
		"%s/%s/%s", component, about->kind, about->uid ? about->uid : about->name);
	struct talker *t = map_get(&r->talkers, key);
	uint64_t now = clock_now_ns(r->clock);

	if (!t) {
		t = xcalloc(1, sizeof *t);
		(void)map_put(&r->talkers, key, t);
	}
	if (t->spent_until_ns < now)
		t->spent_until_ns = now;
	if (t->spent_until_ns + SAY_AGAIN_NS > now + SAY_BURST * SAY_AGAIN_NS)
		return false;
	t->spent_until_ns += SAY_AGAIN_NS;
	return true;
}

static void forget_silent(struct recorder *r)
{
	for (struct map_item *i = map_first(&r->talkers), *next; i; i = next) {
		struct talker *t = map_value(i);

		next = map_next(i);
		if (t->spent_until_ns > clock_now_ns(r->clock))
			continue;
		(void)map_remove(&r->talkers, map_key(i));
		free(t);
	}
}

void recorder_say(struct recorder *r, const char *component, const struct subject *about,
	bool warning, const char *reason, const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(message, sizeof message, format, ap);
	va_end(ap);
	if (may_say(r, component, about) &&
		write_record(r, component, about, warning, reason, message) < 0)
		r->lost++;
}

bool recorder_has_said(struct recorder *r, const struct subject *about, bool warning,
	const char *reason, const char *message, uint64_t at_wall_ns)
{
	const char *ns = about->ns && about->ns[0] ? about->ns : "default";
	cleanup_free char *name = record_name(about, warning, reason, message);
	cleanup_json json_t *o = NULL;
	const char *last;
	uint64_t last_ns;

	if (at_wall_ns + RECORD_TTL_NS < clock_wall_ns(r->clock))
		return true;
	if (store_get(r->store, r->kind, ns, name, &o, NULL) < 0)
		return false;
	last = json_str(o, "lastTimestamp");
	return last && rfc3339_parse(last, &last_ns) == 0 &&
	       last_ns / NS_PER_SEC >= at_wall_ns / NS_PER_SEC;
}

/* ---- expiry ------------------------------------------------------------------------------------------- */

/* One record as expiry sees it. */
struct dated {
	uint64_t last_ns;
	char *ns, *name;
};

struct dated_list {
	struct dated *items;
	size_t n, cap;
};

static int collect_dated(void *data, const struct store_record *record)
{
	struct dated_list *list = data;
	cleanup_json json_t *o = NULL;
	struct dated d = {0};
	const char *last;

	if (json_parse(record->text, &o, NULL) == 0) {
		last = json_str(o, "lastTimestamp");
		if (last)
			(void)rfc3339_parse(last, &d.last_ns);
	}
	d.ns = xstrdup(record->ns);
	d.name = xstrdup(record->name);
	GROW(list->items, list->n + 1, list->cap);
	list->items[list->n++] = d;
	return 0;
}

static int by_age(const void *a, const void *b)
{
	const struct dated *x = a, *y = b;

	return x->last_ns < y->last_ns ? -1 : x->last_ns > y->last_ns;
}

static void dated_list_done(struct dated_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->items[i].ns);
		free(list->items[i].name);
	}
	free(list->items);
}

uint64_t recorder_expire(struct recorder *r)
{
	uint64_t now = clock_wall_ns(r->clock), next;
	struct dated_list list = {0};
	size_t gone = 0;

	forget_silent(r);
	(void)store_each(r->store, r->kind, NULL, collect_dated, &list, NULL);
	if (list.n)
		qsort(list.items, list.n, sizeof *list.items, by_age);
	while (gone < list.n) {
		const struct dated *d = &list.items[gone];
		bool crowded = list.n > RECORDS_MAX && list.n - gone > RECORDS_KEPT;

		if (!crowded && d->last_ns + RECORD_TTL_NS > now)
			break;
		(void)store_delete(r->store, r->kind, d->ns, d->name, NULL, NULL, NULL);
		gone++;
	}
	r->count = list.n - gone;
	next = gone < list.n ? list.items[gone].last_ns + RECORD_TTL_NS : 0;
	dated_list_done(&list);
	return next;
}

/* ---- subjects ----------------------------------------------------------------------------------------- */

struct subject subject_of(const json_t *object)
{
	const json_t *metadata = json_map(object, "metadata");

	return (struct subject){
		.api_version = json_str_or(object, "apiVersion", "v1"),
		.kind = json_str_or(object, "kind", ""),
		.ns = json_str_or(metadata, "namespace", ""),
		.name = json_str_or(metadata, "name", ""),
		.uid = json_str_or(metadata, "uid", ""),
	};
}
