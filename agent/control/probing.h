/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes of a pod's containers: asked when they are due, and what their answers lead to. Inside this folder only.
 */
#ifndef AGENT_CONTROL_PROBING_H
#define AGENT_CONTROL_PROBING_H

#include "agent/control/pod.h"

/** After each change of the snapshot or the stage. The first call reads the pod's probes. */
void probing_see(struct pod *p);
/** The worker of the probe lane: asks what is due. */
void probing_work(void *control, const char *uid);
/** Does its readiness probe let it count as ready? True for a container without one. */
bool probing_ready(const struct pod *p, const char *container);
/** The last answers, as probe_history_json(); NULL: none. A new reference. */
json_t *probing_history(const struct pod *p, const char *container);
/** Open questions are dropped. */
void probing_free(struct pod *p);

#endif
