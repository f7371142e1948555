/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions of a pod that others set, through its status: they are kept, and those that spec.readinessGates names must be
 * True before it is Ready. Pure.
 * Source: Kubernetes docs "Pod readiness"; the kubelet's GeneratePodReadyCondition.
 */
#ifndef AGENT_STATUS_GATES_H
#define AGENT_STATUS_GATES_H

#include "runtime/base/json.h"

/** What its gates still wait for, in words. Returns: owned by the caller; NULL: nothing. */
char *gates_unmet(const json_t *pod);

/** Adds to @conditions those of @pod's status that are not berth's own to decide. */
void gates_keep(const json_t *pod, json_t *conditions);

#endif
