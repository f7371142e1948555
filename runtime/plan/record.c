/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structures as JSON by a table. Four walkers over the same rows: decode, encode, release, compare. A path
 * ("containers[2].mounts[0].path") is built while the error travels up, so that the good case costs nothing.
 */
#include "runtime/plan/record.h"

#include "runtime/base/str.h"

#include <stdint.h>

static void *at(void *base, size_t offset)
{
	return (char *)base + offset;
}

static const void *at_const(const void *base, size_t offset)
{
	return (const char *)base + offset;
}

static size_t count_of(const struct field *f, const void *value)
{
	return *(const size_t *)at_const(value, f->count_offset);
}

static bool is_list(enum field_type type)
{
	return type == FIELD_STRINGS || type == FIELD_I64S || type == FIELD_RECORDS;
}

/* ---- decode -------------------------------------------------------------------------------------- */

static int wrong(struct err *e, const char *wanted)
{
	return err_set(e, -EINVAL, "must be %s", wanted);
}

/* Puts @part before the path that is already in @e. */
static int fail_in(struct err *e, const char *part)
{
	char below[sizeof e->field];
	const char *dot;

	if (!e)
		return -EINVAL;
	(void)snprintf(below, sizeof below, "%s", e->field);
	dot = below[0] && below[0] != '[' ? "." : "";
	(void)snprintf(e->field, sizeof e->field, "%.60s%s%.60s", part, dot, below);
	return e->code;
}

static int decode_string(const json_t *j, char **ret, struct err *e)
{
	if (!json_is_string(j))
		return wrong(e, "a string");
	if (strlen(json_string_value(j)) != json_string_length(j))
		return err_set(e, -EINVAL, "must not hold a NUL");
	*ret = xstrdup(json_string_value(j));
	return 0;
}

static int decode_text(const struct field *f, const json_t *j, char *ret, struct err *e)
{
	if (!json_is_string(j) || strlen(json_string_value(j)) != json_string_length(j))
		return wrong(e, "a string without NUL");
	if (json_string_length(j) >= f->max)
		return err_set(e, -EINVAL, "is longer than %zu bytes", f->max - 1);
	memcpy(ret, json_string_value(j), json_string_length(j) + 1);
	return 0;
}

static int decode_bytes(const struct field *f, const json_t *j, void *value, struct err *e)
{
	const struct sv text = {json_string_value(j), json_string_length(j)};
	void *bytes;
	size_t n;

	if (!json_is_string(j) || base64_decode(text, &bytes, &n) < 0)
		return wrong(e, "base64");
	*(void **)at(value, f->offset) = bytes;
	*(size_t *)at(value, f->count_offset) = n;
	return 0;
}

static int decode_number(const struct field *f, const json_t *j, void *ret, struct err *e)
{
	json_int_t n = json_integer_value(j);

	if (!json_is_integer(j))
		return wrong(e, "a whole number");
	if (f->type == FIELD_I32 || f->type == FIELD_FD) {
		if (n < INT32_MIN || n > INT32_MAX)
			return wrong(e, "a number of 32 bits");
		*(int32_t *)ret = (int32_t)n;
	} else if (f->type == FIELD_U32) {
		if (n < 0 || n > UINT32_MAX)
			return wrong(e, "a number of 32 bits, not negative");
		*(uint32_t *)ret = (uint32_t)n;
	} else if (f->type == FIELD_U64) {
		if (n < -1)
			return wrong(e, "a number that is not negative, or -1 for no limit");
		*(uint64_t *)ret = n == -1 ? UINT64_MAX : (uint64_t)n;
	} else {
		*(int64_t *)ret = n;
	}
	return 0;
}

static int decode_enum(const struct field *f, const json_t *j, void *ret, struct err *e)
{
	const char *word = json_string_value(j);

	for (int i = 0; word && f->names[i]; i++)
		if (streq(word, f->names[i])) {
			*(int *)ret = i;
			return 0;
		}
	return err_set(e, -EINVAL, "must be one of the known words, not \"%s\"", word ? word : "");
}

static size_t item_size(const struct field *f)
{
	if (f->type == FIELD_STRINGS)
		return sizeof(char *);
	return f->type == FIELD_I64S ? sizeof(int64_t) : f->record->size;
}

static int decode_item(const struct field *f, const json_t *j, void *ret, struct err *e)
{
	if (f->type == FIELD_STRINGS)
		return decode_string(j, ret, e);
	if (f->type == FIELD_RECORDS)
		return record_decode(f->record, j, ret, e);
	return decode_number(f, j, ret, e);
}

