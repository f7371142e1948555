/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the agent: HTTP/1.1 over its Unix socket, by libcurl. Plain requests collect their answer;
 * streams hand over bytes as they come. An answer of 400 and more is an answer, not an error: the caller
 * looks at its code.
 */
#ifndef AGENT_CLI_CLIENT_H
#define AGENT_CLI_CLIENT_H

#include "runtime/base/json.h"

#include <stdbool.h>
#include <stdint.h>

struct client;

struct client_options {
	const char *socket_path;
	uint64_t timeout_ns;			       /* of plain requests; 0: none */
	void (*warn)(void *data, const char *warning); /* a Warning header, its text */
	void *data;
};

struct request {
	const char *method;	  /* "GET" */
	const char *path;	  /* with its query, escaped (api_path.h) */
	const char *accept;	  /* NULL: application/json */
	const char *content_type; /* NULL: application/json when there is a body */
	struct sv body;		  /* borrowed */
	uint64_t timeout_ns; /* 0: that of the options for a plain request, none for a stream */
	int body_fd;	     /* > 0: the body is read from here to its end instead; borrowed */
	/* A stream: called with each piece; a negative return ends the transfer with that error. Not called for
	 * answers of 400 and more. NULL: the body is collected. */
	int (*on_data)(void *data, struct sv piece);
	void *data;
};

struct response {
	long code;
	struct str body; /* of a stream: only that of a refusal */
	json_t *json;	 /* the body, where it is JSON; else NULL */
};
void response_done(struct response *r);
#define cleanup_response __attribute__((cleanup(response_done)))

/** Connects nothing yet. Returns: a client; never NULL. */
struct client *client_new(const struct client_options *options);
void client_free(struct client *own_c);
DEFINE_CLEANUP(struct client, client_free);

/**
 * One request and its answer. A stream lasts until the server ends it.
 * @ret: release with response_done, whatever is returned.
 * Returns: 0 when there is an answer (see ret->code); what on_data returned; -ENOENT, -EACCES, -ECONNREFUSED with
 * what to do in @e; -ECONNRESET (the agent went away), -ETIMEDOUT, -EPROTO.
 */
int client_do(struct client *c, const struct request *q, struct response *ret, struct err *e);

/**
 * The same for @n streams at once. @rets: n of them.  Returns: 0 when all have ended well, else the first error.
 */
int client_do_all(
	struct client *c, const struct request *qs, size_t n, struct response *rets, struct err *e);

/**
 * A connected stream socket to the agent, close-on-exec, for what is no plain HTTP (websocket.h).
 * Returns: a descriptor the caller closes, or as client_do.
 */
int client_connect(struct client *c, struct err *e);

#endif
