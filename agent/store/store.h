/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of the node, in SQLite: desired state and the last reported status. One writer, one
 * process.
 *
 * An object is a jansson tree that has passed its kind's schema (agent/spec). The store looks at
 * metadata only: it fills uid, creationTimestamp, resourceVersion and generation, and keeps one
 * global, ever-growing 64-bit resourceVersion. Each write is one event of the history that watches
 * are served from.
 *
 * A write that has returned 0 with STORE_FULL is on disk. Subscribers are told after the commit, in
 * the order of resourceVersions, from inside the writing call (writes made by subscribers are told
 * after the current round).
 *
 * Errors of every call: -ENOENT NotFound, -EEXIST AlreadyExists, -ESTALE Conflict, -ENOSPC (disk
 * full, nothing was changed; "InsufficientStorage"), -EUCLEAN (damaged), -EIO; the message is fit
 * for the user.
 */
#ifndef AGENT_STORE_STORE_H
#define AGENT_STORE_STORE_H

#include "runtime/base/clock.h"
#include "runtime/base/err.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

struct kind; /* agent/spec/spec.h */
struct store;

enum store_durability {
	STORE_FULL,   /* on disk when the call returns: all that a user was told */
	STORE_NORMAL, /* may be lost by a power failure, not by a crash: what the agent itself notes: status, Event objects */
};

/**
 * Opens the database @path, creating it (0600) when missing. What was damaged is set aside, never
 * fatal: single records go to the table `quarantine`; of a file that is no database any more, what
 * can be read is copied and the file renamed to "<path>.damaged-<wall ns>". The resourceVersion
 * leaps ahead, so that none repeats after a power failure.
 * @clock: borrowed for the store's life.
 * Returns: 0, -EBUSY (another process has it open), -EPROTO (made by a newer berth), -errno.
 */
int store_open(const char *path, const struct clock *clock, struct store **ret, struct err *e);
/** Subscriptions must have been ended. */
void store_close(struct store *own_s);
DEFINE_CLEANUP(struct store, store_close);

/** How many records the last store_open set aside. */
size_t store_quarantined(const struct store *s);

/** The newest resourceVersion given out. */
uint64_t store_version(const struct store *s);

/* ---- reading ---------------------------------------------------------------------------------------- */

/** One object, with apiVersion and kind. @ns: "" for cluster-scoped kinds. *ret is the caller's. -ENOENT. */
int store_get(struct store *s, const struct kind *kind, const char *ns, const char *name,
	json_t **ret, struct err *e);

/* Takes an object into a list? NULL stands for "all". */
typedef bool (*store_match_fn)(void *data, const json_t *object);

/**
 * All objects of a kind, by namespace and name.  @ns: NULL: every namespace.
 * @ret: a new array.  @ret_rv: (may be NULL) the resourceVersion of the list.
 */
int store_list(struct store *s, const struct kind *kind, const char *ns, store_match_fn match,
	void *data, json_t **ret, uint64_t *ret_rv, struct err *e);

/* A stored object as text, without apiVersion and kind: {"metadata":{…},…}. Borrowed, for the call
 * only. */
struct store_record {
	const struct kind *kind;
	const char *ns, *name;
	uint64_t rv;
	struct sv text;
};
/** Calls @fn for each object, in the order of store_list; what is not 0 ends the walk and is
 * returned. */
int store_each(struct store *s, const struct kind *kind, const char *ns,
	int (*fn)(void *data, const struct store_record *record), void *data, struct err *e);

/** The object of a record, or of a copy of its text, with apiVersion and kind. A new reference. */
int store_record_object(const struct store_record *record, json_t **ret, struct err *e);
/** Its metadata alone, several times cheaper. A new reference. */
int store_record_metadata(const struct store_record *record, json_t **ret, struct err *e);

/** How many objects of @kind are there in @ns (NULL: everywhere). -errno. */
int store_count(struct store *s, const struct kind *kind, const char *ns);

/* ---- writing ---------------------------------------------------------------------------------------- */

/**
 * Stores a new object. Fills metadata: uid, creationTimestamp, resourceVersion, generation (1, where
 * a namespaced object has a spec), and a name when there is a generateName and no name. On failure
 * @object may hold some of them.
 */
int store_create(struct store *s, const struct kind *kind, json_t *object,
	enum store_durability durability, struct err *e);

/**
 * Replaces an object. metadata.resourceVersion of @object is the precondition (missing or "": none;
 * another than the stored one: -ESTALE), so is metadata.uid. uid and creationTimestamp stay;
 * generation grows when anything but metadata and status changed, and at the first
 * deletionTimestamp. An object equal to the stored one is not written. @object gets the new
 * resourceVersion. What has a deletionTimestamp may use the room that is held back for deletions
 * when the disk is full.
 */
int store_update(struct store *s, const struct kind *kind, json_t *object,
	enum store_durability durability, struct err *e);

/* What must hold for a deletion; NULL members are not looked at. */
struct store_precondition {
	const char *uid, *resource_version;
};
/**
 * Takes an object out, at once (finalizers and grace are the caller's business).
 * @pre: NULL: none.  @ret_last: (may be NULL) the object as it was, with the resourceVersion of the deletion.
 */
int store_delete(struct store *s, const struct kind *kind, const char *ns, const char *name,
	const struct store_precondition *pre, json_t **ret_last, struct err *e);

/**
 * Several writes as one: all or none, one commit, of the durability of its begin. Not nested. A write
 * in between that fails (NotFound, Conflict …) does not end it, save -ENOSPC and -EIO: then
 * store_commit fails too, and nothing was changed.  store_commit: 0 or -errno (rolled back).
 */
int store_begin(struct store *s, enum store_durability durability, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* ---- watching --------------------------------------------------------------------------------------- */

enum store_change { STORE_ADDED, STORE_MODIFIED, STORE_DELETED, STORE_CHANGE_MAX };

/* Borrowed, for the call only; take references of the trees to keep them, never change them. */
struct store_event {
	enum store_change change;
	uint64_t rv;
	const struct kind *kind;
	const char *ns, *name;
	json_t *object; /* with apiVersion and kind; DELETED: the last state, with the deletion's rv */
	const json_t *before; /* the state before (MODIFIED, DELETED); NULL when ADDED */
	struct sv text;	      /* of @object, as in struct store_record */
};
typedef void (*store_event_fn)(void *data, const struct store_event *event);

struct store_sub;
/** Calls @fn for every event from now on (of @kind; NULL: of all kinds). Owned by the caller. */
struct store_sub *store_subscribe(
	struct store *s, const struct kind *kind, store_event_fn fn, void *data);
/** Ends it; may be called from inside a callback. NULL is a no-op. */
void store_unsubscribe(struct store_sub *own_sub);

/**
 * The history behind @rv: calls @fn for later events of @kind (in @ns, NULL: all), oldest first, for
 * at most @max of all events. Kept are the newest 10,000 events of the last 5 minutes, and the newest
 * 1,000 whatever their age.
 * @ret_rv: how far it went; equal to store_version when nothing is left.
 * Returns: 0, or -EOVERFLOW ("Expired", 410) when @rv is too old or was never given out.
 */
int store_history(struct store *s, const struct kind *kind, const char *ns, uint64_t rv, size_t max,
	store_event_fn fn, void *data, uint64_t *ret_rv, struct err *e);

#endif
