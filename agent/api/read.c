/* SPDX-License-Identifier: Apache-2.0 */
/*
 * get and list. A plain list is made of the stored text, without parsing a single object; selectors
 * of fields and tables need the trees, a few in each turn of the loop.
 */
#include "agent/api/listing.h"
#include "agent/api/routes.h"
#include "agent/api/select.h"
#include "agent/api/server.h"
#include "agent/api/stream.h"
#include "agent/api/table.h"
#include "agent/api/watch.h"

int selection_parse(const struct request *r, struct selection *ret, struct err *e)
{
	const char *labels = target_param(&r->target, "labelSelector");
	const char *fields = target_param(&r->target, "fieldSelector");
	struct selection s = {0};
	int code = 0;

	if (labels && labels[0])
		code = label_selector_parse(labels, &s.labels, e);
	if (code == 0 && fields && fields[0])
		code = field_selector_parse(r->kind, fields, &s.fields, e);
	if (code < 0) {
		selection_done(&s);
		(void)err_reason(e, "BadRequest");
		return code;
	}
	*ret = s;
	return 0;
}

void selection_done(struct selection *s)
{
	selector_free(s->labels);
	selector_free(s->fields);
	*s = (struct selection){0};
}

bool selection_match(const struct selection *s, const json_t *object)
{
	if (s->labels &&
		!label_selector_match(s->labels, json_at(object, "metadata", "labels", NULL)))
		return false;
	return !s->fields || field_selector_match(s->fields, object);
}

static char *version_text(uint64_t rv, char out[24])
{
	(void)snprintf(out, 24, "%llu", (unsigned long long)rv);
	return out;
}

/* ---- get --------------------------------------------------------------------------------------- */

void get_object(struct request *r)
{
	json_t *object = NULL, *table;
	enum table_object with;
	struct err e = {0};
	int code = store_get(r->api->o.store, r->kind, r->ns ? r->ns : "", r->name, &object, &e);

	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	if (!table_wanted(request_header(r, "Accept"))) {
		reply_json(r, 200, object);
		return;
	}
	(void)table_object_of(target_param(&r->target, "includeObject"), &with);
	table = table_new(r->kind, json_str(json_map(object, "metadata"), "resourceVersion"), true);
	table_add(table, r->kind, object, with, clock_wall_ns(r->api->o.clock));
	json_decref(object);
	reply_json(r, 200, table);
}

/* ---- list -------------------------------------------------------------------------------------- */

enum {
	LIST_AT_ONCE = 16, /* objects that are made in one turn of the loop */
};

/* A list that is being answered. */
struct list_answer {
	struct listing listing;
	struct selection selection;
	const struct clock *clock;
	bool table, any; /* rows of a table; an item has been written */
	enum table_object with;
	struct stream *stream;
};

static void list_free(void *data)
{
	struct list_answer *l = data;

	listing_done(&l->listing);
	selection_done(&l->selection);
	free(l);
}

/* Everything before the first item. */
static void add_head(const struct list_answer *l, struct str *out)
{
	const struct kind *k = l->listing.kind;
	cleanup_json json_t *table = NULL;
	cleanup_free char *text = NULL;
	char version[24];

	if (!l->table) {
		str_addf(out,
			"{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":"
			"\"%s\"},\"items\":[",
			k->list_kind, kind_api_version(k), version_text(l->listing.rv, version));
		return;
	}
	table = table_new(k, version_text(l->listing.rv, version), true);
	text = json_text(table);
	/* Its rows stand last and are empty: "…,"rows":[]}". */
	str_addn(out, text, strlen(text) - strlen("]}"));
}

static void add_item(struct list_answer *l, struct str *out, struct sv text)
{
	if (l->any)
		str_add(out, ",");
	l->any = true;
	str_addn(out, text.p, text.n);
}

static void add_object(struct list_answer *l, struct str *out, json_t *object)
{
	cleanup_json json_t *table = NULL, *item = NULL;
	cleanup_free char *text = NULL;

	if (l->table) {
		table = table_new(l->listing.kind, "", false);
		table_add(table, l->listing.kind, object, l->with, clock_wall_ns(l->clock));
		text = json_text(json_array_get(json_list(table, "rows"), 0));
	} else {
		/* Items of a list go without kind and version: the list says them. */
		item = json_copy(object);
		(void)json_object_del(item, "apiVersion");
		(void)json_object_del(item, "kind");
		text = json_text(item);
	}
	add_item(l, out, sv(text));
}

/* Writes some more, and the end behind the last. Returns: false when that was all. */
static bool add_some(struct list_answer *l, struct str *out)
{
	json_t *object;
	struct sv text;

	if (!l->table && listing_is_exact(&l->listing)) {
		while (listing_next_text(&l->listing, &text))
			add_item(l, out, text);
		str_add(out, "]}\n");
		return false;
	}
	for (int i = 0; i < LIST_AT_ONCE; i++) {
		if (!listing_next(&l->listing, &object)) {
			str_add(out, "]}\n");
			return false;
		}
		if (object)
			add_object(l, out, object);
		json_decref(object);
	}
	/* White space between items: a piece in which nothing matched keeps the answer going too. */
	str_add(out, "\n");
	return true;
}

static void list_drained(void *data)
{
	struct list_answer *l = data;
	cleanup_str struct str out = {0};
	bool more = add_some(l, &out);

	stream_write(l->stream, out.p, out.n);
	if (!more)
		stream_end(l->stream);
}

/* What needs no trees, or few, is answered at once; the rest goes on while others have their turn. */
static void answer_list(struct request *r, struct list_answer *own_l)
{
	struct str out = {0};

	add_head(own_l, &out);
	if (own_l->listing.n <= LIST_AT_ONCE ||
		(!own_l->table && listing_is_exact(&own_l->listing))) {
		while (add_some(own_l, &out))
			;
		list_free(own_l);
		reply_text(r, 200, "application/json", out.p, out.n);
		return;
	}
	own_l->stream = stream_open(
		r, "application/json", &(struct stream_calls){list_drained, list_free, own_l});
	stream_write(own_l->stream, out.p, out.n);
	str_done(&out);
}

static int open_list(struct request *r, struct list_answer *l, struct err *e)
{
	if (table_object_of(target_param(&r->target, "includeObject"), &l->with) < 0)
		return err_set(e, -EBADMSG, "includeObject must be None, Metadata or Object");
	return listing_take(r->api->o.store, r->kind, r->ns, &l->selection, &l->listing, e);
}

void get_list(struct request *r)
{
	struct selection selection = {0};
	struct list_answer *l;
	struct err e = {0};
	int code = selection_parse(r, &selection, &e);

	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	if (target_flag(&r->target, "watch")) {
		watch_start(r, &selection);
		selection_done(&selection);
		return;
	}
	l = xcalloc(1, sizeof *l);
	*l = (struct list_answer){.selection = selection,
		.clock = r->api->o.clock,
		.table = table_wanted(request_header(r, "Accept"))};
	if (open_list(r, l, &e) < 0) {
		list_free(l);
		reply_err(r, &e);
		return;
	}
	answer_list(r, l);
}
