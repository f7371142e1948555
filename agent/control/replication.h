/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ReplicationController: keeps so many pods of a template.
 * Source: Kubernetes docs "ReplicationController"; API reference; the order in which pods are given
 * up is that of
 * "ReplicaSet", scaling down.
 */
#ifndef AGENT_CONTROL_REPLICATION_H
#define AGENT_CONTROL_REPLICATION_H

#include "agent/control/reconcile.h"

enum replication_verb {
	REPLICATION_ADOPT,   /* a pod of nobody that the selector takes */
	REPLICATION_RELEASE, /* an own pod that the selector takes no more */
	REPLICATION_CREATE,
	REPLICATION_DELETE,
	REPLICATION_VERB_MAX
};

struct replication_action {
	enum replication_verb verb;
	const json_t *pod; /* borrowed from the pods decided on; NULL: a new one */
};

struct replication_decision {
	struct replication_action *actions;
	size_t n, cap;
	json_t *status;		/* of the controller; owned */
	uint64_t again_wall_ns; /* a pod becomes available then (minReadySeconds); 0: never */
};
void replication_decision_done(struct replication_decision *d);

/**
 * What to do.  @rc: decoded and defaulted.  @pods: all pods of its namespace.  @wall_ns: now.
 * @ret: to be released by the caller.  Pure; never fails.
 */
void replication_decide(
	const json_t *rc, const json_t *pods, uint64_t wall_ns, struct replication_decision *ret);

/** A pod of the controller's template, named by the store. Returns: a new reference, not yet admitted by the schema. */
json_t *replication_pod(const json_t *rc);

/**
 * Decides and acts.  @ret_again_wall_ns: when to call again though nothing changes; 0: never.
 * Returns: 0 (also when the controller is not there any more), or -errno: call again later.
 */
int replication_reconcile(const struct reconcile *ctx, const char *ns, const char *name,
	uint64_t *ret_again_wall_ns, struct err *e);

#endif
