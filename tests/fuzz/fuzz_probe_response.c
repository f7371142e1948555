/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container answers to a probe, and what berth-probe answers to berthd. The first byte chooses: headers and a body (split
 * at the first NUL) to a verdict over HTTP or gRPC; or an answer's JSON.
 */
#include "agent/probe/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* A text for people is short, of one line, and UTF-8. */
static void check_text(const char *text)
{
	size_t n = text ? strlen(text) : 0;

	must(n <= PROBE_TEXT_MAX);
	for (size_t i = 0; i < n;) {
		size_t one = utf8_length(text + i, n - i);

		must(one > 0 && (unsigned char)text[i] >= ' ');
		i += one;
	}
}

static void read_reply(struct sv bytes, enum probe_kind kind, enum reply_end end)
{
	char host[] = "10.0.0.1";
	const struct probe_request q = {.kind = kind, .host = host, .port = 80, .timeout_ns = 1};
	struct reply r = {.grpc_status = -1, .end = end, .connected = true, .trouble = "broken"};
	struct sv head = sv_cut(&bytes, '\0');
	char *text = NULL;
	bool more = true;

	while (more && head.n)
		more = reply_header(&r, sv_cut(&head, '\n'));
	r.status = more ? 100 + (long)(r.header_bytes % 500) : 0;
	if (more)
		(void)reply_body(&r, bytes);
	must(r.body.n <= PROBE_BODY_MAX);
	if (kind == PROBE_GRPC)
		(void)grpc_verdict(&q, &r, &text);
	else
		(void)http_verdict(&q, &r, &text);
	check_text(text);
	free(text);
	reply_done(&r);
}

static void read_answer(struct sv bytes)
{
	cleanup_probe_answer struct probe_answer a = {0}, again = {0};
	struct err e = {0};

	if (probe_answer_read(bytes, &a, &e) < 0) {
		must(e.msg[0] != '\0');
		return;
	}
	cleanup_free char *text = probe_answer_write(&a);
	must(probe_answer_read(sv(text), &again, &e) == 0 && again.result == a.result &&
		again.id == a.id);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct sv bytes = {(const char *)in + 1, n - 1};

	if (n == 0)
		return 0;
	if (in[0] == '{')
		read_answer((struct sv){(const char *)in, n});
	else
		read_reply(bytes, in[0] & 1 ? PROBE_GRPC : PROBE_HTTP,
			(enum reply_end)(in[0] >> 1 & 3));
	return 0;
}
