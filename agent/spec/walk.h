/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a walker is in an object: the path so far, what stands around, where problems go. Private to agent/spec.
 */
#ifndef AGENT_SPEC_WALK_H
#define AGENT_SPEC_WALK_H

#include "agent/spec/schema.h"

struct walk {
	const struct kind *kind;
	const json_t *root;	/* the whole object */
	const json_t *pod_spec; /* the PodSpec that we are in, or NULL */
	const json_t *parent;	/* the object that holds the value */
	struct problems *problems;
	enum field_validation fv;
	bool observed; /* below status */
	unsigned depth;
	struct str path;
};

/** Goes one step down; walk_up takes what it returned. */
size_t walk_field(struct walk *w, const char *name);
size_t walk_index(struct walk *w, size_t i);
size_t walk_key(struct walk *w, const char *key);
void walk_up(struct walk *w, size_t mark);
const char *walk_path(const struct walk *w);
void walk_done(struct walk *w);
#define cleanup_walk __attribute__((cleanup(walk_done)))

/* Problems at the current path, in Kubernetes' wording. @value is quoted in front of the text. */
void walk_problem(struct walk *w, enum problem_type type, const char *format, ...)
	PRINTF_LIKE(3, 4);
void walk_invalid(struct walk *w, const json_t *value, const char *format, ...) PRINTF_LIKE(3, 4);
void walk_required(struct walk *w, const char *why);
void walk_duplicate(struct walk *w, const json_t *value);
void walk_unsupported(struct walk *w, const json_t *value, const char *const *values);
void walk_forbidden(struct walk *w, const char *format, ...) PRINTF_LIKE(2, 3);
void walk_too_long(struct walk *w, int64_t max);

#endif
