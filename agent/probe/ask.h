/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network probes under way, up to PROBES_AT_ONCE of them in one thread. The only place that speaks to libcurl;
 * for berth-probe alone.
 */
#ifndef AGENT_PROBE_ASK_H
#define AGENT_PROBE_ASK_H

#include "agent/probe/wire.h"

/** @a is borrowed. */
typedef void (*ask_fn)(void *data, const struct probe_answer *a);

/** Once, while files can still be read. 0, or -errno with a message. */
int ask_open(ask_fn fn, void *data, struct err *e);
void ask_close(void);

/** Begins one, and takes what @q owns. It is answered in ask_wait(), when nothing else can be done right here. */
void ask_start(struct probe_request *q);
/** How many are under way. */
size_t ask_count(void);

/**
 * Waits until something can be done for those under way, or @fd (-1: none) can be read; does it, and gives the answers.
 * Returns: 1 @fd can be read (or has ended), 0 not; -ETIME: a minute without anything to do; -errno.
 */
int ask_wait(int fd);

#endif
