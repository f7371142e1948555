/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records that `describe` shows: v1 Event objects. The same thing said again about the same object raises a
 * count instead of making a new one; each lives an hour, and there are never more than RECORDS_MAX. Who says much about
 * one object is heard 25 times at once, then once in five minutes.
 * Source: Kubernetes API reference, Event v1 core; client-go tools/record for the counting.
 */
#ifndef AGENT_STATUS_RECORDER_H
#define AGENT_STATUS_RECORDER_H

#include "agent/store/store.h"

enum { RECORDS_MAX = 2000 };
#define RECORD_TTL_NS (3600 * NS_PER_SEC)

struct recorder;

/* What a record is about. Borrowed. */
struct subject {
	const char *api_version, *kind, *ns, *name, *uid;
	const char *field; /* "spec.containers{web}", or NULL */
};

/** @component: who says it ("kubelet", "replication-controller"): given with each record. Store and clock: borrowed. */
int recorder_new(struct store *store, const struct clock *clock, const char *node,
	struct recorder **ret, struct err *e);
void recorder_free(struct recorder *own_r);
DEFINE_CLEANUP(struct recorder, recorder_free);

/**
 * Writes the record, or counts it. A failure of the store is not the caller's business: it is counted and said once
 * in the log by recorder_lost().
 * @warning: type Warning instead of Normal.
 */
void recorder_say(struct recorder *r, const char *component, const struct subject *about,
	bool warning, const char *reason, const char *format, ...) PRINTF_LIKE(6, 7);

/**
 * Was this said of what happened at @at_wall_ns, or is that too long ago to be said at all? Records have
 * seconds, so what happens twice in one counts once.
 */
bool recorder_has_said(struct recorder *r, const struct subject *about, bool warning,
	const char *reason, const char *message, uint64_t at_wall_ns);

/** Removes what is older than an hour. Returns: wall ns when it wants to be called again, 0: nothing is kept. */
uint64_t recorder_expire(struct recorder *r);

/** How many records could not be written so far. */
uint64_t recorder_lost(const struct recorder *r);

/** The subject for an object. */
struct subject subject_of(const json_t *object);

#endif
