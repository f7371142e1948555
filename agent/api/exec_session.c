/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an exec. Bytes pass through a ring of 64 KiB towards the process and a queue of 64 KiB towards the
 * client; what is full is not read from (safety R18). The client's end is the process's end (R19).
 *
 * Source: apimachinery pkg/util/remotecommand; client-go tools/remotecommand/{v4,v5}.go.
 */
#include "agent/api/exec.h"
#include "agent/api/ws.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utlist.h>

enum { RING = 64 << 10, CONTROL_MAX = 256 };
/* How long the client may take to answer our close frame. */
#define CLOSE_WAIT_USEC (5 * 1000000ull)

enum { OUT, ERR, N_OUT };

struct exec_session {
	struct api *api;
	const struct api_backend *backend;
	struct control_exec *exec;
	char *pod; /* "ns/name" */
	int version;
	bool tty;

	struct ws *ws;
	int sock;
	struct MHD_UpgradeResponseHandle *handle;
	char *extra; /* bytes that came with the request, not yet read */
	size_t n_extra, extra_at;

	int in_fd, out_fd[N_OUT]; /* our ends; -1: closed */
	sd_event_source *socket_source, *in_source, *out_source[N_OUT], *timer;

	uint8_t *ring; /* towards the process */
	size_t ring_at, ring_n;
	bool in_open;	/* the process takes stdin, or will */
	bool in_closed; /* the client has closed it */

	char control[CONTROL_MAX]; /* a resize or close message, put together */
	size_t n_control;
	struct winsize size; /* ws_row 0: none asked for */

	bool ended, closing; /* the process has; its Status and the close frame are queued */
	int exit_code;
	struct err error; /* code 0: it ran */
	struct exec_session *prev, *next;
};

static void step(struct exec_session *s);

/* ---- towards the process ----------------------------------------------------------------------- */

static void close_in(struct exec_session *s)
{
	s->in_source = sd_event_source_disable_unref(s->in_source);
	if (s->in_fd >= 0)
		(void)close(s->in_fd);
	s->in_fd = -EBADF;
	s->in_open = false;
	s->ring_n = 0;
}

static void write_ring(struct exec_session *s)
{
	while (s->ring_n > 0 && s->in_fd >= 0) {
		size_t n = s->ring_at + s->ring_n > RING ? RING - s->ring_at : s->ring_n;
		ssize_t done = write(s->in_fd, s->ring + s->ring_at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN)
			return;
		if (done < 0) {
			/* It does not read any more; what it writes still counts. */
			close_in(s);
			return;
		}
		s->ring_at = (s->ring_at + (size_t)done) % RING;
		s->ring_n -= (size_t)done;
	}
	if (!s->in_closed || s->in_fd < 0)
		return;
	/* A terminal has no end of its own: the character that stands for it. */
	if (s->tty && write(s->in_fd, "\x04", 1) < 0)
		errno = 0;
	close_in(s);
}

static void put_ring(struct exec_session *s, const uint8_t *bytes, size_t n)
{
	/* There is room: the socket is not read from without it. */
	while (n > 0 && s->ring_n < RING && s->in_open && !s->in_closed) {
		size_t at = (s->ring_at + s->ring_n) % RING;
		size_t room = at >= s->ring_at ? RING - at : s->ring_at - at;
		size_t part = n < room ? n : room;

		memcpy(s->ring + at, bytes, part);
		s->ring_n += part;
		bytes += part;
		n -= part;
	}
}

static void set_size(struct exec_session *s)
{
	if (s->size.ws_row > 0 && s->tty && s->out_fd[OUT] >= 0)
		(void)ioctl(s->out_fd[OUT], TIOCSWINSZ, &s->size);
}

