/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running exec: between the WebSocket of a client and the descriptors of a process.
 */
#ifndef AGENT_API_EXEC_H
#define AGENT_API_EXEC_H

#include "agent/api/backend.h"
#include "agent/api/server.h"

enum { EXECS_MAX = 512, EXECS_POD_MAX = 32 };

struct exec_session;

/** What the client asked for. */
struct exec_options {
	const char *ns, *pod, *container; /* container NULL: the default one */
	const char **argv;
	size_t n_argv;
	bool in, out, err, tty;
	int version; /* of the channel protocol: 4 or 5 */
};

/** Starts the process. Returns: 0, or -errno with a message fit for the client. */
int exec_session_new(
	struct api *a, const struct exec_options *o, struct exec_session **ret, struct err *e);
/** Takes over the client's connection. @extra: bytes that came behind the request. */
void exec_session_upgrade(struct exec_session *s, int sock,
	struct MHD_UpgradeResponseHandle *handle, const void *extra, size_t n_extra);
/** Ends it: a process that still runs is killed, the connection is closed. NULL is a no-op. */
void exec_session_free(struct exec_session *own_s);
/** Ends all, for the server's stop. */
void execs_stop(struct api *a);

#endif
