/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that the runner runs. For this folder only. */
#ifndef RUNTIME_RUNNER_COMMAND_H
#define RUNTIME_RUNNER_COMMAND_H

#include "runtime/runner/wire.h"

struct pollfd;

/** 0 or -errno. Once, first. */
int command_open(void);

/** Starts one; what cannot be started is answered at once. @argv is ended by NULL. */
void command_run(uint64_t id, char *const *argv);
/** SIGKILL to it and all of its session; it is answered when it has ended. An unknown one is nothing to do. */
void command_kill(uint64_t id);
void command_kill_all(void);

/** What is to be polled: RUNNER_COMMANDS_MAX entries. */
void command_poll(struct pollfd *fds);
/** Takes what has been written. */
void command_read(const struct pollfd *fds);
/** Answers for those that have ended. */
void command_reap(void);

#endif
