/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An upgraded connection on the loop: read from while its owner has room, written to while it takes bytes, ended when the
 * client goes (safety R18, R19).
 */
#include "agent/api/remote.h"

#include <sys/socket.h>
#include <utlist.h>

/* How long the client may take to answer our close frame. */
#define CLOSE_WAIT_USEC (5 * 1000000ull)

static int check_room(const struct api *a, const char *pod, struct err *e)
{
	const struct remote *r;
	unsigned all = 0, of_pod = 0;

	DL_FOREACH (a->remotes, r) {
		all++;
		of_pod += streq(r->pod, pod);
	}
	if (all < REMOTES_MAX && of_pod < REMOTES_POD_MAX)
		return 0;
	return err_set(e, -EBUSY,
		"too many streams of exec, attach and port-forward: %u of pod %s, %u in all",
		of_pod, pod, all);
}

int remote_init(struct remote *r, struct api *a, const char *ns, const char *pod,
	const struct remote_calls *calls, void *owner, struct err *e)
{
	cleanup_free char *name = xasprintf("%s/%s", ns, pod);
	int code;

	*r = (struct remote){.sock = -EBADF};
	if (!a->o.backend) {
		(void)err_set(e, -EIO, "this server runs no pods");
		return err_reason(e, "ServiceUnavailable");
	}
	code = check_room(a, name, e);
	if (code < 0)
		return code;
	*r = (struct remote){
		.api = a, .calls = calls, .owner = owner, .pod = take(name), .sock = -EBADF};
	DL_APPEND(a->remotes, r);
	return 0;
}

void remote_done(struct remote *r)
{
	if (!r->api)
		return;
	(void)sd_event_source_disable_unref(r->source);
	(void)sd_event_source_disable_unref(r->timer);
	ws_free(r->ws);
	if (r->handle) {
		(void)MHD_upgrade_action(r->handle, MHD_UPGRADE_ACTION_CLOSE);
		server_kick(r->api);
	}
	DL_DELETE(r->api->remotes, r);
	free(r->extra);
	free(r->pod);
	*r = (struct remote){.sock = -EBADF};
}

void remote_free(struct remote *own_r)
{
	if (own_r)
		own_r->calls->free(own_r->owner);
}

/* ---- the socket -------------------------------------------------------------------------------- */

static ssize_t sock_recv(void *data, void *buf, size_t n)
{
	struct remote *r = data;
	ssize_t got;

	if (!r->calls->has_room(r->owner))
		return -EAGAIN;
	if (r->extra_at < r->n_extra) {
		if (n > r->n_extra - r->extra_at)
			n = r->n_extra - r->extra_at;
		memcpy(buf, r->extra + r->extra_at, n);
		r->extra_at += n;
		return (ssize_t)n;
	}
	got = recv(r->sock, buf, n, MSG_DONTWAIT);
	return got < 0 ? (errno == EWOULDBLOCK ? -EAGAIN : -errno) : got;
}

static ssize_t sock_send(void *data, const void *buf, size_t n)
{
	const struct remote *r = data;
	ssize_t done = send(r->sock, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	return done < 0 ? (errno == EWOULDBLOCK ? -EAGAIN : -errno) : done;
}

static void take_part(void *data, unsigned channel, const uint8_t *bytes, size_t n, bool end)
{
	struct remote *r = data;

	r->calls->part(r->owner, channel, bytes, n, end);
}

static int socket_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct remote *r = data;

	(void)source;
	(void)fd;
	/* Nobody is there to read the output any more. */
	if (((events & EPOLLIN) && ws_read(r->ws) < 0) ||
		(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
		remote_free(r);
		return 0;
	}
	r->calls->step(r->owner);
	return 0;
}

bool remote_takes(const struct remote *r)
{
	return r->ws && !r->closing && ws_queued(r->ws) < WS_QUEUED_MAX;
}

bool remote_flush(struct remote *r)
{
	uint32_t events = EPOLLRDHUP;

	if (ws_write(r->ws) < 0 || ws_closed(r->ws)) {
		remote_free(r);
		return false;
	}
	if (r->calls->has_room(r->owner))
		events |= EPOLLIN;
	if (ws_wants_write(r->ws))
		events |= EPOLLOUT;
	(void)sd_event_source_set_io_events(r->source, events);
	return true;
}

void remote_upgrade(struct remote *r, int sock, struct MHD_UpgradeResponseHandle *handle,
	const void *extra, size_t n_extra)
{
	r->sock = sock;
	r->handle = handle;
	r->ws = ws_new(&(struct ws_calls){sock_recv, sock_send, take_part, r});
	if (n_extra > 0) {
		r->extra = xmalloc(n_extra);
		memcpy(r->extra, extra, n_extra);
		r->n_extra = n_extra;
	}
	if (sd_event_add_io(
		    r->api->o.loop, &r->source, sock, EPOLLIN | EPOLLRDHUP, socket_ready, r) < 0 ||
		ws_read(r->ws) < 0) {
		remote_free(r);
		return;
	}
	r->calls->step(r->owner);
}

static int close_waited(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	remote_free(data);
	return 0;
}

void remote_close(struct remote *r)
{
	ws_close(r->ws, 1000);
	r->closing = true;
	if (sd_event_add_time_relative(r->api->o.loop, &r->timer, CLOCK_BOOTTIME, CLOSE_WAIT_USEC,
		    100000, close_waited, r) < 0)
		/* Without a timer nobody would end what the client leaves hanging. */
		(void)shutdown(r->sock, SHUT_RDWR);
}

void remotes_stop(struct api *a)
{
	struct remote *r, *next;

	/* Those that wait for their upgrade end with their requests. */
	DL_FOREACH_SAFE (a->remotes, r, next)
		if (r->handle)
			remote_free(r);
}
