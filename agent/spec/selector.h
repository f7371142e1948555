/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label selectors ("app=web,tier in (a,b),!old") and field selectors ("status.phase!=Failed").
 * Source: Kubernetes docs, "Labels and Selectors" and "Field Selectors".
 */
#ifndef AGENT_SPEC_SELECTOR_H
#define AGENT_SPEC_SELECTOR_H

#include "runtime/base/json.h"

struct selector;
void selector_free(struct selector *s);
DEFINE_CLEANUP(struct selector, selector_free);

/** Parses the query form. "" and NULL match everything. Returns: 0 and an owned selector, or
 * -EINVAL. */
int label_selector_parse(const char *text, struct selector **ret, struct err *e);
/** Of a plain map (ReplicationController) or a LabelSelector (matchLabels, matchExpressions). NULL
 * matches nothing. */
struct selector *label_selector_of_map(const json_t *map);
int label_selector_of_object(const json_t *label_selector, struct selector **ret, struct err *e);
/** Does it hold for @labels (an object or NULL)? A NULL selector matches everything. */
bool label_selector_match(const struct selector *s, const json_t *labels);

struct kind;
/**
 * Parses a field selector for @k: =, ==, != on the fields that the kind's table marks
 * (metadata.name and metadata.namespace everywhere; pods: spec.nodeName, status.phase …; events:
 * involvedObject.*, reason, type). Returns: 0, or -EINVAL naming a field that cannot be selected
 * by.
 */
int field_selector_parse(
	const struct kind *k, const char *text, struct selector **ret, struct err *e);
bool field_selector_match(const struct selector *s, const json_t *object);
/** The value that a selector asks of @field by "=" ("metadata.name" for a watch on one object), or
 * NULL. Borrowed. */
const char *selector_wants(const struct selector *s, const char *field);

#endif
