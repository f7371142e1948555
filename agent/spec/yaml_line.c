/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a problem's path back to the line of the file: the text is read a second time, only when there is a problem,
 * so that no line numbers need to be kept.
 */
#include "agent/spec/yaml.h"

#include <yaml.h>

enum { STEPS_MAX = JSON_DEPTH_MAX * 2 };

struct search {
	yaml_parser_t parser;
	struct sv steps[STEPS_MAX];
	size_t n;
	unsigned line;
};

/* "spec.containers[0].env" → spec, containers, 0, env; a key in brackets may have dots. */
static void split_path(struct search *s, const char *path)
{
	struct sv rest = sv(path);
	while (rest.n && s->n < STEPS_MAX) {
		if (rest.p[0] == '[') {
			rest.p++;
			rest.n--;
			s->steps[s->n++] = sv_cut(&rest, ']');
		} else if (rest.p[0] == '.') {
			rest.p++;
			rest.n--;
		} else {
			size_t n = 0;
			while (n < rest.n && rest.p[n] != '.' && rest.p[n] != '[')
				n++;
			s->steps[s->n++] = (struct sv){rest.p, n};
			rest.p += n;
			rest.n -= n;
		}
	}
}

static bool next(struct search *s, yaml_event_t *event)
{
	return yaml_parser_parse(&s->parser, event) && event->type != YAML_STREAM_END_EVENT;
}

/* Reads up to the end of the node that @type starts. */
static bool skip(struct search *s, yaml_event_type_t type)
{
	int open = type == YAML_MAPPING_START_EVENT || type == YAML_SEQUENCE_START_EVENT;
	while (open > 0) {
		yaml_event_t event;
		if (!next(s, &event))
			return false;
		open += event.type == YAML_MAPPING_START_EVENT ||
			event.type == YAML_SEQUENCE_START_EVENT;
		open -= event.type == YAML_MAPPING_END_EVENT ||
			event.type == YAML_SEQUENCE_END_EVENT;
		yaml_event_delete(&event);
	}
	return true;
}

/* Looks among the members for the step. Returns: found; the value's first event is in *@ret. */
static bool enter_mapping(struct search *s, struct sv step, yaml_event_type_t *ret)
{
	yaml_event_t event;
	while (next(s, &event)) {
		yaml_event_type_t type = event.type;
		bool found = type == YAML_SCALAR_EVENT && event.data.scalar.length == step.n &&
			     memcmp(event.data.scalar.value, step.p, step.n) == 0;
		unsigned line = (unsigned)event.start_mark.line + 1;
		yaml_event_delete(&event);
		if (type == YAML_MAPPING_END_EVENT || !skip(s, type) || !next(s, &event))
			return false;
		type = event.type;
		yaml_event_delete(&event);
		if (found) {
			s->line = line;
			*ret = type;
			return true;
		}
		if (!skip(s, type))
			return false;
	}
	return false;
}

static bool enter_sequence(struct search *s, struct sv step, yaml_event_type_t *ret)
{
	uint64_t wanted;
	yaml_event_t event;
	if (parse_u64(step, &wanted) < 0)
		return false;
	for (uint64_t i = 0; next(s, &event); i++) {
		yaml_event_type_t type = event.type;
		unsigned line = (unsigned)event.start_mark.line + 1;
		yaml_event_delete(&event);
		if (type == YAML_SEQUENCE_END_EVENT)
			return false;
		if (i == wanted) {
			s->line = line;
			*ret = type;
			return true;
		}
		if (!skip(s, type))
			return false;
	}
	return false;
}

static void find(struct search *s, yaml_event_type_t type)
{
	for (size_t i = 0; i < s->n; i++) {
		bool found = type == YAML_MAPPING_START_EVENT ? enter_mapping(s, s->steps[i], &type)
			     : type == YAML_SEQUENCE_START_EVENT
				     ? enter_sequence(s, s->steps[i], &type)
				     : false;
		if (!found)
			return;
	}
}

/* Documents that hold nothing were not counted when reading. */
static bool is_empty(const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT || event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	const char *text = (const char *)event->data.scalar.value;
	return !*text || streq(text, "~") || strcasecmp(text, "null") == 0;
}

unsigned yaml_line_of(struct sv text, size_t document, const char *path)
{
	struct search s = {0};
	yaml_event_t event;
	bool begins = false;
	if (!yaml_parser_initialize(&s.parser))
		return 0;
	split_path(&s, path);
	yaml_parser_set_input_string(
		&s.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
	while (!s.line && next(&s, &event)) {
		yaml_event_type_t type = event.type;
		unsigned line = (unsigned)event.start_mark.line + 1;
		bool root = begins && !is_empty(&event);
		begins = type == YAML_DOCUMENT_START_EVENT;
		yaml_event_delete(&event);
		if (root && document-- == 0) {
			s.line = line;
			find(&s, type);
		}
	}
	yaml_parser_delete(&s.parser);
	return s.line;
}
