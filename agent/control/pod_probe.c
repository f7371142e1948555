/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of exec probes. The shim answers each; a line that breaks answers all that are open with an error, and
 * then the shim ends what it still runs for it. Must hold: a callback may start or drop probes of the same pod.
 */
#include "agent/control/pod_probe.h"

struct pod_probe {
	struct pod_probe *next;
	uint64_t id;
	pod_probe_fn fn;
	void *data;
};

int pod_probe(struct pod *p, const char *container, const char *const *argv, size_t n_argv,
	uint64_t timeout_ns, pod_probe_fn fn, void *data, uint64_t *ret_id)
{
	cleanup_free char *name = xstrdup(container);
	const struct link_message m = {.type = LINK_PROBE,
		.id = ++p->control->next_exec_id,
		.container = name,
		/* The message only lends the words. */
		.argv = (char **)(uintptr_t)argv,
		.n_argv = n_argv,
		.timeout_ns = timeout_ns};
	struct pod_probe *own;
	int r = pod_send(p, &m, -1);

	if (r < 0)
		return r;
	own = xcalloc(1, sizeof *own);
	*own = (struct pod_probe){p->probes, m.id, fn, data};
	p->probes = own;
	*ret_id = m.id;
	return 0;
}

/* Out of the list; NULL when it is not in it. */
static struct pod_probe *take_out(struct pod *p, uint64_t id)
{
	for (struct pod_probe **at = &p->probes; *at; at = &(*at)->next) {
		struct pod_probe *own = *at;

		if (own->id != id)
			continue;
		*at = own->next;
		return own;
	}
	return NULL;
}

void pod_probe_drop(struct pod *p, uint64_t id)
{
	free(take_out(p, id));
}

void pod_probe_message(struct pod *p, const struct link_message *m)
{
	const struct pod_probe_answer answer = {
		.exit_code = m->exit_code,
		.output = m->output ? m->output : "",
		.error = m->error,
		.timed_out = m->timed_out,
	};
	cleanup_free struct pod_probe *own = take_out(p, m->id);

	if (own)
		own->fn(own->data, &answer);
}

void pod_probe_end_all(struct pod *p, const char *why)
{
	/* Those that a callback starts now are not of this line. */
	struct pod_probe *open = take(p->probes);

	while (open) {
		cleanup_free struct pod_probe *own = open;

		open = own->next;
		own->fn(own->data, &(const struct pod_probe_answer){.output = "", .error = why});
	}
}

void pod_probe_free_all(struct pod *p)
{
	while (p->probes)
		pod_probe_drop(p, p->probes->id);
}
