/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is doing, and what comes next: a pure table, so that a test can look at every pair of a step
 * and an event.
 */
#ifndef RUNTIME_SHIM_STEP_H
#define RUNTIME_SHIM_STEP_H

#include <stdbool.h>

enum step {
	STEP_WAIT,   /* not its turn yet */
	STEP_LAUNCH, /* being composed and handed to the runtime */
	STEP_RUN,
	STEP_BACKOFF, /* ended; started again when the back-off is over */
	STEP_DONE,    /* ended, and not started again */
	STEP_MAX
};

enum event {
	EVENT_GO,	/* its turn has come */
	EVENT_LAUNCHED, /* the runtime has started it */
	EVENT_FAILED,	/* it could not be started */
	EVENT_EXIT,
	EVENT_DUE,     /* the back-off is over */
	EVENT_END,     /* the pod ends: nothing is started any more */
	EVENT_STOP,    /* the pod ends, and its turn to go has come */
	EVENT_RESTART, /* the agent wants it started again */
	EVENT_AGAIN,   /* the pod is run again from its first container */
	EVENT_MAX
};

/* What is done when a row is taken, after the step has changed. */
enum action {
	ACTION_NONE,
	ACTION_LAUNCH,
	ACTION_SIGNAL, /* its stop signal */
	ACTION_TELL,   /* say that it waits */
	ACTION_MAX
};

struct step_facts {
	bool ending;  /* the pod ends: nothing is started any more */
	bool told;    /* … and its turn to go has come */
	bool wanted;  /* it is to be started again … */
	bool at_once; /* … without delay */
};

struct step_row {
	enum step from;
	enum event event;
	bool (*guard)(const struct step_facts *f); /* NULL: always */
	enum action action;
	enum step to;
};

/** The row for @event in step @from. Returns: NULL when there is nothing to do. */
const struct step_row *step_next(enum step from, enum event event, const struct step_facts *f);

/* "wait" … and "go" …, for messages and for the picture of the table. */
extern const char *const step_names[];
extern const char *const event_names[];

#endif
