/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one build of the shim to another, in place: the process stays, and with it children, namespaces, descriptors and
 * the line to the agent; only the program is another one after. For this folder only.
 *
 * A pod must not be lost by it: the new program is asked first, in a child, whether it understands the state; then it
 * is executed; should it refuse all the same, it executes the old one again, which goes on as if nothing had been.
 */
#ifndef RUNTIME_SHIM_UPGRADE_H
#define RUNTIME_SHIM_UPGRADE_H

#include "runtime/base/err.h"
#include "runtime/shim/job.h"

struct shim;

struct upgrade {
	int fd; /* the new program; negative: nobody has asked */
	struct job check;
	bool accepted; /* it understands the state */
	uint64_t give_up_at_ns;
};

/** Takes the program @own_fd; done at the next quiet moment within a minute, or refused over the line. */
void upgrade_ask(struct shim *s, int own_fd);
/** Before each sleep of the loop: goes on with it when that is possible. Does not return when it is done. */
void upgrade_step(struct shim *s);
/** CLOCK_BOOTTIME; UINT64_MAX: none. */
uint64_t upgrade_deadline(const struct shim *s);
/** Tells the agent that nothing came of it. */
void upgrade_refuse(struct shim *s, const char *why);

/* ---- the command line that one build calls another by: it may only ever grow ------------------------------- */

/** "--check-state FD": is that a state to go on from? Returns: the program's exit code. */
int upgrade_check(const char *fd);

/* "UID --resume STATE BACK", "UID --return STATE": how the program was called, when it goes on from a state. */
struct upgrade_call {
	const char *uid;
	int state_fd;
	int back_fd; /* the build before it, to be executed should this one not be able to go on; negative: none */
	bool returned; /* the newer one could not */
};
/** Returns: whether the program was called so. */
bool upgrade_called(int argc, char *const *argv, struct upgrade_call *ret);
/** Executes the build before. Returns only when that cannot be, -errno. */
int upgrade_return(const struct shim *s, const struct upgrade_call *call);

#endif
