/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth port-forward`: listens here, and for each connection opens a WebSocket whose other end berthd joins to a port
 * inside the pod (agent/api/forward.h says what is spoken). What one side does not take is not read from the other.
 */
#include "agent/cli/api_path.h"
#include "agent/cli/handlers.h"
#include "agent/cli/pod.h"
#include "agent/cli/websocket.h"
#include "agent/spec/spec.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

enum {
	LISTENERS_MAX = 64,
	CONNECTIONS_MAX = 32, /* as many as berthd has for a pod */
	QUEUED_MAX = 64 << 10,
	PIECE = 16 << 10,
};
/* Channels of the one port that each WebSocket asks for. */
enum { DATA, PROBLEM };

struct pair {
	uint16_t local, remote; /* local 0: any free one */
};

struct listener {
	int fd;
	struct pair pair;
};

struct connection {
	struct cli *cli;
	int fd;
	struct websocket *ws;
	uint16_t port;
	struct str waiting; /* for the local side to take */
	bool greeted[2];    /* the first message of the channel, which is the port, has come */
	bool in_end;	    /* the local side has said its last */
	bool out_end;	    /* the pod has */
	bool over;
};

struct forwarding {
	struct cli *cli;
	char *path; /* without the port */
	struct listener listeners[LISTENERS_MAX];
	size_t n_listeners;
	struct connection *connections[CONNECTIONS_MAX];
	size_t n_connections;
};

/* ---- one connection -------------------------------------------------------------------------------- */

static void write_waiting(struct connection *x)
{
	while (x->waiting.n) {
		ssize_t n = send(x->fd, x->waiting.p, x->waiting.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			x->over = true;
		if (n <= 0)
			break;
		memmove(x->waiting.p, x->waiting.p + n, x->waiting.n - (size_t)n);
		x->waiting.n -= (size_t)n;
	}
	websocket_pause(x->ws, x->waiting.n >= QUEUED_MAX);
	if (x->out_end && !x->waiting.n)
		(void)shutdown(x->fd, SHUT_WR);
}

static int on_message(void *data, enum ws_channel channel, struct sv bytes)
{
	struct connection *x = data;
	unsigned number = (unsigned)channel;

	if (number == WS_CLOSE) {
		x->out_end = true;
		write_waiting(x);
		return 0;
	}
	if (number > PROBLEM)
		return 0;
	if (!x->greeted[number]) {
		x->greeted[number] = true;
		return 0;
	}
	if (number == PROBLEM) {
		(void)fail(x->cli, "%.*s", (int)bytes.n, bytes.p);
		return -ECONNREFUSED;
	}
	str_addn(&x->waiting, bytes.p, bytes.n);
	write_waiting(x);
	return 0;
}

static void read_local(struct connection *x)
{
	static const char channel[] = {DATA};
	char buf[PIECE];
	ssize_t n = recv(x->fd, buf, sizeof buf, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		(void)websocket_send(x->ws, (enum ws_channel)DATA, (struct sv){buf, (size_t)n});
		return;
	}
	x->in_end = true;
	if (n < 0)
		x->over = true;
	else
		(void)websocket_send(x->ws, WS_CLOSE, (struct sv){channel, sizeof channel});
}

static void step_connection(struct connection *x, short events)
{
	int r;

	if (events & POLLOUT)
		write_waiting(x);
	if ((events & (POLLIN | POLLHUP | POLLERR)) && !x->in_end)
		read_local(x);
	r = websocket_step(x->ws);
	/* What came before the end still goes to the local side. */
	if ((r < 0 || !websocket_events(x->ws)) && !x->waiting.n)
		x->over = true;
}

static void close_connection(struct connection *own_x)
{
	websocket_free(own_x->ws);
	(void)close(own_x->fd);
	str_done(&own_x->waiting);
	free(own_x);
}

static void accept_one(struct forwarding *f, const struct listener *l)
{
	cleanup_response struct response refusal = {0};
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), r;
	cleanup_free char *path = NULL;
	struct connection *x;
	struct err e = {0};

	if (fd < 0)
		return;
	(void)fprintf(f->cli->out, "Handling connection for %u\n", l->pair.local);
	(void)fflush(f->cli->out);
	path = xasprintf("%s?ports=%u", f->path, l->pair.remote);
	x = xcalloc(1, sizeof *x);
	*x = (struct connection){.cli = f->cli, .fd = fd, .port = l->pair.remote};
	r = websocket_open(f->cli->client, path, on_message, x, &x->ws, &refusal, &e);
	if (r == 0) {
		f->connections[f->n_connections++] = x;
		return;
	}
	if (r > 0)
		(void)fail_response(f->cli, &refusal, NULL);
	else
		(void)fail_err(f->cli, &e);
	close_connection(x);
}

/* ---- listening ------------------------------------------------------------------------------------- */

static int listen_at(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	socklen_t n = sizeof *four;
	cleanup_close int fd = -EBADF;
	const int on = 1;

	*ret = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
	} else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		n = sizeof *six;
	} else {
		return -EINVAL;
	}
	fd = socket(ret->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
		return -errno;
	if (ret->ss_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)ret, n) < 0 || listen(fd, 64) < 0)
		return -errno;
	n = sizeof *ret;
	if (getsockname(fd, (struct sockaddr *)ret, &n) < 0)
		return -errno;
	return take_fd(fd);
}

static int add_listener(struct forwarding *f, const char *address, struct pair *pair)
{
	struct sockaddr_storage bound;
	bool six = strchr(address, ':') != NULL;
	int fd = listen_at(address, pair->local, &bound);

	if (fd < 0)
		return fd;
	/* The other addresses of the pair get the same free port. */
	pair->local = ntohs(six ? ((const struct sockaddr_in6 *)&bound)->sin6_port
				: ((const struct sockaddr_in *)&bound)->sin_port);
	f->listeners[f->n_listeners++] = (struct listener){fd, *pair};
	(void)fprintf(f->cli->out, "Forwarding from %s%s%s:%u -> %u\n", six ? "[" : "", address,
		six ? "]" : "", pair->local, pair->remote);
	return 0;
}

/* "localhost" is both of its addresses, of which one is enough, as kubectl has it. */
static int listen_pair(struct forwarding *f, struct sv address, struct pair *pair)
{
	cleanup_free char *text = xstrndup(address.p, address.n);
	bool local = streq(text, "localhost");
	int four, six = -EINVAL, r;

	if (f->n_listeners + 2 > LISTENERS_MAX)
		return fail(f->cli, "more than %d ports and addresses", LISTENERS_MAX);
	four = add_listener(f, local ? "127.0.0.1" : text, pair);
	if (local)
		six = add_listener(f, "::1", pair);
	r = four < 0 && local && six == 0 ? 0 : four;
	if (r < 0)
		return fail(f->cli, "unable to listen on port %u: %s: %s", pair->local, text,
			r == -EINVAL ? "not an IP address" : strerror(-r));
	return EXIT_OK;
}

/* ---- what is asked for ----------------------------------------------------------------------------- */

/* A number, or the name of a port of one of the pod's containers; 0: told. */
static uint16_t find_port(struct cli *c, const json_t *pod, struct sv text)
{
	json_t *containers = json_list(json_map(pod, "spec"), "containers"), *one, *port;
	uint32_t number;
	size_t i, k;

	if (parse_u32_max(text, UINT16_MAX, &number) == 0 && number > 0)
		return (uint16_t)number;
	json_array_foreach (containers, i, one)
		json_array_foreach (json_list(one, "ports"), k, port)
			if (sv_eq(text, json_str_or(port, "name", "")))
				return (uint16_t)json_int(port, "containerPort", 0);
	(void)fail(c, "\"%.*s\" is neither a port (1 to 65535) nor the name of one in the pod",
		(int)text.n, text.p);
	return 0;
}

/* "8080:80", ":80", "80", "8080:http". */
static int parse_pair(struct cli *c, const json_t *pod, const char *text, struct pair *ret)
{
	const char *colon = strchr(text, ':');
	struct sv local = {text, colon ? (size_t)(colon - text) : strlen(text)};
	struct sv remote = sv(colon ? colon + 1 : text);
	uint32_t number = 0;

	ret->remote = find_port(c, pod, remote);
	if (!ret->remote)
		return EXIT_FAILED;
	if (!colon)
		number = ret->remote;
	else if (local.n && parse_u32_max(local, UINT16_MAX, &number) < 0)
		return fail(c, "\"%s\": the local port is no number from 0 to 65535", text);
	ret->local = (uint16_t)number;
	return EXIT_OK;
}

static int listen_all(struct forwarding *f, const json_t *pod)
{
	for (size_t i = 1; i < word_count(f->cli); i++) {
		struct sv left = sv(flag_text(&f->cli->flags, "address"));
		struct pair pair;

		if (parse_pair(f->cli, pod, word(f->cli, i), &pair) != EXIT_OK)
			return EXIT_FAILED;
		while (left.n)
			if (listen_pair(f, sv_trim(sv_cut(&left, ',')), &pair) != EXIT_OK)
				return EXIT_FAILED;
	}
	(void)fflush(f->cli->out);
	return EXIT_OK;
}

/* ---- the loop -------------------------------------------------------------------------------------- */

static void drop_over(struct forwarding *f)
{
	for (size_t i = 0; i < f->n_connections;)
		if (f->connections[i]->over) {
			close_connection(f->connections[i]);
			f->connections[i] = f->connections[--f->n_connections];
		} else {
			i++;
		}
}

static size_t fill(const struct forwarding *f, struct pollfd *fds)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_connections; i++) {
		const struct connection *x = f->connections[i];
		bool hungry = !x->in_end && websocket_queued(x->ws) < QUEUED_MAX;

		fds[n++] = (struct pollfd){.fd = hungry || x->waiting.n ? x->fd : -1,
			.events = (short)((hungry ? POLLIN : 0) | (x->waiting.n ? POLLOUT : 0))};
		fds[n++] = (struct pollfd){
			.fd = websocket_fd(x->ws), .events = websocket_events(x->ws)};
	}
	for (size_t i = 0; i < f->n_listeners; i++)
		fds[n++] = (struct pollfd){
			.fd = f->n_connections < CONNECTIONS_MAX ? f->listeners[i].fd : -1,
			.events = POLLIN};
	return n;
}

static int loop(struct forwarding *f)
{
	struct pollfd fds[2 * CONNECTIONS_MAX + LISTENERS_MAX];

	for (;;) {
		size_t n = fill(f, fds), at = 2 * f->n_connections, before = f->n_connections;

		if (poll(fds, n, -1) < 0) {
			if (errno == EINTR)
				continue;
			return fail(f->cli, "waiting for connections: %s", strerror(errno));
		}
		for (size_t i = 0; i < before; i++)
			if (fds[2 * i].revents || fds[2 * i + 1].revents)
				step_connection(f->connections[i], fds[2 * i].revents);
		for (size_t i = 0; i < f->n_listeners; i++)
			if (fds[at + i].revents && f->n_connections < CONNECTIONS_MAX)
				accept_one(f, &f->listeners[i]);
		/* Frames may have come together with the upgrade. */
		for (size_t i = before; i < f->n_connections; i++)
			step_connection(f->connections[i], 0);
		drop_over(f);
	}
}

static int forward_to(struct cli *c, const json_t *pod)
{
	const char *phase = json_str_or(json_map(pod, "status"), "phase", "Pending");
	struct forwarding f = {.cli = c};
	cleanup_str struct str path = {0};
	int status;

	if (!streq(phase, "Running"))
		return fail(c,
			"unable to forward port because pod is not running. Current status=%s",
			phase);
	path_start(&path, kind_by_name("v1", "Pod"),
		json_str_or(json_map(pod, "metadata"), "namespace", namespace_of(c)),
		json_str_or(json_map(pod, "metadata"), "name", ""), "portforward");
	f.path = path.p;
	status = listen_all(&f, pod);
	if (status == EXIT_OK)
		status = loop(&f);
	for (size_t i = 0; i < f.n_listeners; i++)
		(void)close(f.listeners[i].fd);
	return status;
}

int cmd_port_forward(struct cli *c)
{
	cleanup_json json_t *pod = NULL;

	if (word_count(c) < 2)
		return fail_usage(c, "TYPE/NAME and list of ports are required for port-forward");
	pod = pod_find(c, word(c, 0), false);
	return pod ? forward_to(c, pod) : EXIT_FAILED;
}
