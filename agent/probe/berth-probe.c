/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth-probe: asks containers over the network how they are.
 *
 *	berth-probe serve 3<>socket	requests and answers as messages, until the other end closes, or a minute without
 *	berth-probe once <request >answer
 *
 * A program of its own, because what comes back are bytes of strangers: it goes behind its walls (confine.h) before it
 * reads any, and whoever starts it believes only the shape of its answers (wire.h). One thread; asleep while there
 * is nothing to ask.
 * Exit status of `once`: 0 success, 1 not (see the answer), 2 it could not be asked. `serve`: 0.
 */
#include "agent/probe/ask.h"
#include "agent/probe/confine.h"
#include "runtime/base/fs.h"
#include "runtime/base/msg.h"

#include <signal.h>

static int fail(const struct err *e)
{
	cleanup_free char *text = xasprintf("berth-probe: %s\n", err_text(e));

	(void)fs_write_all(STDERR_FILENO, text, strlen(text));
	return 2;
}

/* ---- serve ------------------------------------------------------------------------------------------------ */

static void send_answer(void *data, const struct probe_answer *a)
{
	cleanup_free char *text = probe_answer_write(a);

	(void)data;
	/* When nobody listens any more, the next read says so. */
	(void)msg_send(PROBE_SOCKET_FD, text, strlen(text), NULL);
}

/* 1: go on; 0: the other end has closed; -errno. */
static int take_request(void)
{
	static char buf[PROBE_MESSAGE_MAX];
	struct probe_request q;
	struct err e = {0};
	ssize_t n = msg_recv(PROBE_SOCKET_FD, buf, sizeof buf, NULL);

	if (n <= 0)
		return (int)n;
	if (probe_request_read((struct sv){buf, (size_t)n}, &q, &e) < 0) {
		(void)fail(&e);
		return 1;
	}
	ask_start(&q);
	return 1;
}

static int serve(struct err *e)
{
	int r = ask_open(send_answer, NULL, e);

	if (r == 0)
		r = confine(e);
	if (r < 0)
		return fail(e);
	do {
		r = ask_wait(PROBE_SOCKET_FD);
		if (r > 0)
			r = take_request();
		else if (r == 0)
			r = 1;
	} while (r > 0);
	ask_close();
	/* Without anything to ask it need not stay: the next question starts another. */
	return r < 0 && r != -ETIME ? 2 : 0;
}

/* ---- once ------------------------------------------------------------------------------------------------- */

static void print_answer(void *data, const struct probe_answer *a)
{
	cleanup_free char *text = probe_answer_write(a);
	enum probe_result *result = data;

	*result = a->result;
	(void)fs_write_all(STDOUT_FILENO, text, strlen(text));
	(void)fs_write_all(STDOUT_FILENO, "\n", 1);
}

static int read_input(struct probe_request *ret, struct err *e)
{
	static char buf[PROBE_MESSAGE_MAX];
	size_t n = 0;
	ssize_t got;

	do {
		got = read(STDIN_FILENO, buf + n, sizeof buf - n);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0 && n < sizeof buf);
	if (got < 0)
		return err_errno(e, -errno, "reading the request");
	return probe_request_read((struct sv){buf, n}, ret, e);
}

static int once(struct err *e)
{
	enum probe_result result = PROBE_ERROR;
	struct probe_request q;
	int r = ask_open(print_answer, &result, e);

	if (r == 0)
		r = confine(e);
	if (r == 0)
		r = read_input(&q, e);
	if (r < 0)
		return fail(e);
	ask_start(&q);
	while (r >= 0 && ask_count())
		r = ask_wait(-1);
	ask_close();
	return result <= PROBE_WARNING ? 0 : result == PROBE_FAILURE ? 1 : 2;
}

int main(int argc, char **argv)
{
	struct err e = {0};

	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && streq(argv[1], "serve"))
		return serve(&e);
	if (argc == 2 && streq(argv[1], "once"))
		return once(&e);
	(void)err_set(&e, -EINVAL, "usage: berth-probe serve | once");
	return fail(&e);
}
