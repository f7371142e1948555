/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shutdown of the machine does to its pods. Inside this folder only; control.h has its begin and its end.
 */
#ifndef AGENT_CONTROL_SHUTDOWN_H
#define AGENT_CONTROL_SHUTDOWN_H

#include "agent/control/control.h"

#include <jansson.h>

struct pod;

/** spec.priority, or that of a class every cluster has; 0. Higher is stopped later. */
int64_t pod_priority(const json_t *pod);

/* A pod that has still to be stopped. */
struct shutdown_item {
	int64_t priority;
	uint64_t grace_ns;
};
/**
 * How long the pods of @priority may take when @left_ns are left for them and all of higher priority: what they want,
 * or their part of it when all together want too much. Pure.
 */
uint64_t shutdown_share(
	const struct shutdown_item *items, size_t n, int64_t priority, uint64_t left_ns);

/** Goes on with what an earlier agent of this boot has begun, before any pod is touched. */
void shutdown_resume(struct control *c);
/** The chore: who is to stop next? */
void shutdown_work(struct control *c);
/** Is the pod to be without processes for now? */
bool shutdown_holds(const struct pod *p);

#endif
