/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last answers of a container's probes, for the record of its death and for people. Answers of the same kind in a row
 * are one entry with a count, so that a long health does not hide what was before it.
 */
#ifndef AGENT_PROBE_HISTORY_H
#define AGENT_PROBE_HISTORY_H

#include "agent/probe/probe.h"

#include <jansson.h>

enum { PROBE_HISTORY_MAX = 10, PROBE_HISTORY_TEXT_MAX = 256 };

struct probe_history {
	struct probe_answers {
		enum probe_type type;
		enum probe_result result;
		uint32_t n;
		uint64_t first_at, last_at; /* wall ns */
		char *text;		    /* of the last; NULL */
	} entries[PROBE_HISTORY_MAX];
	size_t n; /* the oldest first */
};

/** @text: may be NULL; cut to PROBE_HISTORY_TEXT_MAX bytes. */
void probe_history_add(struct probe_history *h, enum probe_type type, enum probe_result result,
	const char *text, uint64_t wall_ns);
/** [{"probe","result","count","firstTime","lastTime","message"}], the oldest first. A new reference. */
json_t *probe_history_json(const struct probe_history *h);
void probe_history_done(struct probe_history *h);

#endif
