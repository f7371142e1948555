/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of exec probes: asked of the pod's shim, which has a resident runner in the container for them.
 * Inside this folder only.
 */
#ifndef AGENT_CONTROL_POD_PROBE_H
#define AGENT_CONTROL_POD_PROBE_H

#include "agent/control/pod.h"

struct pod_probe_answer {
	int exit_code; /* 128 + signal when killed; holds when there is no error */
	const char *
		output; /* stdout and stderr as they came, at most LINK_OUTPUT_MAX bytes of UTF-8; never NULL */
	const char *error; /* it did not run, or not to its end: the verdict is unknown, unless … */
	bool timed_out;	   /* … this: it took longer than its time-out and was killed */
};
/** @a and its texts are borrowed. The callee may start the next one, or drop the pod's. */
typedef void (*pod_probe_fn)(void *data, const struct pod_probe_answer *a);

/**
 * Runs @argv in the running container @container as `exec` would: its user, environment, directory, limits.
 * @fn is called once, from the loop and never from in here, unless the probe is dropped before.
 * Returns: 0 and *ret_id (> 0); -ENOTCONN: no line to the shim; -EAGAIN: it is full; -errno.
 */
int pod_probe(struct pod *p, const char *container, const char *const *argv, size_t n_argv,
	uint64_t timeout_ns, pod_probe_fn fn, void *data, uint64_t *ret_id);

/** Nobody waits for it any more: @fn is not called. The command runs on to its end or its time-out. */
void pod_probe_drop(struct pod *p, uint64_t id);

/* For pod_link.c and pod.c. */
void pod_probe_message(struct pod *p, const struct link_message *m);
/** All that are waited for end with the error @why. */
void pod_probe_end_all(struct pod *p, const char *why);
/** The same without a call. */
void pod_probe_free_all(struct pod *p);

#endif
