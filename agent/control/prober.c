/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berthd's side of berth-probe. What it says is checked by table (agent/probe/wire.h) and can only be the answer to a
 * question that is open. When it dies its open questions go to the next one, once: a question that kills two is
 * answered with an error. When it says nothing long after a deadline, it is ended. Must hold: no question is lost or
 * answered twice; the loop never waits for the program.
 */
#include "agent/control/prober.h"

#include "runtime/base/log.h"
#include "runtime/base/msg.h"
#include "runtime/base/own.h"
#include "runtime/base/spawn.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { TRIES_MAX = 2 };
/* What a program that works may be late by on a machine that is busy. */
#define LATE_NS (10 * NS_PER_SEC)

struct question {
	struct question *next;
	struct probe_request q;
	prober_fn fn; /* NULL: dropped */
	void *data;
	bool sent;
	unsigned tries;
	uint64_t late_ns; /* once sent */
};

struct prober {
	sd_event *loop;
	const char *program;
	struct question *open; /* in the order they were asked */
	size_t n_sent;
	uint64_t last_id;
	struct child child;
	int sock;
	sd_event_source *socket_source, *pump_source, *watch_source;
};

static void question_free(struct question *own_q)
{
	probe_request_done(&own_q->q);
	free(own_q);
}

/* Out of the list, and answered. */
static void settle(
	struct prober *p, struct question **at, enum probe_result result, const char *text)
{
	struct question *own_q = *at;

	*at = own_q->next;
	p->n_sent -= own_q->sent;
	if (own_q->fn)
		own_q->fn(own_q->data, result, text ? text : "");
	question_free(own_q);
}

static void pump_soon(struct prober *p)
{
	(void)sd_event_source_set_enabled(p->pump_source, SD_EVENT_ONESHOT);
}

/* ---- the program -------------------------------------------------------------------------------------------- */

static void stop(struct prober *p)
{
	p->socket_source = sd_event_source_disable_unref(p->socket_source);
	if (p->sock >= 0)
		(void)close(take_fd(p->sock));
	if (p->child.pid > 0)
		child_kill(&p->child);
	p->child = (struct child){0, -EBADF};
}

/* What it had not answered is for the next one. */
static void lost(struct prober *p, const char *why)
{
	stop(p);
	for (struct question *q = p->open; q; q = q->next) {
		p->n_sent -= q->sent;
		q->sent = false;
	}
	if (p->open)
		log_line(LOG_WARNING, "berth-probe is started again", "reason", why);
	pump_soon(p);
}

static void take_answer(struct prober *p, struct sv text)
{
	cleanup_probe_answer struct probe_answer a = {0};
	struct err e = {0};

	if (probe_answer_read(text, &a, &e) < 0) {
		lost(p, err_text(&e));
		return;
	}
	for (struct question **at = &p->open; *at; at = &(*at)->next) {
		if ((*at)->q.id != a.id || !(*at)->sent)
			continue;
		settle(p, at, a.result, a.text);
		break;
	}
	pump_soon(p);
}

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *data)
{
	static char buf[PROBE_MESSAGE_MAX];
	struct prober *p = data;
	ssize_t n = msg_recv(fd, buf, sizeof buf, NULL);

	(void)source;
	(void)events;
	if (n == -EAGAIN)
		return 0;
	if (n > 0)
		take_answer(p, (struct sv){buf, (size_t)n});
	else
		lost(p, "it has ended");
	return 0;
}

static int start(struct prober *p, struct err *e)
{
	const char *const argv[] = {p->program, "serve", NULL};
	cleanup_close int ours = -EBADF, its = -EBADF;
	int pair[2];

	if (!p->program)
		return err_set(e, -ENOENT, "berth-probe is not installed");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(e, -errno, "making a socket for berth-probe");
	ours = pair[0];
	its = pair[1];
	struct spawn s = {.argv = argv, .fds = {{its, PROBE_SOCKET_FD}, {2, 2}}, .n_fds = 2};
	int r = fcntl(ours, F_SETFL, O_NONBLOCK) < 0 ? -errno : spawn(&s, &p->child, e);
	if (r < 0)
		return err_wrap(e, r, "starting berth-probe");
	r = sd_event_add_io(p->loop, &p->socket_source, ours, EPOLLIN, on_socket, p);
	if (r < 0) {
		stop(p);
		return err_errno(e, r, "watching berth-probe");
	}
	p->sock = take_fd(ours);
	return 0;
}

/* ---- the queue ---------------------------------------------------------------------------------------------- */

static uint64_t now_of(const struct prober *p)
{
	uint64_t us = 0;

	(void)p;
	(void)sd_event_now(p->loop, CLOCK_BOOTTIME, &us);
	return us * 1000;
}

