/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSONPath: what a parsed template makes of a document. Sets of values are JSON arrays that share the document's
 * nodes; nothing is copied and the document is not changed.
 */
#include "agent/cli/jsonpath_internal.h"

struct scope {
	const json_t *root;
};

static json_t *walk(const struct scope *sc, const struct path *p, json_t *from);

static void keep(json_t *set, json_t *value)
{
	if (value)
		json_push(set, json_incref(value));
}

static bool holds(const char *op, const json_t *a, const json_t *b)
{
	int order;

	if (json_is_number(a) && json_is_number(b))
		order = (json_number_value(a) > json_number_value(b)) -
			(json_number_value(a) < json_number_value(b));
	else if (json_is_string(a) && json_is_string(b))
		order = strcmp(json_string_value(a), json_string_value(b));
	else if (streq(op, "==") || streq(op, "!="))
		order = !json_equal(a, b);
	else
		return false;
	if (op[0] == '=')
		return order == 0;
	if (op[0] == '!')
		return order != 0;
	return (op[1] == '=' && order == 0) || (op[0] == '<' ? order < 0 : order > 0);
}

static bool filter_takes(const struct scope *sc, const struct step *s, json_t *item)
{
	cleanup_json json_t *left = walk(sc, s->left, item), *right = NULL;

	if (!s->name)
		return json_array_size(left) > 0;
	right = s->right ? walk(sc, s->right, item) : json_pack("[O]", s->literal);
	return json_array_size(left) > 0 && json_array_size(right) > 0 &&
	       holds(s->name, json_array_get(left, 0), json_array_get(right, 0));
}

static void all_of(json_t *j, json_t *set)
{
	const char *key;
	json_t *value;
	size_t i;

	json_array_foreach (j, i, value)
		keep(set, value);
	json_object_foreach (j, key, value)
		keep(set, value);
}

/* @j itself and everything below it. */
static void deep(json_t *j, json_t *set)
{
	const char *key;
	json_t *value;
	size_t i;

	keep(set, j);
	json_array_foreach (j, i, value)
		deep(value, set);
	json_object_foreach (j, key, value)
		deep(value, set);
}

static void slice(const struct step *s, const json_t *j, json_t *set)
{
	int64_t n = (int64_t)json_array_size(j);
	int64_t from = s->has_from ? s->from : 0, to = s->has_to ? s->to : n;

	from = from < 0 ? from + n : from;
	to = to < 0 ? to + n : to;
	for (int64_t i = from < 0 ? 0 : from; i < to && i < n; i += s->by)
		keep(set, json_array_get(j, (size_t)i));
}

static void take_step(const struct scope *sc, const struct step *s, json_t *j, json_t *set)
{
	int64_t n = (int64_t)json_array_size(j);
	json_t *value;
	size_t i;

	switch (s->type) {
	case STEP_FIELD:
		keep(set, json_object_get(j, s->name));
		break;
	case STEP_INDEX:
		if (s->from < n && s->from >= -n)
			keep(set, json_array_get(j, (size_t)(s->from < 0 ? s->from + n : s->from)));
		break;
	case STEP_SLICE:
		slice(s, j, set);
		break;
	case STEP_ALL:
		all_of(j, set);
		break;
	case STEP_DEEP:
		deep(j, set);
		break;
	case STEP_FILTER:
		json_array_foreach (j, i, value)
			if (filter_takes(sc, s, value))
				keep(set, value);
		break;
	case STEP_UNION:
		for (i = 0; i < s->n_choices; i++)
			take_step(sc, &s->choices[i], j, set);
		break;
	}
}

static json_t *walk(const struct scope *sc, const struct path *p, json_t *from)
{
	json_t *set = json_array(), *value;
	size_t i;

	keep(set, p->from_root ? (json_t *)(uintptr_t)sc->root : from);
	for (size_t k = 0; k < p->n; k++) {
		json_t *next = json_array();

		json_array_foreach (set, i, value)
			take_step(sc, &p->steps[k], value, next);
		json_decref(set);
		set = next;
	}
	return set;
}

static void write_value(const json_t *value, struct str *out)
{
	cleanup_free char *text = NULL;

	if (json_is_string(value)) {
		str_addn(out, json_string_value(value), json_string_length(value));
		return;
	}
	if (json_is_null(value))
		return;
	text = json_canonical(value);
	str_add(out, text);
}

/* Runs parts [from, end) on @j; returns behind the {end} that closes the block (or @p->n). */
static size_t run_parts(
	const struct scope *sc, const struct jsonpath *p, size_t from, json_t *j, struct str *out)
{
	size_t i = from, k;
	json_t *value;

	while (i < p->n && p->parts[i].type != PART_END) {
		const struct part *part = &p->parts[i];
		cleanup_json json_t *set = part->path ? walk(sc, part->path, j) : NULL;

		if (part->type == PART_TEXT) {
			str_add(out, part->text);
		} else if (part->type == PART_PATH) {
			json_array_foreach (set, k, value) {
				str_add(out, k ? " " : "");
				write_value(value, out);
			}
		} else {
			cleanup_str struct str nowhere = {0};
			size_t end = run_parts(sc, p, i + 1, NULL, &nowhere);

			json_array_foreach (set, k, value)
				(void)run_parts(sc, p, i + 1, value, out);
			i = end;
			continue;
		}
		i++;
	}
	return i + 1;
}

void jsonpath_write(const struct jsonpath *p, const json_t *j, struct str *out)
{
	const struct scope sc = {.root = j};

	(void)run_parts(&sc, p, 0, (json_t *)(uintptr_t)j, out);
}

json_t *jsonpath_values(const struct jsonpath *p, const json_t *j)
{
	const struct scope sc = {.root = j};

	for (size_t i = 0; i < p->n; i++)
		if (p->parts[i].type == PART_PATH)
			return walk(&sc, p->parts[i].path, (json_t *)(uintptr_t)j);
	return json_array();
}
