/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the shim and the runner in a container say to each other: one SOCK_SEQPACKET message each, a fixed head in the
 * machine's own byte order and then bytes. The shim believes nothing of what comes back: a container may have
 * the runner's end of the socket.
 *
 *	shim → runner	run, id, n words each ended by a NUL	as a command of its own session
 *			kill, id				SIGKILL to all of that session
 *	runner → shim	exited, id, code, output		128 + signal when killed
 *			failed, id, why				could not be started
 */
#ifndef RUNTIME_RUNNER_WIRE_H
#define RUNTIME_RUNNER_WIRE_H

#include "runtime/base/str.h"

#include <sys/types.h>

/* Descriptors the runner is born with, beside /dev/null at 0, 1 and 2. */
enum { RUNNER_FD_PROGRAM = 3, RUNNER_FD_SOCKET = 4 };

enum {
	RUNNER_REQUEST_MAX = 64 << 10, /* bytes of a message to it */
	RUNNER_OUTPUT_MAX =
		10 << 10, /* kept of what a command writes; the rest is read and forgotten */
	RUNNER_COMMANDS_MAX = 16, /* at a time */
	RUNNER_WORDS_MAX = 4096,
};

enum runner_verb { RUNNER_RUN = 1, RUNNER_KILL, RUNNER_EXITED, RUNNER_FAILED };

struct runner_head {
	uint64_t id;
	uint32_t verb;
	uint32_t number; /* run: words; exited: code; else 0 */
};

struct runner_answer {
	uint64_t id;
	bool failed;	  /* it did not run; the text says why */
	int exit_code;	  /* 0 … 255 */
	struct sv output; /* borrowed, of any bytes */
};

/**
 * A request into @buf (of RUNNER_REQUEST_MAX bytes). @argv: NULL for RUNNER_KILL.
 * Returns: its length, or -E2BIG.
 */
ssize_t runner_request(enum runner_verb verb, uint64_t id, char *const *argv, size_t n, char *buf);

/** Reads an answer of @n bytes. Returns: 0, or -EBADMSG. */
int runner_answer_read(const void *bytes, size_t n, struct runner_answer *ret);

/**
 * Reads a request of @n bytes; @argv (room for RUNNER_WORDS_MAX + 1) then points into @bytes and is ended by NULL.
 * Returns: 0, or -EBADMSG.
 */
int runner_request_read(char *bytes, size_t n, struct runner_head *ret, char **argv);

#endif
