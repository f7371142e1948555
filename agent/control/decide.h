/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be done next for a pod: a pure table. Inside this folder only.
 */
#ifndef AGENT_CONTROL_DECIDE_H
#define AGENT_CONTROL_DECIDE_H

#include <stdbool.h>

/* Where the worker is with a pod. */
enum pod_stage {
	POD_PENDING, /* no shim: not admitted, or waiting for an image or a secret */
	POD_SPAWNED, /* the shim makes the namespaces */
	POD_STARTED, /* it has been told to run the containers */
	POD_ADOPTED, /* a shim of an earlier agent, which has not said yet where it is */
	POD_LEAVING, /* it has been told to stop */
	POD_DYING,   /* the shim is gone; what may be left of the pod is being removed */
	POD_ENDED,   /* nothing is left but the object, which has ended for good */
	POD_STAGE_MAX
};

/* What the object in the store asks for. */
enum pod_want {
	WANT_RUN,
	WANT_REST,   /* phase Succeeded or Failed, or another node's: no processes */
	WANT_STOP,   /* deletionTimestamp: stop with grace, then the object goes */
	WANT_EXPIRE, /* its active deadline came before it had a shim, which would have seen to it */
	WANT_GONE,   /* there is no such object (any more) */
	WANT_HOLD,   /* the machine goes down: no processes until it is back */
	WANT_MAX
};

enum pod_action {
	DO_NOTHING,
	DO_ADMIT,
	DO_PULL,
	DO_LAUNCH,
	DO_CONNECT, /* network, then "start" */
	DO_REFRESH, /* new contents for its volumes */
	DO_STOP,
	DO_BURY,
	DO_SETTLE, /* note that nothing is left */
	DO_EXPIRE, /* its deadline came before it had a shim */
	DO_DELETE, /* the object */
	DO_FORGET, /* the record in memory */
	POD_ACTION_MAX
};

struct pod_view {
	enum pod_want want;
	enum pod_stage stage;
	bool admitted;
	bool images;  /* all there */
	bool sandbox; /* namespaces are there: the shim has sent the network's */
	bool stale;   /* something that it refers to has changed */
};
/** What to do next. Pure; a table. */
enum pod_action pod_decide(const struct pod_view *v);

#endif
