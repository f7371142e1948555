/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the body of a request to an object of a kind: content types, the names in path and body, the parameters
 * of writes.
 */
#ifndef AGENT_API_BODY_H
#define AGENT_API_BODY_H

#include "agent/api/request.h"

/** What all writes may say in their parameters. */
struct write_options {
	enum field_validation validation;
	bool dry_run;
};
/** Returns: 0, or -EBADMSG. */
int write_options_parse(const struct request *r, struct write_options *ret, struct err *e);

/**
 * The body as JSON or YAML, by its Content-Type.
 * Returns: 0 and a new reference; -EMEDIUMTYPE (415), -EBADMSG (400), -E2BIG (413).
 */
int body_parse(const struct request *r, json_t **ret, struct err *e);

/**
 * The body as an object of @k: apiVersion and kind agree or are filled in, metadata is an object, name and namespace agree
 * with the path or are taken from it. Nothing else has been checked.
 */
int body_object(const struct request *r, const struct kind *k, json_t **ret, struct err *e);

/** The same agreement, for an object made otherwise (patches). */
int object_fits_path(const struct request *r, json_t *object, struct err *e);

/**
 * default and validate after decode; @old NULL: a creation. Answers the request when there are problems; warnings are
 * put on its answer.  Returns: true when the object may be stored.
 */
bool object_admit(struct request *r, const struct kind *k, const json_t *old, json_t *object,
	enum field_validation validation);

#endif
