/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shim's event loop: descriptors with a function each, and one timer. Events are taken one at a time, so
 * that a function may close any other source.
 */
#ifndef RUNTIME_SHIM_LOOP_H
#define RUNTIME_SHIM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct source {
	void (*ready)(struct source *self, uint32_t events);
	void *data;
	int fd;
};

struct loop {
	int epoll_fd;
	int timer_fd;
	uint64_t armed_ns; /* what the timer stands at; 0: off */
};

/** 0 or -errno. */
int loop_open(struct loop *l);
void loop_close(struct loop *l);

/** Watches s->fd for @events (EPOLLIN …; 0: errors only). Again: changes them. 0 or -errno. */
int loop_watch(struct loop *l, struct source *s, uint32_t events);
/** Stops watching until the next loop_watch(). */
void loop_pause(struct loop *l, struct source *s);
/** Stops watching and closes s->fd; nothing happens when it is closed (negative). */
void loop_drop(struct loop *l, struct source *s);

/**
 * Waits for one event and calls its function, or returns when @deadline_ns (CLOCK_BOOTTIME; UINT64_MAX: never)
 * has come. @block: false looks and returns at once.
 * Returns: 1 when a function was called, 0, or -errno.
 */
int loop_step(struct loop *l, uint64_t deadline_ns, bool block);

#endif
