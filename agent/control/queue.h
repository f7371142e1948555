/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work queue of the reconcilers: keys that are dirty now, and keys that will be at a time. A key stands in a lane at
 * most once, however often it was added; work is done from the loop, never from inside lane_add(). After a few
 * milliseconds of work the loop gets its turn, so that requests are answered in between.
 */
#ifndef AGENT_CONTROL_QUEUE_H
#define AGENT_CONTROL_QUEUE_H

#include "runtime/base/clock.h"
#include "runtime/base/err.h"

#include <stdbool.h>
#include <systemd/sd-event.h>

struct queue;
struct lane;

/** The lane that has work and was added first is served first. */
typedef void (*lane_fn)(void *data, const char *key);

/** @loop, @clock: borrowed. @clock: the one that deadlines are of; must be CLOCK_BOOTTIME's when the loop runs. */
int queue_new(sd_event *loop, const struct clock *clock, struct queue **ret, struct err *e);
void queue_free(struct queue *own_q);
DEFINE_CLEANUP(struct queue, queue_free);

/** A lane whose keys are worked on by @fn. Owned by the queue. */
struct lane *queue_lane(struct queue *q, lane_fn fn, void *data);

/** Work on @key (copied) soon. */
void lane_add(struct lane *l, const char *key);
/** … at @at_ns (CLOCK_BOOTTIME). The earlier of two times holds. */
void lane_add_at(struct lane *l, const char *key, uint64_t at_ns);
/** Forgets the key's time and its dirt. */
void lane_remove(struct lane *l, const char *key);

/** Has no lane a key that is dirty now? (Times that have not come do not count.) */
bool queue_idle(const struct queue *q);

#endif
