/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request line asks for: the path as decoded segments, the query as decoded pairs. Strict: what is not
 * well formed is refused, never repaired; a decoded '/' stays inside its segment.
 */
#ifndef AGENT_API_TARGET_H
#define AGENT_API_TARGET_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"

enum {
	TARGET_BYTES_MAX = 4 << 10,   /* of a request line (safety.md section 4) */
	TARGET_BYTES_EXEC = 16 << 10, /* of an exec, whose command stands in it */
	TARGET_SEGMENTS_MAX = 12,
	TARGET_PARAMS_MAX = 512,
};

struct target {
	const char *segments[TARGET_SEGMENTS_MAX];
	size_t n_segments;
	struct param {
		const char *key, *value;
	} * params;
	size_t n_params, params_cap;
	char *memory;
};

/** @raw: "/api/v1/pods?limit=5". Returns: 0, or -EBADMSG with the reason. */
int target_parse(struct sv raw, struct target *ret, struct err *e);
void target_done(struct target *t);

/** The first value of @key, or NULL; "" when it has none. */
const char *target_param(const struct target *t, const char *key);
/** Given and neither "false" nor "0", as Kubernetes reads flags ("?watch" and "?watch=1" are true). */
bool target_flag(const struct target *t, const char *key);
/** A number. Not given: *ret is left alone.  Returns: 1 given, 0 not, -EBADMSG no number. */
int target_number(const struct target *t, const char *key, int64_t *ret, struct err *e);

#endif
