/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attached readers (safety R18). Each has a pipe for a stream, which is all that waits for it: 64 KiB, held by the
 * kernel. The container's bytes are read 4 KiB at a time while somebody is attached, and only when each pipe has
 * a page free, so that a write never falls short and nothing is kept here. A reader whose pipe is full holds the
 * container back, as a slow terminal does; one that takes nothing for ten seconds is cut off, so that nobody stops a
 * container by walking away.
 */
#include "runtime/shim/attach.h"

#include "runtime/shim/agent.h"
#include "runtime/shim/message.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

enum {
	PIECE = 4096, /* what a pipe with a page free takes whole: PIPE_BUF */
	LAST_BYTES = 512 << 10
};
#define STALL_NS (10 * NS_PER_SEC)

static void answer(struct shim *s, const struct link_message *m, int fd)
{
	const struct msg_fds fds = {.fd = {fd}, .n = fd >= 0};

	agent_send(s, m, &fds);
}

static void answer_error(struct shim *s, enum link_type type, uint64_t id, const char *text)
{
	struct link_message m = {.type = type, .id = id};
	cleanup_free char *copy = message_text(text, strlen(text));

	m.error = copy;
	answer(s, &m, -EBADF);
}

/* ---- the output ------------------------------------------------------------------------------------- */

static void resume(struct log *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->streams); i++)
		if (l->streams[i].source.fd >= 0)
			(void)loop_watch(l->loop, &l->streams[i].source, EPOLLIN);
}

static void room_again(struct source *self, uint32_t events)
{
	struct attach *a = self->data;
	struct log *l = &a->container->log;

	if (events & EPOLLERR) /* closed; the agent says so, too */
		loop_drop(l->loop, self);
	else
		loop_pause(l->loop, self);
	a->cut_at_ns = 0;
	resume(l);
}

/* How much of @stream may be read: as much as finds room with everybody. None: it waits, and goes on by itself. */
static size_t room(struct log *l, size_t stream)
{
	struct container *c = (struct container *)((char *)l - offsetof(struct container, log));

	for (struct attach *a = c->shim->attaches; a; a = a->next) {
		struct pollfd p = {.fd = a->out[stream].fd, .events = POLLOUT};

		if (a->container != c || p.fd < 0 || poll(&p, 1, 0) != 0)
			continue;
		if (loop_watch(l->loop, &a->out[stream], EPOLLOUT) < 0)
			continue;
		if (!a->cut_at_ns)
			a->cut_at_ns = shim_now(c->shim) + STALL_NS;
		loop_pause(l->loop, &l->streams[stream].source);
		return 0;
	}
	return PIECE;
}

static void spread(struct log *l, size_t stream, const char *bytes, size_t n)
{
	struct container *c = (struct container *)((char *)l - offsetof(struct container, log));

	for (struct attach *a = c->shim->attaches; a; a = a->next)
		if (a->container == c && a->out[stream].fd >= 0 &&
			write(a->out[stream].fd, bytes, n) < 0)
			loop_drop(l->loop, &a->out[stream]); /* nobody reads it any more */
}

static size_t last_room(struct log *l, size_t stream)
{
	(void)l;
	(void)stream;
	return PIECE;
}

static const struct log_tap tap = {room, spread};
/* The log must have all of it; who still has no room loses the rest. */
static const struct log_tap last_tap = {last_room, spread};

void attach_last(struct container *c)
{
	for (struct attach *a = c->shim->attaches; a; a = a->next)
		for (size_t i = 0; i < ATTACH_STREAMS && a->container == c; i++)
			if (a->out[i].fd >= 0)
				(void)fcntl(a->out[i].fd, F_SETPIPE_SZ, LAST_BYTES);
	if (c->log.tap)
		c->log.tap = &last_tap;
}

/* ---- coming and going -------------------------------------------------------------------------------- */

static void give_up_input(struct attach *a)
{
	if (!a->has_input)
		return;
	a->has_input = false;
	if (a->container->stdio.once)
		stdio_end_input(a->container);
}

static void remove_attach(struct attach *a)
{
	struct shim *s = a->container->shim;
	struct log *l = &a->container->log;
	struct attach **slot = &s->attaches;
	bool others = false;

	give_up_input(a);
	while (*slot != a)
		slot = &(*slot)->next;
	*slot = a->next;
	for (size_t i = 0; i < ATTACH_STREAMS; i++)
		loop_drop(&s->loop, &a->out[i]);
	for (const struct attach *o = s->attaches; o; o = o->next)
		others |= o->container == a->container;
	if (!others)
		l->tap = NULL;
	resume(l);
	free(a);
}

