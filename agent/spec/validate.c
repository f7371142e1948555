/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validating: the third walker. What a single field must be stands in its row (required, enumeration, range,
 * check); what must hold between fields is the type's rule.
 * Source: Kubernetes API reference; pkg/apis/core/validation says the same.
 */
#include "agent/spec/check.h"

#include "runtime/base/map.h"

static void validate_object(struct walk *w, const struct type *t, const json_t *object);

static void check_range(struct walk *w, const struct field *f, const json_t *value)
{
	int64_t n = json_integer_value(value);
	if (f->max <= f->min || !json_is_integer(value) || (n >= f->min && n <= f->max))
		return;
	if (f->max == INT32_MAX && n < f->min && f->min <= 1)
		walk_invalid(w, value, "must be greater than %s0", f->min ? "" : "or equal to ");
	else if (f->max == 0777)
		walk_invalid(w, value,
			"must be a number between 0 and 0777 (octal), both inclusive; in "
			"YAML 0400 is octal, in JSON it is 256");
	else
		walk_invalid(w, value, "must be between %lld and %lld, inclusive",
			(long long)f->min, (long long)f->max);
}

static void validate_one(struct walk *w, const struct field *f, const json_t *value)
{
	if (f->type == OBJECT) {
		validate_object(w, f->of, value);
		return;
	}
	if (f->values && json_is_string(value) && !value_in(value, f->values))
		walk_unsupported(w, value, f->values);
	check_range(w, f, value);
	/* A check sees values of the right type only: the wrong ones were named when decoding. */
	bool whole = f->flags & MAP;
	if (f->check && !whole && (f->type != STRING || json_is_string(value)) &&
		!value_is_empty(value))
		f->check(w, value);
}

static void check_unique(struct walk *w, const struct field *f, const json_t *list)
{
	struct map seen = {0};
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_object_get(json_array_get(list, i), f->unique);
		const char *text = json_string_value(item);
		if (!text || !map_put(&seen, text, &seen))
			continue;
		size_t mark = walk_index(w, i);
		size_t inner = walk_field(w, f->unique);
		walk_duplicate(w, item);
		walk_up(w, inner);
		walk_up(w, mark);
	}
	map_done(&seen);
}

static void validate_list(struct walk *w, const struct field *f, const json_t *list)
{
	size_t n = json_array_size(list);
	if (f->max && f->type != INT32 && f->type != INT64 && n > (size_t)f->max) {
		walk_problem(w, PROBLEM_TOO_MANY, "Too many: %zu: must have at most %lld items", n,
			(long long)f->max);
		return;
	}
	for (size_t i = 0; i < n && !problems_full(w->problems); i++) {
		size_t mark = walk_index(w, i);
		validate_one(w, f, json_array_get(list, i));
		walk_up(w, mark);
	}
	if (f->unique)
		check_unique(w, f, list);
}

static void validate_field(struct walk *w, const struct field *f, const json_t *value)
{
	size_t mark = walk_field(w, f->name);
	bool empty = !value || (!json_is_integer(value) && !json_is_boolean(value) &&
				       !(json_is_object(value) && f->type == OBJECT) &&
				       value_is_empty(value));
	if (empty && f->flags & REQUIRED)
		walk_required(w, NULL);
	else if (!value || (f->support == REFUSED && empty))
		(void)0;
	else if (f->flags & LIST)
		validate_list(w, f, value);
	else if (f->flags & MAP && f->check && json_is_object(value))
		f->check(w, value);
	else if (!(f->flags & MAP))
		validate_one(w, f, value);
	walk_up(w, mark);
}

/* Of a union exactly one member is there. */
static void check_one_of(struct walk *w, const struct type *t, const json_t *object)
{
	const struct field *first = NULL;
	for (const struct field *f = t->fields; f->name; f++) {
		if (!(f->flags & ONE_OF) || !json_object_get(object, f->name))
			continue;
		if (first) {
			size_t mark = walk_field(w, f->name);
			walk_forbidden(w, "may not specify more than 1 of them, and %s is there",
				first->name);
			walk_up(w, mark);
		} else {
			first = f;
		}
	}
	if (!first) {
		cleanup_free char *why = xasprintf("must specify %s", t->one_of);
		walk_required(w, why);
	}
}

static void validate_object(struct walk *w, const struct type *t, const json_t *object)
{
	if (!json_is_object(object))
		return;
	const json_t *outer_spec = w->pod_spec, *outer = w->parent;
	if (t == &type_pod_spec)
		w->pod_spec = object;
	for (const struct field *f = t->fields; f->name; f++) {
		w->parent = object;
		validate_field(w, f, json_object_get(object, f->name));
	}
	w->parent = outer;
	if (t->one_of)
		check_one_of(w, t, object);
	if (t->rule)
		t->rule(w, object);
	w->pod_spec = outer_spec;
}

void spec_validate(const struct kind *k, const json_t *object, struct problems *p)
{
	cleanup_walk struct walk w = {.kind = k, .root = object, .problems = p};
	if (k->plural)
		check_object_names(&w, object);
	validate_object(&w, k->type, object);
}

bool spec_admit(const struct kind *k, json_t *object, enum field_validation fv, struct problems *p)
{
	size_t before = p->n;
	spec_decode(k, object, fv, p);
	spec_default(k, object);
	spec_validate(k, object, p);
	return p->n == before;
}
