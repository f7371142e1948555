/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request on its way through the server, and the ways to answer it. A handler answers exactly once, at once or
 * by opening a stream (stream.h).
 */
#ifndef AGENT_API_REQUEST_H
#define AGENT_API_REQUEST_H

#include "agent/api/target.h"
#include "agent/spec/spec.h"
#include "runtime/base/json.h"

#include <microhttpd.h>

enum {
	BODY_BYTES_MAX = 1 << 20,
	HEADER_BYTES_MAX = 16 << 10,
	HEADER_FIELDS_MAX = 64,
};

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_MAX };

struct api;
struct peer;
struct route;

struct request {
	struct api *api;
	struct peer *peer;
	struct MHD_Connection *http;
	enum method method;
	struct target target;
	const struct route *route;
	/* From the path; NULL where the route has no such part. */
	const char *group, *version, *ns, *resource, *name, *rest;
	const struct kind *kind; /* of @resource */
	struct str body;
	struct remote *remote; /* started, waits for the upgrade of this connection */
	struct upload *upload; /* routes with ROUTE_BODY_FILE: where the body goes */
	size_t body_bytes;     /* received so far, also those that went to body_fd */
	int body_fd; /* routes with ROUTE_BODY_FILE: the body as a file without a name; else -1 */
	char *raw;   /* the request line's target as it came */
	char **warnings;
	size_t n_warnings, warnings_cap;
	bool begun, answered;
	bool refused; /* the body, or what was left of it, is not read: the connection ends */
	size_t reply_bytes;
};

/** A header's value, or NULL. */
const char *request_header(const struct request *r, const char *name);

/** Adds a `Warning: 299` header to the answer. */
void request_warn(struct request *r, const char *text);

/* ---- answers; every own_ argument is consumed ---------------------------------------------------- */

/** @own_text: from malloc. */
void reply_text(
	struct request *r, unsigned code, const char *content_type, char *own_text, size_t n);
void reply_json(struct request *r, unsigned code, json_t *own_j);
/** The same with another content type ("application/json;g=…"). */
void reply_json_as(struct request *r, unsigned code, const char *content_type, json_t *own_j);
/** Queues a response made elsewhere (streams, upgrades) and gives up the reference. */
void reply_response(struct request *r, unsigned code, struct MHD_Response *own_response);

/** A Status of failure for @code ("NotFound" and so on by @reason). */
void reply_failure(struct request *r, unsigned code, const char *reason, const char *format, ...)
	PRINTF_LIKE(4, 5);
/** The same from an error: code and reason by its errno, details from the request. */
void reply_err(struct request *r, const struct err *e);
/** All problems of an object: 400 or 422. */
void reply_problems(
	struct request *r, const struct problems *p, const struct kind *k, const char *name);
/** A Status of success about an object that is gone. */
void reply_gone(struct request *r, const json_t *object);

/** HTTP code of an API reason; 500 for unknown ones. */
unsigned status_code(const char *reason);
/** A Status object of failure. @details: a new reference or NULL. */
json_t *status_failure(unsigned code, const char *reason, const char *message, json_t *own_details);
/** A Status from an error, without details. */
json_t *status_of_err(const struct err *e);

#endif
