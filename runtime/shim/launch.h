/* SPDX-License-Identifier: Apache-2.0 */
/* From the container's turn to a process that the runtime has started. For this folder only. */
#ifndef RUNTIME_SHIM_LAUNCH_H
#define RUNTIME_SHIM_LAUNCH_H

#include "runtime/runc/runc.h"
#include "runtime/shim/shim.h"

/** Starts the attempt c->attempt; container_launched() or container_not_launched() is called, maybe at once. */
void launch_container(struct container *c);

/**
 * The pid in the pid-file @pid_path (below private/), when that process is the shim's child now, alive or waiting to be
 * reaped.  Returns: its pidfd, or -errno: -ECHILD for a stranger, as runc_pid() for the file.
 */
int launch_adopt(const struct shim *s, const char *pid_path, pid_t *ret_pid);

/* In a child of the shim: what it is to make, and with which word. */
struct launch_how {
	char id[CONTAINER_ID_MAX];
	bool composed; /* its rootfs is mounted already */
	enum runc_verb verb;
	int report_fd;
	const struct stdio_child *streams;
};

/** In a child: composes the attempt and becomes the runtime. */
_Noreturn void launch_become(const struct container *c, const struct launch_how *how);
/** In the child c->launch: becomes the runtime that starts what was created as c->id. */
_Noreturn void launch_become_start(const struct container *c);

/** launch_adopt() of the attempt @id. */
int launch_find(const struct shim *s, const char *id, pid_t *ret_pid);
/** Why the runtime did not do it, in words. @status: its own; @adopted: what launch_find said. */
void launch_say_why(
	const struct shim *s, const char *id, int status, int adopted, char *text, size_t size);

#endif
