/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: who may speak (safety R17), how many, how long. HTTP itself is libmicrohttpd's, driven through its epoll
 * descriptor from sd-event; accepting and all deadlines are ours, because its own idle timer is
 * restarted by every byte of a slow sender, and its limits know no users.
 */
#include "agent/api/server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <utlist.h>

/* ---- who --------------------------------------------------------------------------------------- */

static bool in_group(int fd, gid_t gid, gid_t primary)
{
	gid_t groups[256];
	socklen_t n = sizeof groups;

	if (gid == 0 || gid == (gid_t)-1)
		return false;
	if (primary == gid)
		return true;
	/* Source: socket(7), SO_PEERGROUPS: the supplementary groups when the peer connected. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n) < 0)
		return false;
	for (size_t i = 0; i < n / sizeof groups[0]; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static bool may_speak(const struct api *a, int fd, const struct ucred *who)
{
	if (who->uid == 0 || who->uid == a->self || in_group(fd, a->o.gid, who->gid))
		return true;
	for (size_t i = 0; i < a->o.n_uids; i++)
		if (a->uids[i] == who->uid)
			return true;
	return false;
}

struct budget *budget_of(struct api *a, uid_t uid)
{
	struct budget *b;

	for (size_t i = 0; i < a->n_budgets; i++)
		if (a->budgets[i].uid == uid)
			return &a->budgets[i];
	/* Only users who can open the socket's directory come here; still, the list is bounded. */
	if (a->n_budgets == CONNECTIONS_MAX) {
		for (size_t i = 0; i < a->n_budgets; i++)
			if (a->budgets[i].connections == 0)
				a->budgets[i--] = a->budgets[--a->n_budgets];
	}
	GROW(a->budgets, a->n_budgets + 1, a->budgets_cap);
	b = &a->budgets[a->n_budgets++];
	*b = (struct budget){.uid = uid, .tokens = RATE_BURST, .at_ns = clock_now_ns(a->o.clock)};
	return b;
}

bool budget_take(struct api *a, uid_t uid)
{
	struct budget *b = budget_of(a, uid);
	uint64_t now = clock_now_ns(a->o.clock);

	b->tokens += (double)(now - b->at_ns) / (double)NS_PER_SEC * RATE_PER_SECOND;
	if (b->tokens > RATE_BURST)
		b->tokens = RATE_BURST;
	b->at_ns = now;
	if (b->tokens < 1)
		return false;
	b->tokens -= 1;
	return true;
}

/* ---- the loop ---------------------------------------------------------------------------------- */

static int run_again(sd_event_source *source, void *data);

static void run_http(struct api *a)
{
	MHD_UNSIGNED_LONG_LONG timeout;

	(void)MHD_run(a->http);
	/* 0: it holds back work (data already read) that no descriptor will announce. */
	if (MHD_get_timeout(a->http, &timeout) == MHD_YES && timeout == 0)
		(void)sd_event_source_set_enabled(a->again, SD_EVENT_ONESHOT);
}

static int run_again(sd_event_source *source, void *data)
{
	(void)source;
	run_http(data);
	return 0;
}

void server_kick(struct api *a)
{
	if (a->again)
		(void)sd_event_source_set_enabled(a->again, SD_EVENT_ONESHOT);
}

static int http_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
	(void)source;
	(void)fd;
	(void)events;
	run_http(data);
	return 0;
}

/* ---- deadlines --------------------------------------------------------------------------------- */

void peer_cut(struct peer *p)
{
	if (p->cut)
		return;
	p->cut = true;
	p->deadline_ns = 0;
	(void)shutdown(p->fd, SHUT_RDWR);
}

static uint64_t body_deadline(const struct peer *p)
{
	uint64_t bytes = p->request ? p->request->body_bytes : 0;

	return p->since_ns + HEADER_DEADLINE_NS + bytes * (NS_PER_SEC / BODY_BYTES_PER_SEC);
}

