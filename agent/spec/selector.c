/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selectors: a list of requirements that must all hold. Label selectors and field selectors differ in what a key
 * names and which operators there are.
 * Source: Kubernetes docs, "Labels and Selectors", "Field Selectors".
 */
#include "agent/spec/selector.h"
#include "agent/spec/check.h"
#include "agent/spec/spec.h"

#include <ctype.h>

enum operator{ OP_IN, OP_NOT_IN, OP_EXISTS, OP_MISSING, OP_GREATER, OP_LESS };

struct requirement {
	char *key;
	enum operator op;
	char **values;
	size_t n;
};

struct selector {
	struct requirement *items;
	size_t n, cap;
	bool nothing; /* matches no object */
};

enum { REQUIREMENTS_MAX = 256, SELECTOR_VALUES_MAX = 1024 };

void selector_free(struct selector *s)
{
	for (size_t i = 0; s && i < s->n; i++) {
		for (size_t j = 0; j < s->items[i].n; j++)
			free(s->items[i].values[j]);
		free(s->items[i].values);
		free(s->items[i].key);
	}
	if (s)
		free(s->items);
	free(s);
}

static struct requirement *add_requirement(struct selector *s, struct sv key, enum operator op)
{
	GROW(s->items, s->n + 1, s->cap);
	s->items[s->n] = (struct requirement){.key = xstrndup(key.p ? key.p : "", key.n), .op = op};
	return &s->items[s->n++];
}

static void add_value(struct requirement *r, struct sv value)
{
	r->values = xrealloc(r->values, r->n + 1, sizeof(*r->values));
	r->values[r->n++] = xstrndup(value.p ? value.p : "", value.n);
}

/* ---- the query form of label selectors ---- */

struct cursor {
	struct sv rest;
	struct err *e;
	const char *whole;
};

static void skip_blanks(struct cursor *c)
{
	while (c->rest.n && isspace((unsigned char)c->rest.p[0])) {
		c->rest.p++;
		c->rest.n--;
	}
}

static bool take_char(struct cursor *c, char wanted)
{
	skip_blanks(c);
	if (!c->rest.n || c->rest.p[0] != wanted)
		return false;
	c->rest.p++;
	c->rest.n--;
	return true;
}

static struct sv take_word(struct cursor *c)
{
	skip_blanks(c);
	struct sv word = {c->rest.p, 0};
	while (c->rest.n && !isspace((unsigned char)c->rest.p[0]) &&
		!strchr(",()=!<>", c->rest.p[0])) {
		word.n++;
		c->rest.p++;
		c->rest.n--;
	}
	return word;
}

static int fail(const struct cursor *c, const char *why)
{
	return err_set(c->e, -EINVAL, "unable to parse the selector \"%s\": %s", c->whole, why);
}

static int check_value(const struct cursor *c, struct sv value)
{
	const char *fault = label_value_fault(value);
	return fault ? fail(c, fault) : 0;
}

static int take_set(struct cursor *c, struct requirement *r)
{
	if (!take_char(c, '('))
		return fail(c, "'(' is missing behind in or notin");
	do {
		struct sv value = take_word(c);
		if (check_value(c, value) < 0)
			return -EINVAL;
		if (r->n >= SELECTOR_VALUES_MAX)
			return fail(c, "there are too many values");
		add_value(r, value);
	} while (take_char(c, ','));
	return take_char(c, ')') ? 0 : fail(c, "')' is missing");
}

