/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an exec or an attach: bytes pass through a ring of 64 KiB towards the process and a queue of 64 KiB towards
 * the client; what is full is not read from (safety R18). The client's end is the process's end, or that of the
 * attach (R19). A size for the terminal is passed on as it comes: only the last counts, and none is kept.
 *
 * Source: apimachinery pkg/util/remotecommand; client-go tools/remotecommand/{v4,v5}.go.
 */
#include "agent/api/exec.h"
#include "agent/api/ring.h"

#include <fcntl.h>
#include <sys/ioctl.h>

enum { CONTROL_MAX = 256 };
enum { OUT, ERR, N_OUT };

struct exec_session {
	struct remote remote;
	const struct api_backend *backend;
	struct control_exec *exec;
	bool attach, tty, greeted;

	int in_fd, out_fd[N_OUT]; /* our ends; -1: closed */
	int terminal_fd;	  /* whose size is set; -1: none */
	sd_event_source *in_source, *out_source[N_OUT];
	struct ring ring; /* towards the process */
	bool in_open;	  /* the process takes stdin, or will */
	bool in_closed;	  /* the client has closed it */

	char control[CONTROL_MAX]; /* a resize or close message, put together */
	size_t n_control;
	struct winsize size; /* ws_row 0: none asked for */

	bool ended; /* the process has, or what was attached to */
	int exit_code;
	struct err error; /* code 0: it ran */
};

static void step(void *data);

/* ---- towards the process ----------------------------------------------------------------------- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -EBADF;
}

static void close_out(struct exec_session *s, size_t i)
{
	s->out_source[i] = sd_event_source_disable_unref(s->out_source[i]);
	close_fd(&s->out_fd[i]);
}

static void close_in(struct exec_session *s)
{
	s->in_source = sd_event_source_disable_unref(s->in_source);
	close_fd(&s->in_fd);
	s->in_open = false;
	ring_done(&s->ring);
}

/* All that the client had to say has been written. */
static void end_in(struct exec_session *s)
{
	/* A terminal has no end of its own: the character that stands for it. */
	if (!s->attach && s->tty && write(s->in_fd, "\x04", 1) < 0)
		errno = 0;
	close_in(s);
	/* As with containerd: an attach ends with its input, unless the input was all that it is for. */
	if (s->attach && !s->backend->exec_close_input(s->exec)) {
		s->ended = true;
		for (size_t i = 0; i < N_OUT; i++)
			close_out(s, i);
	}
}

static void write_ring(struct exec_session *s)
{
	int r = s->in_fd < 0 ? 0 : ring_write(&s->ring, s->in_fd);

	if (s->in_fd < 0 || r == -EAGAIN)
		return;
	if (r < 0) /* It does not read any more; what it writes still counts. */
		close_in(s);
	else if (s->in_closed)
		end_in(s);
}

