/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two directions of `berth cp`, apart from the connection: a tar stream of a container to files here, and files
 * here to a tar stream.
 */
#ifndef AGENT_CLI_CP_H
#define AGENT_CLI_CP_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"

#include <stdio.h>
#include <sys/types.h>

/* ---- from a container: cp_down.c ------------------------------------------------------------------- */

struct cp_down;

/**
 * @remote: the path that was asked for, with which every name in the stream begins. @local: a directory that is there
 * (a file goes into it, of a directory what is in it), or a name in one.
 * @warnings: where links and the like, which are passed over, are told.
 * Returns: 0, or -errno with a message.
 */
int cp_down_new(
	const char *remote, const char *local, FILE *warnings, struct cp_down **ret, struct err *e);
/** The next bytes of the stream, which a stranger has made: nothing is written outside of @local. */
int cp_down_feed(struct cp_down *d, struct sv bytes, struct err *e);
/** The stream is over. -EBADMSG: it was cut short, or there was nothing in it. */
int cp_down_finish(struct cp_down *d, struct err *e);
void cp_down_free(struct cp_down *own_d);
DEFINE_CLEANUP(struct cp_down, cp_down_free);

/* ---- to a container: cp_up.c ------------------------------------------------------------------------ */

struct cp_up;

/** @local: a file or a directory with all that is in it; in the stream it is called @name. As cp_down_new. */
int cp_up_new(const char *local, const char *name, struct cp_up **ret, struct err *e);
/** Fills @buf. Returns: how many bytes, 0 at the end, or -errno with a message. */
ssize_t cp_up_read(struct cp_up *u, char *buf, size_t n, struct err *e);
void cp_up_free(struct cp_up *own_u);
DEFINE_CLEANUP(struct cp_up, cp_up_free);

#endif
