/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the agent's exec probes: the message in, the answer out. Verdicts are the agent's.
 */
#include "runtime/shim/probe.h"
#include "runtime/shim/agent.h"
#include "runtime/shim/command.h"

/* A text in a message that is only sent. */
static char *lend(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* The id is all there is to remember. */
static void answer(struct shim *s, void *data, const struct command_end *end)
{
	const struct link_message m = {
		.type = LINK_PROBE,
		.id = (uint64_t)(uintptr_t)data,
		.exit_code = end->exit_code,
		.output = end->error ? NULL : lend(end->output),
		.error = lend(end->error),
		.timed_out = end->timed_out,
	};

	agent_send(s, &m, NULL);
}

static struct container *find_running(struct shim *s, const char *name)
{
	for (size_t i = 0; name && i < s->n_containers; i++)
		if (streq(s->containers[i].name, name) && s->containers[i].step == STEP_RUN)
			return &s->containers[i];
	return NULL;
}

void probe_start(struct shim *s, const struct link_message *m)
{
	enum { PROBES_MAX = 64 }; /* R25 */
	struct container *c = find_running(s, m->container);
	const struct command_how how = {.argv = m->argv,
		.n_argv = m->n_argv,
		.timeout_ns = m->timeout_ns,
		.resident = true};
	struct command_end no = {.output = ""};
	int r = 0;

	if (!m->n_argv || !m->timeout_ns)
		no.error = "a probe needs a command and a time-out";
	else if (!c)
		no.error = "the container is not running";
	else if (commands_count(s, answer) >= PROBES_MAX)
		no.error = "too many probes of this pod are running";
	else
		r = command_start(c, &how, answer, (void *)(uintptr_t)m->id, NULL);
	if (r < 0)
		no.error = strerror(-r);
	if (no.error)
		answer(s, (void *)(uintptr_t)m->id, &no);
}

void probe_end_all(struct shim *s)
{
	commands_forget(s, answer);
}
