/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every object has. Readers of other members are in runtime/base/json.h.
 */
#ifndef AGENT_SPEC_OBJECT_H
#define AGENT_SPEC_OBJECT_H

#include "runtime/base/json.h"

/* A member of metadata ("name", "namespace", "uid" …), "" when it is missing. Borrowed. */
static inline const char *meta_str(const json_t *object, const char *key)
{
	return json_str_or(json_map(object, "metadata"), key, "");
}

#endif
