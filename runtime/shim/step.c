/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of a container's life. The first row that fits is taken; a pair without a row is nothing to do.
 */
#include "runtime/shim/step.h"

#include <stddef.h>

const char *const step_names[] = {"wait", "launch", "run", "backoff", "done", NULL};
const char *const event_names[] = {
	"go", "launched", "failed", "exit", "due", "end", "stop", "restart", "again", NULL};

static bool ending(const struct step_facts *f)
{
	return f->ending;
}

static bool told(const struct step_facts *f)
{
	return f->told;
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
	{STEP_WAIT, EVENT_END, NULL, ACTION_NONE, STEP_DONE},

	/* A stop that comes while it is being launched is heard when it runs. */
	{STEP_LAUNCH, EVENT_LAUNCHED, told, ACTION_SIGNAL, STEP_RUN},
	{STEP_LAUNCH, EVENT_LAUNCHED, NULL, ACTION_NONE, STEP_RUN},
	{STEP_LAUNCH, EVENT_FAILED, ending, ACTION_NONE, STEP_DONE},
	{STEP_LAUNCH, EVENT_FAILED, wanted_now, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_LAUNCH, EVENT_FAILED, wanted, ACTION_TELL, STEP_BACKOFF},
	{STEP_LAUNCH, EVENT_FAILED, NULL, ACTION_NONE, STEP_DONE},

	{STEP_RUN, EVENT_STOP, NULL, ACTION_SIGNAL, STEP_RUN},
	{STEP_RUN, EVENT_RESTART, ending, ACTION_NONE, STEP_RUN},
	{STEP_RUN, EVENT_RESTART, NULL, ACTION_SIGNAL, STEP_RUN},
	{STEP_RUN, EVENT_EXIT, ending, ACTION_NONE, STEP_DONE},
	{STEP_RUN, EVENT_EXIT, wanted_now, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_RUN, EVENT_EXIT, wanted, ACTION_TELL, STEP_BACKOFF},
	{STEP_RUN, EVENT_EXIT, NULL, ACTION_NONE, STEP_DONE},

	{STEP_BACKOFF, EVENT_DUE, NULL, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_BACKOFF, EVENT_RESTART, NULL, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_BACKOFF, EVENT_END, NULL, ACTION_NONE, STEP_DONE},

	{STEP_DONE, EVENT_RESTART, ending, ACTION_NONE, STEP_DONE},
	{STEP_DONE, EVENT_RESTART, NULL, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_DONE, EVENT_AGAIN, NULL, ACTION_NONE, STEP_WAIT},
};

const struct step_row *step_next(enum step from, enum event event, const struct step_facts *f)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].from == from && rows[i].event == event &&
			(!rows[i].guard || rows[i].guard(f)))
			return &rows[i];
	return NULL;
}
