/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of agent/api share: the server and its connections. Inside the folder only.
 */
#ifndef AGENT_API_SERVER_H
#define AGENT_API_SERVER_H

#include "agent/api/api.h"
#include "agent/api/request.h"
#include "agent/store/store.h"

#include <systemd/sd-event.h>

enum {
	CONNECTIONS_MAX = 1024,
	CONNECTIONS_UID_MAX = 256,
	/* Two uids that both hold all they may still leave room for others. */
	POOL_BYTES = 40 << 10, /* of a connection: request line, headers, what is being sent */
	RATE_PER_SECOND = 500, /* requests of one uid, on average … */
	RATE_BURST = 2000,     /* … and at once */
};
#define HEADER_DEADLINE_NS (5 * NS_PER_SEC)
#define IDLE_DEADLINE_NS (120 * NS_PER_SEC) /* a connection kept open for its next request */
#define BODY_BYTES_PER_SEC 1024
#define REPLY_DEADLINE_NS (30 * NS_PER_SEC) /* and a second more for each 16 KiB */
#define REPLY_BYTES_PER_SEC (16 << 10)

enum peer_state { PEER_HEADER, PEER_BODY, PEER_REPLY, PEER_IDLE };

/* A connection. */
struct peer {
	struct api *api;
	int fd; /* MHD's */
	uid_t uid;
	pid_t pid;
	bool refused; /* this user may not speak; said in the answer to the first request */
	bool cut;     /* shut down, waits for MHD to notice */
	enum peer_state state;
	uint64_t since_ns, deadline_ns; /* deadline 0: none (a stream) */
	struct request *request;
	struct peer *prev, *next; /* oldest first */
};

/* The budget of requests of a user. */
struct budget {
	uid_t uid;
	unsigned connections;
	double tokens;
	uint64_t at_ns;
};

struct remote;
struct stream;
struct watches;

struct api {
	struct api_options o;
	uid_t *uids;
	uid_t self;
	struct MHD_Daemon *http;
	sd_event_source *accept, *run, *again, *sweep, *rest;
	struct peer *accepting; /* handed to MHD right now */
	struct peer *peers;
	unsigned n_peers;
	struct budget *budgets;
	size_t n_budgets, budgets_cap;
	struct stream *streams;
	struct watches *watches;
	struct remote *remotes;
	const struct kind *pods, *namespaces;
	uint64_t requests, refusals; /* for /metrics */
	bool closing;
};

/* ---- server.c ---------------------------------------------------------------------------------- */

int server_start(struct api *a, struct err *e);
void server_stop(struct api *a);
/** Cuts the connections whose time is over, and comes again when the next one's is. */
void server_sweep(struct api *a);
/** A step of the connection, with the time it may take. */
void peer_enter(struct peer *p, enum peer_state state, uint64_t limit_ns);
/** The request of @p is answered by a stream: no deadline from here on. */
void peer_streams(struct peer *p);
/** Lets MHD see, in the next turn of the loop, that a connection was resumed or given back: nothing else tells it. */
void server_kick(struct api *a);
/** Ends a connection from our side. */
void peer_cut(struct peer *p);

/* ---- serve.c ----------------------------------------------------------------------------------- */

/** MHD's callbacks for a request: its line, its parts, its end. */
void *serve_line(void *data, const char *raw, struct MHD_Connection *http);
enum MHD_Result serve_part(void *data, struct MHD_Connection *http, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **request);
void serve_end(void *data, struct MHD_Connection *http, void **request,
	enum MHD_RequestTerminationCode why);
/** Takes one request from the budget of @uid. */
bool budget_take(struct api *a, uid_t uid);
struct budget *budget_of(struct api *a, uid_t uid);

#endif
