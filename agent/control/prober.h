/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes over the network: asked of one berth-probe, which is started with the first and ends itself when there has been
 * nothing to ask for a while. Inside this folder only.
 */
#ifndef AGENT_CONTROL_PROBER_H
#define AGENT_CONTROL_PROBER_H

#include "agent/probe/wire.h"
#include "runtime/base/clock.h"

#include <systemd/sd-event.h>

struct prober;
/** @text: borrowed, never NULL. The callee may ask again, or drop others. */
typedef void (*prober_fn)(void *data, enum probe_result result, const char *text);

/** @loop and @program (berth-probe's path; NULL: every answer is an error) are borrowed. Never fails. */
struct prober *prober_new(sd_event *loop, const char *program);
/** Whoever is still waiting is not called. NULL is a no-op. */
void prober_free(struct prober *own_p);

/**
 * Asks, after those that wait: PROBES_AT_ONCE at a time. @q is taken over. @fn is called once, from the loop and never from in
 * here, unless it is dropped before. Returns: its id (> 0).
 */
uint64_t prober_ask(struct prober *p, struct probe_request *q, prober_fn fn, void *data);
/** Nobody waits for it any more. An unknown one is fine. */
void prober_drop(struct prober *p, uint64_t id);

#endif
