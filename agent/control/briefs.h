/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of each pod of a namespace as much as a controller counts, kept between two looks: a list of a hundred pods costs what
 * has changed in it, not a hundred parses. Never out of date: the store's versions say what is read again.
 */
#ifndef AGENT_CONTROL_BRIEFS_H
#define AGENT_CONTROL_BRIEFS_H

#include "agent/store/store.h"

struct briefs;

struct briefs *briefs_new(void);
void briefs_free(struct briefs *own_b);
DEFINE_CLEANUP(struct briefs, briefs_free);

/**
 * The pods of @ns: apiVersion, kind, metadata, spec.nodeName, and of the status phase, conditions and restart counts.
 * @ret: a new array of trees that are not to be changed, and not to be written back.
 */
int briefs_list(struct briefs *b, struct store *store, const char *ns, json_t **ret, struct err *e);

#endif
