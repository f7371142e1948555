/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a container's life: every pair of a step and an event is a row, or is on the list of what is nothing. */
#include "tests/unit/unit.h"

#include "runtime/shim/step.h"

static const struct {
	enum step from;
	enum event event;
	struct step_facts facts;
	enum action action;
	enum step to;
} rows[] = {
	{STEP_WAIT, EVENT_GO, {0}, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_WAIT, EVENT_END, {0}, ACTION_NONE, STEP_DONE},
	{STEP_LAUNCH, EVENT_LAUNCHED, {0}, ACTION_NONE, STEP_RUN},
	{STEP_LAUNCH, EVENT_LAUNCHED, {.ending = true}, ACTION_NONE, STEP_RUN},
	{STEP_LAUNCH, EVENT_LAUNCHED, {.ending = true, .told = true}, ACTION_SIGNAL, STEP_RUN},
	{STEP_LAUNCH, EVENT_FAILED, {.ending = true, .wanted = true, .at_once = true}, ACTION_NONE,
		STEP_DONE},
	{STEP_LAUNCH, EVENT_FAILED, {.wanted = true, .at_once = true}, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_LAUNCH, EVENT_FAILED, {.wanted = true}, ACTION_TELL, STEP_BACKOFF},
	{STEP_LAUNCH, EVENT_FAILED, {.at_once = true}, ACTION_NONE, STEP_DONE},
	{STEP_RUN, EVENT_STOP, {0}, ACTION_SIGNAL, STEP_RUN},
	{STEP_RUN, EVENT_RESTART, {0}, ACTION_SIGNAL, STEP_RUN},
	{STEP_RUN, EVENT_RESTART, {.ending = true}, ACTION_NONE, STEP_RUN},
	{STEP_RUN, EVENT_EXIT, {.ending = true, .wanted = true, .at_once = true}, ACTION_NONE,
		STEP_DONE},
	{STEP_RUN, EVENT_EXIT, {.wanted = true, .at_once = true}, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_RUN, EVENT_EXIT, {.wanted = true}, ACTION_TELL, STEP_BACKOFF},
	{STEP_RUN, EVENT_EXIT, {.at_once = true}, ACTION_NONE, STEP_DONE},
	{STEP_BACKOFF, EVENT_DUE, {0}, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_BACKOFF, EVENT_RESTART, {0}, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_BACKOFF, EVENT_END, {0}, ACTION_NONE, STEP_DONE},
	{STEP_DONE, EVENT_RESTART, {0}, ACTION_LAUNCH, STEP_LAUNCH},
	{STEP_DONE, EVENT_RESTART, {.ending = true}, ACTION_NONE, STEP_DONE},
	{STEP_DONE, EVENT_AGAIN, {0}, ACTION_NONE, STEP_WAIT},
};

/* Nothing to do, whatever the facts: it cannot come, or it does not matter then. */
static const struct {
	enum step from;
	enum event event;
} nothing[] = {
	{STEP_WAIT, EVENT_LAUNCHED},
	{STEP_WAIT, EVENT_FAILED},
	{STEP_WAIT, EVENT_EXIT},
	{STEP_WAIT, EVENT_DUE},
	{STEP_WAIT, EVENT_STOP},
	{STEP_WAIT, EVENT_RESTART},
	{STEP_WAIT, EVENT_AGAIN},
	{STEP_LAUNCH, EVENT_GO},
	{STEP_LAUNCH, EVENT_EXIT},
	{STEP_LAUNCH, EVENT_DUE},
	{STEP_LAUNCH, EVENT_END},
	{STEP_LAUNCH, EVENT_STOP},
	{STEP_LAUNCH, EVENT_AGAIN},
	{STEP_LAUNCH, EVENT_RESTART},
	{STEP_RUN, EVENT_GO},
	{STEP_RUN, EVENT_LAUNCHED},
	{STEP_RUN, EVENT_FAILED},
	{STEP_RUN, EVENT_DUE},
	{STEP_RUN, EVENT_END},
	{STEP_RUN, EVENT_AGAIN},
	{STEP_BACKOFF, EVENT_GO},
	{STEP_BACKOFF, EVENT_LAUNCHED},
	{STEP_BACKOFF, EVENT_FAILED},
	{STEP_BACKOFF, EVENT_EXIT},
	{STEP_BACKOFF, EVENT_STOP},
	{STEP_BACKOFF, EVENT_AGAIN},
	{STEP_DONE, EVENT_GO},
	{STEP_DONE, EVENT_LAUNCHED},
	{STEP_DONE, EVENT_FAILED},
	{STEP_DONE, EVENT_EXIT},
	{STEP_DONE, EVENT_DUE},
	{STEP_DONE, EVENT_END},
	{STEP_DONE, EVENT_STOP},
};

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct step_row *row = step_next(rows[i].from, rows[i].event, &rows[i].facts);

		if (!row || row->action != rows[i].action || row->to != rows[i].to)
			fail_msg("row %zu: %s, %s", i, step_names[rows[i].from],
				event_names[rows[i].event]);
	}
}

static bool is_nothing(enum step from, enum event event)
{
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
		if (nothing[i].from == from && nothing[i].event == event)
			return true;
	return false;
}

static void every_pair(void **state)
{
	bool reached[STEP_MAX] = {[STEP_WAIT] = true};

	(void)state;
	for (enum step from = 0; from < STEP_MAX; from++)
		for (enum event event = 0; event < EVENT_MAX; event++)
			for (unsigned k = 0; k < 16; k++) {
				const struct step_facts facts = {k & 1, k & 2, k & 4, k & 8};
				const struct step_row *row = step_next(from, event, &facts);

				if (!row != is_nothing(from, event))
					fail_msg("%s, %s, %u", step_names[from], event_names[event],
						k);
				if (row)
					reached[row->to] = true;
				/* A pod that ends starts nothing, but what is its turn before it knows. */
				if (row && facts.ending && row->action == ACTION_LAUNCH &&
					event != EVENT_GO && event != EVENT_DUE &&
					from != STEP_BACKOFF)
					fail_msg("%s, %s starts", step_names[from],
						event_names[event]);
			}
	for (enum step s = 0; s < STEP_MAX; s++)
		assert_true(reached[s]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row), cmocka_unit_test(every_pair)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
