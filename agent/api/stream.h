/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer that goes on: watches, logs, progress. Chunks are queued and sent as the client takes them; chunks may be
 * shared by many streams. The producer is asked for more when the queue has run empty, and told when
 * the client has gone.
 */
#ifndef AGENT_API_STREAM_H
#define AGENT_API_STREAM_H

#include "agent/api/server.h"

/* Bytes with a count of users. */
struct chunk {
	unsigned users;
	size_t n;
	char bytes[];
};
/** A chunk with one user. */
struct chunk *chunk_new(const void *bytes, size_t n);
struct chunk *chunk_use(struct chunk *c);
void chunk_drop(struct chunk *own_c);
DEFINE_CLEANUP(struct chunk, chunk_drop);

struct stream_calls {
	/* Everything queued has gone to the kernel: more may be written (or nothing, until there is more). */
	void (*drained)(void *data);
	/* The connection has ended; the stream is gone when this returns. The last call. */
	void (*closed)(void *data);
	void *data;
};

/** Answers @r with 200 and a body that goes on. */
struct stream *stream_open(
	struct request *r, const char *content_type, const struct stream_calls *calls);
/** Queues bytes; the chunk is consumed. */
void stream_put(struct stream *s, struct chunk *own_chunk);
void stream_write(struct stream *s, const void *bytes, size_t n);
/** How many bytes wait. */
size_t stream_waiting(const struct stream *s);
/** No more will come: the answer ends behind what is queued. */
void stream_end(struct stream *s);
/** Ends all streams of the server at once, for its stop. */
void streams_stop(struct api *a);

#endif