static void control_message(struct exec_session *s, unsigned channel)
{
	cleanup_json json_t *j = NULL;
	int64_t width, height;

	if (channel == WS_CLOSE) {
		s->in_closed = s->in_closed || (s->n_control == 1 && s->control[0] == WS_STDIN);
		return;
	}
	if (json_parse((struct sv){s->control, s->n_control}, &j, NULL) < 0)
		return;
	width = json_int(j, "Width", 0);
	height = json_int(j, "Height", 0);
	if (width < 1 || width > UINT16_MAX || height < 1 || height > UINT16_MAX)
		return;
	s->size =
		(struct winsize){.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
	set_size(s);
}

static void on_part(void *data, unsigned channel, const uint8_t *bytes, size_t n, bool end)
{
	struct exec_session *s = data;

	if (channel == WS_STDIN) {
		put_ring(s, bytes, n);
	} else if (channel == WS_RESIZE || (channel == WS_CLOSE && s->version >= 5)) {
		if (n > sizeof s->control - s->n_control)
			n = sizeof s->control - s->n_control;
		if (n > 0)
			memcpy(s->control + s->n_control, bytes, n);
		s->n_control += n;
		if (!end)
			return;
		control_message(s, channel);
		s->n_control = 0;
	}
}

/* ---- towards the client ------------------------------------------------------------------------ */

static void close_out(struct exec_session *s, size_t i)
{
	s->out_source[i] = sd_event_source_disable_unref(s->out_source[i]);
	if (s->out_fd[i] >= 0)
		(void)close(s->out_fd[i]);
	s->out_fd[i] = -EBADF;
}

/* Reads one output as far as the client keeps up. */
static void read_out(struct exec_session *s, size_t i)
{
	char buf[WS_PART_MAX];

	while (s->out_fd[i] >= 0 && s->ws && ws_queued(s->ws) < WS_QUEUED_MAX) {
		ssize_t n = read(s->out_fd[i], buf, sizeof buf);

		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0) {
			ws_queue(s->ws, i == OUT ? WS_STDOUT : WS_STDERR, buf, (size_t)n);
			continue;
		}
		/* The process has gone: what others who hold the pipe write later is not its output. */
		if (n < 0 && errno == EAGAIN && !s->ended)
			return;
		close_out(s, i);
	}
}

/* Source: client-go tools/remotecommand/v4.go: how the exit code travels. */
static json_t *exit_status(const struct exec_session *s)
{
	char code[16], message[80];
	json_t *status, *cause, *details;

	if (s->error.code < 0)
		return status_of_err(&s->error);
	status = json_object();
	json_put(status, "metadata", json_object());
	if (s->exit_code == 0) {
		json_put_str(status, "status", "Success");
		return status;
	}
	(void)snprintf(code, sizeof code, "%d", s->exit_code);
	(void)snprintf(message, sizeof message,
		"command terminated with non-zero exit code: exit code %d", s->exit_code);
	cause = json_object();
	json_put_str(cause, "reason", "ExitCode");
	json_put_str(cause, "message", code);
	details = json_object();
	json_put(details, "causes", json_array());
	json_push(json_list(details, "causes"), cause);
	json_put_str(status, "status", "Failure");
	json_put_str(status, "message", message);
	json_put_str(status, "reason", "NonZeroExitCode");
	json_put(status, "details", details);
	return status;
}

static int close_waited(sd_event_source *source, uint64_t usec, void *data)
{
	(void)source;
	(void)usec;
	exec_session_free(data);
	return 0;
}

/* All output is queued and the process has ended: the last words. */
static void say_end(struct exec_session *s)
{
	cleanup_json json_t *status = exit_status(s);
	cleanup_free char *text = json_text(status);
	size_t n = strlen(text);

	ws_queue(s->ws, WS_ERROR, text, n < WS_PART_MAX ? n : WS_PART_MAX);
	ws_close(s->ws, 1000);
	s->closing = true;
	if (sd_event_add_time_relative(s->api->o.loop, &s->timer, CLOCK_BOOTTIME, CLOSE_WAIT_USEC,
		    100000, close_waited, s) < 0)
		/* Without a timer nobody would end what the client leaves hanging. */
		(void)shutdown(s->sock, SHUT_RDWR);
}

/* ---- the loop ---------------------------------------------------------------------------------- */

static void enable(sd_event_source *source, bool on)
{
	if (source)
		(void)sd_event_source_set_enabled(source, on ? SD_EVENT_ON : SD_EVENT_OFF);
}

static bool may_read_client(const struct exec_session *s)
{
	return s->ring_n + WS_PART_MAX <= RING;
}

/* Goes on with whatever can go on; ends the session when all is said. */
static void step(struct exec_session *s)
{
	uint32_t events = EPOLLRDHUP;

	if (!s->ws)
		return;
	write_ring(s);
	if (s->ended && !s->closing) {
		for (size_t i = 0; i < N_OUT; i++)
			read_out(s, i);
		if (s->out_fd[OUT] < 0 && s->out_fd[ERR] < 0)
			say_end(s);
	}
	if (ws_write(s->ws) < 0 || ws_closed(s->ws)) {
		exec_session_free(s);
		return;
	}
	if (may_read_client(s))
		events |= EPOLLIN;
	if (ws_wants_write(s->ws))
		events |= EPOLLOUT;
	(void)sd_event_source_set_io_events(s->socket_source, events);
	enable(s->in_source, s->ring_n > 0);
	for (size_t i = 0; i < N_OUT; i++)
		enable(s->out_source[i], ws_queued(s->ws) < WS_QUEUED_MAX);
}

