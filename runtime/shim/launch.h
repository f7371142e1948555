/* SPDX-License-Identifier: Apache-2.0 */
/* From the container's turn to a process that the runtime has started. For this folder only. */
#ifndef RUNTIME_SHIM_LAUNCH_H
#define RUNTIME_SHIM_LAUNCH_H

#include "runtime/shim/shim.h"

/** Starts the attempt c->attempt; container_launched() or container_not_launched() is called, maybe at once. */
void launch_container(struct container *c);

/**
 * The pid in the pid-file @pid_path (below private/), when that process is the shim's child now, alive or waiting to be
 * reaped.  Returns: its pidfd, or -errno: -ECHILD for a stranger, as runc_pid() for the file.
 */
int launch_adopt(const struct shim *s, const char *pid_path, pid_t *ret_pid);

#endif
