/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lifecycle hooks: postStart right after a container's start, preStop before it is asked to stop. They need no agent.
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_HOOK_H
#define RUNTIME_SHIM_HOOK_H

#include "runtime/plan/handler.h"

struct container;
struct shim;
struct command;
struct hook_job;

enum hook_turn { HOOK_NONE, HOOK_POST_START, HOOK_PRE_STOP };

struct hook {
	struct plan_handler post_start, pre_stop; /* out of the plan */
	enum hook_turn turn;			  /* which one works now */
	bool stopped;	 /* the preStop hook of this run has worked, or had its time */
	bool told;	 /* the container is to get its signal when the hook is over */
	bool failed;	 /* this run ends because its postStart hook has failed */
	char *fault;	 /* why the hook failed: told at due_ns */
	uint64_t due_ns; /* a sleep's end, or when it is given up; UINT64_MAX: not at all */
	struct command *command;
	struct hook_job *job;
	uint64_t post_start_failed_wall_ns, pre_stop_failed_wall_ns; /* the last time; 0: never */
};

/** The container runs: its postStart hook begins. */
void hook_start(struct container *c);
/** Is that hook still at work, or has it failed? */
bool hook_is_starting(const struct container *c);

/** The pod ends: the preStop hook begins now, whenever the container's turn to stop will be. */
void hook_end(struct container *c);
/**
 * The container is to stop. Returns: true when a preStop hook is at work, which asks for the signal when it is over;
 * false: there is nothing to wait for.
 */
bool hook_stop(struct container *c);

/** The run is over, whatever a hook was doing. */
void hook_close(struct container *c);

uint64_t hooks_deadline(const struct shim *s);
void hooks_timers(struct shim *s, uint64_t now_ns);

#endif
