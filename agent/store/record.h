/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored form of an object: its JSON without apiVersion and kind (the row says them), metadata
 * first, and a checksum over it.
 */
#ifndef AGENT_STORE_RECORD_H
#define AGENT_STORE_RECORD_H

#include "runtime/base/err.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

struct kind;

enum { RECORD_KEY_SIZE = 128 };
/** The row's name of a kind: "pods", "replicasets.apps". Returns: @out. */
char *record_key(const struct kind *kind, char out[RECORD_KEY_SIZE]);
/** The served kind of a row's name, or NULL. */
const struct kind *record_kind(struct sv key);

/** The text of @object. Owned by the caller; never NULL. */
char *stored_encode(const json_t *object);
/** Detects damage by chance (bits, cuts), not by intent. */
int64_t record_sum(struct sv text);

/**
 * The object of a text, with apiVersion and kind in front.
 * @sum: what was stored beside it.  Returns: 0 and a new reference, or -EUCLEAN with the reason.
 */
int stored_decode(
	const struct kind *kind, struct sv text, int64_t sum, json_t **ret, struct err *e);

/** Does @object say the name, namespace and version of the row it stands in? 0 or -EUCLEAN. */
int record_check(const json_t *object, struct sv ns, struct sv name, uint64_t rv, struct err *e);

#endif
