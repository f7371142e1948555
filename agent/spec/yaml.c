/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML text to JSON trees: libyaml's events, one recursive descent. Aliases are copied, and counted as what they
 * stand for, so that a few lines cannot become gigabytes (safety T28, section 4).
 * Source: YAML 1.1; kubectl's behaviour (sigs.k8s.io/yaml).
 */
#include "agent/spec/yaml.h"
#include "agent/spec/yaml_scalar.h"

#include "runtime/base/map.h"

#include <yaml.h>

enum { TEXT_MAX = 16 << 20, ALIAS_DEPTH_MAX = JSON_DEPTH_MAX };

struct reader {
	yaml_parser_t parser;
	struct map anchors; /* name → json_t, a reference each */
	size_t nodes;	    /* of this document, aliases expanded */
	size_t max_nodes;   /* of one document */
	size_t documents;   /* so far, empty ones too */
	size_t max_documents;
	unsigned depth;
	struct err *e;
};

static int read_node(struct reader *r, const yaml_event_t *first, json_t **ret);

static void event_done(yaml_event_t *event)
{
	yaml_event_delete(event);
}
#define cleanup_event __attribute__((cleanup(event_done)))

static int fail_at(struct reader *r, yaml_mark_t at, const char *format, ...) PRINTF_LIKE(3, 4);
static int fail_at(struct reader *r, yaml_mark_t at, const char *format, ...)
{
	char text[400];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return err_set(
		r->e, -EBADMSG, "line %zu, column %zu: %s", at.line + 1, at.column + 1, text);
}

static int fail_parser(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "this is no YAML";
	if (p->error == YAML_MEMORY_ERROR)
		return err_set(r->e, -ENOMEM, "no memory to read YAML");
	if (p->error == YAML_READER_ERROR)
		return err_set(r->e, -EBADMSG, "byte %zu: %s", p->problem_offset, problem);
	bool tab = strstr(problem, "cannot start any token");
	return fail_at(r, p->problem_mark, "%s%s%s%s", problem, p->context ? " " : "",
		p->context ? p->context : "",
		tab ? " (a tab? YAML is indented by spaces; or a text to be put in quotes?)" : "");
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	return yaml_parser_parse(&r->parser, event) ? 0 : fail_parser(r);
}

static size_t count_nodes(const json_t *j)
{
	size_t n = 1, i;
	const char *key;
	json_t *value, *mutable_j = (json_t *)(uintptr_t)j;
	json_array_foreach (mutable_j, i, value)
		n += count_nodes(value);
	json_object_foreach (mutable_j, key, value)
		n += count_nodes(value);
	return n;
}

static int count(struct reader *r, size_t n)
{
	r->nodes += n;
	return r->nodes > r->max_nodes
		       ? err_set(r->e, -E2BIG,
				 "more than %zu values, aliases counted as what they "
				 "stand for",
				 r->max_nodes)
		       : 0;
}

static void anchor_put(struct reader *r, const yaml_char_t *anchor, json_t *value)
{
	if (anchor)
		json_drop(map_put(&r->anchors, (const char *)anchor, json_incref(value)));
}

static void anchors_done(struct reader *r)
{
	for (struct map_item *i = map_first(&r->anchors); i; i = map_next(i))
		json_drop(map_value(i));
	map_done(&r->anchors);
}

static int refuse_tag(struct reader *r, const yaml_event_t *event, const yaml_char_t *tag)
{
	return tag ? fail_at(r, event->start_mark, "tags are not accepted (%s)", (const char *)tag)
		   : 0;
}

static int read_scalar(struct reader *r, const yaml_event_t *event, json_t **ret)
{
	const char *p = (const char *)event->data.scalar.value;
	size_t n = event->data.scalar.length;
	int res = refuse_tag(r, event, event->data.scalar.tag);
	if (res < 0)
		return res;
	if (n > JSON_STRING_MAX)
		return err_set(r->e, -E2BIG, "line %zu: a text is longer than %d bytes",
			event->start_mark.line + 1, JSON_STRING_MAX);
	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
		if (memchr(p, 0, n) || !(*ret = json_stringn(p, n)))
			return fail_at(r, event->start_mark, "a text may not contain NUL bytes");
	} else if (yaml_scalar((struct sv){p, n}, ret) < 0) {
		return fail_at(r, event->start_mark, "a number must be finite");
	}
	anchor_put(r, event->data.scalar.anchor, *ret);
	return 0;
}

