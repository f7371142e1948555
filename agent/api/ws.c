/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The framing is wslay's; here messages are taken apart into channels as they come, without buffering them, and the
 * handshake's few rules stand.
 */
#include "agent/api/ws.h"
#include "runtime/base/str.h"

#include <nettle/sha1.h>
#include <strings.h>
#include <wslay/wslay.h>

struct ws {
	wslay_event_context_ptr context;
	struct ws_calls calls;
	bool control_frame, in_message;
	int channel; /* of the current message; -1: its first byte has not come */
	bool last_frame;
	uint16_t close_code; /* 0: none, or sent */
};

static ssize_t on_recv(
	wslay_event_context_ptr context, uint8_t *buf, size_t n, int flags, void *data)
{
	struct ws *w = data;
	ssize_t got;

	(void)flags;
	/* Answers to pings are queued too: who does not read them is not read from. */
	got = ws_queued(w) > 2 * WS_QUEUED_MAX ? -EAGAIN : w->calls.recv(w->calls.data, buf, n);
	if (got > 0)
		return got;
	wslay_event_set_error(
		context, got == -EAGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t on_send(
	wslay_event_context_ptr context, const uint8_t *buf, size_t n, int flags, void *data)
{
	struct ws *w = data;
	ssize_t done = w->calls.send(w->calls.data, buf, n);

	(void)flags;
	if (done >= 0)
		return done;
	wslay_event_set_error(
		context, done == -EAGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static void on_frame(wslay_event_context_ptr context,
	const struct wslay_event_on_frame_recv_start_arg *frame, void *data)
{
	struct ws *w = data;

	(void)context;
	w->control_frame = wslay_is_ctrl_frame(frame->opcode);
	if (w->control_frame)
		return;
	if (frame->opcode != WSLAY_CONTINUATION_FRAME)
		w->channel = -1;
	w->last_frame = frame->fin;
}

static void on_chunk(wslay_event_context_ptr context,
	const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *data)
{
	struct ws *w = data;
	const uint8_t *bytes = chunk->data;
	size_t n = chunk->data_length;

	(void)context;
	if (w->control_frame || n == 0)
		return;
	if (w->channel < 0) {
		w->channel = *bytes++;
		n--;
	}
	if (n > 0)
		w->calls.part(w->calls.data, (unsigned)w->channel, bytes, n, false);
}

static void on_frame_end(wslay_event_context_ptr context, void *data)
{
	struct ws *w = data;

	(void)context;
	if (!w->control_frame && w->last_frame && w->channel >= 0)
		w->calls.part(w->calls.data, (unsigned)w->channel, NULL, 0, true);
}

struct ws *ws_new(const struct ws_calls *calls)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_recv,
		.send_callback = on_send,
		.on_frame_recv_start_callback = on_frame,
		.on_frame_recv_chunk_callback = on_chunk,
		.on_frame_recv_end_callback = on_frame_end,
	};
	struct ws *w = xcalloc(1, sizeof *w);

	*w = (struct ws){.calls = *calls, .channel = -1};
	if (wslay_event_context_server_init(&w->context, &callbacks, w) != 0)
		abort();
	wslay_event_config_set_no_buffering(w->context, 1);
	/* Of one frame; the payload is handed on in pieces. */
	wslay_event_config_set_max_recv_msg_length(w->context, 1 << 20);
	return w;
}

void ws_free(struct ws *own_w)
{
	if (!own_w)
		return;
	wslay_event_context_free(own_w->context);
	free(own_w);
}

int ws_read(struct ws *w)
{
	if (!wslay_event_get_read_enabled(w->context))
		return 0;
	return wslay_event_recv(w->context) == 0 ? 0 : -EPIPE;
}

int ws_write(struct ws *w)
{
	if (wslay_event_send(w->context) != 0)
		return -EPIPE;
	if (!w->close_code || wslay_event_want_write(w->context))
		return 0;
	/* Only now: wslay sends control frames before the messages that wait, and drops those. */
	(void)wslay_event_queue_close(w->context, w->close_code, NULL, 0);
	w->close_code = 0;
	return wslay_event_send(w->context) == 0 ? 0 : -EPIPE;
}

void ws_queue(struct ws *w, unsigned channel, const void *bytes, size_t n)
{
	uint8_t message[1 + WS_PART_MAX];
	struct wslay_event_msg m = {
		.opcode = WSLAY_BINARY_FRAME, .msg = message, .msg_length = n + 1};

	if (n > WS_PART_MAX)
		abort();
	message[0] = (uint8_t)channel;
	if (n > 0)
		memcpy(message + 1, bytes, n);
	/* Refused after a close frame only, when nobody listens any more. */
	(void)wslay_event_queue_msg(w->context, &m);
}

void ws_close(struct ws *w, uint16_t code)
{
	w->close_code = code;
}

size_t ws_queued(struct ws *w)
{
	return wslay_event_get_queued_msg_length(w->context);
}

bool ws_wants_write(struct ws *w)
{
	return w->close_code || wslay_event_want_write(w->context);
}

bool ws_closed(struct ws *w)
{
	return wslay_event_get_close_received(w->context) && wslay_event_get_close_sent(w->context);
}

/* ---- handshake --------------------------------------------------------------------------------- */

int ws_accept_key(const char *key, char out[WS_ACCEPT_SIZE])
{
	static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
	cleanup_free char *text = NULL, *encoded = NULL;
	cleanup_free void *raw = NULL;
	struct sha1_ctx sha1;
	uint8_t hash[SHA1_DIGEST_SIZE];
	size_t n = 0;

	if (!key || base64_decode(sv(key), &raw, &n) < 0 || n != 16)
		return -EBADMSG;
	text = xasprintf("%s%s", key, magic);
	sha1_init(&sha1);
	sha1_update(&sha1, strlen(text), (const uint8_t *)text);
	sha1_digest(&sha1, sizeof hash, hash);
	encoded = base64_encode(hash, sizeof hash);
	(void)snprintf(out, WS_ACCEPT_SIZE, "%s", encoded);
	return 0;
}

bool ws_has_token(const char *list, const char *token)
{
	struct sv left = sv(list ? list : "");
	size_t n = strlen(token);

	while (left.n > 0) {
		struct sv item = sv_trim(sv_cut(&left, ','));

		if (item.n == n && strncasecmp(item.p, token, n) == 0)
			return true;
	}
	return false;
}

int ws_choose_version(const char *protocols)
{
	struct sv left = sv(protocols ? protocols : "");

	/* The client's order is its preference. */
	while (left.n > 0) {
		struct sv item = sv_trim(sv_cut(&left, ','));

		if (sv_eq(item, "v5.channel.k8s.io"))
			return 5;
		if (sv_eq(item, "v4.channel.k8s.io"))
			return 4;
	}
	return -EPROTONOSUPPORT;
}
