/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The glue to jansson. Depth and number of values are checked on the text, before jansson's own recursion and memory
 * see it.
 */
#include "runtime/base/json.h"

#include <stdarg.h>

/* Depth, and the number of values: exact for what is JSON. */
static int check_shape(struct sv text, size_t max_nodes, struct err *e)
{
	size_t depth = 0, nodes = 1;
	bool in_string = false, opened = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
			continue;
		}
		if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
			continue;
		/* An array or object has a value more than it has commas, unless it is empty. */
		nodes += c == ',' || (opened && c != '}' && c != ']');
		if (nodes > max_nodes)
			return err_set(
				e, -E2BIG, "more than %zu values in one document", max_nodes);
		opened = c == '{' || c == '[';
		if (c == '"')
			in_string = true;
		else if (opened && ++depth > JSON_DEPTH_MAX)
			return err_set(
				e, -E2BIG, "JSON is nested more than %d deep", JSON_DEPTH_MAX);
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
	}
	return 0;
}

static int walk_limits(const json_t *j, int depth, size_t *nodes, struct err *e)
{
	const char *key;
	json_t *value;
	size_t i;
	int r = 0;

	if (++*nodes > JSON_NODES_MAX)
		return err_set(e, -E2BIG, "more than %d values in one document", JSON_NODES_MAX);
	if (depth > JSON_DEPTH_MAX)
		return err_set(e, -E2BIG, "nested more than %d deep", JSON_DEPTH_MAX);
	if (json_is_string(j) && json_string_length(j) > JSON_STRING_MAX * 4)
		return err_set(e, -E2BIG, "a string is longer than %d bytes", JSON_STRING_MAX * 4);
	if (json_is_object(j)) {
		/* json_object_foreach wants a non-const object and does not change it. */
		json_object_foreach ((json_t *)(uintptr_t)j, key, value) {
			r = walk_limits(value, depth + 1, nodes, e);
			if (r < 0)
				break;
		}
	} else {
		json_array_foreach (j, i, value) {
			r = walk_limits(value, depth + 1, nodes, e);
			if (r < 0)
				break;
		}
	}
	return r;
}

int json_check_limits(const json_t *j, struct err *e)
{
	size_t nodes = 0;

	return walk_limits(j, 0, &nodes, e);
}

static int parse_within(
	struct sv text, size_t max_bytes, size_t max_nodes, json_t **ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	json_error_t where;
	int r;

	if (text.n > max_bytes)
		return err_set(
			e, -E2BIG, "JSON of %zu bytes; at most %zu are taken", text.n, max_bytes);
	r = check_shape(text, max_nodes, e);
	if (r < 0)
		return r;
	j = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
	if (!j)
		return err_set(e, -EBADMSG, "line %d, column %d: %s", where.line, where.column,
			where.text);
	r = json_check_limits(j, e);
	if (r < 0)
		return r;
	*ret = take(j);
	return 0;
}

int json_parse(struct sv text, json_t **ret, struct err *e)
{
	return parse_within(text, JSON_BYTES_MAX, JSON_NODES_MAX, ret, e);
}

int json_parse_object(struct sv text, json_t **ret, struct err *e)
{
	return parse_within(text, JSON_BYTES_MAX, JSON_OBJECT_NODES_MAX, ret, e);
}

int json_parse_max(struct sv text, size_t max_bytes, json_t **ret, struct err *e)
{
	return parse_within(text, max_bytes, JSON_NODES_MAX, ret, e);
}

static char *dump(const json_t *j, size_t flags)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | flags);

	if (!text)
		abort();
	return text;
}

char *json_text(const json_t *j)
{
	return dump(j, 0);
}

char *json_canonical(const json_t *j)
{
	return dump(j, JSON_SORT_KEYS);
}

json_t *json_at(const json_t *j, ...)
{
	json_t *at = (json_t *)(uintptr_t)j;
	const char *key;
	va_list ap;

	va_start(ap, j);
	while (at && (key = va_arg(ap, const char *)))
		at = json_object_get(at, key);
	va_end(ap);
	return at;
}

const char *json_str(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *json_str_or(const json_t *object, const char *key, const char *fallback)
{
	const char *value = json_str(object, key);

	return value ? value : fallback;
}

int64_t json_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool json_flag(const json_t *object, const char *key, bool fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

json_t *json_list(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_array(value) ? value : NULL;
}

json_t *json_map(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_object(value) ? value : NULL;
}

json_t *json_find(const json_t *list, const char *key, const char *value)
{
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (value && streq(json_str(item, key), value))
			return item;
	}
	return NULL;
}

void json_put(json_t *object, const char *key, json_t *own_value)
{
	if (json_object_set_new(object, key, own_value) < 0)
		abort();
}

json_t *json_any_string(const char *text)
{
	json_t *good = json_string(text);
	cleanup_str struct str mended = {0};

	if (good)
		return good;
	str_add_utf8(&mended, text, strlen(text));
	good = json_string(mended.p);
	if (!good)
		abort();
	return good;
}

void json_put_str(json_t *object, const char *key, const char *value)
{
	if (value)
		json_put(object, key, json_any_string(value));
}

void json_put_int(json_t *object, const char *key, int64_t value)
{
	json_put(object, key, json_integer(value));
}

void json_put_flag(json_t *object, const char *key, bool value)
{
	json_put(object, key, json_boolean(value));
}

json_t *json_sub(json_t *object, const char *key)
{
	json_t *sub = json_object_get(object, key);

	if (!json_is_object(sub)) {
		sub = json_object();
		json_put(object, key, sub);
	}
	return sub;
}

void json_push(json_t *array, json_t *own_value)
{
	if (json_array_append_new(array, own_value) < 0)
		abort();
}
