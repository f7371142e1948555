/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's shutdown, as systemd-logind announces it: a delay inhibitor is held while the agent runs, so that a
 * shutdown waits (at most InhibitDelayMaxSec of logind.conf, 5 s by default) until pods have been stopped in order.
 * Source: "Inhibitor Locks", systemd.io; org.freedesktop.login1(5).
 */
#ifndef AGENT_NODE_LOGIND_H
#define AGENT_NODE_LOGIND_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct logind;

struct logind_options {
	sd_event *loop;
	/* The machine goes down, and waits for @max_ns since logind has said so; logind_release() lets it go on. */
	void (*begins)(void *data, uint64_t max_ns);
	/* It does not, or not any more, or nobody can tell; also once at the beginning. */
	void (*stays)(void *data);
	void *data;
};

/**
 * Begins to listen; never blocks. What is missing (no system bus, no logind) is said once in the log, and the machine
 * then goes down without order. A lock that an agent before this one left with systemd is taken over.
 * Returns: 0, or -errno when not even that can be found out.
 */
int logind_open(const struct logind_options *options, struct logind **ret, struct err *e);
/** Nothing more is to be waited for. */
void logind_release(struct logind *l);
/** The lock goes with it, except for systemd's copy. NULL is a no-op. */
void logind_close(struct logind *own_l);
DEFINE_CLEANUP(struct logind, logind_close);

#endif
