/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object store: "stored" in the life of a pod spec. Every write is one row of `object`, one row
 * of history and one new version, in one transaction; subscribers hear of it after the commit.
 */
#include "agent/spec/spec.h"
#include "agent/store/store_internal.h"

#include <sys/random.h>

int store_open(const char *path, const struct clock *clock, struct store **ret, struct err *e)
{
	CLEANUP(store_close) struct store *s = xcalloc(1, sizeof *s);
	int r;

	s->clock = clock;
	s->db.reserve_fd = -EBADF;
	r = repair_open(s, path, e);
	if (r < 0)
		return r;
	*ret = take(s);
	return 0;
}

void store_close(struct store *own_s)
{
	if (!own_s)
		return;
	if (own_s->tx != TX_NONE)
		store_rollback(own_s);
	events_drop(own_s, 0);
	free(own_s->events);
	while (own_s->subs)
		store_unsubscribe(own_s->subs);
	db_close(&own_s->db);
	free(own_s);
}

size_t store_quarantined(const struct store *s)
{
	return s->quarantined;
}

uint64_t store_version(const struct store *s)
{
	return s->version;
}

/* ---- reading ----------------------------------------------------------------------------------- */

static int not_found(const struct kind *kind, const char *name, struct err *e)
{
	return err_set(e, -ENOENT, "%s%s%s \"%s\" not found", kind->plural,
		kind->group[0] ? "." : "", kind->group, name);
}

/* Binds kind, ns and name, steps. 0 with the statement on its row, -ENOENT, or -errno. */
static int find_row(struct store *s, const struct kind *kind, const char *ns, const char *name,
	sqlite3_stmt **ret, struct err *e)
{
	sqlite3_stmt *get = db_statement(&s->db, Q_OBJECT_GET);
	char key[RECORD_KEY_SIZE];
	int code;

	if (!get)
		return db_error(&s->db, SQLITE_CORRUPT, "reading", e);
	*ret = get;
	(void)sqlite3_bind_text(get, 1, record_key(kind, key), -1, SQLITE_TRANSIENT);
	db_bind_text(get, 2, ns);
	db_bind_text(get, 3, name);
	code = sqlite3_step(get);
	if (code == SQLITE_DONE)
		return not_found(kind, name, e);
	return code == SQLITE_ROW ? 0 : db_error(&s->db, code, "reading", e);
}

int store_get(struct store *s, const struct kind *kind, const char *ns, const char *name,
	json_t **ret, struct err *e)
{
	cleanup_statement sqlite3_stmt *row = NULL;
	int r = find_row(s, kind, ns, name, &row, e);

	if (r < 0)
		return r;
	r = stored_decode(kind, db_column_sv(row, 3), sqlite3_column_int64(row, 2), ret, e);
	return r < 0 ? err_wrap(e, r, "%s \"%s\" is damaged", kind->plural, name) : 0;
}

int store_each(struct store *s, const struct kind *kind, const char *ns,
	int (*fn)(void *data, const struct store_record *record), void *data, struct err *e)
{
	cleanup_statement sqlite3_stmt *rows = NULL;
	char key[RECORD_KEY_SIZE];
	int code = SQLITE_CORRUPT, r = 0;

	if (s->listing)
		return err_set(e, -EDEADLK, "a list of the store inside a list");
	rows = db_statement(&s->db, ns ? Q_OBJECT_LIST_NS : Q_OBJECT_LIST);
	if (!rows)
		return db_error(&s->db, code, "listing", e);
	db_bind_text(rows, 1, record_key(kind, key));
	if (ns)
		db_bind_text(rows, 2, ns);
	while (r == 0 && (code = sqlite3_step(rows)) == SQLITE_ROW) {
		struct store_record record = {.kind = kind,
			.ns = db_column_sv(rows, 0).p,
			.name = db_column_sv(rows, 1).p,
			.rv = (uint64_t)sqlite3_column_int64(rows, 2),
			.text = db_column_sv(rows, 4)};

		if (record_sum(record.text) != sqlite3_column_int64(rows, 3))
			return err_set(e, -EUCLEAN,
				"%s \"%s\" is damaged on disk; a restart of berthd sets it aside",
				kind->plural, record.name);
		s->listing = true;
		r = fn(data, &record);
		s->listing = false;
	}
	if (r == 0 && code != SQLITE_DONE)
		return db_error(&s->db, code, "listing", e);
	return r;
}

int store_record_object(const struct store_record *record, json_t **ret, struct err *e)
{
	int r = stored_decode(record->kind, record->text, record_sum(record->text), ret, e);

	return r < 0 ? err_wrap(e, r, "%s \"%s\" is damaged", record->kind->plural, record->name)
		     : 0;
}

