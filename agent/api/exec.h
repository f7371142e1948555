/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running exec or attach: between the WebSocket of a client and the descriptors of a process.
 */
#ifndef AGENT_API_EXEC_H
#define AGENT_API_EXEC_H

#include "agent/api/remote.h"

/** What the client asked for. */
struct exec_options {
	const char *ns, *pod, *container; /* container NULL: the default one */
	bool attach;			  /* to the container's own process; else argv is run */
	const char **argv;
	size_t n_argv;
	bool in, out, err, tty; /* tty: of an exec; an attach has what the container has */
	int version;		/* of the channel protocol: 4 or 5 */
};

/** Starts the process, or attaches. Returns: 0, or -errno with a message fit for the client. */
int exec_session_new(
	struct api *a, const struct exec_options *o, struct remote **ret, struct err *e);

#endif
