/* SPDX-License-Identifier: Apache-2.0 */
/* Removing what is over. For this folder only. */
#ifndef RUNTIME_SHIM_CLEAN_H
#define RUNTIME_SHIM_CLEAN_H

#include "runtime/shim/shim.h"

/** There is an attempt to remove: in half a second. */
void clean_later(struct shim *s);
/** In a child: removes all that an attempt has, also one that was not made to its end. */
void clean_attempt(const struct container *c, uint32_t attempt);
void clean_timer(struct shim *s, uint64_t now_ns);
/** Removes the pod's cgroups and ends the shim. All containers have ended, and no job runs. */
void clean_pod(struct shim *s);

#endif
