/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what came back over the wire to a verdict, and from a request to what goes out: the pure part of berth-probe.
 * Source: the kubelet's verdicts and their words; gRPC over HTTP/2; the gRPC health checking protocol.
 */
#ifndef AGENT_PROBE_REPLY_H
#define AGENT_PROBE_REPLY_H

#include "agent/probe/wire.h"

/* How the exchange ended. */
enum reply_end {
	REPLY_WHOLE,   /* as far as it was to be read */
	REPLY_TIMEOUT, /* the deadline came first */
	REPLY_REFUSED, /* no connection; .trouble says why */
	REPLY_BROKEN,  /* .trouble says how */
};

/* What of it has been seen. {.grpc_status = -1} before the first byte. */
struct reply {
	enum reply_end end;
	const char *trouble; /* borrowed; NULL: none */
	long status;	     /* of HTTP; 0: no status line came */
	size_t header_bytes;
	bool connected, headers_whole, headers_too_long, body_full;
	struct str body; /* at most PROBE_BODY_MAX bytes */
	int grpc_status; /* -1: none came */
	char *grpc_message;
};
void reply_done(struct reply *r);

/** Takes a line of the headers or the trailers. False: too many bytes, read no more. */
bool reply_header(struct reply *r, struct sv line);
/** Takes bytes of the body. False: enough, read no more. */
bool reply_body(struct reply *r, struct sv bytes);

/** "10.0.0.1:80", "[::1]:80". Owned by the caller. */
char *reply_authority(const struct probe_request *q);
/** The address to ask, with nothing in it that could break a request line. Owned by the caller. */
char *reply_url(const struct probe_request *q);

/** Makes a text of UTF-8 fit for people, in place: one line, at most PROBE_TEXT_MAX bytes. Returns: @own_text. */
char *reply_short(char *own_text);

/** The verdict. @ret_text: for people, owned by the caller, at most PROBE_TEXT_MAX bytes; NULL: nothing to say. */
enum probe_result http_verdict(
	const struct probe_request *q, const struct reply *r, char **ret_text);
enum probe_result tcp_verdict(
	const struct probe_request *q, const struct reply *r, char **ret_text);
enum probe_result grpc_verdict(
	const struct probe_request *q, const struct reply *r, char **ret_text);

/** The message that asks the health service about @service, framed. */
void grpc_question(const char *service, struct str *ret);

#endif
