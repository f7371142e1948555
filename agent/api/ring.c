/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring: `at` is where the oldest byte stands, `n` how many there are.
 */
#include "agent/api/ring.h"

#include "runtime/base/own.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

void ring_done(struct ring *r)
{
	free(r->p);
	*r = (struct ring){0};
}

size_t ring_room(const struct ring *r)
{
	return RING_BYTES - r->n;
}

void ring_put(struct ring *r, const void *bytes, size_t n)
{
	size_t end = (r->at + r->n) % RING_BYTES;
	size_t first = n < RING_BYTES - end ? n : RING_BYTES - end;

	assert(n <= ring_room(r));
	if (n == 0)
		return;
	if (!r->p)
		r->p = xmalloc(RING_BYTES);
	memcpy(r->p + end, bytes, first);
	memcpy(r->p, (const uint8_t *)bytes + first, n - first);
	r->n += n;
}

/* A socket whose other side has gone must not end the agent; a pipe does not either, for the signal is ignored. */
static ssize_t put_out(int fd, const void *bytes, size_t n)
{
	ssize_t done = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	return done < 0 && errno == ENOTSOCK ? write(fd, bytes, n) : done;
}

int ring_write(struct ring *r, int fd)
{
	while (r->n > 0) {
		size_t n = r->n < RING_BYTES - r->at ? r->n : RING_BYTES - r->at;
		ssize_t done = put_out(fd, r->p + r->at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		r->at = (r->at + (size_t)done) % RING_BYTES;
		r->n -= (size_t)done;
	}
	return 0;
}