static ssize_t sock_recv(void *data, void *buf, size_t n)
{
	struct exec_session *s = data;
	ssize_t got;

	if (!may_read_client(s))
		return -EAGAIN;
	if (s->extra_at < s->n_extra) {
		if (n > s->n_extra - s->extra_at)
			n = s->n_extra - s->extra_at;
		memcpy(buf, s->extra + s->extra_at, n);
		s->extra_at += n;
		return (ssize_t)n;
	}
	got = recv(s->sock, buf, n, MSG_DONTWAIT);
	return got < 0 ? (errno == EWOULDBLOCK ? -EAGAIN : -errno) : got;
}

static ssize_t sock_send(void *data, const void *buf, size_t n)
{
	const struct exec_session *s = data;
	ssize_t done = send(s->sock, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	return done < 0 ? (errno == EWOULDBLOCK ? -EAGAIN : -errno) : done;
}

static int socket_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct exec_session *s = data;

	(void)source;
	(void)fd;
	if ((events & EPOLLIN) && ws_read(s->ws) < 0) {
		exec_session_free(s);
		return 0;
	}
	/* Nobody is there to read the output any more. */
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		exec_session_free(s);
		return 0;
	}
	step(s);
	return 0;
}

static int in_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
	(void)source;
	(void)fd;
	(void)events;
	step(data);
	return 0;
}

static int out_ready(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct exec_session *s = data;

	(void)source;
	(void)events;
	read_out(s, fd == s->out_fd[OUT] ? OUT : ERR);
	step(s);
	return 0;
}

/* ---- start ------------------------------------------------------------------------------------- */

static int add_source(struct exec_session *s, sd_event_source **ret, int fd, uint32_t events,
	sd_event_io_handler_t fn)
{
	int r = sd_event_add_io(s->api->o.loop, ret, fd, events, fn, s);

	return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static void set_nonblocking(int fd)
{
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void on_started(void *data, int tty_fd)
{
	struct exec_session *s = data;

	if (tty_fd < 0)
		return;
	set_nonblocking(tty_fd);
	s->out_fd[OUT] = tty_fd;
	s->in_fd = fcntl(tty_fd, F_DUPFD_CLOEXEC, 3);
	set_size(s);
	if (add_source(s, &s->out_source[OUT], tty_fd, EPOLLIN, out_ready) < 0 || s->in_fd < 0 ||
		add_source(s, &s->in_source, s->in_fd, EPOLLOUT, in_ready) < 0) {
		exec_session_free(s);
		return;
	}
	step(s);
}

static void on_ended(void *data, int exit_code, const struct err *e)
{
	struct exec_session *s = data;

	s->ended = true;
	s->exit_code = exit_code;
	if (e && e->code < 0)
		s->error = *e;
	/* A process that never ran has no output to wait for. */
	if (s->error.code < 0 || (s->tty && s->out_fd[OUT] < 0)) {
		close_out(s, OUT);
		close_out(s, ERR);
	}
	step(s);
}

/* A pipe of which @theirs is the process's end. */
static int make_pipe(int *ours, int *theirs, bool we_read)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	*ours = fds[we_read ? 0 : 1];
	*theirs = fds[we_read ? 1 : 0];
	set_nonblocking(*ours);
	return 0;
}

/* @theirs: stdin, stdout, stderr of the process. */
static int make_pipes(struct exec_session *s, const struct exec_options *o, int theirs[3])
{
	int r = 0;

	if (o->in)
		r = make_pipe(&s->in_fd, &theirs[0], false);
	if (r == 0 && o->out)
		r = make_pipe(&s->out_fd[OUT], &theirs[1], true);
	if (r == 0 && o->err)
		r = make_pipe(&s->out_fd[ERR], &theirs[2], true);
	if (r == 0 && o->in)
		r = add_source(s, &s->in_source, s->in_fd, EPOLLOUT, in_ready);
	for (size_t i = 0; r >= 0 && i < N_OUT; i++)
		if (s->out_fd[i] >= 0)
			r = add_source(s, &s->out_source[i], s->out_fd[i], EPOLLIN, out_ready);
	return r;
}

static int check_room(const struct api *a, const char *pod, struct err *e)
{
	const struct exec_session *s;
	unsigned all = 0, of_pod = 0;

	DL_FOREACH (a->execs, s) {
		all++;
		of_pod += streq(s->pod, pod);
	}
	if (all < EXECS_MAX && of_pod < EXECS_POD_MAX)
		return 0;
	return err_set(e, -EBUSY, "too many commands run by exec: %u in pod %s, %u in all", of_pod,
		pod, all);
}

static int start_process(struct exec_session *s, const struct exec_options *o, struct err *e)
{
	int theirs[3] = {-1, -1, -1};
	struct control_exec_request request = {.ns = o->ns,
		.pod = o->pod,
		.container = o->container,
		.argv = o->argv,
		.n_argv = o->n_argv,
		.tty = o->tty};
	int r = o->tty ? 0 : make_pipes(s, o, theirs);

	if (r >= 0) {
		memcpy(request.fds, theirs, sizeof request.fds);
		r = s->backend->exec_start(s->api->o.control, &request,
			&(struct control_exec_calls){on_started, on_ended, s}, &s->exec, e);
	} else {
		(void)err_errno(e, r, "making the pipes of a command");
	}
	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++)
		if (theirs[i] >= 0)
			(void)close(theirs[i]);
	return r < 0 ? r : 0;
}

