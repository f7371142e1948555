/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event objects: when, what about, how often.
 */
#ifndef AGENT_CLI_EVENTS_H
#define AGENT_CLI_EVENTS_H

#include "agent/cli/cli.h"

/** The time of the last occurrence (series, lastTimestamp, eventTime, firstTimestamp), or NULL. Borrowed. */
const char *event_last(const json_t *event);
/** The first. */
const char *event_first(const json_t *event);
int64_t event_count(const json_t *event);
/** "5m (x3 over 10m)", "12s". */
void event_when(const struct cli *c, const json_t *event, struct str *out);
/** The events in the order of their last occurrence, oldest first. A new array. */
json_t *events_sorted(json_t *events);

#endif