static struct attach *find(struct shim *s, uint64_t id)
{
	struct attach *a = s->attaches;

	while (a && a->id != id)
		a = a->next;
	return a;
}

void attach_end(struct shim *s, uint64_t id, bool input_only)
{
	struct attach *a = find(s, id);

	if (a && input_only)
		give_up_input(a);
	else if (a)
		remove_attach(a);
}

void attach_end_all(struct shim *s)
{
	while (s->attaches)
		remove_attach(s->attaches);
}

void attach_over(struct container *c)
{
	struct shim *s = c->shim;
	struct attach *a = s->attaches, *next;

	for (; a; a = next) {
		const struct link_message m = {.type = LINK_ATTACH, .id = a->id, .ended = true};

		next = a->next;
		if (a->container != c)
			continue;
		a->has_input = false;
		remove_attach(a);
		answer(s, &m, -EBADF);
		if (s->agent.fd < 0) /* the line broke, and all are gone */
			return;
	}
}

static struct container *find_running(struct shim *s, const char *name)
{
	for (size_t i = 0; name && i < s->n_containers; i++)
		if (streq(s->containers[i].name, name) && s->containers[i].step == STEP_RUN)
			return &s->containers[i];
	return NULL;
}

static bool input_is_taken(const struct container *c)
{
	for (const struct attach *a = c->shim->attaches; a; a = a->next)
		if (a->container == c && a->has_input)
			return true;
	return false;
}

static const char *refusal(const struct shim *s, const struct link_message *m,
	const struct msg_fds *fds, const struct container *c)
{
	size_t n = 0;

	for (const struct attach *a = s->attaches; a; a = a->next)
		n++;
	if (!c)
		return "the container is not running";
	if (n >= LINK_ATTACHES_MAX)
		return "too many are attached to this pod";
	if (fds->n != (c->stdio.tty ? 1 : ATTACH_STREAMS))
		return "an attach needs a pipe for each stream";
	if (m->stdin && !c->stdio.open)
		return "the container has no standard input (stdin is not set in its spec)";
	if (m->stdin && c->stdio.over)
		return "the container's standard input was closed when the first who attached to "
		       "it left (stdinOnce)";
	if (m->stdin && input_is_taken(c))
		return "somebody else is attached to the container's standard input; attach "
		       "without it";
	return NULL;
}

void attach_start(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	struct container *c = find_running(s, m->container);
	const char *why = refusal(s, m, fds, c);
	const struct link_message yes = {.type = LINK_ATTACH, .id = m->id};
	struct attach *a;

	if (why) {
		answer_error(s, LINK_ATTACH, m->id, why);
		return;
	}
	a = xcalloc(1, sizeof *a);
	*a = (struct attach){
		.next = s->attaches, .container = c, .id = m->id, .has_input = m->stdin};
	s->attaches = a;
	for (size_t i = 0; i < ATTACH_STREAMS; i++)
		a->out[i] = (struct source){room_again, a, i < fds->n ? fds->fd[i] : -EBADF};
	fds->n = 0;
	c->log.tap = &tap;
	/* With a terminal everybody may set its size; who may write is the agent's to keep. */
	answer(s, &yes, c->stdio.tty || m->stdin ? c->stdio.in_fd : -EBADF);
}

/* Who had no room is found out anew at the next read. */
void attach_resume(struct shim *s)
{
	for (struct attach *a = s->attaches; a; a = a->next) {
		for (size_t i = 0; i < ATTACH_STREAMS; i++)
			a->out[i] = (struct source){room_again, a, a->out[i].fd};
		a->container->log.tap = &tap;
	}
}

uint64_t attach_deadline(const struct shim *s)
{
	uint64_t at = UINT64_MAX;

	for (const struct attach *a = s->attaches; a; a = a->next)
		if (a->cut_at_ns && a->cut_at_ns < at)
			at = a->cut_at_ns;
	return at;
}

void attach_timers(struct shim *s, uint64_t now_ns)
{
	struct attach *a = s->attaches, *next;

	for (; a; a = next) {
		uint64_t id = a->id;

		next = a->next;
		if (!a->cut_at_ns || now_ns < a->cut_at_ns)
			continue;
		remove_attach(a);
		answer_error(s, LINK_ATTACH, id, "cut off: the output was not read for 10 seconds");
		if (s->agent.fd < 0)
			return;
	}
}
