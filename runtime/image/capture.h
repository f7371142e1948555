/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child whose output is collected without blocking.
 */
#ifndef RUNTIME_IMAGE_CAPTURE_H
#define RUNTIME_IMAGE_CAPTURE_H

#include "runtime/base/spawn.h"
#include "runtime/base/str.h"

struct capture {
	struct child child;
	int out_fd, err_fd;
	struct str out, err; /* what it wrote to its standard output and error */
	size_t out_max;
	bool ended, too_long;
	int status; /* wait status, once it has ended */
};

/**
 * Starts @s with its outputs caught, and has everything that can happen to it wake @epoll_fd. More than @out_max bytes of
 * output (64 KiB of errors) end it.
 * Returns: 0 and a capture that the caller frees, or -errno with a message.
 */
int capture_start(
	struct spawn *s, int epoll_fd, size_t out_max, struct capture **ret, struct err *e);

/** Takes in what there is. Returns: 1 when the child has ended and all of its output is here, 0, or -errno. */
int capture_step(struct capture *c);

/** Did it end with status 0? */
bool capture_ok(const struct capture *c);

/** Kills the child if it lives. */
void capture_free(struct capture *own_capture);
DEFINE_CLEANUP(struct capture, capture_free);

#endif
