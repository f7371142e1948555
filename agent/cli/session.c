/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop waits on the socket, standard input and signals; input is read only while little of it waits to be sent,
 * and output is written before more is read, so that nothing piles up here.
 */
#include "agent/cli/session.h"

#include "agent/cli/api_path.h"
#include "agent/cli/terminal.h"
#include "agent/cli/websocket.h"
#include "agent/spec/spec.h"
#include "runtime/base/fs.h"

#include <poll.h>
#include <signal.h>

enum { INPUT_BYTES = 32 << 10, QUEUED_MAX = 256 << 10 };

struct session {
	struct cli *cli;
	const struct session_options *o;
	struct websocket *socket;
	struct terminal terminal;
	struct detach detach;
	bool input;
	struct session_end *end;
};

static int put(struct session *x, FILE *to, int (*instead)(void *, struct sv), struct sv bytes)
{
	if (instead)
		return instead(x->o->data, bytes);
	(void)fflush(to);
	return fs_write_all(fileno(to), bytes.p, bytes.n);
}

static int on_message(void *data, enum ws_channel channel, struct sv bytes)
{
	struct session *x = data;

	switch (channel) {
	case WS_STDOUT:
		return put(x, x->cli->out, x->o->out, bytes);
	case WS_STDERR:
		return put(x, x->cli->err, x->o->err, bytes);
	case WS_ERROR:
		if (!x->end->status)
			x->end->status = json_loadb(bytes.p, bytes.n, 0, NULL);
		return 0;
	case WS_STDIN:
	case WS_RESIZE:
	case WS_CLOSE:
	default:
		return 0;
	}
}

static void send_size(struct session *x, unsigned more)
{
	unsigned width, height;
	cleanup_free char *text = NULL;

	if (!x->o->tty || !terminal_size(&x->terminal, &width, &height))
		return;
	text = xasprintf("{\"Width\":%u,\"Height\":%u}", width + more, height + more);
	(void)websocket_send(x->socket, WS_RESIZE, sv(text));
}

static ssize_t read_some(struct session *x, char *buf, size_t n)
{
	ssize_t got;

	if (x->o->in)
		return x->o->in(x->o->data, buf, n);
	got = read(fileno(x->cli->in), buf, n);
	return got < 0 ? -errno : got;
}

static int read_input(struct session *x)
{
	static char buf[INPUT_BYTES];
	static const char closed[] = {WS_STDIN};
	cleanup_str struct str typed = {0};
	ssize_t n = read_some(x, buf, sizeof buf);

	if (n < 0)
		return n == -EINTR || n == -EAGAIN ? 0 : (int)n;
	if (n == 0) {
		x->input = false;
		return websocket_send(x->socket, WS_CLOSE, (struct sv){closed, sizeof closed});
	}
	if (!x->detach.n)
		return websocket_send(x->socket, WS_STDIN, (struct sv){buf, (size_t)n});
	x->end->detached = detach_filter(&x->detach, (struct sv){buf, (size_t)n}, &typed);
	return typed.n ? websocket_send(x->socket, WS_STDIN, (struct sv){typed.p, typed.n}) : 0;
}

static void take_signals(struct session *x)
{
	int signo;

	while ((signo = terminal_signal(&x->terminal))) {
		if (signo == SIGTSTP)
			terminal_suspend(&x->terminal);
		if (signo == SIGWINCH || signo == SIGTSTP)
			send_size(x, 0);
		else
			x->end->signal = signo;
	}
}

