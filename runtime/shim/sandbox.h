/* SPDX-License-Identifier: Apache-2.0 */
/* The pod's namespaces. For this folder only. */
#ifndef RUNTIME_SHIM_SANDBOX_H
#define RUNTIME_SHIM_SANDBOX_H

#include "runtime/shim/shim.h"

/** Enters new namespaces as @p says, and mounts private/. 0, or -errno with a message. */
int sandbox_enter(struct shim *s, const struct plan *p, struct err *e);
/** Starts process 1 of a pid namespace that the containers share. 0 or -errno. */
int sandbox_start_pause(struct shim *s);

#endif
