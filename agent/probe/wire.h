/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What berth-probe is asked and what it answers: one JSON object each. berthd believes nothing of an answer: who
 * reads strangers' bytes may have been taken over by them.
 */
#ifndef AGENT_PROBE_WIRE_H
#define AGENT_PROBE_WIRE_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* "http", "tcp", "grpc" */
enum probe_kind { PROBE_HTTP, PROBE_TCP, PROBE_GRPC, PROBE_KIND_MAX };

/* What came of one probe. */
enum probe_result {
	PROBE_SUCCESS, /* "success" */
	PROBE_WARNING, /* "warning": counts as success, and people are told */
	PROBE_FAILURE, /* "failure" */
	PROBE_ERROR,   /* "error": it could not be asked; counts as nothing */
	PROBE_RESULT_MAX
};
extern const char *const probe_result_names[];

enum {
	PROBE_SOCKET_FD = 3,	      /* of `berth-probe serve` */
	PROBE_MESSAGE_MAX = 80 << 10, /* bytes of a request or an answer */
	PROBE_TEXT_MAX = 1 << 10,     /* bytes of an answer's text */
	PROBES_AT_ONCE = 64,	      /* safety R25 */
	PROBE_HEADERS_MAX = 8 << 10,  /* bytes of an answer's headers */
	PROBE_BODY_MAX = 10 << 10,    /* bytes of its body that are read, as the kubelet has it */
};

struct probe_request {
	uint64_t id; /* given back in the answer */
	enum probe_kind kind;
	char *host; /* a numeric address: nothing is looked up */
	uint32_t port;
	char *path;	/* http, with its query; NULL: "/" */
	bool https;	/* certificates are not looked at */
	char **headers; /* http: "Name: value" */
	size_t n_headers;
	bool any_status;     /* http: every answer is a success (lifecycle hooks) */
	char *service;	     /* grpc; NULL: "" */
	uint64_t timeout_ns; /* for all of it, from the moment it is asked */
};

struct probe_answer {
	uint64_t id;
	enum probe_result result;
	char *text; /* for people, UTF-8; NULL: nothing to say */
};

/** Returns: 0 and @ret, the caller's; -EBADMSG, -EINVAL with a message. */
int probe_request_read(struct sv text, struct probe_request *ret, struct err *e);
int probe_answer_read(struct sv text, struct probe_answer *ret, struct err *e);
/** Returns: text that the caller owns. */
char *probe_request_write(const struct probe_request *r);
char *probe_answer_write(const struct probe_answer *a);
/** @ret is overwritten. */
void probe_request_copy(const struct probe_request *r, struct probe_request *ret);
void probe_request_done(struct probe_request *r);
void probe_answer_done(struct probe_answer *a);
#define cleanup_probe_request __attribute__((cleanup(probe_request_done)))
#define cleanup_probe_answer __attribute__((cleanup(probe_answer_done)))

#endif