static int take_comparison(struct cursor *c, struct selector *s, struct sv key)
{
	struct requirement *r = NULL;
	bool number = false;
	if (take_char(c, '!')) {
		if (!take_char(c, '='))
			return fail(c, "'!' stands before a key, or before '='");
		r = add_requirement(s, key, OP_NOT_IN);
	} else if (take_char(c, '=')) {
		(void)take_char(c, '=');
		r = add_requirement(s, key, OP_IN);
	} else if (take_char(c, '>')) {
		r = add_requirement(s, key, OP_GREATER);
		number = true;
	} else if (take_char(c, '<')) {
		r = add_requirement(s, key, OP_LESS);
		number = true;
	} else {
		struct sv word = take_word(c);
		if (!word.n) {
			(void)add_requirement(s, key, OP_EXISTS);
			return 0;
		}
		if (!sv_eq(word, "in") && !sv_eq(word, "notin"))
			return fail(c, "a comparison is =, ==, !=, in, notin, < or >");
		return take_set(c, add_requirement(s, key, sv_eq(word, "in") ? OP_IN : OP_NOT_IN));
	}
	struct sv value = take_word(c);
	int64_t ignored;
	if (number && parse_i64(value, &ignored) < 0)
		return fail(c, "< and > compare with a number");
	if (check_value(c, value) < 0)
		return -EINVAL;
	add_value(r, value);
	return 0;
}

static int take_requirement(struct cursor *c, struct selector *s)
{
	bool missing = take_char(c, '!');
	struct sv key = take_word(c);
	if (s->n >= REQUIREMENTS_MAX)
		return fail(c, "there are too many requirements");
	if (!key.n)
		return fail(c, "a key is missing");
	const char *fault = qualified_name_fault(key);
	if (fault)
		return fail(c, fault);
	if (!missing)
		return take_comparison(c, s, key);
	(void)add_requirement(s, key, OP_MISSING);
	return 0;
}

int label_selector_parse(const char *text, struct selector **ret, struct err *e)
{
	CLEANUP(selector_free) struct selector *s = xcalloc(1, sizeof(*s));
	struct cursor c = {sv(text ? text : ""), e, text};
	skip_blanks(&c);
	while (c.rest.n) {
		int r = take_requirement(&c, s);
		if (r < 0)
			return r;
		skip_blanks(&c);
		if (c.rest.n && (!take_char(&c, ',') || (skip_blanks(&c), !c.rest.n)))
			return fail(&c, c.rest.n ? "requirements are separated by ','"
						 : "nothing stands behind the last ','");
	}
	*ret = take(s);
	return 0;
}

/* ---- of objects ---- */

static void add_labels(struct selector *s, const json_t *map)
{
	const char *key;
	json_t *value;
	json_object_foreach ((json_t *)(uintptr_t)map, key, value)
		add_value(add_requirement(s, sv(key), OP_IN), sv(json_string_value(value)));
}

struct selector *label_selector_of_map(const json_t *map)
{
	struct selector *s = xcalloc(1, sizeof(*s));
	s->nothing = !json_is_object(map) || !json_object_size(map);
	add_labels(s, map);
	return s;
}

int label_selector_of_object(const json_t *object, struct selector **ret, struct err *e)
{
	static const char *const names[] = {[OP_IN] = "In",
		[OP_NOT_IN] = "NotIn",
		[OP_EXISTS] = "Exists",
		[OP_MISSING] = "DoesNotExist"};
	CLEANUP(selector_free) struct selector *s = xcalloc(1, sizeof(*s));
	s->nothing = !json_is_object(object);
	add_labels(s, json_object_get(object, "matchLabels"));
	const json_t *list = json_object_get(object, "matchExpressions");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *op = json_str_or(item, "operator", "");
		size_t o = 0;
		while (o < ARRAY_SIZE(names) && !streq(names[o], op))
			o++;
		if (o == ARRAY_SIZE(names))
			return err_set(
				e, -EINVAL, "\"%s\" is not a valid label selector operator", op);
		struct requirement *r =
			add_requirement(s, sv(json_str_or(item, "key", "")), (enum operator)o);
		const json_t *values = json_object_get(item, "values");
		for (size_t j = 0; j < json_array_size(values); j++)
			add_value(r, sv(json_string_value(json_array_get(values, j))));
	}
	*ret = take(s);
	return 0;
}

static bool has_value(const struct requirement *r, const char *value)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->values[i], value) == 0)
			return true;
	return false;
}

