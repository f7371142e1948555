/* SPDX-License-Identifier: Apache-2.0 */
/* The verb "probe" (runtime/plan/link.h). For this folder only. */
#ifndef RUNTIME_SHIM_PROBE_H
#define RUNTIME_SHIM_PROBE_H

#include "runtime/plan/link.h"
#include "runtime/shim/shim.h"

/** Runs what @m asks, and answers over the line. */
void probe_start(struct shim *s, const struct link_message *m);
/** The line is gone: nobody waits for an answer. */
void probe_end_all(struct shim *s);

#endif
