/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots of collections. The stored text is copied, which takes microseconds an object; making trees of it takes fifty
 * times that, so it is done for those objects only that need it, and later.
 */
#include "agent/api/listing.h"

struct taking {
	struct listing *l;
	const char *name; /* that the selection asks for; NULL: any */
	struct err *e;
};

static int take_record(void *data, const struct store_record *record)
{
	struct taking *t = data;
	struct listing *l = t->l;
	const struct selection *s = l->selection;
	cleanup_json json_t *meta = NULL;
	int r;

	if (t->name && !streq(t->name, record->name))
		return 0;
	if (s->labels) {
		r = store_record_metadata(record, &meta, t->e);
		if (r < 0)
			return r;
		if (!label_selector_match(s->labels, json_map(meta, "labels")))
			return 0;
	}
	if (l->text.n + record->text.n > LISTING_BYTES_MAX)
		return err_set(t->e, -E2BIG,
			"the list is larger than %zu MiB; ask for one namespace or use a selector",
			LISTING_BYTES_MAX >> 20);
	str_addn(&l->text, record->text.p, record->text.n);
	GROW(l->ends, l->n + 1, l->cap);
	l->ends[l->n++] = l->text.n;
	return 0;
}

int listing_take(struct store *store, const struct kind *kind, const char *ns,
	const struct selection *selection, struct listing *ret, struct err *e)
{
	struct listing l = {.kind = kind, .selection = selection, .rv = store_version(store)};
	struct taking t = {.l = &l,
		.name = selection->fields ? selector_wants(selection->fields, "metadata.name")
					  : NULL,
		.e = e};
	int r = store_each(store, kind, ns, take_record, &t, e);

	if (r < 0) {
		listing_done(&l);
		return r;
	}
	*ret = l;
	return 0;
}

void listing_done(struct listing *l)
{
	str_done(&l->text);
	free(l->ends);
	*l = (struct listing){0};
}

bool listing_is_exact(const struct listing *l)
{
	return !l->selection->fields;
}

bool listing_next_text(struct listing *l, struct sv *ret)
{
	size_t start = l->next > 0 ? l->ends[l->next - 1] : 0;

	if (l->next == l->n)
		return false;
	*ret = (struct sv){l->text.p + start, l->ends[l->next++] - start};
	return true;
}

bool listing_next(struct listing *l, json_t **ret)
{
	struct store_record record = {.kind = l->kind, .name = ""};
	json_t *object = NULL;

	*ret = NULL;
	if (!listing_next_text(l, &record.text))
		return false;
	/* The text was whole when it was taken. */
	if (store_record_object(&record, &object, NULL) < 0)
		return true;
	if (l->selection->fields && !field_selector_match(l->selection->fields, object))
		json_decref(object);
	else
		*ret = object;
	return true;
}