void server_sweep(struct api *a)
{
	uint64_t now = clock_now_ns(a->o.clock), next = 0, at;
	struct peer *p, *following;

	DL_FOREACH_SAFE (a->peers, p, following) {
		at = p->state == PEER_BODY && p->deadline_ns ? body_deadline(p) : p->deadline_ns;
		if (at == 0)
			continue;
		if (at <= now)
			peer_cut(p);
		else if (next == 0 || at < next)
			next = at;
	}
	if (next == 0)
		return;
	(void)sd_event_source_set_time_relative(a->sweep, (next - now) / 1000 + 1);
	(void)sd_event_source_set_enabled(a->sweep, SD_EVENT_ONESHOT);
}

static int sweep_due(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	server_sweep(data);
	return 0;
}

/* The sweep must come at @deadline or before. */
static void sweep_by(struct api *a, uint64_t deadline_ns)
{
	uint64_t now = clock_now_ns(a->o.clock), at, armed;
	int enabled = SD_EVENT_OFF;
	uint64_t loop_now = 0;

	(void)sd_event_now(a->o.loop, CLOCK_BOOTTIME, &loop_now);
	at = loop_now + (deadline_ns > now ? deadline_ns - now : 0) / 1000;
	(void)sd_event_source_get_enabled(a->sweep, &enabled);
	if (enabled != SD_EVENT_OFF && sd_event_source_get_time(a->sweep, &armed) >= 0 &&
		armed <= at)
		return;
	(void)sd_event_source_set_time(a->sweep, at);
	(void)sd_event_source_set_enabled(a->sweep, SD_EVENT_ONESHOT);
}

void peer_enter(struct peer *p, enum peer_state state, uint64_t limit_ns)
{
	p->state = state;
	if (p->cut)
		return;
	p->since_ns = clock_now_ns(p->api->o.clock);
	p->deadline_ns = p->since_ns + limit_ns;
	sweep_by(p->api, p->deadline_ns);
}

void peer_streams(struct peer *p)
{
	p->deadline_ns = 0;
}

/* ---- accepting --------------------------------------------------------------------------------- */

static void turn_away(int fd)
{
	static const char body[] =
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
		"\"message\":\"too many connections to berthd\",\"reason\":\"TooManyRequests\","
		"\"code\":429}";
	char answer[512];
	int n = snprintf(answer, sizeof answer,
		"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
		"Retry-After: 1\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
		sizeof body - 1, body);

	(void)send(fd, answer, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
}

/* Makes room by ending the connection (of @uid, or of anyone) that has asked for nothing the longest. */
static bool evict_idle(struct api *a, bool any, uid_t uid)
{
	struct peer *p;

	DL_FOREACH (a->peers, p) {
		if (p->cut || (!any && p->uid != uid))
			continue;
		if (p->state == PEER_HEADER || p->state == PEER_IDLE) {
			peer_cut(p);
			return true;
		}
	}
	return false;
}

static int take_peer(struct api *a, int fd)
{
	struct ucred who;
	socklen_t n = sizeof who;
	struct peer *p;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0) {
		(void)close(fd);
		return -EACCES;
	}
	if ((a->n_peers >= CONNECTIONS_MAX && !evict_idle(a, true, 0)) ||
		(budget_of(a, who.uid)->connections >= CONNECTIONS_UID_MAX &&
			!evict_idle(a, false, who.uid))) {
		a->refusals++;
		turn_away(fd);
		return -EBUSY;
	}
	p = xcalloc(1, sizeof *p);
	*p = (struct peer){.api = a, .fd = fd, .uid = who.uid, .pid = who.pid};
	p->refused = !may_speak(a, fd, &who);
	a->accepting = p;
	/* Takes the descriptor in any case; calls peer_event, which takes the peer. */
	(void)MHD_add_connection(a->http, fd, NULL, 0);
	if (a->accepting) {
		a->accepting = NULL;
		free(p);
		return -ENOMEM;
	}
	return 0;
}

static int accept_again(sd_event_source *source, uint64_t usec, void *data)
{
	struct api *a = data;

	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(a->accept, SD_EVENT_ON);
}

