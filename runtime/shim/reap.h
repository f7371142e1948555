/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where children are waited for. For this folder only. */
#ifndef RUNTIME_SHIM_REAP_H
#define RUNTIME_SHIM_REAP_H

#include "runtime/shim/shim.h"

/** Reaps all that have ended, and tells their owners. */
void reap_children(struct shim *s);
/** Kills children that nobody knows: what a runtime left that was killed. */
void reap_kill_strays(struct shim *s);

#endif
