/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status of a pod whose processes were stopped because the machine goes down. One that is never restarted has
 * failed, as under a kubelet. Any other comes back with the machine: its containers wait, how they ended is their last
 * state, and the phase stays.
 * Source: kubelet, node shutdown manager; Kubernetes docs "Node Shutdowns".
 */
#ifndef AGENT_STATUS_HELD_H
#define AGENT_STATUS_HELD_H

#include "agent/status/pod_status.h"

/** Is this such a pod? */
bool pod_is_held(const struct status_input *in);
/** The containers that were running when it was stopped wait. @before: the status written last. */
void held_containers(const struct status_input *in, const json_t *before, json_t *statuses);
/** Of one that does not come back: "Failed" at its end, its old phase until then. NULL: what its containers make it. */
const char *held_phase(const struct status_input *in);

/* Source: the kubelet's words. */
#define HELD_MESSAGE "Pod was terminated in response to imminent node shutdown."
#define HELD_CONDITION "DisruptionTarget"
#define HELD_CONDITION_REASON "TerminationByKubelet"

#endif
