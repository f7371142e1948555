/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for one object: until it is gone, or until it is as wished.
 */
#ifndef AGENT_CLI_WAIT_H
#define AGENT_CLI_WAIT_H

#include "agent/cli/targets.h"

/**
 * Waits until @t is gone: no object of its name, or one with another uid.
 * @uid: of the object meant, or NULL (any).  @deadline_ns: on the cli's clock; 0: for ever.
 * Returns: EXIT_OK, or EXIT_FAILED (told, also when the time is over).
 */
int wait_gone(struct cli *c, const struct target *t, const char *uid, uint64_t deadline_ns);

/**
 * Waits until @is_so says that the object is as wished. A missing object: @missing_is_fine waits for it, otherwise
 * it is told.  Returns: as wait_gone.
 */
int wait_until(struct cli *c, const struct target *t,
	bool (*is_so)(const void *data, const json_t *object), const void *data,
	bool missing_is_fine, uint64_t deadline_ns);

#endif
