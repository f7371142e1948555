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
#include "runtime/base/clock.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/snapshot.h"
#include "runtime/shim/container.h"
#include "runtime/shim/job.h"
#include "runtime/shim/logs.h"
#include "runtime/shim/loop.h"
#include "runtime/shim/upgrade.h"

#include <sys/types.h>

struct attach;
struct exec;
struct command;

/* Where the pod as a whole goes. */
enum pod_course {
	COURSE_START, /* its containers are started in their order and kept */
	COURSE_AGAIN, /* all are killed, to be started again from the first */
	COURSE_END,   /* nothing is started any more; what runs is stopped in order */
};

struct shim {
	struct loop loop;
	const struct clock *clock;
	struct cgroup_host cgroups;
	/* out of the plan */
	char uid[64];
	char *title; /* NAME_NAMESPACE(UID), as the kubelet names a pod in its messages */
	char cgroup_base[64];
	char *runtime;
	char *probe_program; /* NULL: none */
	uint64_t grace_ns;
	uint64_t timeout_ns; /* of the runtime */
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
	bool files_failed; /* the message is about them */
	bool files_again;  /* a newer payload came while files were being written */
	enum pod_course course;
	uint64_t kill_at_ns;	 /* unless COURSE_START: when the rest is killed */
	uint64_t again_at_ns;	 /* COURSE_AGAIN: not before */
	uint64_t again_wall_ns;	 /* the same for people; 0: at once */
	uint64_t deadline_at_ns; /* when the pod has been active for too long; 0: never */
	const char *reason;	 /* the shim ended the pod because …; static; NULL */
	bool advancing, advance_more;
	char *message; /* why the pod cannot be started */
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
	struct attach *attaches;
	unsigned exec_number;
	struct command *commands;
	uint64_t command_number;
	struct log_buffer log_buffer;
	struct upgrade upgrade;
	/* agent */
	struct source listener, agent, signals;
};

static inline uint64_t shim_now(const struct shim *s)
{
	return clock_now_ns(s->clock);
}

#endif
