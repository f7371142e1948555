/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of agent/store share: the store itself, rows, and the events of a transaction.
 */
#ifndef AGENT_STORE_STORE_INTERNAL_H
#define AGENT_STORE_STORE_INTERNAL_H

#include "agent/store/db.h"
#include "agent/store/record.h"
#include "agent/store/store.h"

enum {
	HISTORY_MAX = 10000, /* events at most */
	HISTORY_MIN = 1000,  /* kept whatever their age */
	HISTORY_SECONDS = 5 * 60,
	HISTORY_TRIM_EVERY = 16, /* writes */
	HISTORY_TRIM_ROWS = 64,	 /* at a time: no trim is long */
	/* Versions are reserved on disk in blocks of this many; at open the store leaps over the block. */
	VERSION_BLOCK = 50000,
	VERSION_MARGIN = 5000,
};

/* In the column `change` beside enum store_change: the place of a leap; no event. */
#define HISTORY_MARK STORE_CHANGE_MAX

enum tx { TX_NONE, TX_OPEN, TX_BROKEN };

/* An event that owns what it names. */
struct kept_event {
	struct store_event event;
	char *ns, *name, *text;
};

struct store_sub {
	struct store *store;
	const struct kind *kind; /* NULL: all */
	store_event_fn fn;	 /* NULL: ended, swept after the round */
	void *data;
	struct store_sub *prev, *next;
};

struct store {
	struct db db;
	const struct clock *clock;
	uint64_t version;  /* the newest given out */
	uint64_t reserved; /* the newest that may be given out */
	size_t quarantined;

	enum tx tx;
	int tx_error;	     /* what broke it */
	uint64_t tx_version; /* at its begin */
	uint64_t tx_reserved;
	size_t tx_history_n;
	size_t tx_events; /* of `events`, those from here on belong to the open transaction */

	struct kept_event *events; /* to be told, oldest first */
	size_t n_events, events_cap, history_n;
	unsigned writes;
	bool telling, listing;
	struct store_sub *subs;
};

/* ---- repair.c ---------------------------------------------------------------------------------- */

/** Opens the file, mends it, sets damaged records aside. */
int repair_open(struct store *s, const char *path, struct err *e);

/* ---- history.c --------------------------------------------------------------------------------- */

/** Adds the row of an event (inside the transaction), trims now and then. */
int history_add(struct store *s, const struct store_event *event, uint64_t prev, struct err *e);
/** Finds the newest version, leaps, marks the place. */
int history_leap(struct store *s, struct err *e);
/** Before a transaction: are versions left in the block? If not it must be written with FULL. */
bool history_block_is_low(const struct store *s);
int history_reserve(struct store *s, struct err *e);

/** Queues an event; what it points to is copied. */
void events_push(struct store *s, const struct store_event *event);
/** Forgets those of a transaction that failed. */
void events_drop(struct store *s, size_t from);
/** Tells all queued events to the subscribers. */
void events_tell(struct store *s);

#endif