static void set_size(struct exec_session *s)
{
	if (s->size.ws_row > 0 && s->terminal_fd >= 0)
		(void)ioctl(s->terminal_fd, TIOCSWINSZ, &s->size);
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
		/* There is room: the socket is not read from without it. */
		if (s->in_open && !s->in_closed)
			ring_put(&s->ring, bytes, n);
	} else if (channel == WS_RESIZE || (channel == WS_CLOSE && s->remote.version >= 5)) {
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

/* Reads one output as far as the client keeps up. */
static void read_out(struct exec_session *s, size_t i)
{
	char buf[WS_PART_MAX];

	while (s->out_fd[i] >= 0 && remote_takes(&s->remote)) {
		ssize_t n = read(s->out_fd[i], buf, sizeof buf);

		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0) {
			ws_queue(s->remote.ws, i == OUT ? WS_STDOUT : WS_STDERR, buf, (size_t)n);
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

/* All output is queued and the process has ended: the last words. */
static void say_end(struct exec_session *s)
{
	cleanup_json json_t *status = exit_status(s);
	cleanup_free char *text = json_text(status);
	size_t n = strlen(text);

	ws_queue(s->remote.ws, WS_ERROR, text, n < WS_PART_MAX ? n : WS_PART_MAX);
	remote_close(&s->remote);
}

/* ---- the loop ---------------------------------------------------------------------------------- */

static void enable(sd_event_source *source, bool on)
{
	if (source)
		(void)sd_event_source_set_enabled(source, on ? SD_EVENT_ON : SD_EVENT_OFF);
}

static bool has_room(const void *data)
{
	const struct exec_session *s = data;

	return ring_room(&s->ring) >= WS_PART_MAX;
}

/* Goes on with whatever can go on; ends the session when all is said. */
static void step(void *data)
{
	struct exec_session *s = data;

	if (!s->remote.ws)
		return;
	if (!s->greeted) /* the stream stands: the client may begin */
		ws_queue(s->remote.ws, WS_STDOUT, NULL, 0);
	s->greeted = true;
	write_ring(s);
	if (s->ended && !s->remote.closing) {
		for (size_t i = 0; i < N_OUT; i++)
			read_out(s, i);
		if (s->out_fd[OUT] < 0 && s->out_fd[ERR] < 0)
			say_end(s);
	}
	if (!remote_flush(&s->remote))
		return;
	enable(s->in_source, s->ring.n > 0);
	for (size_t i = 0; i < N_OUT; i++)
		enable(s->out_source[i], remote_takes(&s->remote));
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
	int r = sd_event_add_io(s->remote.api->o.loop, ret, fd, events, fn, s);

	return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static void set_nonblocking(int fd)
{
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* What came is written to, and with an exec read from, too. */
static int take_fd_of(struct exec_session *s, int own_fd)
{
	set_nonblocking(own_fd);
	/* Not of a pipe, whose end would never come. */
	s->terminal_fd = isatty(own_fd) ? fcntl(own_fd, F_DUPFD_CLOEXEC, 3) : -EBADF;
	set_size(s);
	if (!s->attach) {
		s->out_fd[OUT] = own_fd;
		s->in_fd = fcntl(own_fd, F_DUPFD_CLOEXEC, 3);
	} else if (s->in_open) {
		s->in_fd = own_fd;
	} else {
		(void)close(own_fd);
		return 0;
	}
	if (s->in_fd < 0)
		return -EMFILE;
	if (!s->attach && add_source(s, &s->out_source[OUT], own_fd, EPOLLIN, out_ready) < 0)
		return -ENOMEM;
	return add_source(s, &s->in_source, s->in_fd, EPOLLOUT, in_ready);
}

static void on_started(void *data, int own_fd)
{
	struct exec_session *s = data;

	if (own_fd < 0)
		return;
	if (take_fd_of(s, own_fd) < 0)
		remote_free(&s->remote);
	else
		step(s);
}

static void on_ended(void *data, int exit_code, const struct err *e)
{
	struct exec_session *s = data;

	s->ended = true;
	s->exit_code = exit_code;
	if (e && e->code < 0)
		s->error = *e;
	/* What never ran has no output to wait for. */
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

	if (o->in && !s->attach)
		r = make_pipe(&s->in_fd, &theirs[0], false);
	if (r == 0 && o->out)
		r = make_pipe(&s->out_fd[OUT], &theirs[1], true);
	if (r == 0 && o->err)
		r = make_pipe(&s->out_fd[ERR], &theirs[2], true);
	if (r == 0 && s->in_fd >= 0)
		r = add_source(s, &s->in_source, s->in_fd, EPOLLOUT, in_ready);
	for (size_t i = 0; r >= 0 && i < N_OUT; i++)
		if (s->out_fd[i] >= 0)
			r = add_source(s, &s->out_source[i], s->out_fd[i], EPOLLIN, out_ready);
	return r;
}

static int start_process(struct exec_session *s, const struct exec_options *o, struct err *e)
{
	int theirs[3] = {-1, -1, -1};
	struct control_exec_request request = {
		.kind = s->attach ? CONTROL_ATTACH : CONTROL_EXEC,
		.ns = o->ns,
		.pod = o->pod,
		.container = o->container,
		.in = o->in,
		.argv = o->argv,
		.n_argv = o->n_argv,
		.tty = o->tty,
	};
	int r = o->tty && !s->attach ? 0 : make_pipes(s, o, theirs);

	/* The shim, which writes to them, does not wait. */
	for (size_t i = 1; s->attach && i < ARRAY_SIZE(theirs); i++)
		if (theirs[i] >= 0)
			set_nonblocking(theirs[i]);
	if (r >= 0) {
		memcpy(request.fds, theirs, sizeof request.fds);
		r = s->backend->exec_start(s->remote.api->o.control, &request,
			&(struct control_exec_calls){on_started, on_ended, s}, &s->exec, e);
	} else {
		(void)err_errno(e, r, "making the pipes of a command");
	}
	for (size_t i = 0; i < ARRAY_SIZE(theirs); i++)
		close_fd(&theirs[i]);
	return r < 0 ? r : 0;
}

static void free_session(void *data)
{
	struct exec_session *s = data;

	s->backend->exec_free(s->exec);
	close_in(s);
	for (size_t i = 0; i < N_OUT; i++)
		close_out(s, i);
	close_fd(&s->terminal_fd);
	remote_done(&s->remote);
	free(s);
}

int exec_session_new(
	struct api *a, const struct exec_options *o, struct remote **ret, struct err *e)
{
	static const struct remote_calls calls = {on_part, has_room, step, free_session};
	struct exec_session *s = xcalloc(1, sizeof *s);
	int r;

	*s = (struct exec_session){.backend = a->o.backend,
		.attach = o->attach,
		.tty = o->tty,
		.in_open = o->in,
		.in_fd = -EBADF,
		.terminal_fd = -EBADF,
		.out_fd = {-EBADF, -EBADF}};
	r = remote_init(&s->remote, a, o->ns, o->pod, &calls, s, e);
	if (r < 0) {
		free(s);
		return r;
	}
	s->remote.version = o->version;
	r = start_process(s, o, e);
	if (r < 0)
		free_session(s);
	else
		*ret = &s->remote;
	return r;
}
