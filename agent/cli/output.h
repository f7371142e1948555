/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How objects are printed: -o table (none), wide, yaml, json, name, jsonpath=…, jsonpath-file=…, custom-columns=….
 */
#ifndef AGENT_CLI_OUTPUT_H
#define AGENT_CLI_OUTPUT_H

#include "agent/cli/cli.h"
#include "agent/cli/jsonpath.h"
#include "agent/spec/spec.h"

enum output_format {
	OUTPUT_TABLE,
	OUTPUT_WIDE,
	OUTPUT_YAML,
	OUTPUT_JSON,
	OUTPUT_NAME,
	OUTPUT_JSONPATH,
	OUTPUT_COLUMNS,
};

struct output {
	enum output_format format;
	struct jsonpath *template; /* JSONPATH */
	struct output_column {
		char *title;
		struct jsonpath *path;
	} * columns;
	size_t n_columns;
	size_t printed; /* YAML documents so far: the next one is preceded by "---" */
};
void output_done(struct output *o);
#define cleanup_output __attribute__((cleanup(output_done)))

/** Reads -o. Returns: EXIT_OK, or EXIT_FAILED (told). */
int output_open(struct cli *c, struct output *ret);
/** Are tables asked for (from the server, or of our own making)? */
bool output_is_table(const struct output *o);

/** Prints one object (or a List) in any format but a table. */
void output_object(struct cli *c, struct output *o, const json_t *object);
/** `replicationcontroller/web`, `deployment.apps/web`. */
void output_name(struct str *out, const struct kind *k, const char *name);
/** The result of a change: the object as -o says, or `pod/web VERB` when it says nothing. */
void output_done_to(struct cli *c, struct output *o, const struct kind *k, const json_t *object,
	const char *verb);

/** A List of @own_items, as kubectl wraps several objects. Returns: a new reference. */
json_t *list_of(json_t *own_items);

#endif
