/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's next attempt, made ahead: composed and created by the runtime while the current one runs, so that after
 * a crash it only has to be started. Nobody but the runtime sees it before. For this folder only.
 *
 * Not for containers with a terminal or an open stdin (what they are attached to begins with the run), nor for those that
 * are not started again. Mounts are as they were when it was made.
 */
#ifndef RUNTIME_SHIM_STANDBY_H
#define RUNTIME_SHIM_STANDBY_H

#include "runtime/shim/job.h"

struct container;
struct plan_container;

enum standby_state {
	STANDBY_NONE,
	STANDBY_CREATING,
	STANDBY_READY,	  /* its first process waits to be started */
	STANDBY_STARTING, /* by the job c->launch */
	STANDBY_REMOVING,
	STANDBY_MAX
};

struct standby {
	bool wanted; /* the plan's */
	enum standby_state state;
	bool stale;	  /* CREATING: to be removed as soon as it is there */
	uint32_t attempt; /* which one it is */
	uint32_t spent;	  /* attempts that were given up while the current one runs */
	pid_t pid;
	int pidfd;
	int pipes[2];	       /* read ends of its stdout and stderr */
	uint64_t create_at_ns; /* UINT64_MAX: not */
	struct job job;
};

void standby_set(struct container *c, const struct plan_container *pc);
/** The container runs: one is made after a while. */
void standby_plan(struct container *c);
/** Starts the one that is there as the attempt c->attempt. Returns: false when there is none; then nothing was done. */
bool standby_start(struct container *c);
/** A run is over: how many attempts are to be passed over. */
uint32_t standby_take_spent(struct container *c);
/** What it was made from has changed: another one is made. */
void standby_renew(struct container *c);
/** The container is not started again. */
void standby_end(struct container *c);

/** Is @pid the process of one? */
bool standby_owns(const struct shim *s, pid_t pid);
/** Reaps one that has died without having been started. Returns: whether there was one. */
bool standby_reap(struct shim *s);

uint64_t standby_deadline(const struct container *c);
void standby_timer(struct container *c, uint64_t now_ns);

extern const char *const standby_names[];

#endif
