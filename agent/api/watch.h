/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches: a list that goes on as a stream of changes.
 */
#ifndef AGENT_API_WATCH_H
#define AGENT_API_WATCH_H

#include "agent/api/select.h"

/** Answers a list request with watch=true. The selection is taken over (and emptied). */
void watch_start(struct request *r, struct selection *own_selection);

/** Once a server: begins and ends listening to the store. */
int watches_new(struct api *a, struct err *e);
void watches_free(struct api *a);

#endif
