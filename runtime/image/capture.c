/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child with its outputs caught: two non-blocking pipes and a pidfd, all in the job's epoll.
 */
#include "runtime/image/capture.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>

enum { ERR_MAX = 64 << 10 };

static int watch(int epoll_fd, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_pipe(int *ret_read, int *ret_write)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	*ret_read = fds[0];
	*ret_write = fds[1];
	/* Only our end: the child expects an ordinary one. */
	return fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

int capture_start(
	struct spawn *s, int epoll_fd, size_t out_max, struct capture **ret, struct err *e)
{
	CLEANUP(capture_free) struct capture *c = xcalloc(1, sizeof *c);
	cleanup_close int out = -EBADF, err = -EBADF;
	int r;

	*c = (struct capture){
		.child = {-1, -EBADF}, .out_fd = -EBADF, .err_fd = -EBADF, .out_max = out_max};
	r = open_pipe(&c->out_fd, &out);
	if (r == 0)
		r = open_pipe(&c->err_fd, &err);
	if (r < 0)
		return err_errno(e, r, "starting %s", s->argv[0]);
	assert(s->n_fds + 2 <= SPAWN_FDS_MAX);
	s->fds[s->n_fds++] = (struct spawn_fd){out, 1};
	s->fds[s->n_fds++] = (struct spawn_fd){err, 2};
	r = spawn(s, &c->child, e);
	s->n_fds -= 2;
	if (r < 0)
		return r;
	r = watch(epoll_fd, c->out_fd);
	if (r == 0)
		r = watch(epoll_fd, c->err_fd);
	if (r == 0)
		r = watch(epoll_fd, c->child.pidfd);
	if (r < 0)
		return err_errno(e, r, "watching %s", s->argv[0]);
	*ret = take(c);
	return 0;
}

/* Reads what is there; a pipe that is over is closed. Returns 0, or -EFBIG. */
static int drain(int *fd, struct str *to, size_t max)
{
	char buf[16 << 10];

	while (*fd >= 0) {
		ssize_t n = read(*fd, buf, sizeof buf);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0) {
			(void)close(*fd);
			*fd = -EBADF;
			return 0;
		}
		if (to->n + (size_t)n > max)
			return -EFBIG;
		str_addn(to, buf, (size_t)n);
	}
	return 0;
}

int capture_step(struct capture *c)
{
	int r;

	if (!c->ended) {
		r = child_wait(&c->child, 0, &c->status);
		if (r < 0 && r != -ETIMEDOUT)
			return r;
		c->ended = r == 0;
	}
	if (drain(&c->out_fd, &c->out, c->out_max) < 0 || drain(&c->err_fd, &c->err, ERR_MAX) < 0) {
		c->too_long = true;
		return -EFBIG;
	}
	return c->ended;
}

bool capture_ok(const struct capture *c)
{
	return c->ended && WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	child_kill(&c->child);
	own_close_p(&c->out_fd);
	own_close_p(&c->err_fd);
	str_done(&c->out);
	str_done(&c->err);
	free(c);
}