int exec_session_new(
	struct api *a, const struct exec_options *o, struct exec_session **ret, struct err *e)
{
	struct exec_session *s;
	cleanup_free char *pod = xasprintf("%s/%s", o->ns, o->pod);
	int r;

	if (!a->o.backend) {
		(void)err_set(e, -EIO, "this server runs no pods");
		return err_reason(e, "ServiceUnavailable");
	}
	r = check_room(a, pod, e);
	if (r < 0)
		return r;
	s = xcalloc(1, sizeof *s);
	*s = (struct exec_session){.api = a,
		.backend = a->o.backend,
		.pod = take(pod),
		.version = o->version,
		.tty = o->tty,
		.in_open = o->in,
		.sock = -EBADF,
		.in_fd = -EBADF,
		.out_fd = {-EBADF, -EBADF}};
	DL_APPEND(a->execs, s);
	r = start_process(s, o, e);
	if (r < 0) {
		exec_session_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void exec_session_upgrade(struct exec_session *s, int sock,
	struct MHD_UpgradeResponseHandle *handle, const void *extra, size_t n_extra)
{
	s->sock = sock;
	s->handle = handle;
	s->ring = xmalloc(RING);
	s->ws = ws_new(&(struct ws_calls){sock_recv, sock_send, on_part, s});
	if (n_extra > 0) {
		s->extra = xmalloc(n_extra);
		memcpy(s->extra, extra, n_extra);
		s->n_extra = n_extra;
	}
	if (sd_event_add_io(s->api->o.loop, &s->socket_source, sock, EPOLLIN | EPOLLRDHUP,
		    socket_ready, s) < 0) {
		exec_session_free(s);
		return;
	}
	/* Tells the client that the stream stands, before the first output. */
	ws_queue(s->ws, WS_STDOUT, NULL, 0);
	if (ws_read(s->ws) < 0) {
		exec_session_free(s);
		return;
	}
	step(s);
}

void exec_session_free(struct exec_session *own_s)
{
	struct exec_session *s = own_s;

	if (!s)
		return;
	s->backend->exec_free(s->exec);
	close_in(s);
	close_out(s, OUT);
	close_out(s, ERR);
	(void)sd_event_source_disable_unref(s->socket_source);
	(void)sd_event_source_disable_unref(s->timer);
	ws_free(s->ws);
	if (s->handle) {
		(void)MHD_upgrade_action(s->handle, MHD_UPGRADE_ACTION_CLOSE);
		server_kick(s->api);
	}
	DL_DELETE(s->api->execs, s);
	free(s->ring);
	free(s->extra);
	free(s->pod);
	free(s);
}

void execs_stop(struct api *a)
{
	struct exec_session *s, *next;

	/* Those that wait for their upgrade end with their requests. */
	DL_FOREACH_SAFE (a->execs, s, next)
		if (s->handle)
			exec_session_free(s);
}
