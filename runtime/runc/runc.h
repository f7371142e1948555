/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI runtime's command line: an operation to an argv (pure), and what it leaves behind (a pid-file, a log),
 * read as if a stranger had written it. Step "invoked" of a pod's life.
 * Source: runc(8) 1.1, crun(1) 1.8: the options that both have.
 */
#ifndef RUNTIME_RUNC_RUNC_H
#define RUNTIME_RUNC_RUNC_H

#include "runtime/base/clock.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"

#include <stdint.h>
#include <sys/types.h>

enum runc_verb { RUNC_RUN, RUNC_CREATE, RUNC_START, RUNC_EXEC, RUNC_DELETE, RUNC_VERB_MAX };

/* All borrowed; which are used depends on the verb. Paths are absolute. */
struct runc {
	const char *program;
	const char *root;	    /* where the runtime keeps its states */
	const char *log;	    /* file for its errors, JSON lines */
	const char *id;		    /* [a-z0-9.-] (R7) */
	const char *bundle;	    /* run: directory with config.json */
	const char *pid_file;	    /* run, exec */
	const char *process;	    /* exec: process.json */
	const char *console_socket; /* run, exec with a terminal; NULL */
	const char *preserve_fds;   /* exec: how many descriptors from 3 on go along, "2"; NULL */
};

enum { RUNC_ARGV_MAX = 24 };

/** The argv for @verb, ended by NULL; strings are borrowed from @rc. Returns: the number of words. */
size_t runc_argv(enum runc_verb verb, const struct runc *rc, const char *argv[RUNC_ARGV_MAX]);

/** How long a delete may take before it is killed (safety P10); the plan says it for the others. */
#define RUNC_DELETE_NS (10 * NS_PER_SEC)

/**
 * The pid in a pid-file: decimal, nothing else, 1 … 2^22.
 * Returns: 0, -EBADMSG (anything else in it), -ENOENT, -errno.
 */
int runc_pid(int dir_fd, const char *name, pid_t *ret);

/**
 * The last error in the runtime's log, into @buf: one line, control characters replaced, at most @size-1 bytes.
 * Reads at most the last 16 KiB. Returns: @buf; "" when there is none.
 */
const char *runc_error(int dir_fd, const char *name, char *buf, size_t size);
/** The same from text. For tests and fuzzing. */
const char *runc_error_text(struct sv log, char *buf, size_t size);

#endif
