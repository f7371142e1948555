/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gRPC health question and its answer: two messages of one field each, in a frame of five bytes, with the outcome
 * in the trailers. So small that no library of protocol buffers is worth its weight.
 * Source: gRPC over HTTP/2 ("Length-Prefixed-Message", "Trailers"); grpc.health.v1; protocol buffers' encoding.
 */
#include "agent/probe/reply.h"

enum { FRAME_HEAD = 5, TAG_SERVICE = 1 << 3 | 2, TAG_STATUS = 1 << 3 };
enum { GRPC_OK = 0, GRPC_DEADLINE = 4, GRPC_UNIMPLEMENTED = 12 };

static void add_varint(struct str *out, uint64_t v)
{
	do {
		unsigned char byte = (unsigned char)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));

		str_addn(out, &byte, 1);
		v >>= 7;
	} while (v);
}

void grpc_question(const char *service, struct str *ret)
{
	cleanup_str struct str body = {0};
	size_t n = strlen(service);

	if (n) {
		add_varint(&body, TAG_SERVICE);
		add_varint(&body, n);
		str_addn(&body, service, n);
	}
	const unsigned char head[FRAME_HEAD] = {0, (unsigned char)(body.n >> 24),
		(unsigned char)(body.n >> 16), (unsigned char)(body.n >> 8), (unsigned char)body.n};
	str_addn(ret, head, sizeof head);
	if (body.n)
		str_addn(ret, body.p, body.n);
}

/* 0 and the number, or -EBADMSG. */
static int cut_varint(struct sv *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned shift = 0; s->n && shift < 64; shift += 7) {
		unsigned char byte = (unsigned char)*s->p;

		s->p++;
		s->n--;
		v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = v;
			return 0;
		}
	}
	return -EBADMSG;
}

/* Over a field of wire type @type that is not ours. */
static int skip_field(struct sv *s, unsigned type)
{
	uint64_t n = type == 1 ? 8 : type == 5 ? 4 : 0;

	if (type == 0)
		return cut_varint(s, &n);
	if (type == 2 && cut_varint(s, &n) < 0)
		return -EBADMSG;
	if ((type != 1 && type != 2 && type != 5) || n > s->n)
		return -EBADMSG;
	s->p += n;
	s->n -= n;
	return 0;
}

/* HealthCheckResponse.status (0 when it is not there), or -EBADMSG. */
static int read_status(const struct str *body, uint64_t *ret)
{
	const unsigned char *p = (const unsigned char *)body->p;
	uint64_t tag;

	*ret = 0;
	/* Not compressed: nothing was said of compression in the question. */
	if (body->n < FRAME_HEAD || p[0] != 0)
		return -EBADMSG;
	struct sv s = {body->p + FRAME_HEAD, body->n - FRAME_HEAD};
	uint64_t n = (uint64_t)p[1] << 24 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 8 | p[4];
	if (n > s.n)
		return -EBADMSG;
	s.n = n;
	while (s.n) {
		int r = cut_varint(&s, &tag);

		if (r == 0 && tag == TAG_STATUS)
			r = cut_varint(&s, ret);
		else if (r == 0)
			r = skip_field(&s, (unsigned)(tag & 7));
		if (r < 0)
			return r;
	}
	return 0;
}

static char *say_status(const struct reply *r)
{
	static const char *const names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
	uint64_t status;

	if (read_status(&r->body, &status) < 0)
		return xstrdup(
			"error: health rpc probe failed: the answer is no HealthCheckResponse");
	if (status == 1)
		return NULL;
	if (status < ARRAY_SIZE(names))
		return xasprintf("service unhealthy (responded with \"%s\")", names[status]);
	return xasprintf("service unhealthy (responded with \"%llu\")", (unsigned long long)status);
}

/* "1s", "1.5s" */
static char *seconds(uint64_t ns)
{
	return xasprintf("%.9gs", (double)ns / 1e9);
}

/* NULL: it is serving. */
static char *grpc_text(const struct probe_request *q, const struct reply *r)
{
	cleanup_free char *at = reply_authority(q), *within = seconds(q->timeout_ns);
	const char *words = r->grpc_message ? r->grpc_message : "";

	if (r->headers_too_long)
		return xasprintf(
			"error: health rpc probe failed: the answer has more than %d bytes "
			"of headers",
			PROBE_HEADERS_MAX);
	if (r->end == REPLY_REFUSED)
		return xasprintf(
			"error: failed to connect service at \"%s\": dial tcp %s: connect: %s", at,
			at, r->trouble);
	if (r->end == REPLY_TIMEOUT && !r->connected)
		return xasprintf("timeout: failed to connect service \"%s\" within %s: context "
				 "deadline exceeded",
			at, within);
	if (r->end == REPLY_TIMEOUT || r->grpc_status == GRPC_DEADLINE)
		return xasprintf("timeout: health rpc did not complete within %s", within);
	if (r->grpc_status == GRPC_UNIMPLEMENTED)
		return xasprintf("error: this server does not implement the grpc health protocol "
				 "(grpc.health.v1.Health): %s",
			words);
	if (r->end == REPLY_BROKEN)
		return xasprintf("error: health rpc probe failed: %s",
			r->trouble ? r->trouble : "the connection broke");
	if (r->grpc_status < 0 || r->status != 200)
		return xasprintf(
			"error: health rpc probe failed: no gRPC answer, but HTTP status %ld",
			r->status);
	if (r->grpc_status != GRPC_OK)
		return xasprintf("error: health rpc probe failed: rpc error: code = %d desc = %s",
			r->grpc_status, words);
	return say_status(r);
}

enum probe_result grpc_verdict(
	const struct probe_request *q, const struct reply *r, char **ret_text)
{
	char *text = grpc_text(q, r);

	*ret_text = text ? reply_short(text) : NULL;
	return text ? PROBE_FAILURE : PROBE_SUCCESS;
}
