/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec over WebSocket: real processes behind the API's backend, raw frames in front of it. Exit codes, half-closed stdin,
 * a terminal and its size, floods in both directions, clients that go, refused upgrades.
 */
#include "tests/unit/agent/api/client.h"

#include "agent/api/backend.h"

#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* ---- a backend that runs commands right here --------------------------------------------------- */

struct control_exec {
	struct control_exec_calls calls;
	sd_event_source *child, *start;
	pid_t pid;
	int tty_fd;
};

static int peer_fd = -1; /* of a dial: what the pod would be; of an attach: its stdin */
static int attach_out = -1;
static struct control_exec *attached;
static bool input_ends;
static sd_event *test_loop;
static unsigned running, killed;
static const char *refuse; /* the next exec is refused with this message */

static int told_start(sd_event_source *source, void *data)
{
	struct control_exec *x = data;
	int fd = x->tty_fd;

	(void)source;
	x->tty_fd = -1;
	x->calls.started(x->calls.data, fd);
	return 0;
}

static int child_ended(sd_event_source *source, const siginfo_t *si, void *data)
{
	struct control_exec *x = data;

	(void)source;
	x->pid = 0;
	x->calls.ended(x->calls.data,
		si->si_code == CLD_EXITED ? si->si_status : 128 + si->si_status, NULL);
	return 0;
}

static void run_child(const struct control_exec_request *q, char **argv, int slave)
{
	for (int i = 0; i < 3; i++) {
		int fd = q->tty ? slave : q->fds[i];

		if (fd < 0)
			fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		(void)dup2(fd, i);
	}
	if (q->tty)
		(void)setsid();
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execvp(argv[0], argv);
	_exit(127);
}

static int test_exec_start(struct control *c, const struct control_exec_request *q,
	const struct control_exec_calls *calls, struct control_exec **ret, struct err *e)
{
	struct control_exec *x;
	char *argv[32] = {0};
	int slave = -1;
	sigset_t mask, old;

	(void)c;
	if (refuse) {
		(void)err_set(e, -EAGAIN, "%s", refuse);
		refuse = NULL;
		return err_reason(e, "Conflict");
	}
	x = xcalloc(1, sizeof *x);
	x->calls = *calls;
	x->tty_fd = -1;
	if (q->kind != CONTROL_EXEC) {
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
		x->tty_fd = ends[0];
		peer_fd = ends[1];
		attach_out = q->kind == CONTROL_ATTACH ? dup(q->fds[1]) : -1;
		attached = x;
		assert_true(sd_event_add_defer(test_loop, &x->start, told_start, x) >= 0);
		running++;
		*ret = x;
		return 0;
	}
	for (size_t i = 0; i < q->n_argv && i < ARRAY_SIZE(argv) - 1; i++)
		argv[i] = (char *)(uintptr_t)q->argv[i];
	if (q->tty)
		assert_int_equal(openpty(&x->tty_fd, &slave, NULL, NULL, NULL), 0);
	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &mask, &old);
	x->pid = fork();
	assert_true(x->pid >= 0);
	if (x->pid == 0)
		run_child(q, argv, slave);
	if (slave >= 0)
		(void)close(slave);
	assert_true(sd_event_add_child(test_loop, &x->child, x->pid, WEXITED, child_ended, x) >= 0);
	assert_true(sd_event_add_defer(test_loop, &x->start, told_start, x) >= 0);
	running++;
	*ret = x;
	return 0;
}

static void test_exec_free(struct control_exec *own_x)
{
	if (!own_x)
		return;
	running--;
	(void)sd_event_source_disable_unref(own_x->start);
	(void)sd_event_source_disable_unref(own_x->child);
	if (own_x->pid > 0) {
		killed++;
		(void)kill(own_x->pid, SIGKILL);
		(void)waitpid(own_x->pid, NULL, 0);
	}
	if (own_x->tty_fd >= 0)
		(void)close(own_x->tty_fd);
	free(own_x);
}

static int test_check(struct control *c, const struct control_exec_request *q, struct err *e)
{
	(void)c;
	return q->container && streq(q->container, "waits")
		       ? err_set(e, -EBADMSG, "container waits is not running")
		       : 0;
}

