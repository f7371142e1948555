/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's standard streams are: pipes to its log and /dev/null, a stdin that stays open for those who
 * attach, or a terminal. The shim holds the ends that outlive every client and every agent.
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_STDIO_H
#define RUNTIME_SHIM_STDIO_H

#include <stdbool.h>
#include <stddef.h>

struct container;
struct plan_container;

struct stdio {
	bool tty, open, once; /* the plan's tty, stdin, stdin_once */
	bool over;	      /* once: who had it has gone; until the next start */
	int console_fd;	      /* listens for the terminal while the container is being started */
	int in_fd; /* what goes here it reads: a pipe's write end, or the terminal's master */
	int peer_fd; /* the terminal's other side: held, so that it never hangs up while the container lives */
};

/* The descriptors that the container is born with; negative: /dev/null. */
struct stdio_child {
	int fd[3];
	char console[96]; /* where the runtime sends the terminal; "" without one */
};

/** Before the first start. */
void stdio_set(struct stdio *io, const struct plan_container *pc);
/** Makes what the next run needs. 0, or -errno and nothing is open. @ret is released by stdio_child_done. */
int stdio_open(struct container *c, struct stdio_child *ret);
void stdio_child_done(struct stdio_child *child);
/** It has been started: takes its terminal, if it has one, and reads it for the log. 0 or -errno. */
int stdio_started(struct container *c);
/** Its run is over; the log has been closed before. */
void stdio_close(struct container *c);

/** Nobody is to write to its stdin any more: it reads the end of it. */
void stdio_end_input(struct container *c);

#endif
