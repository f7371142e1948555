/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shim's state: one structure for the pod, one for each container, allocated once. Nothing grows with time or
 * restarts. Heavy work (reading the plan, composing, writing config.json) is done by short-lived children in the
 * same namespaces, so that their memory goes with them.
 *
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_SHIM_H
#define RUNTIME_SHIM_SHIM_H

#include "cgroups/detect.h"
#include "cgroups/names.h"
#include "runtime/base/clock.h"
#include "runtime/base/msg.h"
#include "runtime/plan/link.h"
#include "runtime/plan/plan.h"
#include "runtime/shim/logs.h"
#include "runtime/shim/loop.h"
#include "runtime/volume/source.h"

#include <sys/types.h>

struct shim;
struct container;

/* Why a child's work failed, as it says through its report pipe. */
struct failure {
	char reason[40]; /* "CreateContainerConfigError" …; "" with no failure */
	char text[400];
};

/* A child that works for the shim; reaped by reap.c, killed at its deadline. */
struct job {
	struct job *next;
	pid_t pid;	      /* 0: not running */
	int report_fd;	      /* read end; a failure, or nothing */
	uint64_t deadline_ns; /* monotonic */
	bool timed_out;
	void *data;
	void (*ended)(struct shim *s, struct job *j, int status, const struct failure *f);
};

/* What a container is doing. The transitions are the table in container.c. */
enum step {
	STEP_WAIT,   /* not its turn yet */
	STEP_LAUNCH, /* being composed and handed to the runtime */
	STEP_RUN,
	STEP_BACKOFF, /* ended; started again at start_at_ns */
	STEP_DONE,    /* ended, and not started again */
	STEP_MAX
};

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
	bool init;
	enum plan_restart restart_policy;
	enum plan_message_policy message_policy;
	bool has_message;
	int stop_signal;
	/* state */
	enum step step;
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
	struct job launch;
	/* runs that have ended, the latest first */
	struct run ended[2];
	size_t n_ended;
	/* attempts that are over and not yet removed: clean_from … clean_to - 1 */
	uint32_t clean_from, clean_to;
	struct log log;
};

struct exec;

struct shim {
	struct loop loop;
	const struct clock *clock;
	struct cgroup_host cgroups;
	/* out of the plan */
	char uid[64];
	char cgroup_base[64];
	char *runtime;
	uint64_t grace_ns;
	uint64_t timeout_ns; /* of the runtime */
	struct plan_backoff backoff;
	bool host_network, host_ipc, host_pid, share_pid;
	/* descriptors */
	int state_fd;	/* pod directory on disk */
	int run_fd;	/* pod's run directory */
	int private_fd; /* the tmpfs in it, seen by the shim and its children only */
	int log_fd;	/* log_dir */
	int payload_fd; /* the last one; -EBADF: none yet */
	char private_path[512];
	char ns_dir[32];
	pid_t pause_pid; /* first process of the shared pid namespace; 0: none */
	/* progress */
	enum pod_phase phase;
	bool cgroups_ready, prepared, start_asked, files_ready;
	bool files_again;    /* a newer payload came while files were being written */
	uint64_t kill_at_ns; /* stopping: when the rest is killed */
	char *message;	     /* why the pod cannot be started */
	uint64_t seq;
	bool changed; /* the agent does not know the newest status */
	bool finished;
	struct job *jobs;
	struct job warm_job; /* cgroups/warm.h */
	struct job cgroup_job, prepare_job, files_job, clean_job;
	struct container *cleaning;
	uint32_t cleaning_to;
	uint64_t clean_at_ns;
	struct container *containers;
	size_t n_containers;
	struct exec *execs;
	unsigned exec_number;
	struct log_buffer log_buffer;
	/* agent */
	struct source listener, agent, signals;
};

/* sandbox.c */
int sandbox_enter(struct shim *s, const struct plan *p, struct err *e);
int sandbox_start_pause(struct shim *s);

/* job.c */
int job_start(struct shim *s, struct job *j, uint64_t timeout_ns);
_Noreturn void job_fail(int report_fd, const char *reason, const struct err *e);
_Noreturn void job_done(void);
void job_end(struct shim *s, struct job *j, int status);
void job_deadlines(struct shim *s, uint64_t now_ns);

/* reap.c */
void reap_children(struct shim *s);
void reap_kill_strays(struct shim *s);

/* compose.c: in children */
int compose_plan(const struct shim *s, struct plan **ret, struct err *e);
int compose_pod(const struct shim *s, const struct plan *p, struct err *e);
int compose_files(const struct shim *s, const struct plan *p, struct err *e);
int compose_rootfs(const struct shim *s, const struct plan_container *c, const char *image_dir,
	const char *id, struct err *e);
int compose_mounts(const struct shim *s, const struct plan *p, const struct plan_container *c,
	const char *id, struct err *e);
int compose_open_rootfs(const struct shim *s, const char *id, struct err *e);
void compose_remove(const struct shim *s, const char *id);
int compose_source_dirs(const struct shim *s, struct source_dirs *ret, struct err *e);

/* message.c */
char *message_text(const char *bytes, size_t n);
char *message_of_run(const struct container *c, int exit_code);

/* launch.c */
int launch_adopt(const struct shim *s, const char *pid_path, pid_t *ret_pid);
void launch_container(struct container *c);

/* container.c */
void container_id(const struct container *c, uint32_t attempt, char out[CONTAINER_ID_MAX]);
void container_launched(struct container *c, pid_t pid, int pidfd);
void container_not_launched(
	struct container *c, const char *reason, const char *text, bool was_run);
void container_exited(struct container *c, int status);
void container_timer(struct container *c, uint64_t now_ns);
void container_stop(struct container *c);
void container_restart(struct container *c, uint64_t grace_ns, bool back_off);
uint64_t container_deadline(const struct container *c);
void container_kill(struct container *c);
void container_go(struct container *c);
bool container_shares_pids(const struct container *c);
int container_cgroup(const struct container *c, const char *id, char *buf, size_t size);

/* pod.c */
int pod_open(struct shim *s, const struct plan *p, struct err *e);
void pod_prepare(struct shim *s);
void pod_files(struct shim *s, int own_payload_fd);
void pod_advance(struct shim *s);
void pod_start(struct shim *s);
void pod_stop(struct shim *s, uint64_t grace_ns);
void pod_fail(struct shim *s, const char *text);
void pod_timers(struct shim *s, uint64_t now_ns);
uint64_t pod_deadline(const struct shim *s);

/* clean.c */
void clean_later(struct shim *s);
void clean_timer(struct shim *s, uint64_t now_ns);
void clean_pod(struct shim *s);

/* agent.c */
int agent_listen(struct shim *s);
void agent_status(struct shim *s);
void agent_send(struct shim *s, const struct link_message *m, const struct msg_fds *fds);
void agent_drop(struct shim *s);

/* status.c */
struct pod_snapshot *status_snapshot(const struct shim *s);

/* exec.c */
void exec_start(struct shim *s, const struct link_message *m, struct msg_fds *fds);
void exec_kill(struct shim *s, uint64_t id);
void exec_kill_all(struct shim *s);
bool exec_owns(const struct shim *s, pid_t pid);
bool exec_reaped(struct shim *s, pid_t pid, int status);
void exec_timers(struct shim *s, uint64_t now_ns);
uint64_t exec_deadline(const struct shim *s);

static inline uint64_t shim_now(const struct shim *s)
{
	return clock_now_ns(s->clock);
}

#endif
