/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a write that write.c, scale.c and delete.c share.
 */
#ifndef AGENT_API_WRITE_H
#define AGENT_API_WRITE_H

#include "agent/api/body.h"

/** The parameters and the stored object. Returns: 0 and a new reference, or -errno. */
int write_begin(struct request *r, struct write_options *ret, json_t **ret_old, struct err *e);

/** @current with the patch in the body applied; nothing has been checked. Returns: 0 and a new reference. */
int write_patched(struct request *r, const struct kind *k, const json_t *current, json_t **ret,
	struct err *e);

/** Checks the new state of @old against its kind, stores it and answers. @status: of the status alone. */
void write_new_state(struct request *r, const json_t *old, json_t *own_object, bool status,
	const struct write_options *options);

#endif
