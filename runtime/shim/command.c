/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of probes and hooks. The time-out is kept here, whoever runs it: at it the answer is given at once, and the
 * command killed; a resident that does not say within two seconds that it is dead is killed itself.
 */
#include "runtime/shim/command.h"
#include "runtime/base/str.h"
#include "runtime/plan/link.h"
#include "runtime/shim/exec.h"

#include <fcntl.h>
#include <sys/epoll.h>

enum { KILL_S = 2 };

struct command {
	struct command *next;
	struct container *container;
	command_fn fn; /* NULL: answered; only its end is waited for */
	void *data;
	uint64_t id, deadline_ns;
	char **argv;
	size_t n_argv;
	bool by_runner;
	struct exec *exec;  /* by the runtime */
	struct source pipe; /* … what it writes */
	struct str output;
};

static void done(struct command *x)
{
	struct shim *s = x->container->shim;
	struct command **slot = &s->commands;

	while (*slot && *slot != x)
		slot = &(*slot)->next;
	if (*slot)
		*slot = x->next;
	loop_drop(&s->loop, &x->pipe);
	for (size_t i = 0; i < x->n_argv; i++)
		free(x->argv[i]);
	free(x->argv);
	str_done(&x->output);
	free(x);
}

/* A stranger's bytes as text of bounded length. */
static char *clean(struct sv bytes)
{
	cleanup_str struct str s = {0};

	str_add_utf8(&s, bytes.p, bytes.n);
	if (s.n > LINK_OUTPUT_MAX) {
		size_t n = LINK_OUTPUT_MAX;

		while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
			n--;
		s.p[n] = '\0';
	}
	return str_take(&s);
}

/* The last thing that happens to a command which has ended: what is called may do anything. */
static void finish(struct command *x, const struct command_end *end)
{
	struct shim *s = x->container->shim;
	command_fn fn = x->fn;
	void *data = x->data;

	done(x);
	if (fn)
		fn(s, data, end);
}

static void fail(struct command *x, const char *why)
{
	finish(x, &(const struct command_end){.output = "", .error = why});
}

/* ---- by the runtime --------------------------------------------------------------------------------------- */

/* Returns false when there is nothing more now. */
static bool read_pipe(struct command *x)
{
	char buf[4096];
	ssize_t n = read(x->pipe.fd, buf, sizeof buf);
	size_t room = LINK_OUTPUT_MAX - x->output.n;

	if (n > 0)
		str_addn(&x->output, buf, (size_t)n < room ? (size_t)n : room);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		loop_drop(&x->container->shim->loop, &x->pipe);
	return n > 0;
}

static void pipe_ready(struct source *self, uint32_t events)
{
	(void)events;
	(void)read_pipe(self->data);
}

static void exec_ended(void *data, const struct exec_end *end)
{
	enum { READS_MAX = 32 };
	struct command *x = data;
	cleanup_free char *text = NULL;

	x->exec = NULL;
	for (int i = 0; i < READS_MAX && x->pipe.fd >= 0 && read_pipe(x); i++)
		;
	if (end->error) {
		fail(x, end->error);
		return;
	}
	text = clean((struct sv){x->output.p, x->output.n});
	finish(x, &(const struct command_end){.exit_code = end->exit_code, .output = text});
}

static int run_by_runtime(struct command *x)
{
	struct shim *s = x->container->shim;
	const struct link_message m = {.argv = x->argv, .n_argv = x->n_argv};
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC), theirs = -EBADF;
	int ends[2], r;

	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	theirs = ends[1];
	x->by_runner = false;
	x->pipe = (struct source){pipe_ready, x, ends[0]};
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	r = loop_watch(&s->loop, &x->pipe, EPOLLIN);
	if (r == 0)
		r = exec_own(s, x->container, &m,
			&(const struct msg_fds){{null, theirs, theirs}, 3}, exec_ended, x,
			&x->exec);
	if (r < 0)
		loop_drop(&s->loop, &x->pipe);
	return r;
}

/* ---- by the resident -------------------------------------------------------------------------------------- */

static size_t count_of_runner(const struct container *c)
{
	size_t n = 0;

	for (const struct command *x = c->shim->commands; x; x = x->next)
		n += x->by_runner && x->container == c;
	return n;
}

static bool run_by_runner(struct command *x, bool start)
{
	struct container *c = x->container;

	if (count_of_runner(c) >= RUNNER_COMMANDS_MAX)
		return false;
	if (!runner_lives(c) && (!start || runner_start(c) < 0))
		return false;
	x->by_runner = runner_send(c, RUNNER_RUN, x->id, x->argv, x->n_argv) == 0;
	return x->by_runner;
}

