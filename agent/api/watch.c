/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches. A watcher is either live (it is told each change as it is committed) or behind (it reads the state it begins
 * with, and then the store's history, a little at a time, as its client takes it). A client that is slow falls behind: what waits for it is
 * bounded, and when history has moved past it, it is closed with 410 and lists anew.
 *
 * Source: Kubernetes API concepts, "Efficient detection of changes", "Watch bookmarks", "Streaming lists".
 */
#include "agent/api/watch.h"
#include "agent/api/listing.h"
#include "agent/api/server.h"
#include "agent/api/stream.h"
#include "agent/api/table.h"

#include <utlist.h>

enum {
	WATCH_WAITING_MAX = 256 << 10, /* bytes; beyond, a watcher falls behind */
	WATCH_BATCH = 64,	       /* events of history at a time … */
	WATCH_ROUNDS = 2,	       /* … so often in one turn of the loop */
	WATCH_STATE = 16,	       /* objects of the state at a time */
};
#define BOOKMARK_EVERY_NS (60 * NS_PER_SEC)
/* Without timeoutSeconds. Source: apiserver, min-request-timeout 1800 s. */
#define WATCH_DEFAULT_SECONDS 3600

struct watcher {
	struct api *api;
	struct stream *stream;
	const struct kind *kind;
	char *ns; /* NULL: all */
	struct selection selection;
	struct listing state; /* what there was, and has not been sent yet */
	bool sends_state, marks_end;
	bool table, columns_sent, bookmarks, live;
	enum table_object with;
	uint64_t rv; /* told up to here */
	uint64_t end_ns, bookmark_ns;
	struct watcher *prev, *next;
};

struct watches {
	struct store_sub *sub;
	sd_event_source *timer, *go_on;
	struct watcher *list;
};

static const char *const change_names[] = {
	[STORE_ADDED] = "ADDED", [STORE_MODIFIED] = "MODIFIED", [STORE_DELETED] = "DELETED"};

/* ---- what is sent ------------------------------------------------------------------------------ */

/* One line of the stream around the stored text, which lacks kind and version. */
static struct chunk *text_line(const char *type, const struct kind *kind, struct sv text)
{
	cleanup_str struct str line = {0};

	str_addf(&line, "{\"type\":\"%s\",\"object\":{\"kind\":\"%s\",\"apiVersion\":\"%s\",", type,
		kind->kind, kind_api_version(kind));
	str_addn(&line, text.p + 1, text.n - 1);
	str_add(&line, "}\n");
	return chunk_new(line.p, line.n);
}

static void send_tree(struct watcher *w, const char *type, json_t *own_object)
{
	cleanup_json json_t *line = json_object();
	cleanup_free char *text = NULL;

	json_put_str(line, "type", type);
	json_put(line, "object", own_object);
	text = json_text(line);
	stream_write(w->stream, text, strlen(text));
	stream_write(w->stream, "\n", 1);
}

static void send_row(struct watcher *w, const char *type, const json_t *object)
{
	json_t *table = table_new(w->kind,
		json_str(json_map(object, "metadata"), "resourceVersion"), !w->columns_sent);

	w->columns_sent = true;
	table_add(table, w->kind, object, w->with, clock_wall_ns(w->api->o.clock));
	send_tree(w, type, table);
}

static void send_error(struct watcher *w, const struct err *e)
{
	send_tree(w, "ERROR", status_of_err(e));
	stream_end(w->stream);
}

static void send_bookmark(struct watcher *w, bool initial_end)
{
	json_t *object = json_object(), *meta = json_object();
	char version[24];

	(void)snprintf(version, sizeof version, "%llu", (unsigned long long)w->rv);
	w->bookmark_ns = clock_now_ns(w->api->o.clock) + BOOKMARK_EVERY_NS;
	json_put_str(meta, "resourceVersion", version);
	if (initial_end)
		json_put_str(json_sub(meta, "annotations"), "k8s.io/initial-events-end", "true");
	if (w->table) {
		json_decref(object);
		object = table_new(w->kind, version, false);
		json_put(object, "metadata", meta);
		send_tree(w, "BOOKMARK", object);
		return;
	}
	json_put_str(object, "kind", w->kind->kind);
	json_put_str(object, "apiVersion", kind_api_version(w->kind));
	json_put(object, "metadata", meta);
	send_tree(w, "BOOKMARK", object);
}

/* ---- which change it is for this watcher ------------------------------------------------------- */

/*
 * The selection is applied before and after: coming into it is ADDED, leaving it DELETED. Returns: false when
 * it is no change for this watcher.
 */
static bool change_for(
	const struct watcher *w, const struct store_event *event, enum store_change *ret)
{
	bool now, before;

	*ret = event->change;
	if (selection_is_all(&w->selection))
		return true;
	now = event->change != STORE_DELETED && selection_match(&w->selection, event->object);
	before = event->change != STORE_ADDED &&
		 (!event->before || selection_match(&w->selection, event->before));
	if (!now && !before)
		return false;
	*ret = now && before ? STORE_MODIFIED : now ? STORE_ADDED : STORE_DELETED;
	return true;
}

/* @line: the chunk for watchers who see the change as it is; made once for all of them. */
static void tell(struct watcher *w, const struct store_event *event, struct chunk **line)
{
	enum store_change change;

	w->rv = event->rv;
	if (!change_for(w, event, &change))
		return;
	if (w->table) {
		send_row(w, change_names[change], event->object);
		return;
	}
	if (change != event->change) {
		stream_put(w->stream, text_line(change_names[change], w->kind, event->text));
		return;
	}
	if (!*line)
		*line = text_line(change_names[change], w->kind, event->text);
	stream_put(w->stream, chunk_use(*line));
}

static bool concerns(const struct watcher *w, const struct store_event *event)
{
	return w->kind == event->kind && (!w->ns || streq(w->ns, event->ns));
}

static void store_changed(void *data, const struct store_event *event)
{
	struct api *a = data;
	CLEANUP(chunk_drop) struct chunk *line = NULL;
	struct watcher *w;

	DL_FOREACH (a->watches->list, w) {
		if (!w->live || w->rv >= event->rv)
			continue;
		if (!concerns(w, event)) {
			w->rv = event->rv;
			continue;
		}
		if (stream_waiting(w->stream) > WATCH_WAITING_MAX)
			w->live = false;
		else
			tell(w, event, &line);
	}
}

/* ---- catching up ------------------------------------------------------------------------------- */

static void tell_history(void *data, const struct store_event *event)
{
	struct watcher *w = data;
	CLEANUP(chunk_drop) struct chunk *line = NULL;

	if (concerns(w, event))
		tell(w, event, &line);
}

/* Some more of what there was, as ADDED. */
static void send_state(struct watcher *w)
{
	bool as_text = !w->table && listing_is_exact(&w->state);
	json_t *object;
	struct sv text;

	for (int i = 0; i < WATCH_STATE; i++) {
		if (as_text ? !listing_next_text(&w->state, &text)
			    : !listing_next(&w->state, &object)) {
			listing_done(&w->state);
			w->sends_state = false;
			if (w->marks_end)
				send_bookmark(w, true);
			return;
		}
		if (as_text)
			stream_put(w->stream, text_line("ADDED", w->kind, text));
		else if (object && w->table)
			send_row(w, "ADDED", object);
		else if (object)
			send_tree(w, "ADDED", json_incref(object));
		if (!as_text)
			json_decref(object);
	}
}

static void send_history(struct watcher *w)
{
	struct store *store = w->api->o.store;
	struct err e = {0};
	uint64_t rv;

	if (store_history(store, w->kind, w->ns, w->rv, WATCH_BATCH, tell_history, w, &rv, &e) <
		0) {
		send_error(w, &e);
		w->live = true;
		w->rv = UINT64_MAX;
		return;
	}
	w->rv = rv;
	w->live = rv == store_version(store);
}

/* The client has taken everything: if the watcher is behind, some more for it. */
static void watch_drained(void *data)
{
	struct watcher *w = data;

	for (int i = 0; !w->live && stream_waiting(w->stream) == 0; i++) {
		if (i == WATCH_ROUNDS) {
			/* Long stretches of other objects: others have work in the loop too. */
			(void)sd_event_source_set_enabled(w->api->watches->go_on, SD_EVENT_ONESHOT);
			return;
		}
		if (w->sends_state)
			send_state(w);
		else
			send_history(w);
	}
}

static int catch_up(sd_event_source *source, void *data)
{
	struct api *a = data;
	struct watcher *w;

	(void)source;
	DL_FOREACH (a->watches->list, w)
		if (!w->live && stream_waiting(w->stream) == 0)
			watch_drained(w);
	return 0;
}

/* ---- the clock: timeouts and bookmarks --------------------------------------------------------- */

static void arm(struct api *a)
{
	uint64_t now = clock_now_ns(a->o.clock), next = UINT64_MAX;
	struct watcher *w;

	DL_FOREACH (a->watches->list, w) {
		if (w->end_ns < next)
			next = w->end_ns;
		if (w->bookmarks && w->bookmark_ns < next)
			next = w->bookmark_ns;
	}
	if (next == UINT64_MAX) {
		(void)sd_event_source_set_enabled(a->watches->timer, SD_EVENT_OFF);
		return;
	}
	(void)sd_event_source_set_time_relative(
		a->watches->timer, next > now ? (next - now) / 1000 + 1 : 0);
	(void)sd_event_source_set_enabled(a->watches->timer, SD_EVENT_ONESHOT);
}

static int watch_tick(sd_event_source *source, uint64_t usec, void *data)
{
	struct api *a = data;
	uint64_t now = clock_now_ns(a->o.clock);
	struct watcher *w;

	(void)source;
	(void)usec;
	DL_FOREACH (a->watches->list, w) {
		if (w->end_ns <= now) {
			stream_end(w->stream);
			w->end_ns = UINT64_MAX;
			w->bookmarks = false;
		} else if (w->bookmarks && w->bookmark_ns <= now) {
			/* A watcher that is behind has its client's attention already. */
			if (w->live && stream_waiting(w->stream) == 0)
				send_bookmark(w, false);
			w->bookmark_ns = now + BOOKMARK_EVERY_NS;
		}
	}
	arm(a);
	return 0;
}

/* ---- start and end ----------------------------------------------------------------------------- */

static void watcher_free(struct watcher *w)
{
	listing_done(&w->state);
	selection_done(&w->selection);
	free(w->ns);
	free(w);
}

static void watch_closed(void *data)
{
	struct watcher *w = data;

	DL_DELETE(w->api->watches->list, w);
	arm(w->api);
	watcher_free(w);
}

/* What the parameters ask for. */
struct watch_request {
	uint64_t rv; /* 0: from the state there is */
	bool initial_events, initial_given;
	int64_t seconds;
	enum table_object with;
};

static int parse_request(const struct request *r, struct watch_request *ret, struct err *e)
{
	const struct target *t = &r->target;
	const char *rv = target_param(t, "resourceVersion");
	const char *match = target_param(t, "resourceVersionMatch");

	*ret = (struct watch_request){.seconds = WATCH_DEFAULT_SECONDS};
	ret->initial_given = target_param(t, "sendInitialEvents") != NULL;
	ret->initial_events = target_flag(t, "sendInitialEvents");
	if (rv && rv[0] && parse_u64(sv(rv), &ret->rv) < 0) {
		(void)err_set(e, -EINVAL, "resourceVersion: Invalid value: \"%s\"", rv);
		return err_reason(e, "BadRequest");
	}
	/* Source: apimachinery validation ValidateListOptions. */
	if (ret->initial_given && !streq(match, "NotOlderThan"))
		return err_set(e, -EINVAL,
			"sendInitialEvents is forbidden without resourceVersionMatch=NotOlderThan");
	if (!ret->initial_given && match && match[0])
		return err_set(e, -EINVAL,
			"resourceVersionMatch is forbidden for a watch without sendInitialEvents");
	if (target_number(t, "timeoutSeconds", &ret->seconds, e) < 0)
		return e->code;
	if (ret->seconds <= 0 || ret->seconds > 86400)
		ret->seconds = WATCH_DEFAULT_SECONDS;
	if (table_object_of(target_param(t, "includeObject"), &ret->with) < 0)
		return err_set(e, -EBADMSG, "includeObject must be None, Metadata or Object");
	return 0;
}

/* From a version that history must know: said before the stream is opened, as an answer of 410. */
static int check_version(const struct request *r, uint64_t rv, struct err *e)
{
	uint64_t ignored;

	return store_history(r->api->o.store, r->kind, r->ns, rv, 0, NULL, NULL, &ignored, e);
}

/* Where it begins: with the state there is, or behind a version. */
static int begin(struct watcher *w, const struct watch_request *wanted, struct err *e)
{
	struct store *store = w->api->o.store;
	int r;

	w->rv = wanted->rv ? wanted->rv : store_version(store);
	if (wanted->initial_events || (wanted->rv == 0 && !wanted->initial_given)) {
		r = listing_take(store, w->kind, w->ns, &w->selection, &w->state, e);
		if (r < 0)
			return r;
		w->rv = w->state.rv;
		w->sends_state = true;
		w->marks_end = wanted->initial_events && w->bookmarks;
	}
	w->live = !w->sends_state && w->rv == store_version(store);
	return 0;
}

void watch_start(struct request *r, struct selection *own_selection)
{
	struct api *a = r->api;
	struct watch_request wanted;
	struct watcher *w;
	struct err e = {0};
	uint64_t now = clock_now_ns(a->o.clock);
	int code = parse_request(r, &wanted, &e);

	if (code == 0 && wanted.rv && !wanted.initial_events)
		code = check_version(r, wanted.rv, &e);
	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	w = xcalloc(1, sizeof *w);
	*w = (struct watcher){.api = a,
		.kind = r->kind,
		.ns = r->ns ? xstrdup(r->ns) : NULL,
		.selection = *own_selection,
		.table = table_wanted(request_header(r, "Accept")),
		.with = wanted.with,
		.bookmarks = target_flag(&r->target, "allowWatchBookmarks"),
		.end_ns = now + (uint64_t)wanted.seconds * NS_PER_SEC,
		.bookmark_ns = now + BOOKMARK_EVERY_NS};
	*own_selection = (struct selection){0};
	if (begin(w, &wanted, &e) < 0) {
		watcher_free(w);
		reply_err(r, &e);
		return;
	}
	DL_APPEND(a->watches->list, w);
	w->stream = stream_open(
		r, "application/json", &(struct stream_calls){watch_drained, watch_closed, w});
	arm(a);
}

int watches_new(struct api *a, struct err *e)
{
	int r;

	a->watches = xcalloc(1, sizeof *a->watches);
	r = sd_event_add_time(a->o.loop, &a->watches->timer, CLOCK_BOOTTIME, UINT64_MAX,
		NS_PER_SEC / 1000, watch_tick, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->watches->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_defer(a->o.loop, &a->watches->go_on, catch_up, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->watches->go_on, SD_EVENT_OFF);
	if (r < 0)
		return err_errno(e, r, "adding the timer of watches");
	a->watches->sub = store_subscribe(a->o.store, NULL, store_changed, a);
	return 0;
}

void watches_free(struct api *a)
{
	if (!a->watches)
		return;
	store_unsubscribe(a->watches->sub);
	(void)sd_event_source_disable_unref(a->watches->timer);
	(void)sd_event_source_disable_unref(a->watches->go_on);
	free(a->watches);
	a->watches = NULL;
}