static bool compare_numbers(const struct requirement *r, const char *value)
{
	int64_t a, b;
	if (!value || !r->n || parse_i64(sv(value), &a) < 0 || parse_i64(sv(r->values[0]), &b) < 0)
		return false;
	return r->op == OP_GREATER ? a > b : a < b;
}

static bool requirement_holds(const struct requirement *r, const char *value)
{
	switch (r->op) {
	case OP_IN:
		return value && has_value(r, value);
	case OP_NOT_IN:
		return !value || !has_value(r, value);
	case OP_EXISTS:
		return value;
	case OP_MISSING:
		return !value;
	case OP_GREATER:
	case OP_LESS:
		return compare_numbers(r, value);
	}
	return false;
}

bool label_selector_match(const struct selector *s, const json_t *labels)
{
	if (s && s->nothing)
		return false;
	for (size_t i = 0; s && i < s->n; i++)
		if (!requirement_holds(&s->items[i], json_str(labels, s->items[i].key)))
			return false;
	return true;
}

/* ---- field selectors ---- */

static int check_selectable(const struct kind *k, const char *field, struct err *e)
{
	if (streq(field, "metadata.name") || (streq(field, "metadata.namespace") && k->namespaced))
		return 0;
	for (size_t i = 0; k->selectable[i]; i++)
		if (streq(k->selectable[i], field))
			return 0;
	return err_set(e, -EINVAL, "\"%s\" is not a known field selector of %s", field, k->plural);
}

int field_selector_parse(
	const struct kind *k, const char *text, struct selector **ret, struct err *e)
{
	CLEANUP(selector_free) struct selector *s = xcalloc(1, sizeof(*s));
	struct sv rest = sv(text ? text : "");
	while (rest.n) {
		struct sv item = sv_trim(sv_cut(&rest, ','));
		if (!item.n)
			continue;
		struct sv value = item;
		struct sv key = sv_cut(&value, '=');
		bool not = key.n && key.p[key.n - 1] == '!';
		key.n -= not ;
		if (!memchr(item.p, '=', item.n) || s->n >= REQUIREMENTS_MAX)
			return err_set(e, -EINVAL,
				"invalid selector \"%s\": can't understand \"%.*s\"", text,
				(int)item.n, item.p);
		if (!not &&value.n && value.p[0] == '=') {
			value.p++;
			value.n--;
		}
		struct requirement *r = add_requirement(s, sv_trim(key), not ? OP_NOT_IN : OP_IN);
		add_value(r, sv_trim(value));
		if (check_selectable(k, r->key, e) < 0)
			return -EINVAL;
	}
	*ret = take(s);
	return 0;
}

/* A field's value as text; "" when it is not there, as Kubernetes has it. */
static const char *field_text(const json_t *object, const char *path, char number[24])
{
	struct sv rest = sv(path);
	const json_t *at = object;
	while (rest.n && at) {
		struct sv part = sv_cut(&rest, '.');
		char name[64];
		(void)snprintf(name, sizeof(name), "%.*s", (int)part.n, part.p);
		at = json_object_get(at, name);
	}
	/* An event's source is selected by its component. */
	if (json_is_object(at))
		at = json_object_get(at, "component");
	if (json_is_boolean(at))
		return json_is_true(at) ? "true" : "false";
	if (json_is_integer(at)) {
		(void)snprintf(number, 24, "%" JSON_INTEGER_FORMAT, json_integer_value(at));
		return number;
	}
	if (json_is_string(at))
		return json_string_value(at);
	return streq(path, "spec.unschedulable") || streq(path, "spec.hostNetwork") ? "false" : "";
}

bool field_selector_match(const struct selector *s, const json_t *object)
{
	for (size_t i = 0; s && i < s->n; i++) {
		char number[24];
		if (!requirement_holds(&s->items[i], field_text(object, s->items[i].key, number)))
			return false;
	}
	return true;
}

const char *selector_wants(const struct selector *s, const char *field)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (s->items[i].op == OP_IN && s->items[i].n == 1 && streq(s->items[i].key, field))
			return s->items[i].values[0];
	return NULL;
}
