/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent made of canned answers, on a Unix socket, for tests of the berth command: each request must match the
 * next fitting row of a script.
 */
#ifndef TESTS_UNIT_AGENT_CLI_FAKE_AGENT_H
#define TESTS_UNIT_AGENT_CLI_FAKE_AGENT_H

#include "tests/unit/unit.h"

#include "runtime/base/str.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

struct answer {
	const char *
		request; /* "GET /api/v1/…", the request line up to its version; NULL ends the script */
	int code;
	const char *body;
	const char *head;			 /* more header lines, each with \r\n */
	const char *type;			 /* NULL: application/json */
	bool stays;				 /* may be asked for again */
	bool raw;				 /* body is the whole answer, head included */
	void (*serve)(int fd, const char *head); /* talks on by itself; @head: the header lines */
	const char *expects;			 /* the request's body must hold this text */
};

enum { CONNECTIONS_MAX = 32 };

struct fake_agent {
	struct scratch scratch;
	char socket[96];
	int listen_fd;
	const struct answer *script;
	bool used[64];
	pthread_t accepting, threads[CONNECTIONS_MAX];
	int fds[CONNECTIONS_MAX];
	size_t n_threads;
	pthread_mutex_t lock;
	struct str log;	    /* every request: line and body */
	struct str strange; /* requests that no row wanted */
};

struct connection {
	struct fake_agent *agent;
	int fd;
};

static const struct answer *fake_find(struct fake_agent *a, const char *line, const char *body)
{
	const struct answer *found = NULL;

	pthread_mutex_lock(&a->lock);
	str_addf(&a->log, "%s\n%s%s", line, body, *body ? "\n" : "");
	for (size_t i = 0; a->script[i].request && !found; i++) {
		if (a->used[i] || strcmp(a->script[i].request, line) != 0)
			continue;
		if (a->script[i].expects && !strstr(body, a->script[i].expects))
			continue;
		a->used[i] = !a->script[i].stays;
		found = &a->script[i];
	}
	if (!found)
		str_addf(&a->strange, "%s\n%s\n", line, body);
	pthread_mutex_unlock(&a->lock);
	return found;
}

/* Takes one request's body of the given length, or chunked up to its last chunk. */
static void fake_body(int fd, struct str *in, size_t head, struct str *ret)
{
	const char *length = strcasestr(in->p, "\r\ncontent-length:");
	size_t want = length && length < in->p + head ? strtoul(length + 17, NULL, 10) : 0;
	bool chunked = strcasestr(in->p, "\r\ntransfer-encoding: chunked") != NULL;
	char buf[4096];

	while (chunked ? !memmem(in->p + head, in->n - head, "\r\n0\r\n\r\n", 7)
		       : in->n < head + want) {
		ssize_t n = recv(fd, buf, sizeof buf, 0);

		if (n <= 0)
			break;
		str_addn(in, buf, (size_t)n);
	}
	str_addn(ret, in->p + head, in->n - head);
}

static bool fake_serve(struct fake_agent *a, int fd)
{
	cleanup_str struct str in = {0}, body = {0}, out = {0};
	const struct answer *answer;
	const char *end = NULL;
	char buf[4096], *line_end, *version;

	while (!end) {
		ssize_t n = recv(fd, buf, sizeof buf, 0);

		if (n <= 0)
			return false;
		str_addn(&in, buf, (size_t)n);
		end = memmem(in.p, in.n, "\r\n\r\n", 4);
	}
	fake_body(fd, &in, (size_t)(end + 4 - in.p), &body);
	line_end = strstr(in.p, "\r\n");
	*line_end = '\0';
	version = strstr(in.p, " HTTP/");
	if (version)
		*version = '\0';
	answer = fake_find(a, in.p, body.p ? body.p : "");
	if (!answer) {
		(void)dprintf(fd, "HTTP/1.1 599 Unexpected\r\nContent-Length: 0\r\n\r\n");
		return true;
	}
	if (answer->serve) {
		answer->serve(fd, line_end + 2);
		return false;
	}
	str_addf(&out, "HTTP/1.1 %d X\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		answer->code, answer->type ? answer->type : "application/json",
		answer->head ? answer->head : "", strlen(answer->body), answer->body);
	(void)fs_write_all(fd, out.p, out.n);
	return true;
}

static void *fake_connection(void *data)
{
	struct connection *c = data;

	while (fake_serve(c->agent, c->fd)) {
	}
	(void)shutdown(c->fd, SHUT_RDWR);
	free(c);
	return NULL;
}

static void *fake_accept(void *data)
{
	struct fake_agent *a = data;

	for (;;) {
		int fd = accept4(a->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		const struct timeval limit = {.tv_sec = 10};
		struct connection *c;

		if (fd < 0 || a->n_threads == CONNECTIONS_MAX)
			return NULL;
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		c = xcalloc(1, sizeof *c);
		*c = (struct connection){a, a->fds[a->n_threads] = fd};
		assert(pthread_create(&a->threads[a->n_threads++], NULL, fake_connection, c) == 0);
	}
}

/* Starts an agent that answers by @script (borrowed). */
static inline __attribute__((unused)) void fake_open(
	struct fake_agent *a, const struct answer *script)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	*a = (struct fake_agent){.script = script, .lock = PTHREAD_MUTEX_INITIALIZER};
	(void)signal(SIGPIPE, SIG_IGN);
	scratch_open(&a->scratch);
	(void)snprintf(a->socket, sizeof a->socket, "%s/berth.sock", a->scratch.path);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", a->socket);
	a->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(a->listen_fd >= 0);
	assert_int_equal(bind(a->listen_fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(a->listen_fd, 16), 0);
	assert_int_equal(pthread_create(&a->accepting, NULL, fake_accept, a), 0);
}

/* Ends it: every row must have been asked for, and nothing else. */
static inline __attribute__((unused)) void fake_close(struct fake_agent *a)
{
	(void)shutdown(a->listen_fd, SHUT_RDWR);
	pthread_join(a->accepting, NULL);
	for (size_t i = 0; i < a->n_threads; i++) {
		(void)shutdown(a->fds[i], SHUT_RDWR);
		pthread_join(a->threads[i], NULL);
		(void)close(a->fds[i]);
	}
	(void)close(a->listen_fd);
	scratch_close(&a->scratch);
	if (a->strange.n)
		fail_msg("requests that the script does not have:\n%s", a->strange.p);
	for (size_t i = 0; a->script[i].request; i++)
		if (!a->used[i] && !a->script[i].stays)
			fail_msg("never asked for: %s; there came:\n%s", a->script[i].request,
				a->log.p ? a->log.p : "nothing");
	str_done(&a->log);
	str_done(&a->strange);
}

#endif
