/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command in a running container, for an exec probe or a hook: run by the container's resident (runner.h) or by the
 * runtime, ended at its time-out, its first output kept. A resident that dies costs no verdict: what it ran is run
 * once more by the runtime.
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_COMMAND_H
#define RUNTIME_SHIM_COMMAND_H

#include "runtime/shim/shim.h"

struct command;
struct runner_answer;

struct command_end {
	int exit_code;	    /* 128 + signal when killed; holds when there is no error */
	const char *output; /* UTF-8, at most LINK_OUTPUT_MAX bytes; never NULL */
	const char *error;  /* it did not run to its end */
	bool timed_out;	    /* … because of its time-out */
};
/** @end is borrowed. The callee may start and forget commands. */
typedef void (*command_fn)(struct shim *s, void *data, const struct command_end *end);

struct command_how {
	char *const *argv; /* borrowed, not kept */
	size_t n_argv;
	uint64_t timeout_ns; /* 0: none */
	bool resident;	     /* worth to start a resident for: more will come */
};

/**
 * Starts @how in the running container @c. @fn is called once, not from in here, unless it is forgotten before.
 * Returns: 0 and a handle that is good until @fn is called, or -errno.
 */
int command_start(struct container *c, const struct command_how *how, command_fn fn, void *data,
	struct command **ret);

/** Kills it; @fn is not called. */
void command_forget(struct command *x);
/** All with this function. */
void commands_forget(struct shim *s, command_fn fn);
size_t commands_count(const struct shim *s, command_fn fn);
/** The run of @c is over: all of its commands end with an error. */
void commands_end(struct container *c);

uint64_t commands_deadline(const struct shim *s);
void commands_timers(struct shim *s, uint64_t now_ns);

/* For runner.c. */
/** An answer of the resident of @c. 0, or -ENOENT: it answers what it was not asked. */
int command_answered(struct container *c, const struct runner_answer *a);
/** The resident of @c has died. */
void commands_orphaned(struct container *c);

#endif
