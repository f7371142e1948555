/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches: the stream of changes behind `get -w`, `events -w`, `delete --wait` and `wait`.
 */
#ifndef AGENT_CLI_WATCH_H
#define AGENT_CLI_WATCH_H

#include "agent/cli/cli.h"
#include "agent/spec/spec.h"

struct watch {
	const struct kind *kind;
	const char *ns;	    /* NULL: everywhere */
	const char *name;   /* NULL: all; else one object only */
	const char *labels; /* selectors, or NULL */
	const char *fields;
	const char *accept;   /* NULL: plain objects */
	uint64_t deadline_ns; /* on @c->clock; 0: for ever */
	/* A change. Returns: 0 to go on, 1 to end the watch, -Exxx to end it with that error. */
	int (*on_event)(void *data, const char *type, json_t *object);
	void *data;
};

enum watch_end { WATCH_STOPPED, WATCH_EXPIRED, WATCH_TIMED_OUT, WATCH_FAILED };

/**
 * Follows the changes after @version, over ends of single streams, and over a restart of berthd for half a minute.
 * Returns: WATCH_STOPPED when on_event said so; WATCH_EXPIRED when the server no longer has that version (list again);
 * WATCH_TIMED_OUT at the deadline; WATCH_FAILED (told).
 */
enum watch_end watch_run(struct cli *c, const struct watch *w, const char *version);

/** metadata.resourceVersion of an object, a list or a Table, or "". Borrowed. */
const char *version_of(const json_t *object);

#endif