int store_record_metadata(const struct store_record *record, json_t **ret, struct err *e)
{
	static const char first[] = "{\"metadata\":";
	struct sv text = record->text;
	json_error_t where;
	json_t *meta = NULL;

	/* It stands in front of all else; the parser stops behind it. */
	if (sv_starts(text, first))
		meta = json_loadb(text.p + sizeof first - 1, text.n - (sizeof first - 1),
			JSON_DISABLE_EOF_CHECK, &where);
	if (!meta)
		return err_set(
			e, -EUCLEAN, "%s \"%s\" is damaged", record->kind->plural, record->name);
	*ret = meta;
	return 0;
}

struct listing {
	store_match_fn match;
	void *data;
	json_t *items;
	struct err *e;
};

static int add_to_list(void *data, const struct store_record *record)
{
	struct listing *l = data;
	json_t *object;
	int r = store_record_object(record, &object, l->e);

	if (r < 0)
		return r;
	if (!l->match || l->match(l->data, object))
		json_push(l->items, object);
	else
		json_decref(object);
	return 0;
}

int store_list(struct store *s, const struct kind *kind, const char *ns, store_match_fn match,
	void *data, json_t **ret, uint64_t *ret_rv, struct err *e)
{
	cleanup_json json_t *items = json_array();
	struct listing l = {.match = match, .data = data, .items = items, .e = e};
	int r = store_each(s, kind, ns, add_to_list, &l, e);

	if (r < 0)
		return r;
	if (ret_rv)
		*ret_rv = s->version;
	*ret = take(items);
	return 0;
}

int store_count(struct store *s, const struct kind *kind, const char *ns)
{
	cleanup_statement sqlite3_stmt *count =
		db_statement(&s->db, ns ? Q_OBJECT_COUNT_NS : Q_OBJECT_COUNT);
	char key[RECORD_KEY_SIZE];

	if (!count)
		return -EUCLEAN;
	db_bind_text(count, 1, record_key(kind, key));
	if (ns)
		db_bind_text(count, 2, ns);
	if (sqlite3_step(count) != SQLITE_ROW)
		return -EIO;
	return sqlite3_column_int(count, 0);
}

/* ---- transactions ------------------------------------------------------------------------------ */

int store_begin(struct store *s, enum store_durability durability, struct err *e)
{
	bool low = history_block_is_low(s);
	int r;

	if (s->tx != TX_NONE)
		return err_set(e, -EDEADLK, "a transaction of the store inside a transaction");
	s->tx_error = 0;
	s->tx_version = s->version;
	s->tx_reserved = s->reserved;
	s->tx_history_n = s->history_n;
	s->tx_events = s->n_events;
	r = db_begin(&s->db, durability == STORE_FULL || low, e);
	if (r == 0 && low) {
		r = history_reserve(s, e);
		if (r < 0)
			db_rollback(&s->db);
	}
	if (r == 0)
		s->tx = TX_OPEN;
	return r;
}

void store_rollback(struct store *s)
{
	if (s->tx == TX_NONE)
		return;
	db_rollback(&s->db);
	events_drop(s, s->tx_events);
	s->history_n = s->tx_history_n;
	s->reserved = s->tx_reserved;
	s->version = s->tx_version;
	s->tx = TX_NONE;
}

int store_commit(struct store *s, struct err *e)
{
	int r;

	if (s->tx == TX_BROKEN) {
		r = s->tx_error;
		store_rollback(s);
		return err_set(e, r, "the change as a whole was taken back: %s", strerror(-r));
	}
	r = db_commit(&s->db, e);
	if (r < 0) {
		store_rollback(s);
		return r;
	}
	s->tx = TX_NONE;
	events_tell(s);
	return 0;
}

/* ---- writing ----------------------------------------------------------------------------------- */

struct change {
	enum store_change change;
	const struct kind *kind;
	const char *ns, *name;
	json_t *object; /* new, or the last state */
	json_t *before; /* NULL when added */
	bool may_use_reserve;
};

static uint64_t version_of(const json_t *object)
{
	uint64_t rv = 0;

	if (object)
		(void)parse_u64(
			sv(json_str_or(json_map(object, "metadata"), "resourceVersion", "")), &rv);
	return rv;
}

static void set_version(json_t *object, uint64_t rv)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%llu", (unsigned long long)rv);
	json_put_str(json_sub(object, "metadata"), "resourceVersion", text);
}

