/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way from a client to a descriptor: a ring of fixed size (safety R18). Who fills it asks for room
 * first, so nothing is ever lost or kept elsewhere.
 */
#ifndef AGENT_API_RING_H
#define AGENT_API_RING_H

#include <stddef.h>
#include <stdint.h>

enum { RING_BYTES = 64 << 10 };

/* {0} is an empty one, whose memory comes with the first byte. */
struct ring {
	uint8_t *p;
	size_t at, n;
};
void ring_done(struct ring *r);

size_t ring_room(const struct ring *r);
/** @n: at most ring_room(). Bytes are copied. */
void ring_put(struct ring *r, const void *bytes, size_t n);
/** Writes what the descriptor takes. Returns: 0 the ring is empty, -EAGAIN, or -errno: it takes no more. */
int ring_write(struct ring *r, int fd);

#endif
