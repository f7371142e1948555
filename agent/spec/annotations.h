/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth's own annotations of pods: what a pod's owner can say beyond Kubernetes' fields. They are fields like any other
 * (safety R11): named in one table, checked at admission with their path, refused when unknown.
 *
 *	berth.dev/X: "key=value,key=value"		for all containers of the pod
 *	X.berth.dev/CONTAINER: "key=value"		for one, key by key over the former
 *
 * An annotation that is one value has no keys: berth.dev/standby: "true".
 */
#ifndef AGENT_SPEC_ANNOTATIONS_H
#define AGENT_SPEC_ANNOTATIONS_H

#include "runtime/base/json.h"
#include "runtime/base/str.h"

/** What a value is, and what annotation_get() makes of it. */
enum annotation_type {
	ANNOTATION_DURATION, /* "1m30s": ns */
	ANNOTATION_QUANTITY, /* "10Mi": whole units */
	ANNOTATION_COUNT,    /* "5" */
	ANNOTATION_PERCENT,  /* "10%": 10 */
	ANNOTATION_BOOL,     /* "true", "false": 1, 0 */
	ANNOTATION_WORD,     /* index in .words */
	ANNOTATION_TYPE_MAX
};

struct annotation_key {
	const char *name; /* "" : the annotation is this one value */
	enum annotation_type type;
	const char *const *words; /* ANNOTATION_WORD, ended by NULL */
	uint64_t min, max;	  /* of the value, when max > 0 */
};

struct annotation {
	const char *x;	  /* "backoff" of berth.dev/backoff and backoff.berth.dev/CONTAINER */
	const char *name; /* the former */
	const struct annotation_key *keys; /* ended by a NULL name */
};

/* Ended by a NULL x. */
extern const struct annotation pod_annotations[];

/**
 * What the pod (or its template) says of @key in annotation @x for @container (NULL: for the pod as a whole).
 * @key: "" for an annotation that is one value.
 * Returns: the value as its type says, or @fallback when nothing is said. Pure.
 */
uint64_t annotation_get(const json_t *pod, const char *x, const char *container, const char *key,
	uint64_t fallback);

/**
 * Takes a key of metadata.annotations apart.
 * Returns: the row when it is one of a pod's, with @ret_container "" or the container's name; else NULL.
 */
const struct annotation *annotation_of_key(const char *key, const char **ret_container);

/** Is this one of berth's names, known or not: below berth.dev/ or ….berth.dev/? Letters of any case. */
bool annotation_is_own(const char *key);

/**
 * Reads one value.  Returns: 0, or -EINVAL with what it must be in @wanted (static or in @buf, of @size bytes).
 */
int annotation_value(
	const struct annotation_key *k, struct sv text, uint64_t *ret, char *buf, size_t size);

#endif