static int write_object(
	struct store *s, const struct change *c, const char *key, struct sv text, struct err *e)
{
	static const enum db_query query[] = {[STORE_ADDED] = Q_OBJECT_INSERT,
		[STORE_MODIFIED] = Q_OBJECT_UPDATE,
		[STORE_DELETED] = Q_OBJECT_DELETE};
	cleanup_statement sqlite3_stmt *row = db_statement(&s->db, query[c->change]);
	int at = 4;

	if (!row)
		return db_error(&s->db, SQLITE_CORRUPT, "saving", e);
	db_bind_text(row, 1, key);
	db_bind_text(row, 2, c->ns);
	db_bind_text(row, 3, c->name);
	if (c->change == STORE_ADDED)
		db_bind_text(row, at++, json_str(json_map(c->object, "metadata"), "uid"));
	if (c->change != STORE_DELETED) {
		(void)sqlite3_bind_int64(row, at++, (int64_t)s->version);
		(void)sqlite3_bind_int64(row, at++, record_sum(text));
		db_bind_sv(row, at, text);
	}
	return db_run(&s->db, row, "saving", e);
}

/* One change inside the open transaction. */
static int write_rows(struct store *s, const struct change *c, struct err *e)
{
	cleanup_free char *text = NULL;
	char key[RECORD_KEY_SIZE];
	struct store_event event;
	int r;

	s->version++;
	set_version(c->object, s->version);
	text = stored_encode(c->object);
	event = (struct store_event){.change = c->change,
		.rv = s->version,
		.kind = c->kind,
		.ns = c->ns,
		.name = c->name,
		.object = c->object,
		.before = c->before,
		.text = sv(text)};
	r = write_object(s, c, record_key(c->kind, key), event.text, e);
	if (r == 0)
		r = history_add(s, &event, version_of(c->before), e);
	if (r == 0)
		events_push(s, &event);
	return r;
}

static int write_once(
	struct store *s, const struct change *c, enum store_durability durability, struct err *e)
{
	int r = store_begin(s, durability, e);

	if (r < 0)
		return r;
	r = write_rows(s, c, e);
	if (r == 0)
		return store_commit(s, e);
	store_rollback(s);
	return r;
}

static int write_change(
	struct store *s, const struct change *c, enum store_durability durability, struct err *e)
{
	int r;

	if (s->tx == TX_BROKEN)
		return err_set(
			e, s->tx_error, "this change was taken back: %s", strerror(-s->tx_error));
	if (s->tx == TX_OPEN) {
		r = write_rows(s, c, e);
		if (r < 0) {
			s->tx = TX_BROKEN;
			s->tx_error = r;
		}
		/* Too late for this transaction; the caller's next try finds the room. */
		if (r == -ENOSPC && c->may_use_reserve)
			(void)db_spend_reserve(&s->db);
		return r;
	}
	r = write_once(s, c, durability, e);
	if (r == -ENOSPC && c->may_use_reserve && db_spend_reserve(&s->db))
		r = write_once(s, c, durability, e);
	return r;
}

