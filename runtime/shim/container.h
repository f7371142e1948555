/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container of the pod. Its fields are touched by container.c and launch.c, and read by others.
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_CONTAINER_H
#define RUNTIME_SHIM_CONTAINER_H

#include "runtime/plan/plan.h"
#include "runtime/shim/hook.h"
#include "runtime/shim/job.h"
#include "runtime/shim/logs.h"
#include "runtime/shim/runner.h"
#include "runtime/shim/standby.h"
#include "runtime/shim/stdio.h"
#include "runtime/shim/step.h"

struct shim;

enum { CONTAINER_ID_MAX = 64, MESSAGE_MAX = 4096, MESSAGES_MAX = 12288 };

/* One run that has ended. Reasons are static strings. */
struct run {
	char id[CONTAINER_ID_MAX];
	const char *reason;
	char *message;
	uint64_t started_wall_ns, finished_wall_ns;
	int32_t exit_code, signal;
	bool oom_killed;
};

struct container {
	struct shim *shim;
	/* out of the plan */
	char name[64];
	bool init, sidecar;
	enum plan_restart restart_policy;
	struct plan_rule *rules;
	size_t n_rules;
	struct plan_backoff backoff; /* the agent may tune it */
	enum plan_message_policy message_policy;
	bool has_message;
	bool startup_gate;
	int stop_signal;
	/* state */
	enum step step;
	bool passed;	    /* init: it has let the next ones go (order.h) */
	bool told;	    /* the pod ends, and its turn to go has come */
	bool composed;	    /* the next attempt's rootfs is mounted already */
	bool restart_asked; /* the agent wants it again, whatever the policy says */
	bool restart_now;   /* … and without back-off */
	bool unborn;	    /* the last attempt did not get as far as the runtime */
	bool counted;	    /* a run has ended since the last start: the next start is a restart */
	uint32_t attempt;   /* of the next or current start; part of the id, never used twice */
	uint32_t restarts;
	uint32_t crashes;	   /* ends in a row, for the back-off */
	uint64_t delay_ns;	   /* before the next start */
	uint64_t start_at_ns;	   /* STEP_BACKOFF: when it is over */
	uint64_t start_at_wall_ns; /* the same for people */
	uint64_t kill_at_ns;	   /* end of the grace of a restart that was asked for; 0: none */
	const char *waiting;	   /* reason while waiting; static */
	char *waiting_text;
	/* the current run */
	char id[CONTAINER_ID_MAX];
	uint64_t started_ns, started_wall_ns;
	pid_t pid;
	int pidfd;
	bool gate_open; /* its startup probe has passed, or it has none */
	char *cause;	/* why the agent ends this run; NULL */
	struct job launch, dossier;
	struct runner runner;
	struct stdio stdio;
	struct hook hook;
	struct standby standby;
	/* runs that have ended, the latest first */
	struct run ended[2];
	size_t n_ended;
	/* attempts that are over and not yet removed: clean_from … clean_to - 1 */
	uint32_t clean_from, clean_to;
	struct log log;
};

/** The id of an attempt, "NAME-N"; also the name of its cgroup. */
void container_id(const struct container *c, uint32_t attempt, char out[CONTAINER_ID_MAX]);
/** The path of an attempt's cgroup. As cgroup_path(). */
int container_cgroup(const struct container *c, const char *id, char *buf, size_t size);
/** Do its processes see those of others, so that killing its first one does not kill the rest? */
bool container_shares_pids(const struct container *c);

/** What the pod wants. Each may be called at any time; what does not fit is nothing to do. */
void container_go(struct container *c);
/** The pod ends: it is not started any more; what runs goes on until container_stop(). */
void container_end(struct container *c);
/** Its turn to go has come. Again: nothing. */
void container_stop(struct container *c);
/** It has ended, and waits for its turn anew. */
void container_again(struct container *c);
/** It ran under an earlier shim, and is not to run again. */
void container_set_done(struct container *c, const struct container_run *run);
/** @cause: why, for the record of this end; NULL: not said. */
void container_restart(struct container *c, uint64_t grace_ns, bool back_off, const char *cause);
/** What is left of its back-off is not waited for. */
void container_retry(struct container *c);
/** Its startup probe has passed. */
void container_open_gate(struct container *c);
/** Does it run, with postStart done and the startup probe passed, as far as it has them? */
bool container_is_started(const struct container *c);
/** SIGKILL to all of it, now. */
void container_kill(struct container *c);

/** Its stop signal, now. */
void container_signal(struct container *c);
/** The run is no good: stopped with the pod's grace, started again by its policy. @reason: static, shown while it waits. */
void container_fail(struct container *c, const char *reason, const char *text);
/** When what is stopping is killed, CLOCK_BOOTTIME; UINT64_MAX: nobody has asked it to stop. */
uint64_t container_grace_end(const struct container *c);
/** Not before two seconds from now, though. */
void container_spare(struct container *c);

/** What has happened. @own_pidfd is the container's. */
void container_launched(struct container *c, pid_t pid, int own_pidfd);
/** @reason: static. @was_run: the runtime was called, so this counts as a run. */
void container_not_launched(
	struct container *c, const char *reason, const char *text, bool was_run);
/** @status: as waitpid gives it. */
void container_exited(struct container *c, int status);

/** When container_timer() is to be called, CLOCK_BOOTTIME; UINT64_MAX: not at all. */
uint64_t container_deadline(const struct container *c);
void container_timer(struct container *c, uint64_t now_ns);

#endif
