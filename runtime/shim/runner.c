/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resident of a container. Its end of the socket may be in anybody's hands in there, so every message is judged:
 * one that is malformed, carries descriptors or answers no question ends it. Its death is heard from the kernel, not
 * from the socket. Time is kept by those who asked (command.c).
 */
#include "runtime/shim/runner.h"
#include "runtime/base/fs.h"
#include "runtime/base/msg.h"
#include "runtime/shim/command.h"
#include "runtime/shim/compose.h"
#include "runtime/shim/exec.h"
#include "runtime/shim/shim.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { RETRY_S = 1, RETRY_MAX_S = 60, SETTLED_S = 60, DEATHS_MAX = 6 };

bool runner_lives(const struct container *c)
{
	return c->runner.exec && c->runner.sock.fd >= 0;
}

static void note_death(struct container *c)
{
	struct runner *r = &c->runner;
	uint64_t now = shim_now(c->shim), wait_s = RETRY_MAX_S;

	r->deaths = now - r->started_ns >= SETTLED_S * NS_PER_SEC ? 1 : r->deaths + 1;
	if (r->deaths <= DEATHS_MAX)
		wait_s = RETRY_S << (r->deaths - 1);
	r->retry_at_ns = now + wait_s * NS_PER_SEC;
}

/* Also when the runtime could not start it. */
static void ended(void *data, const struct exec_end *end)
{
	struct container *c = data;

	(void)end;
	c->runner.exec = NULL;
	loop_drop(&c->shim->loop, &c->runner.sock);
	note_death(c);
	commands_orphaned(c);
}

void runner_kill(struct container *c)
{
	loop_drop(&c->shim->loop, &c->runner.sock);
	if (c->runner.exec)
		exec_cancel(c->runner.exec);
}

void runner_close(struct container *c)
{
	loop_drop(&c->shim->loop, &c->runner.sock);
	if (c->runner.exec)
		exec_forget(c->runner.exec);
	c->runner = (struct runner){.sock.fd = -EBADF};
}

static void sock_ready(struct source *self, uint32_t events)
{
	enum { SIZE = sizeof(struct runner_head) + RUNNER_OUTPUT_MAX };
	struct container *c = self->data;
	cleanup_free char *buf = xmalloc(SIZE);
	struct runner_answer a;
	ssize_t n = msg_recv(self->fd, buf, SIZE, NULL);

	(void)events;
	if (n == -EAGAIN)
		return;
	if (n <= 0 || runner_answer_read(buf, (size_t)n, &a) < 0 || command_answered(c, &a) < 0)
		runner_kill(c);
}

/* It has the socket's other end as its only descriptor of the host, and the program's until it is executed. */
static int launch(struct container *c, int program, int theirs)
{
	char *argv[] = {(char *)(uintptr_t) "/proc/self/fd/3", (char *)(uintptr_t) "berth-runner"};
	const struct link_message m = {.argv = argv, .n_argv = ARRAY_SIZE(argv)};
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct msg_fds fds = {{null, null, null, program, theirs}, 5};

	_Static_assert(RUNNER_FD_PROGRAM == 3 && RUNNER_FD_SOCKET == 4, "as in argv and fds");
	return null < 0 ? -errno : exec_own(c->shim, c, &m, &fds, ended, c, &c->runner.exec);
}

int runner_start(struct container *c)
{
	struct shim *s = c->shim;
	struct runner *r = &c->runner;
	cleanup_close int program = -EBADF, theirs = -EBADF;
	int ends[2], n;

	if (r->exec || shim_now(s) < r->retry_at_ns)
		return -EAGAIN;
	program = fs_open_beneath(s->private_fd, "bin/" COMPOSE_RUNNER, O_PATH, 0);
	if (program < 0)
		return program;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
		return -errno;
	theirs = ends[1];
	r->sock = (struct source){sock_ready, c, ends[0]};
	r->started_ns = shim_now(s);
	n = loop_watch(&s->loop, &r->sock, EPOLLIN);
	if (n == 0)
		n = launch(c, program, theirs);
	if (n < 0) {
		loop_drop(&s->loop, &r->sock);
		note_death(c);
	}
	return n;
}

int runner_send(
	struct container *c, enum runner_verb verb, uint64_t id, char *const *argv, size_t n_argv)
{
	cleanup_free char *buf = xmalloc(RUNNER_REQUEST_MAX);
	ssize_t n = runner_request(verb, id, argv, n_argv, buf);

	if (!runner_lives(c))
		return -ENOTCONN;
	return n < 0 ? (int)n : msg_send(c->runner.sock.fd, buf, (size_t)n, NULL);
}
