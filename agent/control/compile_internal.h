/* SPDX-License-Identifier: Apache-2.0 */
/* What compile.c and compile_container.c share. Inside this folder only. */
#ifndef AGENT_CONTROL_COMPILE_INTERNAL_H
#define AGENT_CONTROL_COMPILE_INTERNAL_H

#include "agent/control/compile.h"
#include "agent/control/environment.h"

/* One container while it is compiled. Borrowed but for @env. */
struct compiling {
	const json_t *pod, *container;
	const struct image *image;
	const struct compile_node *node;
	const struct lookup *lookup;
	const char *hostname;
	json_t *payload;
	struct environment env;
};

/** Fills @c, which is init or not already. Returns as compile_pod. */
int compile_container(struct compiling *k, struct plan_container *c, struct err *e);

/* compile_handler.c */

/** Fills @ret from a hook; a missing one is none. 0, or -EINVAL: a port that the container does not have. */
int compile_handler(
	const struct compiling *k, const json_t *handler, struct plan_handler *ret, struct err *e);

#endif
