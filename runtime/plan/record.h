/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C structures as JSON objects by a table of their fields: one table drives decode, encode and free, so that
 * the three cannot disagree. For what berth's own programs say to each other (plan, snapshot, messages);
 * the kinds of the API have their own, richer tables in agent/spec.
 *
 * A member that is missing has its fallback; one that equals its fallback is not written. One of a wrong type is an
 * error with its path. One that the table does not know is passed over, so that programs of two versions understand each
 * other; who must not miss anything asks record_unknown() first.
 */
#ifndef RUNTIME_PLAN_RECORD_H
#define RUNTIME_PLAN_RECORD_H

#include "runtime/base/json.h"

#include <stddef.h>

enum field_type {
	FIELD_STRING,	/* char *, owned; NULL when missing */
	FIELD_BOOL,	/* bool */
	FIELD_I32,	/* int32_t */
	FIELD_U32,	/* uint32_t */
	FIELD_I64,	/* int64_t */
	FIELD_U64,	/* uint64_t; JSON -1 stands for UINT64_MAX, other values are below 2^63 */
	FIELD_ENUM,	/* int-sized enum: index into .names */
	FIELD_STRINGS,	/* char ** and size_t, owned */
	FIELD_I64S,	/* int64_t * and size_t, owned */
	FIELD_RECORD,	/* a structure inside this one */
	FIELD_OPTIONAL, /* pointer to a structure of its own, NULL when missing */
	FIELD_RECORDS,	/* pointer to an array of structures and size_t, owned */
	FIELD_TEXT,	/* char [.max] in the structure; a longer text is an error */
	FIELD_BYTES,	/* char * and size_t, owned; any bytes, base64 */
	FIELD_FD,	/* a descriptor's number; -EBADF when missing. The value does not own it */
	FIELD_SKIP, /* .max bytes that are not in the JSON: zeroed by decode. Named for who counts bytes */
};

struct record;

struct field {
	const char *name;
	enum field_type type;
	size_t offset;	     /* of the value or the pointer */
	size_t count_offset; /* of the size_t beside a list */
	bool required;	     /* strings, lists and optional records: must be there and not empty */
	int64_t fallback;    /* of numbers and enums */
	size_t max;	     /* most items of a list; 0: FIELD_ITEMS_MAX */
	const char *const *names; /* FIELD_ENUM, ended by NULL */
	const struct record *record;
};

enum { FIELD_ITEMS_MAX = 1024 };

struct record {
	const struct field *fields;
	size_t n;
	size_t size; /* of the structure */
};

#define RECORD(type, table)                                                                        \
	{                                                                                          \
		(table), ARRAY_SIZE(table), sizeof(type)                                           \
	}

/* Rows of a table; @s is the structure's type. */
#define FIELD(s, member, kind) .name = #member, .type = (kind), .offset = offsetof(s, member)
#define FIELD_LIST(s, member, kind) FIELD(s, member, kind), .count_offset = offsetof(s, n_##member)

/**
 * Fills @ret (of @r->size bytes, overwritten) from the object @j.
 * Returns: 0, or -EINVAL with the path of the member in @e->field and in the message; @ret then holds nothing.
 * On success the caller releases it with record_done().
 */
int record_decode(const struct record *r, const json_t *j, void *ret, struct err *e);

/** Fallbacks in every member, nothing owned. */
void record_defaults(const struct record *r, void *ret);

/** -EINVAL with the path of the first member of @j, or below it, that the table does not know; 0: all are known. */
int record_unknown(const struct record *r, const json_t *j, struct err *e);

/** The object for @value. Returns: a new reference, never NULL. */
json_t *record_encode(const struct record *r, const void *value);

/** Calls @fn for each descriptor (FIELD_FD, not negative) in @value and below it. */
void record_each_fd(
	const struct record *r, const void *value, void (*fn)(void *data, int fd), void *data);

/** Frees what the members own and zeroes the structure; a zeroed one is fine. */
void record_done(const struct record *r, void *value);

/** record_done and free(); NULL is fine. */
void record_free(const struct record *r, void *own_value);

#endif
