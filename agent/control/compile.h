/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod, its images and what it refers to, compiled into the plan that the shim executes and the payload beside it.
 * Pure but for the lookups. Step "compiled" of a pod's life (architecture.md, section 3).
 */
#ifndef AGENT_CONTROL_COMPILE_H
#define AGENT_CONTROL_COMPILE_H

#include "agent/control/lookup.h"
#include "runtime/image/image.h"
#include "runtime/plan/plan.h"

/* What this node gives to every pod. Borrowed. */
struct compile_node {
	const char *probe, *runner; /* absolute paths of berth-probe and berth-runner; NULL: none */
	const char *runtime, *image_dir, *cgroup_base,
		*logs_dir;	     /* absolute paths; logs_dir: DIR/var/log/pods */
	const char *resolv_conf;     /* text of the host's */
	const char *seccomp_dir;     /* of localhost profiles */
	uint64_t memory_bytes;	     /* of the machine */
	uint64_t pids_max;	     /* of one pod */
	uint64_t runtime_timeout_ns; /* 0: the plan's default */
	uint64_t caps;		     /* what can be handed on (caps_of_host) */
	int oom_score_floor;	     /* the least oom_score_adj that may be set here */
};

struct compile_container {
	const struct image *image;
	uint32_t base_restarts;
	const json_t *done; /* its status, when it is not to run again; NULL */
};

struct compile_input {
	const struct compile_node *node;
	const struct lookup *lookup; /* with the pod and its address */
	/* One for each container, in the order of pod_container(): init containers first. */
	const struct compile_container *containers;
	uint64_t deadline_wall_ns; /* of activeDeadlineSeconds; 0: none */
};

/**
 * @ret_payload: a new reference (runtime/volume/fileset.h).
 * Returns: 0; -ENOENT when something the pod refers to is missing: try again when it appears; -EINVAL. The message says which
 * container, and what.
 */
int compile_pod(
	const struct compile_input *in, struct plan **ret, json_t **ret_payload, struct err *e);

/** The @i-th container in start order (init containers first), or NULL behind the last. Borrowed. */
const json_t *pod_container(const json_t *pod, size_t i, bool *ret_init);
size_t pod_container_count(const json_t *pod);

/** "SIGTERM", "TERM", "15", "SIGRTMIN+3" → number. 0: none of them. */
int signal_number(const char *text);

/** NS_POD_UID, the name of the pod's log directory. Owned by the caller. */
char *pod_log_name(const json_t *pod);

/* compile_files.c */

/** Text of the pod's /etc/hosts, as the kubelet writes it; @address "" : none. Owned by the caller. */
char *compile_hosts(const json_t *pod, const char *address, const char *hostname);
/** Text of its resolv.conf by dnsPolicy and dnsConfig. Owned by the caller. */
char *compile_resolv_conf(const json_t *pod, const char *host_text);

#endif
