/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a port-forward: each port a lane of its own, with a ring of 64 KiB towards the pod; towards the client they
 * share the WebSocket's queue (safety R18). The connections are made by the pod's shim, in the pod's network.
 */
#include "agent/api/forward.h"
#include "agent/api/ring.h"

#include <fcntl.h>
#include <sys/socket.h>

struct forward;

struct lane {
	struct forward *forward;
	uint16_t port;
	struct control_exec *exec;
	int fd; /* the connection; -1: not yet, or no more */
	sd_event_source *source;
	struct ring ring; /* towards the pod */
	bool connected;	  /* before, nothing is known of it */
	bool in_closed, in_told,
		out_end; /* the client has said its last; the pod knows; the pod has */
	bool over;
};

struct forward {
	struct remote remote;
	const struct api_backend *backend;
	bool greeted;
	struct lane lanes[FORWARD_PORTS_MAX];
	size_t n_lanes;
};

static unsigned channel_of(const struct lane *l)
{
	return (unsigned)(l - l->forward->lanes) * 2;
}

static void end_lane(struct lane *l)
{
	l->source = sd_event_source_disable_unref(l->source);
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -EBADF;
	ring_done(&l->ring);
	l->forward->backend->exec_free(take(l->exec));
	l->over = true;
}

static void fail_lane(struct lane *l, const char *why)
{
	cleanup_free char *text = xasprintf("error forwarding port %u: %s", l->port, why);
	size_t n = strlen(text);

	if (l->forward->remote.ws && !l->forward->remote.closing)
		ws_queue(l->forward->remote.ws, channel_of(l) + 1, text,
			n < WS_PART_MAX ? n : WS_PART_MAX);
	end_lane(l);
}

/* ---- towards the pod --------------------------------------------------------------------------- */

static void on_part(void *data, unsigned channel, const uint8_t *bytes, size_t n, bool end)
{
	struct forward *f = data;
	struct lane *l;

	(void)end;
	if (channel == WS_CLOSE) {
		if (f->remote.version < 5 || n != 1 || bytes[0] % 2 || bytes[0] / 2 >= f->n_lanes)
			return;
		f->lanes[bytes[0] / 2].in_closed = true;
		return;
	}
	if (channel % 2 || channel / 2 >= f->n_lanes || n == 0)
		return;
	l = &f->lanes[channel / 2];
	/* There is room: the socket is not read from without it. */
	if (!l->over && !l->in_closed)
		ring_put(&l->ring, bytes, n);
}

static bool has_room(const void *data)
{
	const struct forward *f = data;

	for (size_t i = 0; i < f->n_lanes; i++)
		if (ring_room(&f->lanes[i].ring) < WS_PART_MAX)
			return false;
	return true;
}

static void write_lane(struct lane *l)
{
	int r = l->connected ? ring_write(&l->ring, l->fd) : -EAGAIN;

	if (r == -EAGAIN)
		return;
	if (r < 0)
		end_lane(l);
	else if (l->in_closed && !l->in_told) {
		(void)shutdown(l->fd, SHUT_WR);
		l->in_told = true;
	}
}

/* ---- towards the client ------------------------------------------------------------------------ */

static void say_close(const struct lane *l)
{
	const uint8_t channel = (uint8_t)channel_of(l);

	if (l->forward->remote.version >= 5)
		ws_queue(l->forward->remote.ws, WS_CLOSE, &channel, 1);
}

static void read_lane(struct lane *l)
{
	char buf[WS_PART_MAX];

	while (l->connected && !l->over && !l->out_end && remote_takes(&l->forward->remote)) {
		ssize_t n = recv(l->fd, buf, sizeof buf, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n > 0) {
			ws_queue(l->forward->remote.ws, channel_of(l), buf, (size_t)n);
			continue;
		}
		l->out_end = true;
		if (n < 0 || l->forward->remote.version < 5)
			end_lane(l);
		else
			say_close(l);
	}
}

