/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML (and JSON and KYAML, which are YAML) to JSON trees, by the rules that kubectl reads files
 * with.
 */
#ifndef AGENT_SPEC_YAML_H
#define AGENT_SPEC_YAML_H

#include "runtime/base/json.h"

enum { YAML_DOCUMENTS_MAX = 1000 };

/**
 * Reads all documents of @text. Scalars are resolved as sigs.k8s.io/yaml does (YAML 1.1 booleans,
 * octal 0400, nulls); tags are refused, duplicate keys too; aliases and "<<" are expanded within
 * the limits of json.h, which hold for each document. Empty documents are left out. Returns: 0 and
 * a new JSON array with one item a document; -EBADMSG with line and column in @e; -E2BIG.
 */
int yaml_parse_all(struct sv text, json_t **ret, struct err *e);

/** The same for a text that must hold exactly one document, of at most JSON_OBJECT_NODES_MAX values. */
int yaml_parse_one(struct sv text, json_t **ret, struct err *e);

/**
 * Where a field stands, for messages about it: @path as in struct problem, in the @document-th
 * (from 0) that yaml_parse_all returned. When the field itself is missing, the nearest parent that
 * is there. Returns: the line from 1, or 0 when @text cannot be read.
 */
unsigned yaml_line_of(struct sv text, size_t document, const char *path);

/** Writes @j as kubectl prints YAML: block style, sorted keys, texts quoted where needed.
 */
void yaml_write(struct str *out, const json_t *j);

#endif