static int decode_list(const struct field *f, const json_t *j, void *value, struct err *e)
{
	size_t n = json_array_size(j), max = f->max ? f->max : FIELD_ITEMS_MAX;
	size_t *count = at(value, f->count_offset);
	char *items;

	if (!json_is_array(j))
		return wrong(e, "a list");
	if (n > max)
		return err_set(e, -EINVAL, "has %zu items; at most %zu are allowed", n, max);
	if (n == 0)
		return 0;
	items = xcalloc(n, item_size(f));
	*(void **)at(value, f->offset) = items;
	for (size_t i = 0; i < n; i++) {
		char index[32];

		if (decode_item(f, json_array_get(j, i), items + i * item_size(f), e) < 0) {
			(void)snprintf(index, sizeof index, "[%zu]", i);
			return fail_in(e, index);
		}
		*count = i + 1;
	}
	return 0;
}

static int decode_optional(const struct field *f, const json_t *j, void *ret, struct err *e)
{
	void *value = xcalloc(1, f->record->size);
	int r = record_decode(f->record, j, value, e);

	if (r < 0)
		free(value);
	else
		*(void **)ret = value;
	return r;
}

static int decode_field(const struct field *f, const json_t *j, void *value, struct err *e)
{
	void *ret = at(value, f->offset);

	switch (f->type) {
	case FIELD_STRING:
		return decode_string(j, ret, e);
	case FIELD_BOOL:
		if (!json_is_boolean(j))
			return wrong(e, "true or false");
		*(bool *)ret = json_is_true(j);
		return 0;
	case FIELD_ENUM:
		return decode_enum(f, j, ret, e);
	case FIELD_RECORD:
		return record_decode(f->record, j, ret, e);
	case FIELD_OPTIONAL:
		return decode_optional(f, j, ret, e);
	case FIELD_STRINGS:
	case FIELD_I64S:
	case FIELD_RECORDS:
		return decode_list(f, j, value, e);
	case FIELD_TEXT:
		return decode_text(f, j, ret, e);
	case FIELD_BYTES:
		return decode_bytes(f, j, value, e);
	case FIELD_SKIP:
		return 0;
	case FIELD_FD:
	case FIELD_I32:
	case FIELD_U32:
	case FIELD_I64:
	case FIELD_U64:
		break;
	}
	return decode_number(f, j, ret, e);
}

static void set_fallback(const struct field *f, void *value)
{
	void *ret = at(value, f->offset);

	if (f->type == FIELD_I32 || f->type == FIELD_U32 || f->type == FIELD_ENUM)
		*(int32_t *)ret = (int32_t)f->fallback;
	else if (f->type == FIELD_I64 || f->type == FIELD_U64)
		*(int64_t *)ret = f->fallback;
	else if (f->type == FIELD_BOOL)
		*(bool *)ret = f->fallback != 0;
	else if (f->type == FIELD_FD)
		*(int32_t *)ret = -EBADF;
	else if (f->type == FIELD_RECORD)
		record_defaults(f->record, ret);
}

void record_defaults(const struct record *r, void *ret)
{
	memset(ret, 0, r->size);
	for (size_t i = 0; i < r->n; i++)
		set_fallback(&r->fields[i], ret);
}

static int decode_fields(const struct record *r, const json_t *j, void *ret, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct field *f = &r->fields[i];
		const json_t *member = f->type == FIELD_SKIP ? NULL : json_object_get(j, f->name);

		if (!member && f->required) {
			(void)err_set(e, -EINVAL, "is missing");
			return fail_in(e, f->name);
		}
		if (!member)
			continue;
		if (decode_field(f, member, ret, e) < 0)
			return fail_in(e, f->name);
		if (f->required && is_list(f->type) && count_of(f, ret) == 0) {
			(void)err_set(e, -EINVAL, "must not be empty");
			return fail_in(e, f->name);
		}
	}
	return 0;
}

static const struct field *find_field(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (streq(r->fields[i].name, name))
			return &r->fields[i];
	return NULL;
}

static int unknown_in_list(const struct record *r, const json_t *list, struct err *e)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		char index[32];

		if (record_unknown(r, json_array_get(list, i), e) == 0)
			continue;
		(void)snprintf(index, sizeof index, "[%zu]", i);
		return fail_in(e, index);
	}
	return 0;
}

int record_unknown(const struct record *r, const json_t *j, struct err *e)
{
	struct err own = {0};
	const char *key;
	json_t *member;

	if (!e)
		e = &own;
	json_object_foreach ((json_t *)(uintptr_t)j, key, member) {
		const struct field *f = find_field(r, key);
		int code = 0;

		if (!f)
			code = err_set(e, -EINVAL, "is not a known member");
		else if (f->type == FIELD_RECORD || f->type == FIELD_OPTIONAL)
			code = record_unknown(f->record, member, e);
		else if (f->type == FIELD_RECORDS)
			code = unknown_in_list(f->record, member, e);
		if (code < 0)
			return fail_in(e, key);
	}
	return 0;
}

int record_decode(const struct record *r, const json_t *j, void *ret, struct err *e)
{
	struct err own = {0};
	int code;

	if (!e)
		e = &own;
	record_defaults(r, ret);
	if (!json_is_object(j))
		return wrong(e, "an object");
	code = decode_fields(r, j, ret, e);
	if (code < 0)
		record_done(r, ret);
	return code;
}

