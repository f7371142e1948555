/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's terminal while a command runs in a container: raw mode, its size, and the signals that must not
 * leave it raw.
 */
#ifndef AGENT_CLI_TERMINAL_H
#define AGENT_CLI_TERMINAL_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <termios.h>

struct terminal {
	int fd;	       /* the terminal; -1: none */
	bool raw;      /* its modes were changed, `before` holds the old ones */
	int signal_fd; /* readable when a signal has come */
	struct termios before;
};

/**
 * Blocks SIGWINCH and the ending signals and makes them readable at signal_fd; with @raw switches @fd to raw mode.
 * Returns: 0, or -errno. Release with terminal_close.
 */
int terminal_open(struct terminal *t, int fd, bool raw, struct err *e);
/** Puts the old modes back. Harmless on one that is not open (both descriptors negative). */
void terminal_close(struct terminal *t);
/** Stops this program as Ctrl-Z does, with the old modes, and goes on when it is told to. */
void terminal_suspend(struct terminal *t);
/** The next signal that has come; 0: none. */
int terminal_signal(const struct terminal *t);
/** Columns and rows; false when they are not known. */
bool terminal_size(const struct terminal *t, unsigned *ret_width, unsigned *ret_height);

#endif
