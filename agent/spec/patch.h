/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three kinds of patches. Private to agent/spec; spec_patch chooses.
 * Each leaves its arguments as they are and writes a new tree.
 */
#ifndef AGENT_SPEC_PATCH_H
#define AGENT_SPEC_PATCH_H

#include "agent/spec/schema.h"

/** RFC 7386. Never fails. Returns: a new reference. */
json_t *patch_merge(const json_t *current, const json_t *patch);
/** RFC 6902. Returns: 0, -EINVAL (a path that is not there, a test that fails), -E2BIG. */
int patch_json(const json_t *current, const json_t *patch, json_t **ret, struct err *e);
/** Strategic merge patch by the tables of @t. Returns: 0, -EINVAL. */
int patch_strategic(const struct type *t, const json_t *current, const json_t *patch, json_t **ret,
	struct err *e);

/** How a list is merged: by a key, as a set of scalars, or not at all. */
static inline bool list_merges(const struct field *f)
{
	return f && f->flags & LIST && (f->key || f->flags & MERGE);
}

/** The item of @list whose member @key equals @item's (for scalars, @key NULL: that equals @item). -1: none. */
long list_find(const json_t *list, const json_t *item, const char *key);

#endif