/* ---- encode -------------------------------------------------------------------------------------- */

static json_t *encode_list(const struct field *f, const void *value)
{
	size_t n = count_of(f, value);
	const char *items = *(char *const *)at_const(value, f->offset);
	json_t *list;

	if (n == 0)
		return NULL;
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		const void *item = items + i * item_size(f);

		if (f->type == FIELD_STRINGS)
			json_push(list, json_string(*(const char *const *)item));
		else if (f->type == FIELD_I64S)
			json_push(list, json_integer(*(const int64_t *)item));
		else
			json_push(list, record_encode(f->record, item));
	}
	return list;
}

static json_t *encode_bytes(const struct field *f, const void *value)
{
	size_t n = count_of(f, value);
	cleanup_free char *text =
		n ? base64_encode(*(void *const *)at_const(value, f->offset), n) : NULL;

	return text ? json_string(text) : NULL;
}

static json_t *encode_number(int64_t n, int64_t fallback)
{
	return n == fallback ? NULL : json_integer(n);
}

/* NULL: equals the fallback, left out. */
static json_t *encode_field(const struct field *f, const void *value)
{
	const void *from = at_const(value, f->offset);
	const void *pointer;

	switch (f->type) {
	case FIELD_STRING:
		pointer = *(const char *const *)from;
		return pointer ? json_string(pointer) : NULL;
	case FIELD_TEXT:
		return *(const char *)from ? json_string(from) : NULL;
	case FIELD_BYTES:
		return encode_bytes(f, value);
	case FIELD_FD:
		return *(const int *)from < 0 ? NULL : json_integer(*(const int *)from);
	case FIELD_SKIP:
		return NULL;
	case FIELD_BOOL:
		return *(const bool *)from == (f->fallback != 0)
			       ? NULL
			       : json_boolean(*(const bool *)from);
	case FIELD_ENUM:
		return *(const int *)from == f->fallback
			       ? NULL
			       : json_string(f->names[*(const int *)from]);
	case FIELD_I32:
		return encode_number(*(const int32_t *)from, f->fallback);
	case FIELD_U32:
		return encode_number(*(const uint32_t *)from, f->fallback);
	case FIELD_I64:
	case FIELD_U64: /* UINT64_MAX is -1 */
		return encode_number(*(const int64_t *)from, f->fallback);
	case FIELD_RECORD:
		return record_encode(f->record, from);
	case FIELD_OPTIONAL:
		pointer = *(const void *const *)from;
		return pointer ? record_encode(f->record, pointer) : NULL;
	case FIELD_STRINGS:
	case FIELD_I64S:
	case FIELD_RECORDS:
		break;
	}
	return encode_list(f, value);
}

json_t *record_encode(const struct record *r, const void *value)
{
	json_t *object = json_object();

	for (size_t i = 0; i < r->n; i++) {
		json_t *member = encode_field(&r->fields[i], value);

		/* An inner record that has all its defaults is left out as a whole. */
		if (member && r->fields[i].type == FIELD_RECORD && json_object_size(member) == 0)
			json_decref(member);
		else if (member)
			json_put(object, r->fields[i].name, member);
	}
	return object;
}

/* ---- descriptors ------------------------------------------------------------------------ */

void record_each_fd(
	const struct record *r, const void *value, void (*fn)(void *data, int fd), void *data)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct field *f = &r->fields[i];
		const void *member = at_const(value, f->offset);

		if (f->type == FIELD_FD && *(const int *)member >= 0)
			fn(data, *(const int *)member);
		else if (f->type == FIELD_RECORD)
			record_each_fd(f->record, member, fn, data);
		for (size_t k = 0; f->type == FIELD_RECORDS && k < count_of(f, value); k++)
			record_each_fd(
				f->record, *(char *const *)member + k * item_size(f), fn, data);
	}
}

/* ---- release ---------------------------------------------------------------------------- */

static void done_list(const struct field *f, void *value)
{
	char *items = *(char **)at(value, f->offset);

	for (size_t i = 0; i < count_of(f, value); i++) {
		void *item = items + i * item_size(f);

		if (f->type == FIELD_STRINGS)
			free(*(char **)item);
		else if (f->type == FIELD_RECORDS)
			record_done(f->record, item);
	}
	free(items);
}

void record_done(const struct record *r, void *value)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct field *f = &r->fields[i];
		void *member = at(value, f->offset);

		if (f->type == FIELD_STRING || f->type == FIELD_BYTES)
			free(*(char **)member);
		else if (f->type == FIELD_RECORD)
			record_done(f->record, member);
		else if (f->type == FIELD_OPTIONAL)
			record_free(f->record, *(void **)member);
		else if (is_list(f->type))
			done_list(f, value);
	}
	memset(value, 0, r->size);
}

void record_free(const struct record *r, void *own_value)
{
	if (!own_value)
		return;
	record_done(r, own_value);
	free(own_value);
}