static int read_alias(struct reader *r, const yaml_event_t *event, json_t **ret)
{
	const char *name = (const char *)event->data.alias.anchor;
	json_t *value = map_get(&r->anchors, name);
	if (!value)
		return fail_at(r, event->start_mark, "unknown anchor '%s' referenced", name);
	/* Its own node is counted by the caller. */
	int res = count(r, count_nodes(value) - 1);
	if (res < 0)
		return res;
	*ret = json_deep_copy(value);
	return 0;
}

static int read_sequence(struct reader *r, const yaml_event_t *first, json_t **ret)
{
	int res = refuse_tag(r, first, first->data.sequence_start.tag);
	cleanup_json json_t *array = json_array();
	while (res >= 0) {
		cleanup_event yaml_event_t event = {0};
		json_t *item = NULL;
		res = next_event(r, &event);
		if (res < 0 || event.type == YAML_SEQUENCE_END_EVENT)
			break;
		res = read_node(r, &event, &item);
		if (res >= 0)
			json_push(array, item);
	}
	if (res < 0)
		return res;
	anchor_put(r, first->data.sequence_start.anchor, array);
	*ret = take(array);
	return 0;
}

/* A key as JSON has it: numbers and booleans become their text. */
static int key_text(struct reader *r, const yaml_event_t *event, const json_t *key, char **ret)
{
	if (json_is_string(key))
		*ret = xstrdup(json_string_value(key));
	else if (json_is_boolean(key))
		*ret = xstrdup(json_is_true(key) ? "true" : "false");
	else if (json_is_integer(key))
		*ret = xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(key));
	else if (json_is_real(key))
		*ret = xasprintf("%.17g", json_real_value(key));
	else
		return fail_at(r, event->start_mark, "a key must be a text");
	return 0;
}

static bool is_merge_key(const yaml_event_t *event)
{
	return event->type == YAML_SCALAR_EVENT &&
	       event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       streq((const char *)event->data.scalar.value, "<<");
}

/* "<<": what the mapping itself does not say comes from these. */
static int merge_into(struct reader *r, const yaml_event_t *at, json_t *object, json_t *merges)
{
	size_t i;
	json_t *source;
	json_array_foreach (merges, i, source) {
		if (!json_is_object(source))
			return fail_at(
				r, at->start_mark, "\"<<\" takes a mapping or a list of mappings");
		const char *key;
		json_t *value;
		json_object_foreach (source, key, value)
			if (!json_object_get(object, key))
				json_put(object, key, json_deep_copy(value));
	}
	return 0;
}

static int read_pair(
	struct reader *r, const yaml_event_t *key_event, json_t *object, json_t *merges)
{
	cleanup_json json_t *key = NULL;
	cleanup_free char *name = NULL;
	bool merge = is_merge_key(key_event);
	int res = read_node(r, key_event, &key);
	if (res >= 0)
		res = key_text(r, key_event, key, &name);
	if (res < 0)
		return res;
	if (!merge && json_object_get(object, name))
		return fail_at(r, key_event->start_mark, "key \"%s\" is there already", name);
	cleanup_event yaml_event_t event = {0};
	cleanup_json json_t *value = NULL;
	res = next_event(r, &event);
	if (res >= 0)
		res = read_node(r, &event, &value);
	if (res < 0)
		return res;
	if (!merge)
		json_put(object, name, take(value));
	else if (json_is_array(value))
		json_array_extend(merges, value);
	else
		json_push(merges, take(value));
	return 0;
}

static int read_mapping(struct reader *r, const yaml_event_t *first, json_t **ret)
{
	int res = refuse_tag(r, first, first->data.mapping_start.tag);
	cleanup_json json_t *object = json_object();
	cleanup_json json_t *merges = json_array();
	while (res >= 0) {
		cleanup_event yaml_event_t event = {0};
		res = next_event(r, &event);
		if (res < 0 || event.type == YAML_MAPPING_END_EVENT)
			break;
		res = read_pair(r, &event, object, merges);
	}
	if (res >= 0)
		res = merge_into(r, first, object, merges);
	if (res < 0)
		return res;
	anchor_put(r, first->data.mapping_start.anchor, object);
	*ret = take(object);
	return 0;
}