int command_answered(struct container *c, const struct runner_answer *a)
{
	struct command *x = c->shim->commands;
	cleanup_free char *text = NULL;
	struct command_end end = {.exit_code = a->exit_code};

	while (x && !(x->by_runner && x->container == c && x->id == a->id))
		x = x->next;
	if (!x)
		return -ENOENT;
	text = clean(a->output);
	end.output = a->failed ? "" : text;
	end.error = a->failed ? text : NULL;
	finish(x, &end);
	return 0;
}

static struct command *of_runner(const struct container *c)
{
	struct command *x = c->shim->commands;

	while (x && !(x->by_runner && x->container == c))
		x = x->next;
	return x;
}

void commands_orphaned(struct container *c)
{
	struct command *x;
	int r;

	while ((x = of_runner(c)) != NULL) {
		if (!x->fn) {
			done(x);
			continue;
		}
		r = run_by_runtime(x);
		if (r < 0)
			fail(x, strerror(-r));
	}
}

/* ---- the public face -------------------------------------------------------------------------------------- */

int command_start(struct container *c, const struct command_how *how, command_fn fn, void *data,
	struct command **ret)
{
	struct shim *s = c->shim;
	struct command *x = xcalloc(1, sizeof *x);
	int r = 0;

	*x = (struct command){
		.next = s->commands,
		.container = c,
		.fn = fn,
		.data = data,
		.id = ++s->command_number,
		.deadline_ns = how->timeout_ns ? shim_now(s) + how->timeout_ns : UINT64_MAX,
		.argv = xcalloc(how->n_argv + 1, sizeof *x->argv),
		.n_argv = how->n_argv,
		.pipe.fd = -EBADF,
	};
	for (size_t i = 0; i < how->n_argv; i++)
		x->argv[i] = xstrdup(how->argv[i]);
	s->commands = x;
	if (!run_by_runner(x, how->resident))
		r = run_by_runtime(x);
	if (r < 0)
		done(x);
	else if (ret)
		*ret = x;
	return r;
}

/* Killed; it is gone when whoever runs it says so. */
static void kill_command(struct command *x)
{
	x->fn = NULL;
	x->deadline_ns = UINT64_MAX;
	if (x->exec)
		exec_cancel(x->exec);
	if (!x->by_runner)
		return;
	x->deadline_ns = shim_now(x->container->shim) + KILL_S * NS_PER_SEC;
	if (runner_send(x->container, RUNNER_KILL, x->id, NULL, 0) < 0)
		runner_kill(x->container);
}

void command_forget(struct command *x)
{
	kill_command(x);
}

void commands_forget(struct shim *s, command_fn fn)
{
	for (struct command *x = s->commands; x; x = x->next)
		if (x->fn == fn)
			kill_command(x);
}

size_t commands_count(const struct shim *s, command_fn fn)
{
	size_t n = 0;

	for (const struct command *x = s->commands; x; x = x->next)
		n += x->fn == fn;
	return n;
}

void commands_end(struct container *c)
{
	struct command *x = c->shim->commands;

	while (x) {
		if (x->container != c) {
			x = x->next;
			continue;
		}
		if (x->exec)
			exec_forget(x->exec);
		fail(x, "the container has ended");
		x = c->shim->commands;
	}
}

uint64_t commands_deadline(const struct shim *s)
{
	uint64_t at = UINT64_MAX;

	for (const struct command *x = s->commands; x; x = x->next)
		if (x->deadline_ns < at)
			at = x->deadline_ns;
	return at;
}

static void time_out(struct command *x)
{
	static const struct command_end end = {.output = "",
		.error = "the command took too long and was killed",
		.timed_out = true};
	struct shim *s = x->container->shim;
	command_fn fn = x->fn;
	void *data = x->data;

	kill_command(x);
	if (fn)
		fn(s, data, &end);
}

void commands_timers(struct shim *s, uint64_t now_ns)
{
	struct command *x = s->commands;

	while (x) {
		if (now_ns < x->deadline_ns) {
			x = x->next;
			continue;
		}
		if (x->fn) {
			time_out(x);
		} else { /* told to die two seconds ago: whoever has to see to it does not work */
			x->deadline_ns = UINT64_MAX;
			runner_kill(x->container);
		}
		x = s->commands;
	}
}
