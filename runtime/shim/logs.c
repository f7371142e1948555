/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a container's pipes to its log file: large reads, records put together in one buffer, one write. Memory is
 * bounded: the buffer is shared and given back when nothing comes; a line without end waits in at most 16 KiB.
 * A container is read for a bounded time and then the others have their turn.
 */
#include "runtime/shim/logs.h"

#include "runtime/base/own.h"
#include "runtime/base/str.h"
#include "runtime/shim/cri.h"
#include "runtime/shim/logfile.h"
#include "runtime/shim/logsink.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>

_Static_assert((int)LOG_LINE_MAX == (int)CRI_TEXT_MAX, "one limit");

enum { READY_ROUNDS = 8, READ_BYTES = 128 << 10, BUFFER_BYTES = READ_BYTES + SINK_BYTES };

static const char *const stream_names[] = {"stdout", "stderr"};

#define BUFFER_QUIET_NS (100 * NS_PER_MS)
#define DISK_RETRY_NS (200 * NS_PER_MS)

static char *hold_buffer(struct log_buffer *b)
{
	if (!b->p) {
		b->p = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
		if (b->p == MAP_FAILED)
			abort();
	}
	b->used = true;
	return b->p;
}

uint64_t log_buffer_deadline(const struct log_buffer *b)
{
	return b->p && b->look_at_ns ? b->look_at_ns : UINT64_MAX;
}

/* The deadline stays while it is being used, so that a flood does not arm the timer for every line. */
void log_buffer_timer(struct log_buffer *b, uint64_t now_ns)
{
	if (!b->p || (b->look_at_ns && now_ns < b->look_at_ns))
		return;
	if (b->look_at_ns && !b->used) {
		(void)munmap(b->p, BUFFER_BYTES);
		*b = (struct log_buffer){0};
		return;
	}
	b->used = false;
	b->look_at_ns = now_ns + BUFFER_QUIET_NS;
}

/* ---- the pipes ------------------------------------------------------------------------------------ */

static void drop_carry(struct log_stream *st)
{
	free(st->carry);
	st->carry = NULL;
	st->n_carry = 0;
}

static void keep_carry(struct log_stream *st, const char *bytes, size_t n)
{
	if (!n)
		return;
	st->carry = xrealloc(st->carry, st->n_carry + n, 1);
	memcpy(st->carry + st->n_carry, bytes, n);
	st->n_carry += n;
}

static struct sink begin(struct log *l)
{
	return (struct sink){l, hold_buffer(l->buffer) + READ_BYTES, 0, 0};
}

/* A line begins: may it? */
static void begin_line(struct sink *o, struct log_stream *st)
{
	struct log *l = o->log;

	st->dropped = !l->waits && !log_rate_admits(&l->rate, clock_now_ns(l->clock));
	if (st->dropped || (!l->lost.lines && !l->lost.bytes))
		return;
	/* Where the gap is, not behind it. */
	sink_flush(o);
	(void)sink_tell_loss(l);
}

static void add(struct sink *o, struct log_stream *st, const struct cri_prefix *prefix,
	const struct cri_text *t)
{
	struct log *l = o->log;

	if (!st->open && l->rate.per_sec)
		begin_line(o, st);
	st->open = !t->whole;
	if (st->dropped) {
		l->lost.bytes += t->n_carry + t->n;
		l->lost.lines += t->whole;
		return;
	}
	log_rate_take(&l->rate, t->n_carry + t->n);
	sink_put(o, prefix, t);
}

static void take_bytes(struct sink *o, struct log_stream *st, const char *bytes, size_t n)
{
	char time[RFC3339_SIZE];
	struct cri_prefix prefix;
	bool whole;
	size_t cut;

	cri_prefix_set(&prefix, rfc3339_nano(clock_wall_ns(o->log->clock), time), st->name);
	while (n && cri_next(bytes, n, st->n_carry, &cut, &whole)) {
		const struct cri_text text = {st->carry, st->n_carry, bytes, cut, whole};

		add(o, st, &prefix, &text);
		if (st->carry)
			drop_carry(st);
		bytes += cut;
		n -= cut;
	}
	keep_carry(st, bytes, n);
}

/* A line whose end never comes: a part, so that the container's bytes are kept exactly. */
static void finish_line(struct log *l, struct log_stream *st)
{
	struct sink o = begin(l);
	const struct cri_text text = {st->carry, st->n_carry, "", 0, false};
	char time[RFC3339_SIZE];
	struct cri_prefix prefix;

	if (st->n_carry) {
		cri_prefix_set(&prefix, rfc3339_nano(clock_wall_ns(l->clock), time), st->name);
		add(&o, st, &prefix, &text);
		sink_flush(&o);
		drop_carry(st);
	}
	if (st->open && st->dropped)
		l->lost.lines++;
	st->open = st->dropped = false;
}