static int read_node(struct reader *r, const yaml_event_t *first, json_t **ret)
{
	int res = count(r, 1);
	if (res < 0)
		return res;
	if (r->depth >= JSON_DEPTH_MAX)
		return err_set(r->e, -E2BIG, "line %zu: nested deeper than %d levels",
			first->start_mark.line + 1, JSON_DEPTH_MAX);
	r->depth++;
	if (first->type == YAML_SCALAR_EVENT)
		res = read_scalar(r, first, ret);
	else if (first->type == YAML_ALIAS_EVENT)
		res = read_alias(r, first, ret);
	else if (first->type == YAML_SEQUENCE_START_EVENT)
		res = read_sequence(r, first, ret);
	else
		res = read_mapping(r, first, ret);
	r->depth--;
	return res;
}

static int read_document(struct reader *r, json_t *documents)
{
	cleanup_event yaml_event_t first = {0};
	cleanup_event yaml_event_t end = {0};
	cleanup_json json_t *value = NULL;
	r->nodes = 0;
	if (r->documents++ >= YAML_DOCUMENTS_MAX)
		return err_set(r->e, -E2BIG, "more than %d documents", YAML_DOCUMENTS_MAX);
	int res = next_event(r, &first);
	if (res >= 0)
		res = read_node(r, &first, &value);
	if (res >= 0)
		res = next_event(r, &end);
	anchors_done(r);
	r->anchors = (struct map){0};
	if (res < 0 || json_is_null(value))
		return res;
	if (json_array_size(documents) >= r->max_documents)
		return err_set(r->e, -EBADMSG, "one document is wanted, there are more");
	res = json_check_limits(value, r->e);
	if (res >= 0)
		json_push(documents, take(value));
	return res;
}

static int read_stream(struct reader *r, json_t *documents)
{
	for (;;) {
		cleanup_event yaml_event_t event = {0};
		int res = next_event(r, &event);
		if (res < 0 || event.type == YAML_STREAM_END_EVENT)
			return res;
		if (event.type == YAML_DOCUMENT_START_EVENT)
			res = read_document(r, documents);
		if (res < 0)
			return res;
	}
}

/* 2.0 is 2, as in YAML: a text means the same whichever reader it came through. @j is within the limits of depth. */
static void make_whole(json_t *j)
{
	const char *name;
	json_t *value;
	void *next;
	json_object_foreach_safe (j, next, name, value) {
		if (json_is_real(value))
			json_object_set_new(j, name, yaml_number(json_real_value(value)));
		else
			make_whole(value);
	}
	for (size_t i = 0; i < json_array_size(j); i++) {
		value = json_array_get(j, i);
		if (json_is_real(value))
			json_array_set_new(j, i, yaml_number(json_real_value(value)));
		else
			make_whole(value);
	}
}

static int parse(
	struct sv text, size_t max_documents, size_t max_nodes, json_t **ret, struct err *e)
{
	cleanup_json json_t *documents = json_array();
	struct sv trimmed = sv_trim(text);
	json_t *one = NULL;
	if (text.n > TEXT_MAX)
		return err_set(e, -E2BIG, "the text is longer than %d MiB", TEXT_MAX >> 20);
	/* JSON proper is not quite a part of YAML (surrogate pairs), so it is tried first. */
	bool braced = trimmed.n && trimmed.p[0] == '{';
	int res = !braced			? -EBADMSG
		  : max_nodes == JSON_NODES_MAX ? json_parse(trimmed, &one, e)
						: json_parse_object(trimmed, &one, e);
	if (res == -E2BIG)
		return res;
	if (res == 0) {
		make_whole(one);
		json_push(documents, one);
		*ret = take(documents);
		return 0;
	}
	struct reader r = {.e = e, .max_documents = max_documents, .max_nodes = max_nodes};
	if (!yaml_parser_initialize(&r.parser))
		return err_set(e, -ENOMEM, "no memory to read YAML");
	yaml_parser_set_input_string(
		&r.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
	res = read_stream(&r, documents);
	anchors_done(&r);
	yaml_parser_delete(&r.parser);
	if (res < 0)
		return res;
	*ret = take(documents);
	return 0;
}

int yaml_parse_all(struct sv text, json_t **ret, struct err *e)
{
	return parse(text, YAML_DOCUMENTS_MAX, JSON_NODES_MAX, ret, e);
}

int yaml_parse_one(struct sv text, json_t **ret, struct err *e)
{
	cleanup_json json_t *documents = NULL;
	int r = parse(text, 1, JSON_OBJECT_NODES_MAX, &documents, e);
	if (r < 0)
		return r;
	if (json_array_size(documents) != 1)
		return err_set(e, -EBADMSG, "one document is wanted, there is none");
	*ret = json_incref(json_array_get(documents, 0));
	return 0;
}