/* The first message of each channel. */
static void greet(struct forward *f)
{
	for (size_t i = 0; i < f->n_lanes; i++) {
		const uint8_t port[] = {
			(uint8_t)(f->lanes[i].port & 0xff), (uint8_t)(f->lanes[i].port >> 8)};

		ws_queue(f->remote.ws, (unsigned)i * 2, port, sizeof port);
		ws_queue(f->remote.ws, (unsigned)i * 2 + 1, port, sizeof port);
	}
	f->greeted = true;
}

/* ---- the loop ---------------------------------------------------------------------------------- */

static void watch_lane(const struct lane *l)
{
	uint32_t events = 0;

	if (!l->source)
		return;
	if (!l->connected || l->ring.n > 0)
		events |= EPOLLOUT;
	if (l->connected && !l->out_end && remote_takes(&l->forward->remote))
		events |= EPOLLIN;
	(void)sd_event_source_set_io_events(l->source, events);
	/* A broken connection is told whatever is asked for: it is not listened to while nothing can be done. */
	(void)sd_event_source_set_enabled(l->source, events ? SD_EVENT_ON : SD_EVENT_OFF);
}

static void step(void *data)
{
	struct forward *f = data;
	bool over = true;

	if (!f->remote.ws)
		return;
	if (!f->greeted)
		greet(f);
	for (size_t i = 0; i < f->n_lanes; i++) {
		struct lane *l = &f->lanes[i];

		if (!l->over)
			write_lane(l);
		if (!l->over)
			read_lane(l);
		if (!l->over && l->out_end && l->in_told)
			end_lane(l);
		over = over && l->over;
	}
	if (over && !f->remote.closing)
		remote_close(&f->remote);
	if (!remote_flush(&f->remote))
		return;
	for (size_t i = 0; i < f->n_lanes; i++)
		watch_lane(&f->lanes[i]);
}

static int lane_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct lane *l = data;
	int error = 0;
	socklen_t size = sizeof error;

	(void)source;
	(void)events;
	if (!l->connected) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
		l->connected = true;
		if (error)
			fail_lane(l, strerror(error));
	}
	step(l->forward);
	return 0;
}

static void on_started(void *data, int own_fd)
{
	struct lane *l = data;

	if (own_fd < 0)
		return;
	l->fd = own_fd;
	if (sd_event_add_io(l->forward->remote.api->o.loop, &l->source, own_fd, EPOLLOUT,
		    lane_ready, l) < 0)
		fail_lane(l, strerror(ENOMEM));
}

static void on_ended(void *data, int exit_code, const struct err *e)
{
	struct lane *l = data;

	(void)exit_code;
	fail_lane(l, e ? err_text(e) : "the pod has ended");
	step(l->forward);
}

/* ---- start ------------------------------------------------------------------------------------- */

static void free_forward(void *data)
{
	struct forward *f = data;

	for (size_t i = 0; i < f->n_lanes; i++)
		end_lane(&f->lanes[i]);
	remote_done(&f->remote);
	free(f);
}

static int start_lane(struct forward *f, const struct forward_options *o, size_t i, struct err *e)
{
	struct lane *l = &f->lanes[i];
	const struct control_exec_request request = {
		.kind = CONTROL_DIAL, .ns = o->ns, .pod = o->pod, .port = o->ports[i]};

	*l = (struct lane){.forward = f, .port = o->ports[i], .fd = -EBADF};
	f->n_lanes++;
	return f->backend->exec_start(f->remote.api->o.control, &request,
		&(struct control_exec_calls){on_started, on_ended, l}, &l->exec, e);
}

int forward_new(struct api *a, const struct forward_options *o, struct remote **ret, struct err *e)
{
	static const struct remote_calls calls = {on_part, has_room, step, free_forward};
	struct forward *f = xcalloc(1, sizeof *f);
	int r;

	f->backend = a->o.backend;
	r = remote_init(&f->remote, a, o->ns, o->pod, &calls, f, e);
	if (r < 0) {
		free(f);
		return r;
	}
	f->remote.version = o->version;
	for (size_t i = 0; r >= 0 && i < o->n_ports; i++)
		r = start_lane(f, o, i, e);
	if (r < 0)
		free_forward(f);
	else
		*ret = &f->remote;
	return r < 0 ? r : 0;
}