static void watch_until(struct prober *p, uint64_t at_ns)
{
	uint64_t set = UINT64_MAX;
	int on = SD_EVENT_OFF;

	(void)sd_event_source_get_enabled(p->watch_source, &on);
	if (on != SD_EVENT_OFF)
		(void)sd_event_source_get_time(p->watch_source, &set);
	if (at_ns / 1000 >= set)
		return;
	(void)sd_event_source_set_time(p->watch_source, at_ns / 1000);
	(void)sd_event_source_set_enabled(p->watch_source, SD_EVENT_ONESHOT);
}

/* 0, -EAGAIN: later, -errno: the program is dead. */
static int send_question(struct prober *p, struct question *q)
{
	cleanup_free char *text = probe_request_write(&q->q);
	int r = msg_send(p->sock, text, strlen(text), NULL);

	if (r < 0)
		return r;
	q->sent = true;
	q->tries++;
	q->late_ns = now_of(p) + q->q.timeout_ns + LATE_NS;
	p->n_sent++;
	watch_until(p, q->late_ns);
	return 0;
}

static void refuse_all(struct prober *p, const char *why)
{
	/* Those that a callback asks now come behind, and are not of this refusal. */
	struct question *open = take(p->open);

	p->n_sent = 0;
	while (open)
		settle(p, &open, PROBE_ERROR, why);
}

static bool next_is_sent(struct prober *p, struct question **at)
{
	struct question *q = *at;

	if (!q->fn && !q->sent) {
		settle(p, at, PROBE_ERROR, NULL);
		return true;
	}
	if (q->tries == TRIES_MAX && !q->sent) {
		settle(p, at, PROBE_ERROR, "berth-probe died of it");
		return true;
	}
	return false;
}

static int on_pump(sd_event_source *source, void *data)
{
	struct prober *p = data;
	struct err e = {0};

	(void)source;
	for (struct question **at = &p->open; *at && p->n_sent < PROBES_AT_ONCE;) {
		if (next_is_sent(p, at))
			continue;
		if (!(*at)->sent && p->sock < 0 && start(p, &e) < 0) {
			refuse_all(p, err_text(&e));
			return 0;
		}
		int r = (*at)->sent ? 0 : send_question(p, *at);
		/* A dead one is seen by its socket; a full one has answers for us. */
		if (r < 0)
			return 0;
		at = &(*at)->next;
	}
	return 0;
}

static int on_watch(sd_event_source *source, uint64_t usec, void *data)
{
	struct prober *p = data;
	uint64_t first = UINT64_MAX;

	(void)source;
	for (struct question *q = p->open; q; q = q->next)
		if (q->sent && q->late_ns < first)
			first = q->late_ns;
	if (first <= usec * 1000)
		lost(p, "it does not answer");
	else if (first != UINT64_MAX)
		watch_until(p, first);
	return 0;
}

uint64_t prober_ask(struct prober *p, struct probe_request *q, prober_fn fn, void *data)
{
	struct question *own_q = xcalloc(1, sizeof *own_q), **at = &p->open;

	own_q->q = *q;
	own_q->q.id = ++p->last_id;
	own_q->fn = fn;
	own_q->data = data;
	*q = (struct probe_request){0};
	while (*at)
		at = &(*at)->next;
	*at = own_q;
	pump_soon(p);
	return own_q->q.id;
}

void prober_drop(struct prober *p, uint64_t id)
{
	for (struct question *q = p->open; q; q = q->next)
		if (q->q.id == id)
			q->fn = NULL;
}

/* ---- its life ----------------------------------------------------------------------------------------------- */

struct prober *prober_new(sd_event *loop, const char *program)
{
	struct prober *p = xcalloc(1, sizeof *p);

	p->loop = loop;
	p->program = program;
	p->sock = -EBADF;
	p->child = (struct child){0, -EBADF};
	/* Without these two it answers nothing, which is what a machine without memory may expect. */
	(void)sd_event_add_defer(loop, &p->pump_source, on_pump, p);
	(void)sd_event_source_set_enabled(p->pump_source, SD_EVENT_OFF);
	(void)sd_event_add_time(loop, &p->watch_source, CLOCK_BOOTTIME, UINT64_MAX - 1,
		NS_PER_SEC / 1000, on_watch, p);
	(void)sd_event_source_set_enabled(p->watch_source, SD_EVENT_OFF);
	return p;
}

void prober_free(struct prober *own_p)
{
	if (!own_p)
		return;
	stop(own_p);
	sd_event_source_disable_unref(own_p->pump_source);
	sd_event_source_disable_unref(own_p->watch_source);
	while (own_p->open) {
		struct question *q = own_p->open;

		own_p->open = q->next;
		question_free(q);
	}
	free(own_p);
}
