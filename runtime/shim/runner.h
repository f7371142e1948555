/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resident of a container (runtime/runner): started by the runtime at the first probe's command, started again
 * when it has died, after a back-off. For this folder only.
 */
#ifndef RUNTIME_SHIM_RUNNER_H
#define RUNTIME_SHIM_RUNNER_H

#include "runtime/runner/wire.h"
#include "runtime/shim/loop.h"

struct container;
struct exec;

struct runner {
	struct exec *exec; /* its process; NULL: none */
	struct source sock;
	unsigned deaths; /* in a row */
	uint64_t started_ns;
	uint64_t retry_at_ns; /* not before */
};

/** Is there one that can be asked? */
bool runner_lives(const struct container *c);
/** Starts it. 0, -ENOENT: there is no such program, -EAGAIN: it died too lately, -errno. */
int runner_start(struct container *c);
/** 0; -EAGAIN: it does not take anything now; -errno. */
int runner_send(
	struct container *c, enum runner_verb verb, uint64_t id, char *const *argv, size_t n);
/** It does not do as it should: killed. Its end is heard of. */
void runner_kill(struct container *c);
/** The container's run is over: nothing of it is heard any more. */
void runner_close(struct container *c);

#endif
