/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of an exec's client, in pieces: messages are taken apart into channels, nothing is kept without bound. */
#include "agent/api/ws.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

struct feed {
	const uint8_t *bytes;
	size_t n, at, piece, parts;
};

static ssize_t feed_recv(void *data, void *buf, size_t n)
{
	struct feed *f = data;

	if (f->at == f->n)
		return -EAGAIN;
	if (n > f->piece)
		n = f->piece;
	if (n > f->n - f->at)
		n = f->n - f->at;
	memcpy(buf, f->bytes + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static ssize_t feed_send(void *data, const void *buf, size_t n)
{
	(void)data;
	(void)buf;
	return (ssize_t)n;
}

static void feed_part(void *data, unsigned channel, const uint8_t *bytes, size_t n, bool end)
{
	struct feed *f = data;

	assert(channel <= 255);
	assert(end ? n == 0 : n > 0 && bytes);
	f->parts += n;
	assert(f->parts <= f->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct feed f = {.bytes = in + 1, .n = n ? n - 1 : 0, .piece = n ? (size_t)in[0] + 1 : 1};
	struct ws *w = ws_new(&(struct ws_calls){feed_recv, feed_send, feed_part, &f});

	while (f.at < f.n) {
		size_t before = f.at;

		if (ws_read(w) < 0 || ws_write(w) < 0 || f.at == before)
			break;
	}
	ws_queue(w, WS_STDOUT, "x", 1);
	ws_close(w, 1000);
	(void)ws_write(w);
	(void)ws_closed(w);
	ws_free(w);
	return 0;
}
