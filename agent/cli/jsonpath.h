/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubectl's JSONPath templates: `{.items[*].metadata.name}{"\n"}{range .items[?(@.status.phase=="Running")]}…{end}`.
 * Known: fields (`.a.b`, `['a']`, `.a\.b`), `[N]`, `[A:B:C]`, `[N,M]`, `*`, `..name`, filters with == != < <= > >= or a
 * bare path, range/end, quoted text, `$` and `@`.
 * Source: Kubernetes docs, "JSONPath Support".
 */
#ifndef AGENT_CLI_JSONPATH_H
#define AGENT_CLI_JSONPATH_H

#include "runtime/base/json.h"

struct jsonpath;

/** Parses a template. Returns: 0, or -EINVAL saying where. */
int jsonpath_parse(const char *text, struct jsonpath **ret, struct err *e);
/** A bare path as custom columns have it: `.metadata.name`, `metadata.name` or `{.metadata.name}`. */
int jsonpath_parse_path(const char *text, struct jsonpath **ret, struct err *e);
void jsonpath_free(struct jsonpath *own_p);
DEFINE_CLEANUP(struct jsonpath, jsonpath_free);

/**
 * Writes what the template makes of @j: strings bare, other values as JSON, several of one path separated by blanks.
 * A missing member gives nothing.
 */
void jsonpath_write(const struct jsonpath *p, const json_t *j, struct str *out);

/** All values that a bare path finds, as a new array of borrowed-and-referenced values. */
json_t *jsonpath_values(const struct jsonpath *p, const json_t *j);

#endif
