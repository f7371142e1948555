/* SPDX-License-Identifier: Apache-2.0 */
/* `berth exec` against a WebSocket server of wslay: channels, exit statuses, standard input to its end. */
#include "tests/unit/agent/cli/scene.h"

#include <gnutls/crypto.h>
#include <poll.h>
#include <wslay/wslay.h>

#define POD "GET /api/v1/namespaces/default/pods/p"
#define EXEC(query) POD "/exec?command=cat&" query
static const char pod[] =
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":\"default\"},\"spec\":{"
	"\"containers\":[{\"name\":\"web\"},{\"name\":\"nginx\"}]}}";

/* The server's end of one connection. */
struct peer {
	int fd;
	struct str input; /* what came on channel 0 */
	bool closed;	  /* all is said */
	const char *status;
};

static ssize_t peer_recv(wslay_event_context_ptr x, uint8_t *buf, size_t n, int flags, void *data)
{
	struct peer *p = data;
	ssize_t got = recv(p->fd, buf, n, MSG_DONTWAIT);

	(void)flags;
	if (got > 0)
		return got;
	wslay_event_set_error(
		x, got < 0 && errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
	return -1;
}

static ssize_t peer_send(
	wslay_event_context_ptr x, const uint8_t *bytes, size_t n, int flags, void *data)
{
	struct peer *p = data;

	(void)x;
	(void)flags;
	return send(p->fd, bytes, n, 0);
}

static void say(wslay_event_context_ptr x, char channel, const char *text)
{
	cleanup_free char *message = xasprintf("%c%s", channel, text);
	struct wslay_event_msg m = {.opcode = WSLAY_BINARY_FRAME,
		.msg = (const uint8_t *)message,
		.msg_length = 1 + strlen(text)};

	wslay_event_queue_msg(x, &m);
}

/* Sends back what came when the input ends; then the status and the close. */
static void on_message(
	wslay_event_context_ptr x, const struct wslay_event_on_msg_recv_arg *m, void *data)
{
	struct peer *p = data;

	if (m->opcode == WSLAY_BINARY_FRAME && m->msg_length && m->msg[0] == 0)
		str_addn(&p->input, m->msg + 1, m->msg_length - 1);
	if (m->opcode != WSLAY_BINARY_FRAME || m->msg_length != 2 || m->msg[0] != 255 ||
		m->msg[1] != 0)
		return;
	say(x, 1, p->input.p ? p->input.p : "");
	say(x, 2, "to stderr\n");
	say(x, 3, p->status);
	p->closed = true;
}

static void accept_upgrade(int fd, const char *head)
{
	const char *key = strcasestr(head, "sec-websocket-key: ") + 19;
	cleanup_free char *text =
		xasprintf("%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", (int)strcspn(key, "\r"), key);
	cleanup_free char *accept = NULL;
	unsigned char digest[20];

	gnutls_hash_fast(GNUTLS_DIG_SHA1, text, strlen(text), digest);
	accept = base64_encode(digest, sizeof digest);
	dprintf(fd,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n",
		accept);
}

static void converse(int fd, const char *head, const char *status, bool at_once)
{
	static const struct wslay_event_callbacks callbacks = {.recv_callback = peer_recv,
		.send_callback = peer_send,
		.on_msg_recv_callback = on_message};
	struct peer p = {.fd = fd, .status = status};
	wslay_event_context_ptr x;

	accept_upgrade(fd, head);
	wslay_event_context_server_init(&x, &callbacks, &p);
	if (at_once) {
		say(x, 1, "out\n");
		say(x, 3, status);
		p.closed = true;
	}
	while (wslay_event_send(x) == 0) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};

		/* Only now: wslay sends control frames before messages that wait. */
		if (p.closed && (wslay_event_queue_close(x, 1000, NULL, 0) != 0 ||
					wslay_event_send(x) != 0))
			break;
		if (poll(&pfd, 1, 10000) != 1 || wslay_event_recv(x) != 0 ||
			!wslay_event_want_read(x))
			break;
	}
	(void)wslay_event_send(x);
	wslay_event_context_free(x);
	str_done(&p.input);
}

static void succeed(int fd, const char *head)
{
	converse(fd, head, "{\"kind\":\"Status\",\"status\":\"Success\"}", true);
}

static void exit_with_3(int fd, const char *head)
{
	converse(fd, head,
		"{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{"
		"\"reason\":\"ExitCode\","
		"\"message\":\"3\"}]}}",
		false);
}

static void fail_to_start(int fd, const char *head)
{
	converse(fd, head, "{\"status\":\"Failure\",\"message\":\"exec: \\\"cat\\\": not found\"}",
		true);
}

static void vanish(int fd, const char *head)
{
	accept_upgrade(fd, head);
}

#define NOTICE "Defaulted container \"web\" out of: web, nginx\n"

static const struct scene scenes[] = {
	{
		.name = "output and success",
		.line = "exec p -- cat",
		.out = "out\n",
		.err = NOTICE,
		.script = {{POD, 200, pod},
			{EXEC("container=web&stdin=false&stdout=true&stderr=true&tty=false"),
				.serve = succeed}},
	},
	{
		.name = "input, both outputs, the exit status",
		.line = "exec -i p -c nginx -- cat",
		.input = "line 1\nline 2\n",
		.status = 3,
		.out = "line 1\nline 2\n",
		.err = "to stderr\ncommand terminated with exit code 3\n",
		.script = {{POD, 200, pod},
			{EXEC("container=nginx&stdin=true&stdout=true&stderr=true&tty=false"),
				.serve = exit_with_3}},
	},
	{
		.name = "-t without a terminal",
		.line = "exec -it pod/p -c nginx -- cat",
		.input = "",
		.status = 3,
		.err = "Unable to use a TTY - input is not a terminal or the right kind of "
		       "file\nto stderr\ncommand "
		       "terminated with exit code 3\n",
		.script = {{POD, 200, pod},
			{EXEC("container=nginx&stdin=true&stdout=true&stderr=true&tty=false"),
				.serve = exit_with_3}},
	},
	{
		.name = "a command that is not there",
		.line = "exec -q p -- cat",
		.status = 1,
		.err = "error: exec: \"cat\": not found\n",
		.script = {{POD, 200, pod},
			{EXEC("container=web&stdin=false&stdout=true&stderr=true&tty=false"),
				.serve = fail_to_start}},
	},
	{
		.name = "refused",
		.line = "exec -q p -- cat",
		.status = 1,
		.err = "Error from server (BadRequest): container web is not running\n",
		.script = {{POD, 200, pod},
			{EXEC("container=web&stdin=false&stdout=true&stderr=true&tty=false"), 400,
				"{\"kind\":\"Status\",\"reason\":\"BadRequest\",\"message\":"
				"\"container web is not running\"}"}},
	},
	{
		.name = "the agent goes away",
		.line = "exec -q p -- cat",
		.status = 1,
		.err = "error: the connection to berthd ended before the command did (Connection "
		       "reset by peer)\n",
		.script = {{POD, 200, pod},
			{EXEC("container=web&stdin=false&stdout=true&stderr=true&tty=false"),
				.serve = vanish}},
	},
	{
		.name = "no such container",
		.line = "exec p -c db -- cat",
		.status = 1,
		.err = "error: container db not found in pod p (it has: web, nginx)\n",
		.script = {{POD, 200, pod}},
	},
	{.name = "without --", .line = "exec p cat", .status = 1},
	{.name = "without a command", .line = "exec p --", .status = 1},
};

static void plays(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		play(&scenes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(plays)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
