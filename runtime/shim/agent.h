/* SPDX-License-Identifier: Apache-2.0 */
/* The line to the agent (runtime/plan/link.h). For this folder only. */
#ifndef RUNTIME_SHIM_AGENT_H
#define RUNTIME_SHIM_AGENT_H

#include "runtime/base/msg.h"
#include "runtime/plan/link.h"
#include "runtime/shim/shim.h"

/** Listens on the descriptor that the shim was born with. 0 or -errno. */
int agent_listen(struct shim *s);
/** In a shim that goes on from another's state: hears who was heard. 0 or -errno. */
int agent_resume(struct shim *s);
/** Sends the status. s->changed stays set when there is no agent, or no room. */
void agent_status(struct shim *s);
/** Sends one message; an agent that does not take it is dropped, and will come again. */
void agent_send(struct shim *s, const struct link_message *m, const struct msg_fds *fds);
/** Closes the line, and kills the commands that were run over it (R19). */
void agent_drop(struct shim *s);

/** The newest status. Owned by the caller. */
struct pod_snapshot *status_snapshot(const struct shim *s);

#endif
