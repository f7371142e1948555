/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of a container's life. The first row that fits is taken; a pair without a row is nothing to do.
 */
#include "runtime/shim/step.h"

#include <stddef.h>

const char *const step_names[] = {"wait", "launch", "run", "backoff", "done", NULL};
const char *const event_names[] = {
	"go", "launched", "failed", "exit", "due", "stop", "restart", NULL};

static bool stopping(const struct step_facts *f)
{
	return f->stopping;
}

static bool wanted(const struct step_facts *f)
{
	return f->wanted;
}

static bool wanted_now(const struct step_facts *f)
{
	return f->wanted && f->at_once;
}

static const struct step_row rows[] = {
	{STEP_WAIT, EVENT_GO, NULL, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_WAIT, EVENT_STOP, NULL, ACTION_NONE, STEP_DONE},

	/* A stop that comes while it is being launched is heard when it runs. */
	{STEP_LAUNCH, EVENT_LAUNCHED, stopping, ACTION_SIGNAL, STEP_RUN},
	{STEP_LAUNCH, EVENT_LAUNCHED, NULL, ACTION_NONE, STEP_RUN},
	{STEP_LAUNCH, EVENT_FAILED, stopping, ACTION_NONE, STEP_DONE},
	{STEP_LAUNCH, EVENT_FAILED, wanted_now, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_LAUNCH, EVENT_FAILED, wanted, ACTION_TELL, STEP_BACKOFF},
	{STEP_LAUNCH, EVENT_FAILED, NULL, ACTION_NONE, STEP_DONE},

	{STEP_RUN, EVENT_STOP, NULL, ACTION_SIGNAL, STEP_RUN},
	{STEP_RUN, EVENT_RESTART, NULL, ACTION_SIGNAL, STEP_RUN},
	{STEP_RUN, EVENT_EXIT, stopping, ACTION_NONE, STEP_DONE},
	{STEP_RUN, EVENT_EXIT, wanted_now, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_RUN, EVENT_EXIT, wanted, ACTION_TELL, STEP_BACKOFF},
	{STEP_RUN, EVENT_EXIT, NULL, ACTION_NONE, STEP_DONE},

	{STEP_BACKOFF, EVENT_DUE, NULL, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_BACKOFF, EVENT_RESTART, NULL, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_BACKOFF, EVENT_STOP, NULL, ACTION_NONE, STEP_DONE},

	{STEP_DONE, EVENT_RESTART, stopping, ACTION_NONE, STEP_DONE},
	{STEP_DONE, EVENT_RESTART, NULL, ACTION_LAUNCH, STEP_LAUNCH},
};

const struct step_row *step_next(enum step from, enum event event, const struct step_facts *f)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].from == from && rows[i].event == event &&
			(!rows[i].guard || rows[i].guard(f)))
			return &rows[i];
	return NULL;
}
