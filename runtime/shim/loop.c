/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll and one timerfd. The timer is set only when the next deadline moves, so an idle shim makes no system
 * call at all.
 */
#include "runtime/shim/loop.h"

#include "runtime/base/clock.h"
#include "runtime/base/own.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

int loop_open(struct loop *l)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL};

	*l = (struct loop){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	if (l->epoll_fd < 0)
		return -errno;
	l->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->timer_fd < 0)
		return -errno;
	return epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &ev) < 0 ? -errno : 0;
}

void loop_close(struct loop *l)
{
	(void)close(l->timer_fd);
	(void)close(l->epoll_fd);
}

int loop_watch(struct loop *l, struct source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, s->fd, &ev) == 0)
		return 0;
	if (errno == EEXIST && epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev) == 0)
		return 0;
	return -errno;
}

void loop_pause(struct loop *l, struct source *s)
{
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
}

void loop_drop(struct loop *l, struct source *s)
{
	if (s->fd < 0)
		return;
	/* A child that is alive may hold a copy of the descriptor, which would keep the watch: end it by name. */
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	(void)close(s->fd);
	s->fd = -EBADF;
}

static int arm(struct loop *l, uint64_t deadline_ns)
{
	uint64_t at = deadline_ns == UINT64_MAX ? 0 : deadline_ns ? deadline_ns : 1;
	struct itimerspec t = {.it_value = {(time_t)(at / NS_PER_SEC), (long)(at % NS_PER_SEC)}};

	if (at == l->armed_ns)
		return 0;
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &t, NULL) < 0)
		return -errno;
	l->armed_ns = at;
	return 0;
}

int loop_step(struct loop *l, uint64_t deadline_ns, bool block)
{
	struct epoll_event ev;
	struct source *s;
	int n, r = arm(l, deadline_ns);

	if (r < 0)
		return r;
	n = epoll_wait(l->epoll_fd, &ev, 1, block ? -1 : 0);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		return 0;
	s = ev.data.ptr;
	if (!s) {
		uint64_t times;

		(void)!read(l->timer_fd, &times, sizeof times);
		l->armed_ns = 0;
		return 0;
	}
	s->ready(s, ev.events);
	return 1;
}
