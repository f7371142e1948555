/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history of changes: a row an event, from which a watch that was away catches up; and the
 * telling of events to subscribers after the commit.
 *
 * A version is known here exactly if it was given out and is still kept, so a client that saw changes which a power
 * failure took back (they were written with NORMAL durability) is answered 410 and lists again.
 */
#include "agent/spec/spec.h"
#include "agent/store/store_internal.h"

#include <utlist.h>

/* ---- versions ---------------------------------------------------------------------------------- */

bool history_block_is_low(const struct store *s)
{
	return s->version + VERSION_MARGIN > s->reserved;
}

int history_reserve(struct store *s, struct err *e)
{
	cleanup_statement sqlite3_stmt *put = db_statement(&s->db, Q_META_PUT);
	uint64_t reserved = s->version + VERSION_BLOCK;
	int r;

	if (put) {
		db_bind_text(put, 1, "reserved");
		(void)sqlite3_bind_int64(put, 2, (int64_t)reserved);
	}
	r = db_run(&s->db, put, "reserving versions", e);
	if (r == 0)
		s->reserved = reserved;
	return r;
}

static int add_row(
	struct store *s, const struct store_event *event, int change, uint64_t prev, struct err *e)
{
	cleanup_statement sqlite3_stmt *add = db_statement(&s->db, Q_HISTORY_ADD);
	char key[RECORD_KEY_SIZE] = "";

	if (add) {
		if (event->kind)
			(void)record_key(event->kind, key);
		(void)sqlite3_bind_int64(add, 1, (int64_t)event->rv);
		(void)sqlite3_bind_int64(add, 2, (int64_t)(clock_wall_ns(s->clock) / NS_PER_SEC));
		(void)sqlite3_bind_int(add, 3, change);
		db_bind_text(add, 4, key);
		db_bind_text(add, 5, event->ns);
		db_bind_text(add, 6, event->name);
		(void)sqlite3_bind_int64(add, 7, (int64_t)prev);
		(void)sqlite3_bind_int64(add, 8, record_sum(event->text));
		db_bind_sv(add, 9, event->text);
	}
	return db_run(&s->db, add, "writing history", e);
}

/* The newest version among those that may go, or 0. */
static uint64_t trim_up_to(struct store *s, size_t *ret_rows)
{
	cleanup_statement sqlite3_stmt *oldest = db_statement(&s->db, Q_HISTORY_OLDEST);
	int64_t now = (int64_t)(clock_wall_ns(s->clock) / NS_PER_SEC);
	uint64_t rv = 0;

	*ret_rows = 0;
	if (!oldest)
		return 0;
	(void)sqlite3_bind_int(oldest, 1, HISTORY_TRIM_ROWS);
	while (sqlite3_step(oldest) == SQLITE_ROW) {
		size_t left = s->history_n - *ret_rows;
		bool old = sqlite3_column_int64(oldest, 1) < now - HISTORY_SECONDS;

		if (left <= HISTORY_MIN || (left <= HISTORY_MAX && !old))
			break;
		rv = (uint64_t)sqlite3_column_int64(oldest, 0);
		++*ret_rows;
	}
	return rv;
}

static int trim(struct store *s, struct err *e)
{
	size_t rows;
	uint64_t rv = s->history_n > HISTORY_MIN ? trim_up_to(s, &rows) : 0;
	cleanup_statement sqlite3_stmt *drop = NULL;
	int r;

	if (rv == 0)
		return 0;
	drop = db_statement(&s->db, Q_HISTORY_TRIM);
	if (drop)
		(void)sqlite3_bind_int64(drop, 1, (int64_t)rv);
	r = db_run(&s->db, drop, "trimming history", e);
	if (r == 0)
		s->history_n -= rows;
	return r;
}

int history_add(struct store *s, const struct store_event *event, uint64_t prev, struct err *e)
{
	int r = add_row(s, event, (int)event->change, prev, e);

	if (r < 0)
		return r;
	s->history_n++;
	return ++s->writes % HISTORY_TRIM_EVERY == 0 ? trim(s, e) : 0;
}

static int read_number(struct store *s, const char *sql, uint64_t *ret, struct err *e)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(s->db.sql, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret = (uint64_t)sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return code == SQLITE_ROW ? 0 : db_error(&s->db, code, "reading the versions", e);
}

