/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a collection at one version, taken as text at once and turned into objects a few at a time, so that a
 * long list does not hold up the loop.
 */
#ifndef AGENT_API_LISTING_H
#define AGENT_API_LISTING_H

#include "agent/api/select.h"
#include "agent/store/store.h"

/* What one list may be: it is kept in memory. */
#define LISTING_BYTES_MAX ((size_t)64 << 20)

struct listing {
	const struct kind *kind;
	const struct selection *selection; /* borrowed */
	uint64_t rv;
	struct str text; /* of all records, one behind the other … */
	size_t *ends;	 /* … and where each ends */
	size_t n, cap, next;
};

/**
 * Takes the records of @kind in @ns (NULL: all) that may be in the selection: names and labels are looked at now, other
 * fields when the objects are made.  Returns: 0, or -errno.
 */
int listing_take(struct store *store, const struct kind *kind, const char *ns,
	const struct selection *selection, struct listing *ret, struct err *e);
void listing_done(struct listing *l);

/** Is every record in the selection, so that their texts can be sent as they are? */
bool listing_is_exact(const struct listing *l);
/** The text of the next record. Returns: false at the end. */
bool listing_next_text(struct listing *l, struct sv *ret);
/** The next object that is in the selection, or NULL: it is not. False at the end. *ret is the caller's. */
bool listing_next(struct listing *l, json_t **ret);

#endif
