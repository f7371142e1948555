/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in running containers. For this folder only. */
#ifndef RUNTIME_SHIM_EXEC_H
#define RUNTIME_SHIM_EXEC_H

#include "runtime/base/msg.h"
#include "runtime/plan/link.h"
#include "runtime/shim/shim.h"

/** Starts one as @m asks, with @fds as its streams; answers over the line. */
void exec_start(struct shim *s, const struct link_message *m, struct msg_fds *fds);
void exec_kill(struct shim *s, uint64_t id);
void exec_kill_all(struct shim *s);

/** Is @pid the process of a command? */
bool exec_owns(const struct shim *s, pid_t pid);
/** @pid was reaped: answers when it was a command's. Returns: whether it was. */
bool exec_reaped(struct shim *s, pid_t pid, int status);

uint64_t exec_deadline(const struct shim *s);
void exec_timers(struct shim *s, uint64_t now_ns);

#endif
