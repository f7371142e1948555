/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WebSocket side of `berth exec`: the upgrade by hand (libcurl 7.88 has none that Debian builds in), the frames
 * by wslay. Messages are at most 1 MiB, as the server's are. The descriptor is non-blocking once upgraded.
 */
#include "agent/cli/websocket.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

enum { MESSAGE_BYTES_MAX = 1 << 20, HEAD_BYTES_MAX = 16 << 10, REFUSAL_BYTES_MAX = 1 << 20 };
#define PROTOCOL "v5.channel.k8s.io"

struct websocket {
	int fd;
	wslay_event_context_ptr frames;
	int (*on_message)(void *data, enum ws_channel channel, struct sv bytes);
	void *data;
	struct str head; /* of the answer to the upgrade, and the first bytes of frames behind it */
	size_t used;	 /* how much of head has been consumed */
	int error;	 /* what on_message returned, or of the socket */
	bool paused;
	bool ended; /* the peer's end of stream was read */
};

static ssize_t recv_bytes(
	wslay_event_context_ptr frames, uint8_t *buf, size_t n, int flags, void *data)
{
	struct websocket *w = data;
	size_t early = w->head.n - w->used;
	ssize_t got;

	(void)flags;
	if (w->paused) {
		wslay_event_set_error(frames, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	if (early) {
		early = early < n ? early : n;
		memcpy(buf, w->head.p + w->used, early);
		w->used += early;
		return (ssize_t)early;
	}
	got = recv(w->fd, buf, n, 0);
	if (got > 0)
		return got;
	if (got == 0)
		w->ended = true;
	else if (errno != EAGAIN && errno != EINTR)
		w->error = -errno;
	wslay_event_set_error(frames, got < 0 && (errno == EAGAIN || errno == EINTR)
					      ? WSLAY_ERR_WOULDBLOCK
					      : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t send_bytes(
	wslay_event_context_ptr frames, const uint8_t *bytes, size_t n, int flags, void *data)
{
	struct websocket *w = data;
	ssize_t sent =
		send(w->fd, bytes, n, MSG_NOSIGNAL | ((flags & WSLAY_MSG_MORE) ? MSG_MORE : 0));

	if (sent >= 0)
		return sent;
	if (errno != EAGAIN && errno != EINTR)
		w->error = -errno;
	wslay_event_set_error(frames, errno == EAGAIN || errno == EINTR
					      ? WSLAY_ERR_WOULDBLOCK
					      : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static int make_mask(wslay_event_context_ptr frames, uint8_t *buf, size_t n, void *data)
{
	(void)frames;
	(void)data;
	return getrandom(buf, n, 0) == (ssize_t)n ? 0 : -1;
}

static void take_message(
	wslay_event_context_ptr frames, const struct wslay_event_on_msg_recv_arg *m, void *data)
{
	struct websocket *w = data;

	(void)frames;
	if (wslay_is_ctrl_frame(m->opcode) || m->msg_length == 0 || w->error)
		return;
	w->error = w->on_message(w->data, (enum ws_channel)m->msg[0],
		(struct sv){(const char *)m->msg + 1, m->msg_length - 1});
}

static int send_upgrade(struct websocket *w, const char *path, const char *key, struct err *e)
{
	cleanup_free char *text = xasprintf("GET %s HTTP/1.1\r\n"
					    "Host: berth\r\n"
					    "Upgrade: websocket\r\n"
					    "Connection: Upgrade\r\n"
					    "Sec-WebSocket-Key: %s\r\n"
					    "Sec-WebSocket-Version: 13\r\n"
					    "Sec-WebSocket-Protocol: " PROTOCOL "\r\n\r\n",
		path, key);
	size_t left = strlen(text);

	for (const char *p = text; left;) {
		ssize_t sent = send(w->fd, p, left, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return err_errno(e, -errno, "asking berthd to upgrade the connection");
		p += sent;
		left -= (size_t)sent;
	}
	return 0;
}

/* Reads up to and with the empty line. Returns: the length of the head. */
static ssize_t read_head(struct websocket *w, struct err *e)
{
	char piece[4096];

	for (;;) {
		const char *end = w->head.n ? memmem(w->head.p, w->head.n, "\r\n\r\n", 4) : NULL;
		ssize_t got;

		if (end)
			return end + 4 - w->head.p;
		if (w->head.n > HEAD_BYTES_MAX)
			return err_set(e, -EPROTO, "berthd's answer to the upgrade has no end");
		got = recv(w->fd, piece, sizeof piece, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, -errno, "waiting for berthd to upgrade the connection");
		if (got == 0)
			return err_set(e, -ECONNRESET,
				"berthd closed the connection instead of upgrading it");
		str_addn(&w->head, piece, (size_t)got);
	}
}

/* The value of a header line of the head, trimmed; empty when it is missing. */
static struct sv header(struct sv head, const char *name)
{
	size_t n = strlen(name);

	while (head.n) {
		struct sv line = sv_cut(&head, '\n');

		if (line.n > n && line.p[n] == ':' && strncasecmp(line.p, name, n) == 0)
			return sv_trim((struct sv){line.p + n + 1, line.n - n - 1});
	}
	return (struct sv){"", 0};
}

/* The server said no: collects the rest of its answer. */
static int read_refusal(struct websocket *w, struct sv head, struct response *ret)
{
	uint64_t length = REFUSAL_BYTES_MAX;
	char piece[4096];
	ssize_t got;

	(void)parse_u64(header(head, "Content-Length"), &length);
	str_addn(&ret->body, w->head.p + head.n, w->head.n - head.n);
	while (ret->body.n < length && ret->body.n < REFUSAL_BYTES_MAX) {
		got = recv(w->fd, piece, sizeof piece, 0);
		if (got <= 0)
			break;
		str_addn(&ret->body, piece, (size_t)got);
	}
	ret->json = json_loadb(ret->body.p ? ret->body.p : "", ret->body.n, 0, NULL);
	return 1;
}

/* Source: RFC 6455, 4.1: SHA-1 of the key and a fixed text, in base64. */
static bool accepts(struct sv head, const char *key)
{
	static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	cleanup_free char *text = xasprintf("%s%s", key, magic), *want = NULL;
	unsigned char digest[20];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, text, strlen(text), digest) < 0)
		return false;
	want = base64_encode(digest, sizeof digest);
	return sv_eq(header(head, "Sec-WebSocket-Accept"), want) &&
	       sv_eq(header(head, "Sec-WebSocket-Protocol"), PROTOCOL);
}

static int upgrade(
	struct websocket *w, const char *path, struct response *ret_refusal, struct err *e)
{
	unsigned char random[16];
	cleanup_free char *key = NULL;
	struct sv head, status;
	uint64_t code = 0;
	ssize_t n;
	int r;

	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return err_errno(e, -errno, "getrandom");
	key = base64_encode(random, sizeof random);
	r = send_upgrade(w, path, key, e);
	if (r < 0)
		return r;
	n = read_head(w, e);
	if (n < 0)
		return (int)n;
	head = (struct sv){w->head.p, (size_t)n};
	status = head;
	(void)sv_cut(&status, ' ');
	if (parse_u64(sv_cut(&status, ' '), &code) < 0)
		return err_set(e, -EPROTO, "berthd's answer to the upgrade is no HTTP");
	if (code != 101) {
		ret_refusal->code = (long)code;
		return read_refusal(w, head, ret_refusal);
	}
	if (!accepts(head, key))
		return err_set(e, -EPROTO,
			"berthd upgraded the connection to something else than " PROTOCOL);
	w->used = (size_t)n;
	return 0;
}

int websocket_open(struct client *c, const char *path,
	int (*on_message)(void *data, enum ws_channel channel, struct sv bytes), void *data,
	struct websocket **ret, struct response *ret_refusal, struct err *e)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = recv_bytes,
		.send_callback = send_bytes,
		.genmask_callback = make_mask,
		.on_msg_recv_callback = take_message,
	};
	CLEANUP(websocket_free) struct websocket *w = xcalloc(1, sizeof *w);
	int r;

	w->on_message = on_message;
	w->data = data;
	w->fd = client_connect(c, e);
	if (w->fd < 0)
		return w->fd;
	*ret_refusal = (struct response){0};
	r = upgrade(w, path, ret_refusal, e);
	if (r != 0)
		return r;
	if (fcntl(w->fd, F_SETFL, O_NONBLOCK) < 0)
		return err_errno(e, -errno, "making the connection non-blocking");
	if (wslay_event_context_client_init(&w->frames, &callbacks, w) != 0)
		abort();
	wslay_event_config_set_max_recv_msg_length(w->frames, MESSAGE_BYTES_MAX);
	*ret = take(w);
	return 0;
}

void websocket_free(struct websocket *own_w)
{
	if (!own_w)
		return;
	if (own_w->frames)
		wslay_event_context_free(own_w->frames);
	str_done(&own_w->head);
	if (own_w->fd >= 0)
		(void)close(own_w->fd);
	free(own_w);
}

int websocket_fd(const struct websocket *w)
{
	return w->fd;
}

short websocket_events(const struct websocket *w)
{
	if (w->ended)
		return 0;
	return (short)((wslay_event_want_read(w->frames) && !w->paused ? POLLIN : 0) |
		       (wslay_event_want_write(w->frames) ? POLLOUT : 0));
}

int websocket_send(struct websocket *w, enum ws_channel channel, struct sv bytes)
{
	cleanup_free uint8_t *message = xmalloc(bytes.n + 1);
	struct wslay_event_msg m = {
		.opcode = WSLAY_BINARY_FRAME, .msg = message, .msg_length = bytes.n + 1};

	message[0] = (uint8_t)channel;
	if (bytes.n)
		memcpy(message + 1, bytes.p, bytes.n);
	return wslay_event_queue_msg(w->frames, &m) == 0 ? 0 : -EPIPE;
}

void websocket_pause(struct websocket *w, bool paused)
{
	w->paused = paused;
}

size_t websocket_queued(const struct websocket *w)
{
	return wslay_event_get_queued_msg_length(w->frames);
}

int websocket_step(struct websocket *w)
{
	if (wslay_event_recv(w->frames) != 0 && !w->ended && !w->error)
		return -EPROTO;
	if (w->error)
		return w->error;
	if (w->ended)
		return -ECONNRESET;
	if (wslay_event_send(w->frames) != 0)
		return w->error ? w->error : -EPROTO;
	return w->error;
}
