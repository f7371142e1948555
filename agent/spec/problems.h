/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that is wrong with an object, with paths, and what was accepted with a warning: filled
 * by the walkers of spec.h, never stopping at the first. Types and wording are Kubernetes'
 * (field.Error).
 */
#ifndef AGENT_SPEC_PROBLEMS_H
#define AGENT_SPEC_PROBLEMS_H

#include "runtime/base/json.h"

enum problem_type {
	/* Of decoding: the answer is 400 BadRequest. */
	PROBLEM_UNKNOWN,    /* a field that the kind does not have */
	PROBLEM_DUPLICATED, /* a key twice in one object */
	PROBLEM_TYPE,	    /* a string where a number belongs … */
	/* Of validation: 422 Invalid. */
	PROBLEM_REQUIRED,
	PROBLEM_INVALID,
	PROBLEM_NOT_SUPPORTED, /* not one of the values of an enumeration */
	PROBLEM_DUPLICATE,     /* two items of one name */
	PROBLEM_FORBIDDEN,     /* a field that berth refuses, or that may not change */
	PROBLEM_NOT_FOUND,     /* names something that is not there */
	PROBLEM_TOO_LONG,
	PROBLEM_TOO_MANY,
	PROBLEM_TYPE_MAX,
};

struct problem {
	enum problem_type type;
	char *path;    /* "spec.containers[0].image"; "" for the object itself */
	char *message; /* without the path: `Invalid value: "x": must …` */
};

struct problems {
	struct problem *items;
	size_t n, cap;
	char **warnings; /* whole sentences, path first */
	size_t n_warnings, warnings_cap;
};

void problems_done(struct problems *p);
#define cleanup_problems __attribute__((cleanup(problems_done)))

void problems_add(struct problems *p, enum problem_type type, const char *path, const char *format,
	...) PRINTF_LIKE(4, 5);
void problems_warn(struct problems *p, const char *format, ...) PRINTF_LIKE(2, 3);

/** Are there so many that no more are kept? Then a walker may stop: nobody reads on, and time is bounded. */
bool problems_full(const struct problems *p);

/** The reason of a Status cause: "FieldValueRequired" … Never NULL. */
const char *problem_reason(enum problem_type type);

/** Is there one of decoding (then the answer is 400, otherwise 422)? */
bool problems_in_decoding(const struct problems *p);

/**
 * All of them in one text, as kubectl prints it:
 * `Pod "web" is invalid: spec.containers[0].image: Required value` or `… is invalid: [A, B]`.
 * Returns: owned by the caller.
 */
char *problems_text(const struct problems *p, const char *kind, const char *name);

/**
 * The API's answer for them: a Status object, code 400 BadRequest or 422 Invalid, with
 * details.causes[].
 * @group: of the kind, "" for the core.  Returns: a new reference.
 */
json_t *problems_status(
	const struct problems *p, const char *group, const char *kind, const char *name);

/** The first as an error (-EINVAL, reason "BadRequest" or "Invalid"), all of them in its text as
 * room allows. 0 if none. */
int problems_err(const struct problems *p, const char *kind, const char *name, struct err *e);

#endif