static bool test_close_input(struct control_exec *x)
{
	(void)x;
	return input_ends;
}

static const struct api_backend backend = {.exec_check = test_check,
	.exec_close_input = test_close_input,
	.exec_start = test_exec_start,
	.exec_free = test_exec_free};

/* ---- a client ---------------------------------------------------------------------------------- */

static int up(void **state)
{
	struct server *s = xcalloc(1, sizeof *s);

	s->backend = &backend;
	server_up(s);
	test_loop = s->loop;
	running = killed = 0;
	make_pod(s, "web", "x");
	*state = s;
	return 0;
}

static int down(void **state)
{
	server_down(*state);
	free(*state);
	assert_int_equal(running, 0);
	return 0;
}

struct client {
	struct server *s;
	int fd;
	struct str in;	     /* not yet taken apart */
	struct str out[256]; /* by channel */
	int close_code;	     /* -1: none has come */
	unsigned pongs;
	bool ended; /* the connection */
};

#define HANDSHAKE                                                                                  \
	"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"    \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static void client_open_at(struct client *c, struct server *s, const char *method, const char *path,
	const char *protocol)
{
	cleanup_free char *text = xasprintf("%s " PODS "/web/%s HTTP/1.1\r\n" HANDSHAKE
					    "Sec-WebSocket-Protocol: %s\r\n\r\n",
		method, path, protocol);
	char *end;

	*c = (struct client){.s = s, .fd = dial(s), .close_code = -1};
	send_text(s, c->fd, text, strlen(text));
	assert_true(pump_until(s, c->fd, &c->in, "\r\n\r\n"));
	if (strncmp(c->in.p, "HTTP/1.1 101", 12) != 0)
		fail_msg("%s", c->in.p);
	/* RFC 6455, 1.3 has this very key. */
	assert_non_null(strstr(c->in.p, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
	assert_non_null(strstr(c->in.p, protocol));
	end = strstr(c->in.p, "\r\n\r\n") + 4;
	c->in.n -= (size_t)(end - c->in.p);
	memmove(c->in.p, end, c->in.n + 1);
}

static void client_open(struct client *c, struct server *s, const char *query, const char *protocol)
{
	cleanup_free char *path = xasprintf("exec?%s", query);

	client_open_at(c, s, "GET", path, protocol);
}

/* Goes, and lets the server see it: the command ends if it still ran (5 s on a busy machine). */
static void client_close(struct client *c)
{
	unsigned others = running ? running - 1 : 0;

	(void)close(c->fd);
	str_done(&c->in);
	for (size_t i = 0; i < ARRAY_SIZE(c->out); i++)
		str_done(&c->out[i]);
	for (int i = 0; i < 20 || (running > others && i < 2500); i++)
		turn(c->s);
}

static void send_frame(struct client *c, unsigned opcode, const void *bytes, size_t n)
{
	static const unsigned char mask[4] = {1, 2, 3, 4};
	cleanup_str struct str frame = {0};
	unsigned char head[4] = {(unsigned char)(0x80 | opcode), (unsigned char)(0x80 | n)};

	if (n > 125) {
		head[1] = 0x80 | 126;
		head[2] = (unsigned char)(n >> 8);
		head[3] = (unsigned char)n;
	}
	str_addn(&frame, head, n > 125 ? 4 : 2);
	str_addn(&frame, mask, 4);
	for (size_t i = 0; i < n; i++) {
		char b = (char)(((const unsigned char *)bytes)[i] ^ mask[i % 4]);

		str_addn(&frame, &b, 1);
	}
	send_text(c->s, c->fd, frame.p, frame.n);
}

static void send_channel(struct client *c, unsigned channel, const void *bytes, size_t n)
{
	cleanup_str struct str message = {0};
	char first = (char)channel;

	str_addn(&message, &first, 1);
	str_addn(&message, bytes, n);
	send_frame(c, 2, message.p, message.n);
}

/* Takes whole frames from c->in. */
static void take_frames(struct client *c)
{
	size_t at = 0;

	for (;;) {
		const unsigned char *p = (const unsigned char *)c->in.p + at;
		size_t left = c->in.n - at, n, head = 2;

		if (left < 2)
			break;
		n = p[1] & 0x7f;
		assert_int_equal(p[1] & 0x80, 0);
		if (n == 126) {
			head = 4;
			n = left < 4 ? SIZE_MAX / 2 : (size_t)p[2] << 8 | p[3];
		}
		if (left < head + n)
			break;
		p += head;
		if ((p[-(int)head] & 0x0f) == 8)
			c->close_code = n >= 2 ? p[0] << 8 | p[1] : 0;
		else if ((p[-(int)head] & 0x0f) == 10)
			c->pongs++;
		else if (n > 0)
			str_addn(&c->out[p[0]], p + 1, n - 1);
		at += head + n;
	}
	c->in.n -= at;
	if (at > 0)
		memmove(c->in.p, c->in.p + at, c->in.n + 1);
}

static void step(struct client *c)
{
	if (!pump(c->s, c->fd, &c->in))
		c->ended = true;
	if (c->in.n > 0)
		take_frames(c);
}

/* Until the close frame comes. Returns: the Status of channel 3. */
static json_t *wait_end(struct client *c)
{
	json_t *status = NULL;

	for (int i = 0; i < 5000 && c->close_code < 0 && !c->ended; i++)
		step(c);
	assert_int_equal(c->close_code, 1000);
	assert_non_null(c->out[3].p);
	assert_int_equal(json_parse((struct sv){c->out[3].p, c->out[3].n}, &status, NULL), 0);
	return status;
}

/* ---- tests ------------------------------------------------------------------------------------- */

static void output_and_exit_code(void **state)
{
	struct server *s = *state;
	cleanup_json json_t *status = NULL;
	const json_t *cause;
	struct client c;

	client_open(&c, s, "command=sh&command=-c&command=echo+out%3B+echo+err+%3E%262%3B+exit+3",
		"v5.channel.k8s.io");
	status = wait_end(&c);
	assert_string_equal(c.out[1].p, "out\n");
	assert_string_equal(c.out[2].p, "err\n");
	assert_string_equal(json_str(status, "status"), "Failure");
	assert_string_equal(json_str(status, "reason"), "NonZeroExitCode");
	cause = json_array_get(json_list(json_map(status, "details"), "causes"), 0);
	assert_string_equal(json_str(cause, "reason"), "ExitCode");
	assert_string_equal(json_str(cause, "message"), "3");
	send_frame(&c, 8, "\x03\xe8", 2);
	client_close(&c);
	assert_int_equal(killed, 0);
}

static void success(void **state)
{
	struct client c;
	cleanup_json json_t *status = NULL;

	client_open(&c, *state, "command=true", "v4.channel.k8s.io");
	status = wait_end(&c);
	assert_string_equal(json_str(status, "status"), "Success");
	client_close(&c);
}

static void stdin_and_its_end(void **state)
{
	struct client c;
	cleanup_json json_t *status = NULL;

	client_open(&c, *state, "command=cat&stdin=true", "v5.channel.k8s.io");
	send_channel(&c, 0, "hello ", 6);
	send_channel(&c, 0, "world\n", 6);
	send_channel(&c, 255, "\0", 1);
	status = wait_end(&c);
	assert_string_equal(c.out[1].p, "hello world\n");
	assert_string_equal(json_str(status, "status"), "Success");
	client_close(&c);
}

static void pings_are_answered(void **state)
{
	struct client c;

	client_open(&c, *state, "command=sleep&command=60", "v5.channel.k8s.io");
	send_frame(&c, 9, "x", 1);
	for (int i = 0; i < 200 && c.pongs == 0; i++)
		step(&c);
	assert_int_equal(c.pongs, 1);
	client_close(&c);
}

static void a_terminal_and_its_size(void **state)
{
	static const char size[] = "{\"Width\":91,\"Height\":33}";
	struct client c;
	cleanup_json json_t *status = NULL;

	client_open(&c, *state,
		"command=sh&command=-c&command=read+x%3B+stty+size%3B+echo+%22%5B%24x%5D%22"
		"&stdin=true&tty=true",
		"v5.channel.k8s.io");
	send_channel(&c, 4, size, sizeof size - 1);
	send_channel(&c, 0, "typed\n", 6);
	status = wait_end(&c);
	assert_non_null(strstr(c.out[1].p, "33 91"));
	assert_non_null(strstr(c.out[1].p, "[typed]"));
	client_close(&c);
}

/* More output than any buffer between holds: a client that does not read stops the process, not the server. */
static void floods_wait(void **state)
{
	struct server *s = *state;
	struct client c;
	cleanup_json json_t *status = NULL;
	cleanup_answer struct answer a = {0};

	client_open(&c, s, "command=head&command=-c&command=20000000&command=%2Fdev%2Fzero",
		"v5.channel.k8s.io");
	for (int i = 0; i < 50; i++)
		turn(s);
	a = get(s, "/healthz");
	assert_int_equal(a.code, 200);
	status = wait_end(&c);
	assert_int_equal(c.out[1].n, 20000000);
	client_close(&c);
}

static void input_waits_too(void **state)
{
	struct client c;
	cleanup_json json_t *status = NULL;
	char block[16000];
	unsigned sent = 0;

	client_open(&c, *state, "command=sh&command=-c&command=sleep+0.2%3B+wc+-c&stdin=true",
		"v5.channel.k8s.io");
	memset(block, 'x', sizeof block);
	for (; sent < 100; sent++)
		send_channel(&c, 0, block, sizeof block);
	send_channel(&c, 255, "\0", 1);
	status = wait_end(&c);
	assert_string_equal(c.out[1].p, "1600000\n");
	client_close(&c);
}

static void a_client_that_goes_ends_the_process(void **state)
{
	for (unsigned i = 0; i < 20; i++) {
		struct client c;

		client_open(&c, *state, "command=sleep&command=60", "v5.channel.k8s.io");
		client_close(&c);
		assert_int_equal(running, 0);
		assert_int_equal(killed, i + 1);
	}
}

static void the_server_may_stop_meanwhile(void **state)
{
	struct client c;

	client_open(&c, *state, "command=sleep&command=60", "v5.channel.k8s.io");
	(void)close(c.fd);
	str_done(&c.in);
	/* down() stops the server with the exec still there. */
}

static void there_is_a_limit(void **state)
{
	struct server *s = *state;
	struct client c[33];
	cleanup_str struct str in = {0};
	int fd;

	for (size_t i = 0; i < 32; i++)
		client_open(&c[i], s, "command=sleep&command=60", "v5.channel.k8s.io");
	fd = dial(s);
	send_text(s, fd,
		"GET " PODS "/web/exec?command=sleep HTTP/1.1\r\n" HANDSHAKE
		"Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n",
		strlen("GET " PODS "/web/exec?command=sleep HTTP/1.1\r\n" HANDSHAKE
		       "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n"));
	assert_true(pump_until(s, fd, &in, "too many streams"));
	assert_memory_equal(in.p, "HTTP/1.1 429", 12);
	(void)close(fd);
	for (size_t i = 0; i < 32; i++)
		client_close(&c[i]);
}

/* safety T29: a refused upgrade is answered and closed; what stands behind it is never a request. */
static void refused_upgrades_close(void **state)
{
	static const struct {
		const char *name, *method, *path, *headers;
		unsigned code;
		const char *part;
	} cases[] = {
		{"no upgrade", "GET", "exec?command=true", "", 400, "Upgrade request required"},
		{"SPDY", "POST", "exec?command=true",
			"Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
			"X-Stream-Protocol-Version: v4.channel.k8s.io\r\n",
			400, "exec over SPDY/3.1 is not served"},
		{"SPDY to what does not run", "POST", "exec?command=true&container=waits",
			"Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n", 400,
			"container waits is not running"},
		{"SPDY by GET", "GET", "exec?command=true",
			"Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n", 400,
			"SPDY/3.1 is not served"},
		{"kubectl port-forward", "POST", "portforward",
			"Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n", 400,
			"use `berth port-forward`"},
		{"kubectl port-forward by WebSocket", "GET", "portforward",
			HANDSHAKE "Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n", 400,
			"use `berth port-forward`"},
		{"a port of nought", "GET", "portforward?ports=0",
			HANDSHAKE "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n", 400,
			"not a port number"},
		{"no port", "GET", "portforward",
			HANDSHAKE "Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n", 400,
			"at least 1 port"},
		{"no command", "GET", "exec", HANDSHAKE, 400, "at least one command"},
		{"no stream", "GET", "exec?command=true&stdout=false&stderr=false", HANDSHAKE, 400,
			"at least 1 of"},
		{"no protocol", "GET", "exec?command=true", HANDSHAKE, 400, "unable to negotiate"},
		{"bad key", "GET", "exec?command=true",
			"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			"Sec-WebSocket-Key: short\r\n",
			400, "Sec-WebSocket-Key"},
		{"bad version", "GET", "exec?command=true",
			"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n",
			400, "must be 13"},
	};
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = xasprintf(
			"%s " PODS "/web/%s HTTP/1.1\r\n%s%s\r\nDELETE " PODS
			"/web?gracePeriodSeconds=7 HTTP/1.1\r\nHost: x\r\n\r\n",
			cases[i].method, cases[i].path,
			strstr(cases[i].headers, "Host:") ? "" : "Host: x\r\n", cases[i].headers);
		cleanup_str struct str in = {0};
		cleanup_answer struct answer pod = {0};
		int fd = dial(s);

		send_text(s, fd, text, strlen(text));
		for (int k = 0; k < 500 && pump(s, fd, &in); k++)
			;
		assert_case(in.p && strstr(in.p, cases[i].part), cases[i].name);
		assert_case(strtoul(in.p + 9, NULL, 10) == cases[i].code, cases[i].name);
		/* One answer, and the end. */
		assert_case(!strstr(in.p + 1, "HTTP/1.1"), cases[i].name);
		assert_case(recv(fd, &(char){0}, 1, 0) == 0, cases[i].name);
		(void)close(fd);
		pod = get(s, PODS "/web");
		assert_null(json_str(json_map(pod.json, "metadata"), "deletionTimestamp"));
	}
	assert_int_equal(running, 0);
}

static void what_control_refuses_is_a_status(void **state)
{
	struct server *s = *state;
	cleanup_str struct str in = {0};
	cleanup_free char *text =
		xasprintf("GET " PODS "/web/exec?command=true HTTP/1.1\r\n" HANDSHAKE
			  "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n");
	int fd = dial(s);

	refuse = "container c is not running: CrashLoopBackOff";
	send_text(s, fd, text, strlen(text));
	assert_true(pump_until(s, fd, &in, "CrashLoopBackOff"));
	assert_memory_equal(in.p, "HTTP/1.1 409", 12);
	(void)close(fd);
}

static void wait_channel(struct client *c, unsigned channel, size_t n)
{
	for (int i = 0; i < 5000 && c->out[channel].n < n; i++)
		step(c);
	assert_int_equal(c->out[channel].n, n);
}

static void wait_close(struct client *c)
{
	for (int i = 0; i < 5000 && c->close_code < 0 && !c->ended; i++)
		step(c);
	assert_int_equal(c->close_code, 1000);
}

static void expect_read(struct client *c, int fd, const char *text)
{
	char buf[64] = {0};
	ssize_t n = -1;

	for (int i = 0; i < 5000 && n < 0; i++) {
		step(c);
		n = recv(fd, buf, sizeof buf - 1, MSG_DONTWAIT);
	}
	assert_true(n >= 0);
	assert_string_equal(buf, text);
}

/* An attach to what stays open ends with its input, and one that the container waits for does not. */
static void attaches(void **state)
{
	static const char *const methods[] = {"GET", "POST"};

	for (size_t i = 0; i < 2; i++) {
		cleanup_json json_t *status = NULL;
		struct client c;

		input_ends = i == 1;
		client_open_at(&c, *state, methods[i], "attach?stdin=true", "v5.channel.k8s.io");
		send_channel(&c, 0, "typed", 5);
		expect_read(&c, peer_fd, "typed");
		assert_int_equal(write(attach_out, "said", 4), 4);
		wait_channel(&c, 1, 4);
		send_channel(&c, 255, "\0", 1);
		if (input_ends) {
			expect_read(&c, peer_fd, "");
			assert_int_equal(write(attach_out, "more", 4), 4);
			wait_channel(&c, 1, 8);
			(void)close(attach_out);
			attached->calls.ended(attached->calls.data, 0, NULL);
		} else {
			(void)close(attach_out);
		}
		status = wait_end(&c);
		assert_string_equal(json_str(status, "status"), "Success");
		(void)close(peer_fd);
		client_close(&c);
	}
}

static void forwards_with_half_close(void **state)
{
	struct client c;

	client_open_at(&c, *state, "GET", "portforward?ports=8080", "v5.channel.k8s.io");
	wait_channel(&c, 1, 2);
	assert_memory_equal(c.out[0].p, "\x90\x1f", 2);
	assert_memory_equal(c.out[1].p, "\x90\x1f", 2);
	send_channel(&c, 0, "ask", 3);
	send_channel(&c, 255, "\0", 1);
	expect_read(&c, peer_fd, "ask");
	expect_read(&c, peer_fd, "");
	assert_int_equal(write(peer_fd, "answer", 6), 6);
	(void)close(peer_fd);
	wait_close(&c);
	assert_memory_equal(c.out[0].p + 2, "answer", 6);
	assert_int_equal(c.out[255].n, 1);
	client_close(&c);
}

/* As the Python client: two ports, no half-close, the end of one is not the other's. */
static void forwards_as_v4(void **state)
{
	struct client c;
	int second;

	client_open_at(&c, *state, "GET", "portforward?ports=80&ports=81", "v4.channel.k8s.io");
	wait_channel(&c, 3, 2);
	second = peer_fd;
	send_channel(&c, 2, "two", 3);
	expect_read(&c, second, "two");
	assert_int_equal(write(second, "bye", 3), 3);
	(void)close(second);
	wait_channel(&c, 2, 5);
	assert_int_equal(c.close_code, -1);
	assert_int_equal(c.out[255].n, 0);
	client_close(&c);
}

static void a_forward_that_is_refused(void **state)
{
	struct client c;
	struct err e = {0};

	client_open_at(&c, *state, "GET", "portforward?ports=80", "v5.channel.k8s.io");
	wait_channel(&c, 1, 2);
	(void)err_set(&e, -ECONNREFUSED, "connecting to localhost:80 in the pod: refused");
	attached->calls.ended(attached->calls.data, -1, &e);
	wait_close(&c);
	assert_non_null(strstr(c.out[1].p + 2, "port 80: connecting to localhost:80"));
	(void)close(peer_fd);
	client_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(output_and_exit_code, up, down),
		cmocka_unit_test_setup_teardown(success, up, down),
		cmocka_unit_test_setup_teardown(stdin_and_its_end, up, down),
		cmocka_unit_test_setup_teardown(pings_are_answered, up, down),
		cmocka_unit_test_setup_teardown(a_terminal_and_its_size, up, down),
		cmocka_unit_test_setup_teardown(floods_wait, up, down),
		cmocka_unit_test_setup_teardown(input_waits_too, up, down),
		cmocka_unit_test_setup_teardown(a_client_that_goes_ends_the_process, up, down),
		cmocka_unit_test_setup_teardown(the_server_may_stop_meanwhile, up, down),
		cmocka_unit_test_setup_teardown(there_is_a_limit, up, down),
		cmocka_unit_test_setup_teardown(attaches, up, down),
		cmocka_unit_test_setup_teardown(forwards_with_half_close, up, down),
		cmocka_unit_test_setup_teardown(forwards_as_v4, up, down),
		cmocka_unit_test_setup_teardown(a_forward_that_is_refused, up, down),
		cmocka_unit_test_setup_teardown(refused_upgrades_close, up, down),
		cmocka_unit_test_setup_teardown(what_control_refuses_is_a_status, up, down),
	};
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
