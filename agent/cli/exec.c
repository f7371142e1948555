/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth exec`: a command in a container, its streams over one WebSocket. The loop waits on the socket, standard input
 * and signals; input is read only while little of it waits to be sent.
 * Source: k8s.io/apimachinery pkg/util/remotecommand (channels, status, close signal of v5).
 */
#include "agent/cli/api_path.h"
#include "agent/cli/handlers.h"
#include "agent/cli/pod.h"
#include "agent/cli/terminal.h"
#include "agent/cli/websocket.h"
#include "agent/spec/spec.h"
#include "runtime/base/fs.h"

#include <poll.h>
#include <signal.h>

enum { INPUT_BYTES = 32 << 10, QUEUED_MAX = 256 << 10 };

struct exec {
	struct cli *cli;
	struct websocket *socket;
	struct terminal terminal;
	bool input, tty;
	json_t *status; /* what channel 3 said */
	int signal;	/* that ends this program */
};

static int on_message(void *data, enum ws_channel channel, struct sv bytes)
{
	struct exec *x = data;

	switch (channel) {
	case WS_STDOUT:
		(void)fflush(x->cli->out);
		return fs_write_all(fileno(x->cli->out), bytes.p, bytes.n);
	case WS_STDERR:
		(void)fflush(x->cli->err);
		return fs_write_all(fileno(x->cli->err), bytes.p, bytes.n);
	case WS_ERROR:
		if (!x->status)
			x->status = json_loadb(bytes.p, bytes.n, 0, NULL);
		return 0;
	case WS_STDIN:
	case WS_RESIZE:
	case WS_CLOSE:
	default:
		return 0;
	}
}

static void send_size(struct exec *x)
{
	unsigned width, height;
	cleanup_free char *text = NULL;

	if (!x->tty || !terminal_size(&x->terminal, &width, &height))
		return;
	text = xasprintf("{\"Width\":%u,\"Height\":%u}", width, height);
	(void)websocket_send(x->socket, WS_RESIZE, sv(text));
}

static int read_input(struct exec *x)
{
	static char buf[INPUT_BYTES];
	static const char closed[] = {WS_STDIN};
	ssize_t n = read(fileno(x->cli->in), buf, sizeof buf);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (n > 0)
		return websocket_send(x->socket, WS_STDIN, (struct sv){buf, (size_t)n});
	x->input = false;
	return websocket_send(x->socket, WS_CLOSE, (struct sv){closed, sizeof closed});
}

static void take_signals(struct exec *x)
{
	int signo;

	while ((signo = terminal_signal(&x->terminal))) {
		if (signo == SIGWINCH)
			send_size(x);
		else
			x->signal = signo;
	}
}

static int loop(struct exec *x)
{
	send_size(x);
	for (;;) {
		/* The first step also takes frames that came together with the upgrade. */
		int r = websocket_step(x->socket);
		bool hungry = x->input && websocket_queued(x->socket) < QUEUED_MAX;
		struct pollfd fds[] = {
			{.fd = websocket_fd(x->socket), .events = websocket_events(x->socket)},
			{.fd = x->terminal.signal_fd, .events = POLLIN},
			{.fd = hungry ? fileno(x->cli->in) : -1, .events = POLLIN},
		};

		if (r < 0 || x->signal || !fds[0].events)
			return r;
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents)
			take_signals(x);
		if (fds[2].revents)
			r = read_input(x);
		if (r < 0)
			return r;
	}
}

/* The command's own exit status out of the Status of channel 3, or -1. */
static int exit_code(const json_t *status)
{
	json_t *causes = json_list(json_map(status, "details"), "causes"), *cause;
	int64_t code;
	size_t i;

	json_array_foreach (causes, i, cause)
		if (streq(json_str(cause, "reason"), "ExitCode") &&
			parse_i64(sv(json_str_or(cause, "message", "")), &code) == 0)
			return (int)code;
	return -1;
}

static int report(struct exec *x, int r)
{
	struct cli *c = x->cli;
	int code = exit_code(x->status);

	if (x->signal) {
		(void)raise(x->signal);
		return 128 + x->signal; /* not reached: the signal's default action ends us */
	}
	if (streq(json_str(x->status, "status"), "Success"))
		return EXIT_OK;
	if (code >= 0) {
		if (!flag_on(&c->flags, "quiet"))
			(void)fprintf(c->err, "command terminated with exit code %d\n", code);
		return code;
	}
	if (x->status)
		return fail(
			c, "%s", json_str_or(x->status, "message", "the command could not be run"));
	if (r == -EPIPE)
		return EXIT_FAILED;
	return fail(c, "the connection to berthd ended before the command did (%s)",
		r < 0 ? strerror(-r) : "closed without a status");
}

/* The request; NULL: told. */
static char *exec_path(struct exec *x, const json_t *pod)
{
	struct cli *c = x->cli;
	const json_t *metadata = json_map(pod, "metadata");
	const char *container = container_find(
		c, pod, flag_text(&c->flags, "container"), flag_on(&c->flags, "quiet"));
	cleanup_str struct str path = {0};

	if (!container)
		return NULL;
	path_start(&path, kind_by_name("v1", "Pod"),
		json_str_or(metadata, "namespace", namespace_of(c)),
		json_str_or(metadata, "name", ""), "exec");
	for (size_t i = c->flags.n_before_dash; i < c->flags.n_words; i++)
		query_add(&path, "command", c->flags.words[i]);
	query_add(&path, "container", container);
	query_add(&path, "stdin", x->input ? "true" : "false");
	query_add(&path, "stdout", "true");
	query_add(&path, "stderr", x->tty ? "false" : "true");
	query_add(&path, "tty", x->tty ? "true" : "false");
	return str_take(&path);
}

static int run(struct exec *x, const char *path)
{
	cleanup_response struct response refusal = {0};
	struct cli *c = x->cli;
	struct err e = {0};
	int r = websocket_open(c->client, path, on_message, x, &x->socket, &refusal, &e);

	if (r > 0)
		return fail_response(c, &refusal, NULL);
	if (r < 0)
		return fail_err(c, &e);
	r = terminal_open(&x->terminal, fileno(c->in), x->tty, &e);
	if (r == 0)
		r = loop(x);
	terminal_close(&x->terminal);
	return e.code ? fail_err(c, &e) : report(x, r);
}

int cmd_exec(struct cli *c)
{
	struct exec x = {
		.cli = c, .input = flag_on(&c->flags, "stdin"), .tty = flag_on(&c->flags, "tty")};
	cleanup_json json_t *pod = NULL;
	cleanup_free char *path = NULL;
	int status;

	if (word_count(c) > 1)
		return fail_usage(c, "exec [POD] [COMMAND] is not supported. Use exec [POD] -- "
				     "[COMMAND] instead");
	if (word_count(c) == 0)
		return fail_usage(c, "pod or type/name must be specified");
	if (c->flags.n_words == c->flags.n_before_dash)
		return fail_usage(c, "you must specify at least one command for the container");
	if (x.tty && !(x.input && isatty(fileno(c->in)))) {
		if (!flag_on(&c->flags, "quiet"))
			(void)fprintf(c->err, "Unable to use a TTY - input is not a terminal or "
					      "the right kind of file\n");
		x.tty = false;
	}
	pod = pod_find(c, word(c, 0), flag_on(&c->flags, "quiet"));
	path = pod ? exec_path(&x, pod) : NULL;
	if (!path)
		return EXIT_FAILED;
	status = run(&x, path);
	websocket_free(x.socket);
	json_decref(x.status);
	return status;
}
