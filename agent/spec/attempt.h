/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a waiting container is tried again. Kubernetes' status has no member for it, so berth says it at the end of
 * the waiting message, where every client shows it: "back-off 10s restarting failed container=web pod=web_shop(u1); next
 * attempt at 2026-11-22T20:28:01Z". Written and read here only.
 */
#ifndef AGENT_SPEC_ATTEMPT_H
#define AGENT_SPEC_ATTEMPT_H

#include "runtime/base/json.h"

/** @message (NULL: none) with the time behind it. Returns: owned by the caller. */
char *attempt_text(const char *message, uint64_t at_wall_ns);

/** When the container of this status is tried again. Returns: wall ns, 0: it does not wait, or for something else. */
uint64_t attempt_of(const json_t *container_status);

#endif
