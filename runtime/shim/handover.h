/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shim's whole state as text, for the next build of it (upgrade.h): the tables of handover.c, one row a member.
 *
 * Whoever adds a member to struct shim, container, run, hook, stdio, log, log_stream, exec or attach adds a row for it: how
 * it is written, or SKIP when a shim that goes on has no use for it (jobs, what is opened again). A test
 * reads the headers and fails when a row is missing. Static variables that change have no place in this folder.
 *
 * The state is only ever taken at a quiet moment (upgrade.c): no job, no command, nothing being launched.
 *
 * Versions: a member that the reader does not know is passed over, one that the writer does not know has its fallback.
 * When that would do harm to a reader before format N, HANDOVER_READERS_FROM becomes N.
 *
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_HANDOVER_H
#define RUNTIME_SHIM_HANDOVER_H

#include "runtime/base/err.h"
#include "runtime/plan/record.h"
#include "runtime/shim/shim.h"

enum {
	HANDOVER_FORMAT = 1,	   /* of what is written */
	HANDOVER_READERS_FROM = 1, /* the oldest format whose readers understand it */
	HANDOVER_BYTES_MAX = 16 << 20
};

/** The state in a sealed memfd at its beginning. Returns: a descriptor the caller closes, or -errno. */
int handover_write(const struct shim *s);

/**
 * Reads it. @s is overwritten: values and numbers of descriptors; nothing works yet (handover_resume).
 * 0; -ENOTSUP: from a build too new for this one; -EBADMSG, -EINVAL with the path of what is wrong.
 */
int handover_read(int fd, struct shim *s, struct err *e);

/** After handover_read, with an open loop: what was watched is watched again. 0 or -errno. */
int handover_resume(struct shim *s, struct err *e);

/** Whether the descriptors of the state outlive an exec. 0, or -errno when one is not open. */
int handover_keep_fds(const struct shim *s, bool keep);

/* For that test. */
struct handover_table {
	const char *type;
	const struct record *record;
};
extern const struct handover_table handover_tables[]; /* ended by a NULL */

#endif
