/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streams of a command or a container over one WebSocket: what exec, attach and cp share.
 * Source: k8s.io/apimachinery pkg/util/remotecommand (channels, status, close signal of v5).
 */
#ifndef AGENT_CLI_SESSION_H
#define AGENT_CLI_SESSION_H

#include "agent/cli/cli.h"
#include "agent/cli/detach.h"

struct session_options {
	bool input, tty;   /* standard input is handed on; it is a terminal, switched to raw mode */
	bool redraw;	   /* tty: the size is sent twice, so that what runs already draws anew */
	const char *hint;  /* told on standard error when the stream stands; NULL */
	const char *until; /* --detach-keys; NULL: none */
	/* Instead of standard output and error; 0 or -errno, which ends the session. */
	int (*out)(void *data, struct sv bytes);
	int (*err)(void *data, struct sv bytes);
	/* Instead of standard input: fills @buf. Returns: how many bytes, 0 the end, -errno ends the session. */
	ssize_t (*in)(void *data, char *buf, size_t n);
	void *data;
};

/* How it ended. */
struct session_end {
	int r;		/* 0, or -errno of the connection or of a callback */
	bool refused;	/* told already, and nothing ran */
	bool detached;	/* by its keys */
	int signal;	/* that ends this program; 0: none */
	json_t *status; /* the Status of the error channel; NULL: none came */
};
void session_end_done(struct session_end *end);
#define cleanup_session_end __attribute__((cleanup(session_end_done)))

/** Opens @path and stays until the stream ends. The terminal's modes are put back whatever happens. */
void session_run(
	struct cli *c, const char *path, const struct session_options *o, struct session_end *ret);

/** The command's own exit code out of the Status, 0 for Success, or -1. */
int session_exit_code(const json_t *status);
/** Tells what is to be told, as kubectl does. Returns: the exit status. */
int session_report(struct cli *c, const struct session_end *end);

struct session_query {
	const char *verb; /* "exec", "attach" */
	const char *container;
	const char *const *argv; /* exec */
	size_t n_argv;
	bool in, out, err, tty;
};
/** The request of @pod. Owned by the caller. */
char *session_path(const struct cli *c, const json_t *pod, const struct session_query *q);

#endif