static void new_uid(char out[37])
{
	unsigned char b[16];
	char hex[33];

	if (getrandom(b, sizeof b, 0) != sizeof b)
		abort();
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	hex_encode(b, sizeof b, hex);
	(void)snprintf(
		out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* Five letters that form no words and are not mistaken for one another, as Kubernetes appends them. */
static void generate_name(json_t *meta)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	const char *base = json_str(meta, "generateName");
	unsigned char random[5];
	char end[6] = "";

	if (json_str_or(meta, "name", "")[0] || !base || !base[0])
		return;
	if (getrandom(random, sizeof random, 0) != sizeof random)
		abort();
	for (size_t i = 0; i < sizeof random; i++)
		end[i] = letters[random[i] % (sizeof letters - 1)];
	/* Source: apiserver names.go: the base is cut at 58. */
	cleanup_free char *name = xasprintf("%.58s%s", base, end);
	json_put_str(meta, "name", name);
}

int store_create(struct store *s, const struct kind *kind, json_t *object,
	enum store_durability durability, struct err *e)
{
	cleanup_statement sqlite3_stmt *row = NULL;
	json_t *meta = json_sub(object, "metadata");
	char uid[37], now[RFC3339_SIZE];
	struct change c = {.change = STORE_ADDED, .kind = kind, .object = object};
	int r;

	generate_name(meta);
	c.name = json_str_or(meta, "name", "");
	c.ns = kind->namespaced ? json_str_or(meta, "namespace", "") : "";
	if (!c.name[0])
		return err_set(e, -EINVAL, "a name or a generateName is needed");
	r = find_row(s, kind, c.ns, c.name, &row, e);
	if (r == 0)
		return err_set(e, -EEXIST, "%s%s%s \"%s\" already exists", kind->plural,
			kind->group[0] ? "." : "", kind->group, c.name);
	if (r != -ENOENT)
		return r;
	db_reset_p(&row);
	row = NULL;
	new_uid(uid);
	json_put_str(meta, "uid", uid);
	json_put_str(meta, "creationTimestamp", rfc3339(clock_wall_ns(s->clock), now));
	if (kind->namespaced && json_map(object, "spec"))
		json_put_int(meta, "generation", 1);
	return write_change(s, &c, durability, e);
}

/* What the writer believed, against what is stored. */
static int check_update(
	const struct kind *kind, const json_t *meta, const json_t *old_meta, struct err *e)
{
	const char *name = json_str_or(meta, "name", "");
	const char *rv = json_str_or(meta, "resourceVersion", "");
	const char *uid = json_str_or(meta, "uid", "");

	if (uid[0] && !streq(uid, json_str(old_meta, "uid")))
		return err_set(e, -ESTALE,
			"Operation cannot be fulfilled on %s \"%s\": Precondition failed: UID in "
			"precondition: %s, UID in object meta: %s",
			kind->plural, name, uid, json_str(old_meta, "uid"));
	if (rv[0] && !streq(rv, json_str(old_meta, "resourceVersion")))
		return err_set(e, -ESTALE,
			"Operation cannot be fulfilled on %s \"%s\": the object has been modified; "
			"please apply your changes to the latest version and try again",
			kind->plural, name);
	return 0;
}

/* @asked: the change is a user's. What the agent itself notes (a pod's node) is no new wish, so no new generation. */
static void carry_over(const struct kind *kind, const json_t *old, json_t *object, bool asked)
{
	const json_t *old_meta = json_map(old, "metadata");
	json_t *meta = json_sub(object, "metadata");
	int64_t generation = json_int(old_meta, "generation", 0);
	bool ends = json_str(meta, "deletionTimestamp") && !json_str(old_meta, "deletionTimestamp");

	json_put_str(meta, "uid", json_str(old_meta, "uid"));
	json_put_str(meta, "creationTimestamp", json_str(old_meta, "creationTimestamp"));
	json_put_str(meta, "resourceVersion", json_str(old_meta, "resourceVersion"));
	if (generation == 0) {
		(void)json_object_del(meta, "generation");
		return;
	}
	if (ends || (asked && spec_changed(kind, old, object)))
		generation++;
	json_put_int(meta, "generation", generation);
}

int store_update(struct store *s, const struct kind *kind, json_t *object,
	enum store_durability durability, struct err *e)
{
	cleanup_json json_t *old = NULL;
	json_t *meta = json_sub(object, "metadata");
	struct change c = {.change = STORE_MODIFIED,
		.kind = kind,
		.object = object,
		.name = json_str_or(meta, "name", ""),
		.ns = kind->namespaced ? json_str_or(meta, "namespace", "") : ""};
	int r = store_get(s, kind, c.ns, c.name, &old, e);

	if (r < 0)
		return r;
	r = check_update(kind, meta, json_map(old, "metadata"), e);
	if (r < 0)
		return r;
	carry_over(kind, old, object, durability == STORE_FULL);
	if (json_equal(old, object))
		return 0;
	c.before = old;
	c.may_use_reserve = json_str(meta, "deletionTimestamp") != NULL;
	return write_change(s, &c, durability, e);
}

int store_delete(struct store *s, const struct kind *kind, const char *ns, const char *name,
	const struct store_precondition *pre, json_t **ret_last, struct err *e)
{
	cleanup_json json_t *old = NULL, *last = NULL;
	struct change c = {.change = STORE_DELETED,
		.kind = kind,
		.ns = ns,
		.name = name,
		.may_use_reserve = true};
	const json_t *meta;
	int r = store_get(s, kind, ns, name, &old, e);

	if (r < 0)
		return r;
	meta = json_map(old, "metadata");
	if (pre && pre->uid && !streq(pre->uid, json_str(meta, "uid")))
		return err_set(e, -ESTALE,
			"Precondition failed: UID in precondition: %s, UID in object meta: %s",
			pre->uid, json_str(meta, "uid"));
	if (pre && pre->resource_version &&
		!streq(pre->resource_version, json_str(meta, "resourceVersion")))
		return err_set(e, -ESTALE,
			"Precondition failed: ResourceVersion in precondition: %s, ResourceVersion "
			"in "
			"object meta: %s",
			pre->resource_version, json_str(meta, "resourceVersion"));
	last = json_deep_copy(old);
	c.object = last;
	c.before = old;
	r = write_change(s, &c, STORE_FULL, e);
	if (r < 0)
		return r;
	if (ret_last)
		*ret_last = take(last);
	return 0;
}
