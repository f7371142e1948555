/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The glue to jansson: parsing with limits, ownership, and reading by path without a dozen lines.
 * Readers tolerate a missing member and a wrong type (they return the "nothing" value), so what
 * they read must have passed a schema first.
 */
#ifndef RUNTIME_BASE_JSON_H
#define RUNTIME_BASE_JSON_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"

#include <jansson.h>

static inline void json_drop(json_t *own_j)
{
	json_decref(own_j);
}
DEFINE_CLEANUP(json_t, json_drop);
#define cleanup_json CLEANUP(json_drop)

/* Limits of safety.md section 4, "JSON/YAML pod". */
enum {
	JSON_DEPTH_MAX = 32,
	JSON_NODES_MAX = 65536,
	JSON_OBJECT_NODES_MAX =
		16384, /* of one object that a client sends: the loop waits for it */
	JSON_BYTES_MAX = 1 << 20,
	JSON_STRING_MAX = 256 << 10
};

/**
 * Parses one JSON value, strictly: UTF-8, no duplicate keys, nothing behind it, within the limits
 * above.
 * Returns: 0 and a new reference, or -EBADMSG with line and column in @e, or -E2BIG.
 */
int json_parse(struct sv text, json_t **ret, struct err *e);

/** The same for an object that a client sends: at most JSON_OBJECT_NODES_MAX values. */
int json_parse_object(struct sv text, json_t **ret, struct err *e);

/** The same for the files of images (manifest, config): up to @max_bytes. */
int json_parse_max(struct sv text, size_t max_bytes, json_t **ret, struct err *e);

/** Depth and number of nodes of @j within the limits? 0 or -E2BIG. For trees built from YAML. */
int json_check_limits(const json_t *j, struct err *e);

/** Compact text, keys in their own order. Returns: owned by the caller; never NULL. */
char *json_text(const json_t *j);
/** Compact text with sorted keys: the same for equal values (hashes, comparisons). */
char *json_canonical(const json_t *j);

/**
 * A value deep inside: json_at(pod, "spec", "containers", NULL) — ended by NULL. Through objects
 * only.
 * Returns: borrowed, or NULL when a part is missing or no object.
 */
json_t *json_at(const json_t *j, ...) __attribute__((sentinel));

/** A member's value; the fallback when it is missing or of another type. Strings: borrowed. */
const char *json_str(const json_t *object, const char *key); /* NULL */
const char *json_str_or(const json_t *object, const char *key, const char *fallback);
int64_t json_int(const json_t *object, const char *key, int64_t fallback);
bool json_flag(const json_t *object, const char *key, bool fallback);
/** A member that is an array / an object; NULL otherwise (json_array_foreach takes NULL). */
json_t *json_list(const json_t *object, const char *key);
json_t *json_map(const json_t *object, const char *key);

/** A JSON string of any bytes: what is not UTF-8 becomes U+FFFD. A new reference. */
json_t *json_any_string(const char *text);

/** The first object in @list whose member @key is the string @value. Borrowed, or NULL; @list may be NULL. */
json_t *json_find(const json_t *list, const char *key, const char *value);

/** Sets a member; NULL strings are left out (others as json_any_string). The object must exist. */
void json_put_str(json_t *object, const char *key, const char *value);
void json_put_int(json_t *object, const char *key, int64_t value);
void json_put_flag(json_t *object, const char *key, bool value);
void json_put(json_t *object, const char *key, json_t *own_value);
/** The member object @key, made when it is missing or of another type. Borrowed. */
json_t *json_sub(json_t *object, const char *key);
void json_push(json_t *array, json_t *own_value);

#endif
