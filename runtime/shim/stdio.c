/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard streams of a container. With a terminal all three are one: the runtime sends its master at the start, and the
 * log reads it from then on, whether anybody is attached or not, so that the container never waits for a client.
 *
 * Must hold: a terminal's master is read by the log alone; those who attach write to it only (attach.c).
 */
#include "runtime/shim/stdio.h"

#include "runtime/shim/console.h"
#include "runtime/shim/shim.h"

#include <fcntl.h>
#include <sys/ioctl.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -EBADF;
}

void stdio_set(struct stdio *io, const struct plan_container *pc)
{
	*io = (struct stdio){.tty = pc->tty,
		.open = pc->stdin,
		.once = pc->stdin_once,
		.console_fd = -EBADF,
		.in_fd = -EBADF,
		.peer_fd = -EBADF};
}

static int open_input(struct container *c, struct stdio_child *ret)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	if (fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return -EINVAL;
	}
	ret->fd[0] = ends[0];
	c->stdio.in_fd = ends[1];
	return 0;
}

/* Short enough for a socket's address, whatever the root prefix is. */
static int open_console(struct container *c, struct stdio_child *ret)
{
	char name[CONTAINER_ID_MAX + 8];
	int fd;

	(void)snprintf(name, sizeof name, "tty-%s", c->id);
	(void)unlinkat(c->shim->private_fd, name, 0);
	fd = console_listen(c->shim->private_fd, name);
	if (fd < 0)
		return fd;
	c->stdio.console_fd = fd;
	(void)snprintf(ret->console, sizeof ret->console, "/proc/%d/fd/%d/%s", getpid(),
		c->shim->private_fd, name);
	return 0;
}

int stdio_open(struct container *c, struct stdio_child *ret)
{
	struct stdio *io = &c->stdio;
	int r;

	*ret = (struct stdio_child){.fd = {-EBADF, -EBADF, -EBADF}};
	io->over = false;
	if (io->tty)
		r = open_console(c, ret);
	else
		r = log_open_pipes(&c->log, &ret->fd[1]);
	if (r == 0 && io->open && !io->tty)
		r = open_input(c, ret);
	if (r < 0) {
		stdio_child_done(ret);
		log_close_pipes(&c->log);
		stdio_close(c);
	}
	return r;
}

void stdio_child_done(struct stdio_child *child)
{
	for (size_t i = 0; i < ARRAY_SIZE(child->fd); i++)
		close_fd(&child->fd[i]);
}

static void close_console(struct container *c)
{
	char name[CONTAINER_ID_MAX + 8];

	if (c->stdio.console_fd < 0)
		return;
	(void)snprintf(name, sizeof name, "tty-%s", c->id);
	(void)unlinkat(c->shim->private_fd, name, 0);
	close_fd(&c->stdio.console_fd);
}

int stdio_started(struct container *c)
{
	struct stdio *io = &c->stdio;
	int fd;

	if (!io->tty)
		return 0;
	fd = console_take(io->console_fd);
	close_console(c);
	if (fd < 0)
		return fd;
	io->in_fd = fd;
	/* Without it, a container that closes its terminal and opens it again would not be read any more. */
	io->peer_fd = ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return log_open_terminal(&c->log, fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

void stdio_end_input(struct container *c)
{
	struct stdio *io = &c->stdio;

	io->over = true;
	if (io->tty) {
		/* A terminal has no end of its own: the character that stands for it. */
		if (write(io->in_fd, "\x04", 1) < 0)
			return;
	} else {
		close_fd(&io->in_fd);
	}
}

void stdio_close(struct container *c)
{
	close_console(c);
	close_fd(&c->stdio.in_fd);
	close_fd(&c->stdio.peer_fd);
}
