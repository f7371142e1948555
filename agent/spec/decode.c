/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding: the first of the walkers. It checks names and types against the schema table, brings values into
 * canonical form, and asks of each field whether berth honours it (architecture.md, "No silent ignore").
 * Afterwards every member of the object is known and of its type, unless there are problems.
 */
#include "agent/spec/decode.h"
#include "agent/spec/quantity.h"
#include "agent/spec/walk.h"

#include "runtime/base/clock.h"

static const char *json_type_name(const json_t *j)
{
	static const char *const names[] = {[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "a list",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number with a fraction",
		[JSON_TRUE] = "a boolean",
		[JSON_FALSE] = "a boolean",
		[JSON_NULL] = "null"};
	return names[json_typeof(j)];
}

static void wrong_type(struct walk *w, const json_t *value, const char *wanted, const char *hint)
{
	walk_problem(w, PROBLEM_TYPE, "Invalid type: must be %s, not %s%s%s", wanted,
		json_type_name(value), hint ? ": " : "", hint ? hint : "");
}

/* Each returns a new value that replaces @value, or NULL to keep it. */
typedef json_t *decode_scalar(struct walk *w, const json_t *value);

static json_t *decode_string(struct walk *w, const json_t *value)
{
	if (!json_is_string(value))
		wrong_type(w, value, "a string",
			json_is_number(value) || json_is_boolean(value) ? "put it in quotes"
									: NULL);
	else if (json_string_length(value) > JSON_STRING_MAX)
		walk_too_long(w, JSON_STRING_MAX);
	return NULL;
}

static json_t *decode_int64(struct walk *w, const json_t *value)
{
	if (!json_is_integer(value))
		wrong_type(w, value, "an integer",
			json_is_string(value) ? "write the number without quotes" : NULL);
	return NULL;
}

static json_t *decode_int32(struct walk *w, const json_t *value)
{
	(void)decode_int64(w, value);
	if (json_is_integer(value) &&
		(json_integer_value(value) > INT32_MAX || json_integer_value(value) < INT32_MIN))
		walk_problem(w, PROBLEM_TYPE,
			"Invalid type: %" JSON_INTEGER_FORMAT " does not fit into 32 bits",
			json_integer_value(value));
	return NULL;
}

static json_t *decode_bool(struct walk *w, const json_t *value)
{
	if (!json_is_boolean(value))
		wrong_type(w, value, "true or false",
			json_is_string(value) ? "write it without quotes" : NULL);
	return NULL;
}

static json_t *decode_quantity(struct walk *w, const json_t *value)
{
	struct quantity q;
	if (!json_is_string(value) && !json_is_number(value)) {
		wrong_type(w, value, "a quantity", NULL);
		return NULL;
	}
	int r = quantity_of(value, &q);
	if (r == -ERANGE)
		walk_invalid(w, value, "a quantity may not be beyond 2^63-1");
	else if (r < 0)
		walk_invalid(w, value,
			"a quantity is a number with an optional unit, like \"500m\", "
			"\"64Mi\" or \"2\"");
	if (r < 0)
		return NULL;
	cleanup_free char *text = quantity_text(q);
	return json_string(text);
}

static json_t *decode_int_or_string(struct walk *w, const json_t *value)
{
	if (!json_is_integer(value) && !json_is_string(value))
		wrong_type(w, value, "an integer or a string", NULL);
	return NULL;
}

static json_t *decode_time(struct walk *w, const json_t *value)
{
	uint64_t ns;
	char text[RFC3339_SIZE];
	if (!json_is_string(value))
		wrong_type(w, value, "a time", "like \"2026-01-31T12:00:00Z\"");
	else if (rfc3339_parse(json_string_value(value), &ns) < 0)
		walk_invalid(w, value, "a time is written as \"2026-01-31T12:00:00Z\"");
	else
		return json_string(rfc3339(ns, text));
	return NULL;
}

static json_t *decode_micro_time(struct walk *w, const json_t *value)
{
	uint64_t ns;
	char text[RFC3339_SIZE];
	if (!json_is_string(value))
		wrong_type(w, value, "a time", "like \"2026-01-31T12:00:00.000000Z\"");
	else if (rfc3339_parse(json_string_value(value), &ns) < 0)
		walk_invalid(w, value, "a time is written as \"2026-01-31T12:00:00.000000Z\"");
	else {
		(void)rfc3339_nano(ns, text);
		size_t n = strlen(text);
		/* nine digits of a second and Z: three digits less */
		if (n > 4)
			(void)snprintf(text + n - 4, 2, "Z");
		return json_string(text);
	}
	return NULL;
}

static json_t *decode_bytes(struct walk *w, const json_t *value)
{
	if (!json_is_string(value)) {
		wrong_type(w, value, "base64 text", NULL);
		return NULL;
	}
	/* base64(1) breaks its lines, and a YAML block keeps the breaks. */
	const char *text = json_string_value(value);
	cleanup_str struct str plain = {0};
	if (strpbrk(text, "\r\n")) {
		for (const char *p = text; *p; p++)
			if (*p != '\r' && *p != '\n')
				str_addn(&plain, p, 1);
		text = plain.p ? plain.p : "";
	}
	cleanup_free void *bytes = NULL;
	size_t n;
	if (base64_decode(sv(text), &bytes, &n) < 0) {
		/* Never the value itself: this may be a secret. */
		walk_problem(w, PROBLEM_INVALID,
			"Invalid value: \"…\": must be base64; write plain text under stringData "
			"(a "
			"Secret) or data (a ConfigMap)");
		return NULL;
	}
	return plain.p ? json_string(text) : NULL;
}

static json_t *decode_any(struct walk *w, const json_t *value)
{
	(void)w;
	(void)value;
	return NULL;
}

static decode_scalar *const scalars[VALUE_TYPE_MAX] = {[STRING] = decode_string,
	[INT32] = decode_int32,
	[INT64] = decode_int64,
	[BOOL] = decode_bool,
	[QUANTITY] = decode_quantity,
	[INT_OR_STRING] = decode_int_or_string,
	[TIME] = decode_time,
	[MICRO_TIME] = decode_micro_time,
	[BYTES] = decode_bytes,
	[ANY] = decode_any};

static json_t *decode_one(struct walk *w, const struct field *f, json_t *value)
{
	if (f->type != OBJECT)
		return scalars[f->type](w, value);
	decode_object(w, f->of, value);
	return NULL;
}

static void decode_list(struct walk *w, const struct field *f, json_t *list)
{
	if (!json_is_array(list)) {
		wrong_type(w, list, "a list", "start each item with \"- \"");
		return;
	}
	for (size_t i = 0; i < json_array_size(list) && !problems_full(w->problems); i++) {
		size_t mark = walk_index(w, i);
		json_t *own_new = decode_one(w, f, json_array_get(list, i));
		if (own_new)
			json_array_set_new(list, i, own_new);
		walk_up(w, mark);
	}
}

static void decode_map(struct walk *w, const struct field *f, json_t *map)
{
	if (!json_is_object(map)) {
		wrong_type(w, map, "a map", NULL);
		return;
	}
	void *next;
	for (void *i = json_object_iter(map); i && !problems_full(w->problems); i = next) {
		next = json_object_iter_next(map, i);
		size_t mark = walk_key(w, json_object_iter_key(i));
		json_t *own_new = decode_one(w, f, json_object_iter_value(i));
		if (own_new)
			json_object_iter_set_new(map, i, own_new);
		walk_up(w, mark);
	}
}

/* Is the field honoured, with this value, here? Says so when not. Returns: go on below it? */
static bool ask_support(struct walk *w, const struct field *f, const json_t *value)
{
	if (f->support == HONOURED || w->observed)
		return true;
	if (value_is_empty(value) && !(f->flags & (ZERO | ONE_OF)))
		return true;
	if (value_in(value, f->accepts) || (f->allow && f->allow(w, value)))
		return true;
	/* A value of the wrong type or of no enumeration says more of itself. */
	if (f->values && json_is_string(value) && !value_in(value, f->values))
		return true;
	if (f->support == ACCEPTED) {
		problems_warn(w->problems, "%s: has no effect: %s", walk_path(w), f->why);
		return true;
	}
	walk_forbidden(w, "%s", f->why);
	return false;
}

static void decode_field(struct walk *w, const struct field *f, json_t *object, void *iter)
{
	json_t *value = json_object_iter_value(iter);
	const json_t *outer = w->parent;
	bool observed = w->observed;
	size_t mark = walk_field(w, f->name);
	w->parent = object;
	w->observed = observed || f->flags & OBSERVED;
	if (ask_support(w, f, value)) {
		if (f->flags & LIST)
			decode_list(w, f, value);
		else if (f->flags & MAP)
			decode_map(w, f, value);
		else {
			json_t *own_new = decode_one(w, f, value);
			if (own_new)
				json_object_iter_set_new(object, iter, own_new);
		}
	}
	w->observed = observed;
	w->parent = outer;
	walk_up(w, mark);
}

enum { NEAREST_MAX = 64 };

static void unknown_field(struct walk *w, const struct type *t, const char *name)
{
	size_t mark = walk_field(w, name);
	/* Looking for the right name takes long, so not for ever. */
	bool few = w->problems->n < NEAREST_MAX && w->problems->n_warnings < NEAREST_MAX;
	const char *nearest = few && w->fv != FIELD_IGNORE ? type_nearest(t, name) : NULL;
	const char *a = nearest ? "; did you mean \"" : "", *b = nearest ? nearest : "",
		   *c = nearest ? "\"?" : "";
	if (w->fv == FIELD_STRICT)
		walk_problem(
			w, PROBLEM_UNKNOWN, "unknown field \"%s\"%s%s%s", walk_path(w), a, b, c);
	else if (w->fv == FIELD_WARN)
		problems_warn(w->problems, "unknown field \"%s\"%s%s%s", walk_path(w), a, b, c);
	walk_up(w, mark);
}

void decode_object(struct walk *w, const struct type *t, json_t *object)
{
	if (!json_is_object(object)) {
		wrong_type(w, object, "an object", t->name);
		return;
	}
	const json_t *outer = w->pod_spec;
	if (t == &type_pod_spec)
		w->pod_spec = object;
	void *next;
	for (void *i = json_object_iter(object); i && !problems_full(w->problems); i = next) {
		next = json_object_iter_next(object, i);
		const char *name = json_object_iter_key(i);
		const struct field *f = type_field(t, name);
		if (f && !json_is_null(json_object_iter_value(i)) && !(f->flags & DROPPED)) {
			decode_field(w, f, object, i);
			continue;
		}
		if (!f)
			unknown_field(w, t, name);
		json_object_del(object, name);
	}
	w->pod_spec = outer;
}

void spec_decode(const struct kind *k, json_t *object, enum field_validation fv, struct problems *p)
{
	cleanup_walk struct walk w = {.kind = k, .root = object, .problems = p, .fv = fv};
	decode_object(&w, k->type, object);
}
