/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON trees as YAML text, in the form that kubectl prints: block style, sorted keys, lists at their key's
 * indentation, texts quoted only where they would be read as something else.
 */
#include "agent/spec/yaml.h"
#include "agent/spec/yaml_scalar.h"

#include <yaml.h>

static int add_output(void *data, unsigned char *bytes, size_t n)
{
	str_addn(data, bytes, n);
	return 1;
}

static void emit(yaml_emitter_t *emitter, yaml_event_t *event)
{
	/* It fails for want of memory only, which is the end here as everywhere (own.h). */
	if (!yaml_emitter_emit(emitter, event))
		abort();
}

static void write_scalar(
	yaml_emitter_t *emitter, const char *text, size_t n, yaml_scalar_style_t style)
{
	yaml_event_t event;
	yaml_scalar_event_initialize(
		&event, NULL, NULL, (const yaml_char_t *)text, (int)n, 1, 1, style);
	emit(emitter, &event);
}

static size_t digits(const char *p)
{
	return strspn(p, "0123456789");
}

/* "2026-11-22", with or without a time behind it: other readers than ours take it for a date. */
static bool is_date(const char *p)
{
	size_t month, day;
	if (digits(p) != 4 || p[4] != '-')
		return false;
	month = digits(p + 5);
	if (month < 1 || month > 2 || p[5 + month] != '-')
		return false;
	p += 6 + month;
	day = digits(p);
	return (day == 1 || day == 2) && strchr("Tt ", p[day]); /* also at the end: '\0' */
}

/* "12:30", "8000:30:5.5": a number of base 60 in YAML 1.1. */
static bool is_base60(const char *p)
{
	size_t n;
	p += *p == '-' || *p == '+';
	if (digits(p) == 0)
		return false;
	p += strspn(p, "0123456789_");
	if (*p != ':')
		return false;
	while (*p == ':') {
		n = digits(++p);
		if (n == 0 || n > 2 || (n == 2 && *p > '5'))
			return false;
		p += n;
	}
	return *p == '.' ? p[1 + strspn(p + 1, "0123456789_")] == '\0' : *p == '\0';
}

static void write_text(yaml_emitter_t *emitter, const json_t *j)
{
	const char *text = json_string_value(j);
	size_t n = json_string_length(j);
	cleanup_json json_t *plain = NULL;
	bool read_as_text = yaml_scalar((struct sv){text, n}, &plain) == 0 &&
			    json_is_string(plain) && !is_date(text) && !is_base60(text);
	bool lines = memchr(text, '\n', n);
	write_scalar(emitter, text, n,
		lines		? YAML_LITERAL_SCALAR_STYLE
		: !read_as_text ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
				: YAML_PLAIN_SCALAR_STYLE);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_value(yaml_emitter_t *emitter, const json_t *j);

static void write_object(yaml_emitter_t *emitter, const json_t *object)
{
	size_t n = json_object_size(object), i = 0;
	cleanup_free const char **names = xcalloc(n + 1, sizeof(*names));
	const char *name;
	json_t *value;
	yaml_event_t event;
	json_object_foreach ((json_t *)(uintptr_t)object, name, value)
		names[i++] = name;
	qsort(names, n, sizeof(*names), by_name);
	yaml_mapping_start_event_initialize(
		&event, NULL, NULL, 1, n ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE);
	emit(emitter, &event);
	for (i = 0; i < n; i++) {
		cleanup_json json_t *key = json_string(names[i]);
		write_text(emitter, key);
		write_value(emitter, json_object_get(object, names[i]));
	}
	yaml_mapping_end_event_initialize(&event);
	emit(emitter, &event);
}

static void write_array(yaml_emitter_t *emitter, const json_t *array)
{
	size_t n = json_array_size(array);
	yaml_event_t event;
	yaml_sequence_start_event_initialize(
		&event, NULL, NULL, 1, n ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE);
	emit(emitter, &event);
	for (size_t i = 0; i < n; i++)
		write_value(emitter, json_array_get(array, i));
	yaml_sequence_end_event_initialize(&event);
	emit(emitter, &event);
}

static void write_value(yaml_emitter_t *emitter, const json_t *j)
{
	if (json_is_object(j)) {
		write_object(emitter, j);
	} else if (json_is_array(j)) {
		write_array(emitter, j);
	} else if (json_is_string(j)) {
		write_text(emitter, j);
	} else {
		cleanup_free char *text = json_dumps(j, JSON_ENCODE_ANY);
		const char *shown = text ? text : "null";
		write_scalar(emitter, shown, strlen(shown), YAML_PLAIN_SCALAR_STYLE);
	}
}

void yaml_write(struct str *out, const json_t *j)
{
	yaml_emitter_t emitter;
	yaml_event_t event;
	if (!yaml_emitter_initialize(&emitter))
		abort();
	yaml_emitter_set_output(&emitter, add_output, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
	emit(&emitter, &event);
	yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
	emit(&emitter, &event);
	write_value(&emitter, j);
	yaml_document_end_event_initialize(&event, 1);
	emit(&emitter, &event);
	yaml_stream_end_event_initialize(&event);
	emit(&emitter, &event);
	yaml_emitter_delete(&emitter);
}