int history_leap(struct store *s, struct err *e)
{
	struct store_event mark = {.ns = "", .name = "", .text = sv("{}")};
	uint64_t rows = 0;
	int r = read_number(s,
		"SELECT max(coalesce((SELECT value FROM meta WHERE key='reserved'), 0),"
		" coalesce((SELECT max(rv) FROM history), 0),"
		" coalesce((SELECT max(rv) FROM object), 0))",
		&s->version, e);

	if (r == 0)
		r = read_number(s, "SELECT count(*) FROM history", &rows, e);
	if (r < 0)
		return r;
	s->history_n = rows;
	s->version++;
	r = db_begin(&s->db, true, e);
	if (r < 0)
		return r;
	r = history_reserve(s, e);
	mark.rv = s->version;
	if (r == 0)
		r = add_row(s, &mark, HISTORY_MARK, 0, e);
	if (r < 0) {
		db_rollback(&s->db);
		return r;
	}
	s->history_n++;
	return db_commit(&s->db, e);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static bool version_is_known(struct store *s, uint64_t rv)
{
	cleanup_statement sqlite3_stmt *at = db_statement(&s->db, Q_HISTORY_AT);

	if (rv == s->version)
		return true;
	if (!at)
		return false;
	(void)sqlite3_bind_int64(at, 1, (int64_t)rv);
	return sqlite3_step(at) == SQLITE_ROW;
}

/* The state that a version stood for, when history still has it; NULL otherwise. */
static json_t *state_at(struct store *s, const struct kind *kind, uint64_t rv)
{
	cleanup_statement sqlite3_stmt *at = db_statement(&s->db, Q_HISTORY_AT);
	json_t *object = NULL;

	if (!at || rv == 0)
		return NULL;
	(void)sqlite3_bind_int64(at, 1, (int64_t)rv);
	if (sqlite3_step(at) == SQLITE_ROW)
		(void)stored_decode(
			kind, db_column_sv(at, 1), sqlite3_column_int64(at, 0), &object, NULL);
	return object;
}

/* Tells one row of Q_HISTORY_AFTER. */
static int tell_row(struct store *s, sqlite3_stmt *row, const struct kind *kind, store_event_fn fn,
	void *data, struct err *e)
{
	cleanup_json json_t *object = NULL, *before = NULL;
	struct store_event event = {
		.change = (enum store_change)sqlite3_column_int(row, 1),
		.rv = (uint64_t)sqlite3_column_int64(row, 0),
		.kind = kind,
		.ns = db_column_sv(row, 3).p,
		.name = db_column_sv(row, 4).p,
		.text = db_column_sv(row, 7),
	};
	int r = stored_decode(kind, event.text, sqlite3_column_int64(row, 6), &object, e);

	if (r < 0)
		return err_set(e, -EOVERFLOW, "the history behind version %llu is damaged",
			(unsigned long long)event.rv);
	if (event.change != STORE_ADDED)
		before = state_at(s, kind, (uint64_t)sqlite3_column_int64(row, 5));
	event.object = object;
	event.before = before;
	fn(data, &event);
	return 0;
}

int store_history(struct store *s, const struct kind *kind, const char *ns, uint64_t rv, size_t max,
	store_event_fn fn, void *data, uint64_t *ret_rv, struct err *e)
{
	cleanup_statement sqlite3_stmt *after = NULL;
	char key[RECORD_KEY_SIZE];
	uint64_t at = rv;
	int r;

	if (!version_is_known(s, rv))
		return err_set(e, -EOVERFLOW, "too old resource version: %llu (%llu)",
			(unsigned long long)rv, (unsigned long long)s->version);
	after = db_statement(&s->db, Q_HISTORY_AFTER);
	if (!after)
		return db_error(&s->db, SQLITE_CORRUPT, "reading history", e);
	(void)sqlite3_bind_int64(after, 1, (int64_t)rv);
	(void)record_key(kind, key);
	while (max-- > 0) {
		if (sqlite3_step(after) != SQLITE_ROW) {
			at = s->version;
			break;
		}
		at = (uint64_t)sqlite3_column_int64(after, 0);
		if (!sv_eq(db_column_sv(after, 2), key) ||
			(ns && !sv_eq(db_column_sv(after, 3), ns)))
			continue;
		r = tell_row(s, after, kind, fn, data, e);
		if (r < 0)
			return r;
	}
	*ret_rv = at;
	return 0;
}

/* ---- telling ----------------------------------------------------------------------------------- */

static void kept_done(struct kept_event *k)
{
	json_decref(k->event.object);
	json_decref((json_t *)(uintptr_t)k->event.before);
	free(k->ns);
	free(k->name);
	free(k->text);
}

void events_push(struct store *s, const struct store_event *event)
{
	struct kept_event *k;

	if (!s->subs)
		return;
	GROW(s->events, s->n_events + 1, s->events_cap);
	k = &s->events[s->n_events++];
	*k = (struct kept_event){.event = *event,
		.ns = xstrdup(event->ns),
		.name = xstrdup(event->name),
		.text = xstrndup(event->text.p, event->text.n)};
	k->event.ns = k->ns;
	k->event.name = k->name;
	k->event.text.p = k->text;
	/* The writer may go on changing its tree; that before was made for this event. */
	k->event.object = json_deep_copy(event->object);
	(void)json_incref((json_t *)(uintptr_t)event->before);
}

void events_drop(struct store *s, size_t from)
{
	while (s->n_events > from)
		kept_done(&s->events[--s->n_events]);
}

static void sweep(struct store *s)
{
	struct store_sub *sub, *next;

	DL_FOREACH_SAFE (s->subs, sub, next) {
		if (sub->fn)
			continue;
		DL_DELETE(s->subs, sub);
		free(sub);
	}
}

void events_tell(struct store *s)
{
	struct store_sub *sub;

	if (s->telling)
		return;
	s->telling = true;
	/* Subscribers may write, which adds events behind, and may subscribe or end subscriptions. */
	for (size_t i = 0; i < s->n_events && s->tx == TX_NONE; i++) {
		struct kept_event k = s->events[i];

		s->events[i] = (struct kept_event){0};
		DL_FOREACH (s->subs, sub)
			if (sub->fn && (!sub->kind || sub->kind == k.event.kind))
				sub->fn(sub->data, &k.event);
		kept_done(&k);
	}
	s->n_events = 0;
	if (s->events_cap > 64) {
		free(s->events);
		s->events = NULL;
		s->events_cap = 0;
	}
	s->telling = false;
	sweep(s);
}

struct store_sub *store_subscribe(
	struct store *s, const struct kind *kind, store_event_fn fn, void *data)
{
	struct store_sub *sub = xcalloc(1, sizeof *sub);

	*sub = (struct store_sub){.store = s, .kind = kind, .fn = fn, .data = data};
	DL_APPEND(s->subs, sub);
	return sub;
}

void store_unsubscribe(struct store_sub *own_sub)
{
	if (!own_sub)
		return;
	own_sub->fn = NULL;
	if (!own_sub->store->telling)
		sweep(own_sub->store);
}
