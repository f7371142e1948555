/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. Every failure is a Status object with the reason, code and details that kubectl and the
 * client libraries read. Source: k8s.io/apimachinery metav1.Status, api/errors.
 */
#include "agent/api/request.h"
#include "agent/api/routes.h"

#include <assert.h>
#include <stdarg.h>

static const struct {
	const char *reason;
	unsigned code;
} reasons[] = {
	{"BadRequest", 400},
	{"Unauthorized", 401},
	{"Forbidden", 403},
	{"NotFound", 404},
	{"MethodNotAllowed", 405},
	{"NotAcceptable", 406},
	{"AlreadyExists", 409},
	{"Conflict", 409},
	{"Gone", 410},
	{"Expired", 410},
	{"RequestEntityTooLarge", 413},
	{"UnsupportedMediaType", 415},
	{"Invalid", 422},
	{"TooManyRequests", 429},
	{"InternalError", 500},
	{"ServiceUnavailable", 503},
	{"Timeout", 504},
	{"InsufficientStorage", 507},
};

unsigned status_code(const char *reason)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (streq(reason, reasons[i].reason))
			return reasons[i].code;
	return 500;
}

json_t *status_failure(unsigned code, const char *reason, const char *message, json_t *own_details)
{
	json_t *status = json_object();

	json_put_str(status, "kind", "Status");
	json_put_str(status, "apiVersion", "v1");
	json_put(status, "metadata", json_object());
	json_put_str(status, "status", "Failure");
	json_put_str(status, "message", message);
	json_put_str(status, "reason", reason);
	if (own_details)
		json_put(status, "details", own_details);
	json_put_int(status, "code", code);
	return status;
}

json_t *status_of_err(const struct err *e)
{
	const char *reason = err_api_reason(e);

	return status_failure(status_code(reason), reason, err_text(e), NULL);
}

/* ---- headers ----------------------------------------------------------------------------------- */

const char *request_header(const struct request *r, const char *name)
{
	return MHD_lookup_connection_value(r->http, MHD_HEADER_KIND, name);
}

void request_warn(struct request *r, const char *text)
{
	/* A client shows each; more than these would only fill the header. */
	if (r->n_warnings == 32)
		return;
	GROW(r->warnings, r->n_warnings + 1, r->warnings_cap);
	r->warnings[r->n_warnings++] = xstrdup(text);
}

/* RFC 9110 quoted-string; control characters and long texts are cut. */
static void add_warning(struct MHD_Response *response, const char *text)
{
	cleanup_str struct str value = {0};

	str_add(&value, "299 - \"");
	for (size_t i = 0; text[i] && i < 1024; i++) {
		if (text[i] == '"' || text[i] == '\\')
			str_add(&value, "\\");
		if ((unsigned char)text[i] >= ' ' && text[i] != 0x7f)
			str_addn(&value, &text[i], 1);
	}
	str_add(&value, "\"");
	(void)MHD_add_response_header(response, "Warning", value.p);
}

void reply_response(struct request *r, unsigned code, struct MHD_Response *own_response)
{
	assert(!r->answered);
	for (size_t i = 0; i < r->n_warnings; i++)
		add_warning(own_response, r->warnings[i]);
	/* Clients try again by themselves when they are told when. */
	if (code == 429)
		(void)MHD_add_response_header(own_response, "Retry-After", "1");
	if (r->refused)
		(void)MHD_add_response_header(own_response, "Connection", "close");
	(void)MHD_queue_response(r->http, code, own_response);
	MHD_destroy_response(own_response);
	r->answered = true;
}

void reply_text(
	struct request *r, unsigned code, const char *content_type, char *own_text, size_t n)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(n, own_text, MHD_RESPMEM_MUST_FREE);

	r->reply_bytes = n;
	(void)MHD_add_response_header(response, "Content-Type", content_type);
	(void)MHD_add_response_header(response, "Cache-Control", "no-cache, private");
	reply_response(r, code, response);
}

void reply_json_as(struct request *r, unsigned code, const char *content_type, json_t *own_j)
{
	char *text = json_text(own_j);

	json_decref(own_j);
	reply_text(r, code, content_type, text, strlen(text));
}

void reply_json(struct request *r, unsigned code, json_t *own_j)
{
	reply_json_as(r, code, "application/json", own_j);
}

/* ---- failures ---------------------------------------------------------------------------------- */

static json_t *details_of(const struct request *r)
{
	json_t *details;

	if (!r->kind)
		return NULL;
	details = json_object();
	json_put_str(details, "name", r->name);
	if (r->kind->group[0])
		json_put_str(details, "group", r->kind->group);
	json_put_str(details, "kind", r->kind->plural);
	return details;
}

void reply_failure(struct request *r, unsigned code, const char *reason, const char *format, ...)
{
	char message[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(message, sizeof message, format, ap);
	va_end(ap);
	reply_json(r, code, status_failure(code, reason, message, details_of(r)));
}

void reply_err(struct request *r, const struct err *e)
{
	const char *reason = err_api_reason(e);
	unsigned code = status_code(reason);
	json_t *details = details_of(r), *cause;

	if (e->field[0]) {
		if (!details)
			details = json_object();
		cause = json_object();
		json_put_str(cause, "message", err_text(e));
		json_put_str(cause, "field", e->field);
		json_put(details, "causes", json_array());
		json_push(json_list(details, "causes"), cause);
	}
	reply_json(r, code, status_failure(code, reason, err_text(e), details));
}

void reply_problems(
	struct request *r, const struct problems *p, const struct kind *k, const char *name)
{
	json_t *status = problems_status(p, k->group, k->kind, name);

	reply_json(r, (unsigned)json_int(status, "code", 422), status);
}

void reply_gone(struct request *r, const json_t *object)
{
	const json_t *meta = json_map(object, "metadata");
	json_t *status = json_object(), *details = details_of(r);

	if (!details)
		details = json_object();
	json_put_str(details, "name", json_str(meta, "name"));
	json_put_str(details, "uid", json_str(meta, "uid"));
	json_put_str(status, "kind", "Status");
	json_put_str(status, "apiVersion", "v1");
	json_put(status, "metadata", json_object());
	json_put_str(status, "status", "Success");
	json_put(status, "details", details);
	reply_json(r, 200, status);
}
