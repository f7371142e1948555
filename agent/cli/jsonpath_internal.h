/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parsed JSONPath template: parts (text, path, range, end); a path is a list of steps, each of which maps a set of
 * values to the next set.
 */
#ifndef AGENT_CLI_JSONPATH_INTERNAL_H
#define AGENT_CLI_JSONPATH_INTERNAL_H

#include "agent/cli/jsonpath.h"

enum step_type { STEP_FIELD, STEP_INDEX, STEP_SLICE, STEP_ALL, STEP_DEEP, STEP_FILTER, STEP_UNION };
enum { DEPTH_MAX = 16 }; /* of filters in filters, of ranges in ranges */

struct step {
	enum step_type type;
	char *name;	      /* FIELD; FILTER: the operator, "" for a bare path */
	int64_t from, to, by; /* INDEX: from; SLICE */
	bool has_from, has_to;
	struct path *left, *right; /* FILTER */
	json_t *literal;	   /* FILTER: instead of right */
	struct step *choices;	   /* UNION: fields and indexes */
	size_t n_choices;
};

struct path {
	bool from_root; /* begins with $ */
	struct step *steps;
	size_t n, cap;
};

enum part_type { PART_TEXT, PART_PATH, PART_RANGE, PART_END };
struct part {
	enum part_type type;
	char *text;
	struct path *path;
};

struct jsonpath {
	struct part *parts;
	size_t n, cap;
};

#endif