static int loop(struct session *x)
{
	if (x->o->redraw)
		send_size(x, 1);
	send_size(x, 0);
	for (;;) {
		/* The first step also takes frames that came together with the upgrade. */
		int r = websocket_step(x->socket);
		bool hungry = x->input && websocket_queued(x->socket) < QUEUED_MAX;
		int in = x->o->in ? -1 : fileno(x->cli->in);
		struct pollfd fds[] = {
			{.fd = websocket_fd(x->socket), .events = websocket_events(x->socket)},
			{.fd = x->terminal.signal_fd, .events = POLLIN},
			{.fd = hungry ? in : -1, .events = POLLIN},
		};

		if (r < 0 || x->end->signal || x->end->detached || !fds[0].events)
			return r;
		if (poll(fds, ARRAY_SIZE(fds), hungry && x->o->in ? 0 : -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			take_signals(x);
		if (fds[2].revents || (hungry && x->o->in))
			r = read_input(x);
		if (r < 0)
			return r;
	}
}

static void open_and_loop(struct session *x, const char *path)
{
	cleanup_response struct response refusal = {0};
	struct cli *c = x->cli;
	struct err e = {0};
	int r = x->o->until ? detach_parse(x->o->until, &x->detach, &e) : 0;

	if (r == 0)
		r = websocket_open(c->client, path, on_message, x, &x->socket, &refusal, &e);
	if (r == 0)
		r = terminal_open(&x->terminal, fileno(c->in), x->o->tty, &e);
	x->end->refused = r != 0;
	if (r > 0)
		(void)fail_response(c, &refusal, NULL);
	else if (r < 0)
		(void)fail_err(c, &e);
	if (r != 0)
		return;
	if (x->o->hint)
		(void)fprintf(c->err, "%s\r\n", x->o->hint);
	x->end->r = loop(x);
}

void session_run(
	struct cli *c, const char *path, const struct session_options *o, struct session_end *ret)
{
	struct session x = {.cli = c,
		.o = o,
		.terminal = {.fd = -EBADF, .signal_fd = -EBADF},
		.input = o->input,
		.end = ret};

	*ret = (struct session_end){0};
	open_and_loop(&x, path);
	terminal_close(&x.terminal);
	websocket_free(x.socket);
}

void session_end_done(struct session_end *end)
{
	json_decref(end->status);
	*end = (struct session_end){0};
}

/* ---- what came of it ------------------------------------------------------------------------------- */

int session_exit_code(const json_t *status)
{
	json_t *causes = json_list(json_map(status, "details"), "causes"), *cause;
	int64_t code;
	size_t i;

	if (streq(json_str(status, "status"), "Success"))
		return 0;
	json_array_foreach (causes, i, cause)
		if (streq(json_str(cause, "reason"), "ExitCode") &&
			parse_i64(sv(json_str_or(cause, "message", "")), &code) == 0)
			return (int)code;
	return -1;
}

int session_report(struct cli *c, const struct session_end *end)
{
	int code = session_exit_code(end->status);

	if (end->signal) {
		(void)raise(end->signal);
		return 128 + end->signal; /* not reached: the signal's default action ends us */
	}
	if (end->refused)
		return EXIT_FAILED;
	if (end->detached || code == 0)
		return EXIT_OK;
	if (code > 0) {
		if (!flag_on(&c->flags, "quiet"))
			(void)fprintf(c->err, "command terminated with exit code %d\n", code);
		return code;
	}
	if (end->status)
		return fail(c, "%s",
			json_str_or(end->status, "message", "the command could not be run"));
	if (end->r == -EPIPE)
		return EXIT_FAILED;
	return fail(c, "the connection to berthd ended before the command did (%s)",
		end->r < 0 ? strerror(-end->r) : "closed without a status");
}

char *session_path(const struct cli *c, const json_t *pod, const struct session_query *q)
{
	const json_t *metadata = json_map(pod, "metadata");
	cleanup_str struct str path = {0};

	path_start(&path, kind_by_name("v1", "Pod"),
		json_str_or(metadata, "namespace", namespace_of(c)),
		json_str_or(metadata, "name", ""), q->verb);
	for (size_t i = 0; i < q->n_argv; i++)
		query_add(&path, "command", q->argv[i]);
	query_add(&path, "container", q->container);
	query_add(&path, "stdin", q->in ? "true" : "false");
	query_add(&path, "stdout", q->out ? "true" : "false");
	query_add(&path, "stderr", q->err ? "true" : "false");
	query_add(&path, "tty", q->tty ? "true" : "false");
	return str_take(&path);
}
