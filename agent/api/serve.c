/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request, from its first line to its end: limits, routing, body, handler. Whatever is wrong is answered with a
 * Status; where the body has not been read, the connection ends with the answer, so that bytes behind it
 * are never taken for a request.
 */
#include "agent/api/remote.h"
#include "agent/api/routes.h"
#include "agent/api/server.h"
#include "agent/api/upload.h"

void *serve_line(void *data, const char *raw, struct MHD_Connection *http)
{
	struct request *r = xcalloc(1, sizeof *r);

	r->api = data;
	r->http = http;
	/* Within the memory of a connection, so bounded. */
	r->raw = xstrdup(raw);
	r->peer = MHD_get_connection_info(http, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	r->peer->request = r;
	r->peer->api->requests++;
	peer_enter(r->peer, PEER_HEADER, HEADER_DEADLINE_NS);
	return r;
}

void serve_end(void *data, struct MHD_Connection *http, void **request,
	enum MHD_RequestTerminationCode why)
{
	struct request *r = *request;

	(void)data;
	(void)http;
	(void)why;
	*request = NULL;
	if (!r)
		return;
	if (r->peer && r->peer->request == r) {
		r->peer->request = NULL;
		peer_enter(r->peer, PEER_IDLE, IDLE_DEADLINE_NS);
	}
	target_done(&r->target);
	str_done(&r->body);
	remote_free(r->remote);
	upload_free(r->upload);
	for (size_t i = 0; i < r->n_warnings; i++)
		free(r->warnings[i]);
	free(r->warnings);
	free(r->raw);
	free(r);
}

/* ---- before the body --------------------------------------------------------------------------- */

static void refuse_user(struct request *r)
{
	const struct api *a = r->api;
	cleanup_str struct str who = {0};

	str_add(&who, "root");
	if (a->self != 0)
		str_addf(&who, ", uid %u", a->self);
	for (size_t i = 0; i < a->o.n_uids; i++)
		str_addf(&who, ", uid %u", a->uids[i]);
	if (a->o.gid != 0 && a->o.gid != (gid_t)-1)
		str_addf(&who, ", members of group %u", a->o.gid);
	reply_failure(r, 403, "Forbidden",
		"uid %u may not use the API of this node; allowed: %s. Run the command as one of "
		"them, or allow the user in the options of berthd",
		r->peer->uid, who.p);
}

static int count_header(void *data, enum MHD_ValueKind kind, const char *key, const char *value)
{
	(void)kind;
	(void)key;
	(void)value;
	++*(int *)data;
	return MHD_YES;
}

static bool headers_fit(struct request *r)
{
	const union MHD_ConnectionInfo *size =
		MHD_get_connection_info(r->http, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	size_t line = strlen(r->raw);
	int fields = 0;

	(void)MHD_get_connection_values(
		r->http, MHD_HEADER_KIND, (MHD_KeyValueIterator)count_header, &fields);
	if (fields <= HEADER_FIELDS_MAX && size->header_size <= HEADER_BYTES_MAX + line)
		return true;
	reply_failure(r, 431, "BadRequest",
		"the request has more than %d header fields or %d bytes", HEADER_FIELDS_MAX,
		HEADER_BYTES_MAX);
	return false;
}

static void refuse_path(struct request *r, int code, unsigned methods)
{
	cleanup_str struct str allowed = {0};
	struct MHD_Response *response;
	char *text;
	json_t *status;

	if (code == -ENOENT) {
		/* Source: apiserver's NotFound for paths. */
		reply_failure(
			r, 404, "NotFound", "the server could not find the requested resource");
		return;
	}
	for (unsigned m = 0; m < METHOD_MAX; m++)
		if (methods & 1u << m)
			str_addf(&allowed, "%s%s", allowed.n ? ", " : "", method_name(m));
	status = status_failure(405, "MethodNotAllowed",
		"the server does not allow this method on the requested resource", NULL);
	text = json_text(status);
	json_decref(status);
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	(void)MHD_add_response_header(response, "Content-Type", "application/json");
	if (allowed.n)
		(void)MHD_add_response_header(response, "Allow", allowed.p);
	reply_response(r, 405, response);
}

/* A length that says already that it is too much. */
static bool length_fits(struct request *r, bool to_file)
{
	const char *length = request_header(r, "Content-Length");
	uint64_t n;

	if (to_file || !length || (parse_u64(sv(length), &n) == 0 && n <= BODY_BYTES_MAX))
		return true;
	reply_failure(r, 413, "RequestEntityTooLarge", "the body is larger than %d bytes",
		BODY_BYTES_MAX);
	return false;
}

static bool find_route(struct request *r, const char *method)
{
	struct err e = {0};
	unsigned methods;
	int code = target_parse(sv(r->raw), &r->target, &e);

	if (code < 0) {
		reply_err(r, &e);
		return false;
	}
	code = method_of(method, &r->method);
	if (code == 0)
		code = route_match(r, &methods);
	else
		methods = 0;
	if (code < 0) {
		refuse_path(r, code, methods);
		return false;
	}
	if (strlen(r->raw) > TARGET_BYTES_MAX && !(r->route->flags & ROUTE_LONG_LINE)) {
		reply_failure(r, 414, "BadRequest", "the request line is longer than %d bytes",
			TARGET_BYTES_MAX);
		return false;
	}
	return true;
}

static bool goes_to_file(const struct request *r)
{
	return (r->route->flags & ROUTE_BODY_FILE) && target_flag(&r->target, "load");
}

/* The request's head is there. Answers when it must be refused. */
static void begin(struct request *r, const char *method)
{
	peer_enter(r->peer, PEER_BODY, HEADER_DEADLINE_NS);
	r->refused = true;
	if (r->peer->refused) {
		refuse_user(r);
	} else if (!budget_take(r->api, r->peer->uid)) {
		r->api->refusals++;
		reply_failure(r, 429, "TooManyRequests",
			"more than %d requests a second; try again later", RATE_PER_SECOND);
	} else if (headers_fit(r) && find_route(r, method) && length_fits(r, goes_to_file(r))) {
		r->refused = false;
	}
}

/* ---- the body ---------------------------------------------------------------------------------- */

/* Returns: how many bytes were taken; the rest comes again. */
static size_t body_part(struct request *r, const char *bytes, size_t n)
{
	if (!r->refused && goes_to_file(r))
		n = upload_part(r, bytes, n);
	r->body_bytes += n;
	if (r->refused || goes_to_file(r))
		return n;
	if (!(r->route->flags & ROUTE_BODY)) {
		/* A GET with a body, a client's oddity: read and forgotten, within the limit. */
		r->refused = r->body_bytes > BODY_BYTES_MAX;
	} else if (r->body.n + n > BODY_BYTES_MAX) {
		/* Read on to the end without keeping it: MHD takes no answer in the middle. */
		r->refused = true;
		str_done(&r->body);
	} else {
		str_addn(&r->body, bytes, n);
	}
	return n;
}

static void finish(struct request *r)
{
	if (r->refused && !r->answered)
		reply_failure(r, 413, "RequestEntityTooLarge", "the body is larger than %d bytes",
			BODY_BYTES_MAX);
	else if (!r->answered)
		r->route->handler(r);
}

enum MHD_Result serve_part(void *data, struct MHD_Connection *http, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **request)
{
	struct request *r = *request;

	(void)data;
	(void)http;
	(void)url;
	(void)version;
	if (!r->begun) {
		r->begun = true;
		begin(r, method);
	} else if (*upload_size > 0) {
		*upload_size -= body_part(r, upload, *upload_size);
		/* What never ends is cut: a body of any size is only taken where it is wanted. */
		if (r->refused && r->body_bytes > 8 * BODY_BYTES_MAX)
			return MHD_NO;
	} else {
		peer_enter(r->peer, PEER_REPLY, REPLY_DEADLINE_NS);
		finish(r);
	}
	if (r->answered && r->peer->deadline_ns) {
		uint64_t limit =
			REPLY_DEADLINE_NS + r->reply_bytes / REPLY_BYTES_PER_SEC * NS_PER_SEC;

		peer_enter(r->peer, PEER_REPLY, limit);
	}
	return MHD_YES;
}
