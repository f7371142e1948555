/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a probe's request and answer, and what must hold beyond them: a request can be carried out as it
 * stands, with nothing to look up; a header has no line break in it; an answer's text is short.
 */
#include "agent/probe/wire.h"

#include "runtime/plan/record.h"

#include <arpa/inet.h>

static const char *const kind_names[] = {"http", "tcp", "grpc", NULL};
const char *const probe_result_names[] = {"success", "warning", "failure", "error", NULL};

#define REQUEST(member, kind) FIELD(struct probe_request, member, kind)
static const struct field request_fields[] = {
	{REQUEST(id, FIELD_U64)},
	{REQUEST(kind, FIELD_ENUM), .names = kind_names, .fallback = -1},
	{REQUEST(host, FIELD_STRING), .required = true},
	{REQUEST(port, FIELD_U32)},
	{REQUEST(path, FIELD_STRING)},
	{REQUEST(https, FIELD_BOOL)},
	{FIELD_LIST(struct probe_request, headers, FIELD_STRINGS)},
	{REQUEST(any_status, FIELD_BOOL)},
	{REQUEST(service, FIELD_STRING)},
	{REQUEST(timeout_ns, FIELD_U64)},
};
static const struct record request_record = RECORD(struct probe_request, request_fields);

#define ANSWER(member, kind) FIELD(struct probe_answer, member, kind)
static const struct field answer_fields[] = {
	{ANSWER(id, FIELD_U64)},
	{ANSWER(result, FIELD_ENUM), .names = probe_result_names, .fallback = -1},
	{ANSWER(text, FIELD_STRING)},
};
static const struct record answer_record = RECORD(struct probe_answer, answer_fields);

static int read_record(const struct record *r, struct sv text, void *ret, struct err *e)
{
	cleanup_json json_t *j = NULL;
	int code = json_parse(text, &j, e);

	return code < 0 ? code : record_decode(r, j, ret, e);
}

static bool numeric(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static int check_request(const struct probe_request *r, struct err *e)
{
	enum { PORT_MAX = 65535 };

	if ((int)r->kind < 0 || r->kind >= PROBE_KIND_MAX)
		return err_set(e, -EINVAL, "kind: must be http, tcp or grpc");
	if (!numeric(r->host))
		return err_set(e, -EINVAL, "host: must be an address in digits");
	if (r->port < 1 || r->port > PORT_MAX)
		return err_set(e, -EINVAL, "port: must be from 1 to 65535");
	if (r->timeout_ns == 0 || r->timeout_ns > INT64_MAX)
		return err_set(e, -EINVAL, "timeout_ns: must be above 0");
	for (size_t i = 0; i < r->n_headers; i++)
		if (strpbrk(r->headers[i], "\r\n") || !strchr(r->headers[i], ':'))
			return err_set(
				e, -EINVAL, "headers[%zu]: must be \"Name: value\" on one line", i);
	return 0;
}

int probe_request_read(struct sv text, struct probe_request *ret, struct err *e)
{
	int r = read_record(&request_record, text, ret, e);

	if (r < 0)
		return r;
	r = check_request(ret, e);
	if (r < 0)
		probe_request_done(ret);
	return r;
}

int probe_answer_read(struct sv text, struct probe_answer *ret, struct err *e)
{
	int r = read_record(&answer_record, text, ret, e);

	if (r < 0)
		return r;
	if ((int)ret->result >= 0 && (!ret->text || strlen(ret->text) <= PROBE_TEXT_MAX))
		return 0;
	probe_answer_done(ret);
	return err_set(e, -EINVAL, "an answer without a result, or with too much to say");
}

static char *write_record(const struct record *r, const void *value)
{
	cleanup_json json_t *j = record_encode(r, value);

	return json_text(j);
}

char *probe_request_write(const struct probe_request *r)
{
	return write_record(&request_record, r);
}

char *probe_answer_write(const struct probe_answer *a)
{
	return write_record(&answer_record, a);
}

void probe_request_copy(const struct probe_request *r, struct probe_request *ret)
{
	cleanup_json json_t *j = record_encode(&request_record, r);

	/* What one table has written, the same table reads. */
	if (record_decode(&request_record, j, ret, NULL) < 0)
		record_defaults(&request_record, ret);
}

void probe_request_done(struct probe_request *r)
{
	record_done(&request_record, r);
}

void probe_answer_done(struct probe_answer *a)
{
	record_done(&answer_record, a);
}
