/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams over libmicrohttpd: its content reader takes from our queue; with an empty queue the
 * connection is suspended. MHD does not look at a suspended connection, so a second descriptor of the
 * socket watches for the client's end.
 */
#include "agent/api/stream.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <utlist.h>

struct link {
	struct chunk *chunk;
	struct link *next;
};

struct stream {
	struct api *api;
	struct peer *peer;
	struct MHD_Connection *http;
	struct stream_calls calls;
	sd_event_source *hangup;
	struct link *first, *last;
	size_t at, waiting; /* bytes taken of the first chunk; bytes in all */
	bool suspended, ended, asking;
	struct stream *prev, *next;
};

struct chunk *chunk_new(const void *bytes, size_t n)
{
	struct chunk *c = xmalloc(sizeof *c + n);

	c->users = 1;
	c->n = n;
	memcpy(c->bytes, bytes, n);
	return c;
}

struct chunk *chunk_use(struct chunk *c)
{
	c->users++;
	return c;
}

void chunk_drop(struct chunk *own_c)
{
	if (own_c && --own_c->users == 0)
		free(own_c);
}

static void drop_first(struct stream *s)
{
	struct link *link = s->first;

	s->first = link->next;
	if (!s->first)
		s->last = NULL;
	chunk_drop(link->chunk);
	free(link);
	s->at = 0;
}

static size_t take_bytes(struct stream *s, char *buf, size_t max)
{
	size_t done = 0;

	while (s->first && done < max) {
		struct chunk *c = s->first->chunk;
		size_t n = c->n - s->at < max - done ? c->n - s->at : max - done;

		memcpy(buf + done, c->bytes + s->at, n);
		done += n;
		s->at += n;
		if (s->at == c->n)
			drop_first(s);
	}
	s->waiting -= done;
	return done;
}

/* MHD wants bytes. Source: microhttpd.h, MHD_ContentReaderCallback: 0 is allowed after a suspend only. */
static ssize_t read_queue(void *data, uint64_t position, char *buf, size_t max)
{
	struct stream *s = data;

	(void)position;
	if (s->waiting == 0 && !s->ended && s->calls.drained) {
		s->asking = true;
		s->calls.drained(s->calls.data);
		s->asking = false;
	}
	if (s->waiting > 0)
		return (ssize_t)take_bytes(s, buf, max);
	if (s->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	s->suspended = true;
	MHD_suspend_connection(s->http);
	return 0;
}

static void wake(struct stream *s)
{
	if (!s->suspended || s->asking)
		return;
	s->suspended = false;
	MHD_resume_connection(s->http);
	server_kick(s->api);
}

static int hung_up(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct stream *s = data;

	(void)fd;
	(void)events;
	(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	peer_cut(s->peer);
	s->ended = true;
	wake(s);
	return 0;
}

static void free_stream(void *data)
{
	struct stream *s = data;

	if (s->calls.closed)
		s->calls.closed(s->calls.data);
	DL_DELETE(s->api->streams, s);
	(void)sd_event_source_disable_unref(s->hangup);
	while (s->first)
		drop_first(s);
	free(s);
}

static void watch_hangup(struct stream *s)
{
	int fd = fcntl(s->peer->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return;
	/* Without it a client that goes while nothing is sent is noticed at the next write. */
	if (sd_event_add_io(s->api->o.loop, &s->hangup, fd, EPOLLRDHUP, hung_up, s) < 0 ||
		sd_event_source_set_io_fd_own(s->hangup, true) < 0)
		(void)close(fd);
}

struct stream *stream_open(
	struct request *r, const char *content_type, const struct stream_calls *calls)
{
	struct stream *s = xcalloc(1, sizeof *s);
	struct MHD_Response *response;

	*s = (struct stream){.api = r->api, .peer = r->peer, .http = r->http, .calls = *calls};
	DL_APPEND(r->api->streams, s);
	watch_hangup(s);
	peer_streams(r->peer);
	response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, 16 << 10, read_queue, s, free_stream);
	if (!response)
		abort();
	(void)MHD_add_response_header(response, "Content-Type", content_type);
	(void)MHD_add_response_header(response, "Cache-Control", "no-cache, private");
	reply_response(r, 200, response);
	return s;
}

void stream_put(struct stream *s, struct chunk *own_chunk)
{
	struct link *link;

	if (s->ended || own_chunk->n == 0) {
		chunk_drop(own_chunk);
		return;
	}
	link = xmalloc(sizeof *link);
	*link = (struct link){.chunk = own_chunk};
	if (s->last)
		s->last->next = link;
	else
		s->first = link;
	s->last = link;
	s->waiting += own_chunk->n;
	wake(s);
}

void stream_write(struct stream *s, const void *bytes, size_t n)
{
	stream_put(s, chunk_new(bytes, n));
}

size_t stream_waiting(const struct stream *s)
{
	return s->waiting;
}

void stream_end(struct stream *s)
{
	s->ended = true;
	wake(s);
}

void streams_stop(struct api *a)
{
	struct stream *s;

	DL_FOREACH (a->streams, s) {
		while (s->first)
			drop_first(s);
		s->waiting = 0;
		stream_end(s);
		peer_cut(s->peer);
	}
}