/* ---- waiting ---------------------------------------------------------------------------------------- */

static void look_at(struct log *l, uint64_t at_ns)
{
	if (!l->look_at_ns || at_ns < l->look_at_ns)
		l->look_at_ns = at_ns;
}

/* What has to be done though the container writes nothing more. */
static void plan_look(struct log *l)
{
	uint64_t now = clock_now_ns(l->clock), due = log_rate_due(&l->rate);

	if (l->n_held || l->lost.error)
		look_at(l, now + DISK_RETRY_NS);
	else if (l->lost.lines || l->lost.bytes || l->paused)
		look_at(l, due > now ? due : now);
}

static void pause_streams(struct log *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->streams); i++)
		if (l->streams[i].source.fd >= 0)
			loop_pause(l->loop, &l->streams[i].source);
	l->paused = true;
}

static void resume_streams(struct log *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->streams); i++)
		if (l->streams[i].source.fd >= 0)
			(void)loop_watch(l->loop, &l->streams[i].source, EPOLLIN);
	l->paused = false;
}

/* Must the container wait? */
static bool must_wait(struct log *l)
{
	return l->n_held || (l->waits && !log_rate_admits(&l->rate, clock_now_ns(l->clock)));
}

uint64_t log_deadline(const struct log *l)
{
	return l->look_at_ns ? l->look_at_ns : UINT64_MAX;
}

void log_timer(struct log *l, uint64_t now_ns)
{
	if (!l->look_at_ns || now_ns < l->look_at_ns)
		return;
	l->look_at_ns = 0;
	(void)sink_retry(l);
	if (l->paused && !must_wait(l))
		resume_streams(l);
	if (!l->n_held && (l->lost.error || log_rate_admits(&l->rate, now_ns)))
		(void)sink_tell_loss(l);
	plan_look(l);
}

/* One read, its records into @o. Returns: 1 there may be more, 0 nothing there now, -1 the end. */
static int pump_once(struct sink *o, struct log_stream *st)
{
	struct log *l = o->log;
	size_t i = (size_t)(st - l->streams), max = l->tap ? l->tap->room(l, i) : READ_BYTES;
	char *in = hold_buffer(l->buffer);
	ssize_t n;

	if (max == 0)
		return 0;
	n = read(st->source.fd, in, max < READ_BYTES ? max : READ_BYTES);
	if (n < 0)
		return errno == EINTR ? 1 : errno == EAGAIN ? 0 : -1;
	if (n == 0)
		return -1;
	if (l->tap)
		l->tap->spread(l, i, in, (size_t)n);
	take_bytes(o, st, in, (size_t)n);
	return 1;
}

/*
 * Up to @rounds reads into one write: while one read's lines are put together the container writes the next, and
 * a file takes one large write for less than two of odd sizes. Returns as pump_once().
 */
static int pump(struct log *l, struct log_stream *st, int rounds)
{
	struct sink o = begin(l);
	int r = 1;

	while (rounds-- > 0 && r > 0)
		r = pump_once(&o, st);
	sink_flush(&o);
	plan_look(l);
	return r;
}

static void ready(struct source *self, uint32_t events)
{
	struct log *l = self->data;
	struct log_stream *st =
		(struct log_stream *)((char *)self - offsetof(struct log_stream, source));

	(void)events;
	if (must_wait(l)) {
		pause_streams(l);
		plan_look(l);
		return;
	}
	/* What the disk does not take is held: no more of it than one read may bring. */
	if (pump(l, st, l->waits ? 1 : READY_ROUNDS) < 0) {
		finish_line(l, st);
		loop_drop(l->loop, self);
	}
}

int log_open_run(struct log *l, int log_dir_fd, const char *container, uint32_t run)
{
	struct stat st;

	(void)sink_retry(l);
	sink_give_up(l);
	log_close(l);
	l->run = run;
	l->size = 0;
	if (mkdirat(log_dir_fd, container, 0700) < 0 && errno != EEXIST)
		return -errno;
	l->dir_fd = openat(log_dir_fd, container, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (l->dir_fd < 0 || fstat(l->dir_fd, &st) < 0)
		return -errno;
	l->file_fd = logfile_create(l->dir_fd, run, clock_wall_ns(l->clock));
	return l->file_fd < 0 ? l->file_fd : 0;
}

static int make_pipe(int *ret_read, int *ret_write)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	/* A larger pipe means fewer wake-ups for a container that floods; over the user's limit it stays small. */
	(void)fcntl(ends[0], F_SETPIPE_SZ, LOG_PIPE_BYTES);
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
		r = -errno;
		(void)close(ends[0]);
		(void)close(ends[1]);
		return r;
	}
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

