/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is known of a pod to its status as the kubelet writes it: phase, conditions, container statuses, QoS
 * class, addresses. Pure: the same input gives the same status, so a status is written only when it has changed.
 *
 * Step "reported" of a pod's life. Source: Kubernetes docs "Pod Lifecycle"; API reference PodStatus.
 */
#ifndef AGENT_STATUS_POD_STATUS_H
#define AGENT_STATUS_POD_STATUS_H

#include "runtime/base/json.h"
#include "runtime/plan/snapshot.h"

/* What is known of a container beside the snapshot: taken from its image. */
struct status_container {
	const char *name;
	const char *image;    /* normalised reference; NULL: as in the spec */
	const char *image_id; /* "…@sha256:…"; NULL: not known yet */
	/* Why it is not there yet ("ErrImagePull", "CreateContainerConfigError" …); NULL: ContainerCreating */
	const char *reason, *message;
	bool unready; /* its readiness probe has not succeeded, or not any more */
};

struct status_input {
	const json_t *pod; /* decoded and defaulted, with the status written last (if any) */
	const struct pod_snapshot *snapshot;  /* NULL: no shim has said anything yet */
	const struct status_container *known; /* may be NULL */
	size_t n_known;
	bool scheduled;		      /* admitted by the node */
	const char *unschedulable;    /* why it was not admitted; NULL while scheduled */
	bool sandbox;		      /* namespaces and network are up */
	const char *pod_ip, *host_ip; /* NULL: none (yet) */
	/* Set: the pod has ended as a whole for this reason ("DeadlineExceeded", "NodeLost" …): phase Failed. */
	const char *failed_reason, *failed_message;
	uint64_t started_at; /* wall ns: admission; 0: not yet */
	uint64_t now;	     /* wall ns: for lastTransitionTime of conditions that change */
};

/**
 * The status object.  Returns: a new reference, never NULL.
 */
json_t *pod_status(const struct status_input *in);

/** "Guaranteed", "Burstable" or "BestEffort", from requests and limits of all containers. */
const char *pod_qos_class(const json_t *pod);

/** Are both statuses the same but for nothing? (Deep equality; a missing one is {}.) */
bool pod_status_same(const json_t *a, const json_t *b);

/** Has the pod ended: phase Succeeded or Failed? */
bool pod_ended(const json_t *pod);
/** The condition Ready is True. */
bool pod_is_ready(const json_t *pod);
/** Wall ns since when the condition @type has its value; 0: no such condition. */
uint64_t pod_condition_since(const json_t *pod, const char *type);

#endif
