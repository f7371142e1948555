/* SPDX-License-Identifier: Apache-2.0 */
/* The pod as a whole: readiness, order, end. For this folder only. */
#ifndef RUNTIME_SHIM_POD_H
#define RUNTIME_SHIM_POD_H

#include "runtime/shim/shim.h"

/**
 * Keeps of the plan what the shim itself needs for the rest of the pod's life, and opens what it works with.
 * 0, or -errno with a message.
 */
int pod_open(struct shim *s, const struct plan *p, struct err *e);

/** Starts what can be done before the agent says start: cgroups, volumes, root file systems. */
void pod_prepare(struct shim *s);
/** Takes a payload: its files are written, its env counts for later starts. */
void pod_files(struct shim *s, int own_payload_fd);
void pod_start(struct shim *s);
/** Signals, waits @grace_ns, kills, ends the shim. Again: the earlier end counts. */
void pod_stop(struct shim *s, uint64_t grace_ns);
/** The pod cannot be started, for people to read; NULL: it can again. */
void pod_fail(struct shim *s, const char *text);

/**
 * The pod ends by itself at this wall time (0: it does not), which is looked at now: later jumps of the wall clock do
 * not move the end.
 */
void pod_set_deadline(struct shim *s, uint64_t deadline_wall_ns);
/**
 * The end of a container asks for all to be run again: what runs is killed, and when all has ended and @delay_ns are
 * over, the first init container's turn comes. A pod that ends is not run again.
 */
void pod_again(struct shim *s, uint64_t delay_ns);

/** Does what can be done next; called after every change. */
void pod_advance(struct shim *s);

/** The nearest of all deadlines, CLOCK_BOOTTIME; UINT64_MAX: none. And what is due. */
uint64_t pod_deadline(const struct shim *s);
void pod_timers(struct shim *s, uint64_t now_ns);

#endif