int log_make_pipes(int ret_read[2], int ret_write[2])
{
	int r = make_pipe(&ret_read[0], &ret_write[0]);

	if (r < 0)
		return r;
	r = make_pipe(&ret_read[1], &ret_write[1]);
	if (r < 0) {
		(void)close(take_fd(ret_read[0]));
		(void)close(take_fd(ret_write[0]));
	}
	return r;
}

int log_take_pipes(struct log *l, int own_read[2])
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(l->streams); i++) {
		struct log_stream *st = &l->streams[i];
		int fd = take_fd(own_read[i]);

		st->name = stream_names[i];
		st->source = (struct source){ready, l, fd};
		if (r == 0)
			r = loop_watch(l->loop, &st->source, EPOLLIN);
	}
	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(l->streams); i++)
		loop_drop(l->loop, &l->streams[i].source);
	return r;
}

int log_open_pipes(struct log *l, int ret_write[2])
{
	int ends[2], r = log_make_pipes(ends, ret_write);

	if (r == 0)
		r = log_take_pipes(l, ends);
	else
		return r;
	for (size_t i = 0; r < 0 && i < ARRAY_SIZE(ends); i++)
		(void)close(take_fd(ret_write[i]));
	return r;
}

int log_open_terminal(struct log *l, int own_fd)
{
	struct log_stream *st = &l->streams[0];
	int r = own_fd < 0 ? -EBADF : 0;

	st->name = "stdout";
	st->source = (struct source){ready, l, own_fd};
	if (r == 0)
		r = loop_watch(l->loop, &st->source, EPOLLIN);
	if (r < 0)
		loop_drop(l->loop, &st->source);
	return r;
}

int log_resume(
	struct log *l, struct loop *loop, const struct clock *clock, struct log_buffer *buffer)
{
	int r = 0;

	l->loop = loop;
	l->clock = clock;
	l->buffer = buffer;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(l->streams); i++) {
		struct log_stream *st = &l->streams[i];

		st->name = stream_names[i];
		st->source = (struct source){ready, l, st->source.fd};
		if (st->source.fd >= 0)
			r = loop_watch(loop, &st->source, EPOLLIN);
	}
	return r;
}

void log_close_pipes(struct log *l)
{
	enum {
		ROUNDS = 2 * LOG_PIPE_BYTES / 4096
	}; /* a pipe's worth, and no more: a process that was left may go on */

	for (size_t i = 0; i < ARRAY_SIZE(l->streams); i++) {
		struct log_stream *st = &l->streams[i];

		if (st->source.fd >= 0) {
			(void)pump(l, st, ROUNDS);
			finish_line(l, st);
		}
		loop_drop(l->loop, &st->source);
	}
	l->paused = false;
	if (!l->n_held)
		(void)sink_tell_loss(l);
	plan_look(l);
}

void log_close(struct log *l)
{
	free(take(l->held));
	l->n_held = 0;
	if (l->file_fd >= 0)
		(void)close(l->file_fd);
	if (l->dir_fd >= 0)
		(void)close(l->dir_fd);
	l->file_fd = l->dir_fd = -EBADF;
}

/* ---- the tail ------------------------------------------------------------------------------------- */

/* The text of one record: behind the third blank. */
static struct sv text_of(struct sv record, bool *ret_part)
{
	struct sv rest = record, tag;

	(void)sv_cut(&rest, ' ');
	(void)sv_cut(&rest, ' ');
	tag = sv_cut(&rest, ' ');
	*ret_part = sv_eq(tag, "P");
	return rest;
}

size_t log_tail(const struct log *l, char *buf, size_t size)
{
	enum { LINES = 80, MARGIN = 2 * LOG_LINE_MAX };
	cleanup_str struct str text = {0};
	cleanup_free char *raw = xmalloc(MARGIN);
	char name[32];
	cleanup_close int fd = -EBADF;
	struct sv rest;
	ssize_t n;
	size_t lines = 0, from;

	(void)snprintf(name, sizeof name, "%u.log", l->run);
	fd = l->dir_fd < 0 ? -1 : openat(l->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = pread(fd, raw, MARGIN, l->size > MARGIN ? (off_t)(l->size - MARGIN) : 0);
	if (n <= 0)
		return 0;
	rest = (struct sv){raw, (size_t)n};
	if (l->size > MARGIN)
		(void)sv_cut(&rest, '\n');
	while (rest.n) {
		bool part;
		struct sv line = text_of(sv_cut(&rest, '\n'), &part);

		str_addn(&text, line.p, line.n);
		if (!part)
			str_add(&text, "\n");
	}
	from = text.n > size - 1 ? text.n - (size - 1) : 0;
	for (size_t i = text.n; i > from; i--)
		if (text.p[i - 1] == '\n' && i < text.n && ++lines == LINES)
			from = i;
	if (text.n)
		memcpy(buf, text.p + from, text.n - from);
	return text.n - from;
}
