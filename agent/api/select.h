/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The selection of a list, watch or collection: labelSelector and fieldSelector of a request.
 */
#ifndef AGENT_API_SELECT_H
#define AGENT_API_SELECT_H

#include "agent/api/request.h"
#include "agent/spec/selector.h"

struct selection {
	struct selector *labels, *fields; /* NULL: all */
};

/** Reads both parameters. Returns: 0, or -EINVAL (the answer is 400). */
int selection_parse(const struct request *r, struct selection *ret, struct err *e);
void selection_done(struct selection *s);
#define cleanup_selection __attribute__((cleanup(selection_done)))

static inline bool selection_is_all(const struct selection *s)
{
	return !s->labels && !s->fields;
}
bool selection_match(const struct selection *s, const json_t *object);

#endif
