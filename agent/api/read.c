/* SPDX-License-Identifier: Apache-2.0 */
/*
 * get and list. A plain list is made of the stored text, without parsing a single object; selectors
 * and tables need the trees.
 */
#include "agent/api/routes.h"
#include "agent/api/select.h"
#include "agent/api/server.h"
#include "agent/api/table.h"
#include "agent/api/watch.h"

/* What one list may be: an answer is built in memory. */
#define LIST_BYTES_MAX ((size_t)64 << 20)

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

static bool match_object(void *data, const json_t *object)
{
	return selection_match(data, object);
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

struct text_list {
	struct str out;
	bool any;
};

static int add_text(void *data, const struct store_record *record)
{
	struct text_list *l = data;

	if (l->out.n + record->text.n > LIST_BYTES_MAX)
		return -EFBIG;
	if (l->any)
		str_add(&l->out, ",");
	l->any = true;
	str_addn(&l->out, record->text.p, record->text.n);
	return 0;
}

static int add_tree_text(struct text_list *l, const json_t *object)
{
	cleanup_json json_t *item = json_copy((json_t *)(uintptr_t)object);
	cleanup_free char *text = NULL;

	/* Items of a list go without kind and version: the list says them. */
	(void)json_object_del(item, "apiVersion");
	(void)json_object_del(item, "kind");
	text = json_text(item);
	return add_text(l, &(struct store_record){.text = sv(text)});
}

static int list_text(
	struct request *r, struct selection *selection, struct text_list *l, struct err *e)
{
	cleanup_json json_t *items = NULL;
	struct store *store = r->api->o.store;
	json_t *item;
	size_t i;
	int code;

	str_addf(&l->out,
		"{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":"
		"\"%llu\"},\"items\":[",
		r->kind->list_kind, kind_api_version(r->kind),
		(unsigned long long)store_version(store));
	if (selection_is_all(selection)) {
		code = store_each(store, r->kind, r->ns, add_text, l, e);
	} else {
		code = store_list(store, r->kind, r->ns, match_object, selection, &items, NULL, e);
		json_array_foreach (items, i, item)
			if (code == 0)
				code = add_tree_text(l, item);
	}
	if (code == -EFBIG) {
		(void)err_set(e, -E2BIG,
			"the list is larger than %zu MiB; ask for one namespace or use a selector",
			LIST_BYTES_MAX >> 20);
	}
	str_add(&l->out, "]}\n");
	return code;
}

static void list_table(struct request *r, struct selection *selection)
{
	cleanup_json json_t *items = NULL;
	enum table_object with;
	struct err e = {0};
	char version[24];
	json_t *table, *item;
	uint64_t rv;
	size_t i;
	int code;

	if (table_object_of(target_param(&r->target, "includeObject"), &with) < 0) {
		reply_failure(r, 400, "BadRequest",
			"includeObject must be None, Metadata or Object, not \"%s\"",
			target_param(&r->target, "includeObject"));
		return;
	}
	code = store_list(r->api->o.store, r->kind, r->ns,
		selection_is_all(selection) ? NULL : match_object, selection, &items, &rv, &e);
	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	table = table_new(r->kind, version_text(rv, version), true);
	json_array_foreach (items, i, item)
		table_add(table, r->kind, item, with, clock_wall_ns(r->api->o.clock));
	reply_json(r, 200, table);
}

void get_list(struct request *r)
{
	cleanup_selection struct selection selection = {0};
	struct text_list l = {0};
	struct err e = {0};
	int code = selection_parse(r, &selection, &e);

	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	if (target_flag(&r->target, "watch")) {
		watch_start(r, &selection);
		return;
	}
	if (table_wanted(request_header(r, "Accept"))) {
		list_table(r, &selection);
		return;
	}
	code = list_text(r, &selection, &l, &e);
	if (code < 0) {
		str_done(&l.out);
		reply_err(r, &e);
		return;
	}
	reply_text(r, 200, "application/json", l.out.p, l.out.n);
}
