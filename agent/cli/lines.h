/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a stream of bytes into lines: watch events, log lines with a prefix, progress of a pull.
 */
#ifndef AGENT_CLI_LINES_H
#define AGENT_CLI_LINES_H

#include "runtime/base/str.h"

struct lines {
	struct str rest; /* the beginning of a line whose end has not come */
	/* A line without its \n; borrowed for the call. A negative return ends lines_feed with it. */
	int (*on_line)(void *data, struct sv line);
	void *data;
};

/** Takes one piece. Returns: 0, or what on_line returned. */
int lines_feed(struct lines *l, struct sv piece);
/** The end of the stream: hands over a last line without \n. Releases the memory. */
int lines_end(struct lines *l);

#endif
