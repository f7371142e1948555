/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records on their way into a log's file: gathered, written in large pieces, rotated between two records, and what happens
 * when the disk does not take them. For logs.c only.
 */
#ifndef RUNTIME_SHIM_LOGSINK_H
#define RUNTIME_SHIM_LOGSINK_H

#include "runtime/shim/cri.h"
#include "runtime/shim/logs.h"

enum { SINK_BYTES = 256 << 10 };

/* Records that are ready to be written. */
struct sink {
	struct log *log;
	char *p; /* SINK_BYTES; begins with a record */
	size_t n;
	size_t done; /* of the first record: so much is in the file */
};

/** One record behind the others; writes and rotates when it is time to. */
void sink_put(struct sink *k, const struct cri_prefix *prefix, const struct cri_text *text);
/** Writes all there is. What the disk does not take is held (PLAN_LOG_BLOCK) or counted as lost. */
void sink_flush(struct sink *k);

/** A line that says how much was lost, when anything was; it stays to be said when the disk is full. 0 or -errno. */
int sink_tell_loss(struct log *l);
/** Writes what is held. Returns: 0 nothing is held any more, or -errno. */
int sink_retry(struct log *l);
/** What is held will not be written any more: it counts as lost. */
void sink_give_up(struct log *l);

#endif
