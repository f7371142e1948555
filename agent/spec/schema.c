/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking things up in the schema tables.
 */
#include "agent/spec/schema.h"

static const char *const type_names[VALUE_TYPE_MAX] = {[STRING] = "string",
	[INT32] = "integer",
	[INT64] = "integer",
	[BOOL] = "boolean",
	[QUANTITY] = "Quantity",
	[INT_OR_STRING] = "IntOrString",
	[TIME] = "Time",
	[MICRO_TIME] = "MicroTime",
	[BYTES] = "base64",
	[OBJECT] = "Object",
	[ANY] = "any"};

const struct field *type_field(const struct type *t, const char *name)
{
	for (const struct field *f = t->fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

const char *type_nearest(const struct type *t, const char *name)
{
	enum { MOST = 64 };
	const char *words[MOST];
	size_t n = 0;
	for (const struct field *f = t->fields; f->name && n < MOST; f++) {
		if (strcasecmp(f->name, name) == 0)
			return f->name;
		words[n++] = f->name;
	}
	return nearest_word(name, words, n);
}

void field_type_text(const struct field *f, struct str *out)
{
	const char *name = f->type == OBJECT ? f->of->name : type_names[f->type];
	str_addf(out, "%s%s", f->flags & LIST ? "[]" : f->flags & MAP ? "map[string]" : "", name);
}

bool value_is_empty(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	case JSON_TRUE:
		return false;
	case JSON_STRING:
		return json_string_length(value) == 0;
	case JSON_INTEGER:
		return json_integer_value(value) == 0;
	case JSON_REAL:
		return !(json_real_value(value) < 0 || json_real_value(value) > 0);
	case JSON_ARRAY:
		return json_array_size(value) == 0;
	case JSON_OBJECT:
		return json_object_size(value) == 0;
	}
	return true;
}

bool value_in(const json_t *value, const char *const *list)
{
	char number[24] = "";
	const char *text = json_is_true(value)	   ? "true"
			   : json_is_false(value)  ? "false"
			   : json_is_string(value) ? json_string_value(value)
						   : number;
	if (json_is_integer(value))
		(void)snprintf(
			number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	for (size_t i = 0; list && list[i]; i++)
		if (streq(list[i], text))
			return true;
	return false;
}
