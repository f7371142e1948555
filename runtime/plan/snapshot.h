/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the shim says of its pod: always the whole of it, after every change and to every new connection
 * (level-triggered). The agent keeps the one with the highest sequence number. Times are wall-clock ns,
 * 0: not yet.
 */
#ifndef RUNTIME_PLAN_SNAPSHOT_H
#define RUNTIME_PLAN_SNAPSHOT_H

#include "runtime/base/err.h"
#include "runtime/base/fs.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum pod_phase {
	POD_STARTING, /* "starting": composing, or waiting for the agent's start */
	POD_RUNNING,  /* "running": containers are started and kept, or have all ended */
	POD_STOPPING,
	POD_STOPPED, /* no process is left; the shim ends next */
	POD_PHASE_MAX
};

enum container_state {
	CONTAINER_WAITING,
	CONTAINER_RUNNING,
	CONTAINER_TERMINATED,
	CONTAINER_STATE_MAX
};

/* One run that has ended. */
struct container_run {
	char *container_id;
	char *reason;  /* "Completed", "Error", "OOMKilled", "StartError" … */
	char *message; /* termination message, or the runtime's error; NULL: none */
	uint64_t started_at, finished_at;
	int32_t exit_code; /* 128 + signal for a killed one, as the kubelet says it; 128: could not be started */
	int32_t signal; /* 0: it exited */
	bool oom_killed;
};

struct container_snapshot {
	char *name;
	enum container_state state;
	/* waiting: "PodInitializing", "ContainerCreating", "CrashLoopBackOff", "RunContainerError",
	 * "CreateContainerConfigError"; terminated: as in container_run; running: NULL. */
	char *reason;
	char *message;
	char *container_id; /* also the name of its cgroup below the pod's: NAME-N; NULL before the first start */
	uint32_t restart_count;
	/* false: it runs, but its postStart is not done or its startup probe has not passed. Shims that know of neither say
	 * nothing: true */
	bool started;
	int32_t pid; /* in the host's pid namespace; 0: no process. There, too, while postStart works. A hint (R28) */
	uint64_t started_at, finished_at;
	int32_t exit_code, signal;
	bool oom_killed;
	uint64_t post_start_failed_at, pre_stop_failed_at; /* when such a hook failed last */
	uint64_t next_start_at;	    /* waiting in back-off: when it is started again */
	struct container_run *last; /* the run before this one; NULL: none */
};

/* It was told to, because the machine goes down. Source: the kubelet's word. */
#define SNAPSHOT_NODE_SHUTDOWN "Terminated"

struct pod_snapshot {
	uint64_t seq; /* grows by one with each change */
	char *build;  /* what git calls the build that the shim runs; NULL: one too old to say */
	enum pod_phase phase;
	bool again; /* a rule has all containers run again, and they are being killed (RestartAllContainers) */
	char *reason; /* the shim has ended the pod: "DeadlineExceeded", SNAPSHOT_NODE_SHUTDOWN; NULL */
	char *message;			       /* why the pod as a whole cannot be started; NULL */
	struct container_snapshot *containers; /* in the order of the plan */
	size_t n_containers;
};

/*
 * The last snapshot of a shim that has ended its pod, in the pod's directory: how it went, when no agent was there to
 * be told. A shim that was killed leaves none.
 */
#define SNAPSHOT_FINAL "final.json"

/** Writes @s there. 0 or -errno. */
int snapshot_write_final(int state_fd, const struct pod_snapshot *s, enum fs_sync sync);
/** 0 and a snapshot to be freed; -ENOENT; -EINVAL or -EBADMSG when it cannot be understood. */
int snapshot_read_final(int state_fd, struct pod_snapshot **ret);

void snapshot_free(struct pod_snapshot *s);
DEFINE_CLEANUP(struct pod_snapshot, snapshot_free);

extern const char *const pod_phase_names[];
extern const char *const container_state_names[];

struct record;
extern const struct record pod_snapshot_record, container_run_record;

#endif