static int accept_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct api *a = data;

	(void)events;
	/* A few at a time: others have work in the loop too. */
	for (int i = 0; i < 16; i++) {
		int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (peer >= 0) {
			(void)take_peer(a, peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			/* The connection stays in the queue; a level-triggered loop would spin on it. */
			(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
			(void)sd_event_source_set_time_relative(a->rest, 100000);
			(void)sd_event_source_set_enabled(a->rest, SD_EVENT_ONESHOT);
		}
		break;
	}
	run_http(a);
	return 0;
}

static void peer_event(void *data, struct MHD_Connection *http, void **slot,
	enum MHD_ConnectionNotificationCode what)
{
	struct api *a = data;
	struct peer *p = *slot;

	(void)http;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		p = take(a->accepting);
		*slot = p;
		DL_APPEND(a->peers, p);
		a->n_peers++;
		budget_of(a, p->uid)->connections++;
		peer_enter(p, PEER_HEADER, HEADER_DEADLINE_NS);
		return;
	}
	if (!p)
		return;
	*slot = NULL;
	DL_DELETE(a->peers, p);
	a->n_peers--;
	budget_of(a, p->uid)->connections--;
	free(p);
}

/* ---- start and stop ---------------------------------------------------------------------------- */

/* Requests are decoded by target.c, strictly; MHD hands the text through. */
static size_t keep_escapes(void *data, struct MHD_Connection *http, char *text)
{
	(void)data;
	(void)http;
	return strlen(text);
}

static void no_log(void *data, const char *format, va_list ap)
{
	(void)data;
	(void)format;
	(void)ap;
}

static int start_http(struct api *a, struct err *e)
{
	a->http = MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET | MHD_USE_EPOLL |
					   MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE |
					   MHD_USE_ERROR_LOG,
		0, NULL, NULL, serve_part, a, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX + 64, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
		serve_line, a, MHD_OPTION_NOTIFY_COMPLETED, serve_end, a,
		MHD_OPTION_NOTIFY_CONNECTION, peer_event, a, MHD_OPTION_UNESCAPE_CALLBACK,
		keep_escapes, NULL, MHD_OPTION_END);
	if (!a->http)
		return err_set(e, -EIO, "libmicrohttpd does not start");
	return 0;
}

int server_start(struct api *a, struct err *e)
{
	const union MHD_DaemonInfo *epoll;
	int r = start_http(a, e);

	if (r < 0)
		return r;
	epoll = MHD_get_daemon_info(a->http, MHD_DAEMON_INFO_EPOLL_FD);
	r = sd_event_add_io(a->o.loop, &a->run, epoll->epoll_fd, EPOLLIN, http_ready, a);
	if (r >= 0)
		r = sd_event_add_io(
			a->o.loop, &a->accept, a->o.listen_fd, EPOLLIN, accept_ready, a);
	if (r >= 0)
		r = sd_event_add_defer(a->o.loop, &a->again, run_again, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->again, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(
			a->o.loop, &a->sweep, CLOCK_BOOTTIME, UINT64_MAX, 250000, sweep_due, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->sweep, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(
			a->o.loop, &a->rest, CLOCK_BOOTTIME, UINT64_MAX, 0, accept_again, a);
	if (r >= 0)
		r = sd_event_source_set_enabled(a->rest, SD_EVENT_OFF);
	return r < 0 ? err_errno(e, r, "adding the API to the event loop") : 0;
}

void server_stop(struct api *a)
{
	sd_event_source **sources[] = {&a->accept, &a->run, &a->again, &a->sweep, &a->rest};

	if (a->http)
		MHD_stop_daemon(a->http);
	a->http = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		*sources[i] = sd_event_source_disable_unref(*sources[i]);
	if (a->o.listen_fd >= 0)
		(void)close(a->o.listen_fd);
	a->o.listen_fd = -EBADF;
	free(a->budgets);
	a->budgets = NULL;
	a->n_budgets = 0;
}
