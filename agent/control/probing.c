/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is between a probe's worker (agent/probe, pure) and the world: the snapshot says what it sees, berth-probe or the
 * pod's shim answers, and a verdict becomes the pod's readiness, a "started" or a "restart" to the shim. Must hold:
 * no answer of one run is taken for another's; a new agent takes over what the last one reported of a run (no Ready
 * condition flips); a pod without probes costs nothing here.
 * Source: the kubelet's prober, its events' reasons and words.
 */
#include "agent/control/probing.h"

#include "agent/control/deaths.h"
#include "agent/control/pod_probe.h"
#include "agent/control/prober.h"
#include "agent/probe/history.h"
#include "agent/status/again.h"
#include "runtime/net/pool.h"

/* A container that has probes. */
struct probed {
	char *name;
	bool restarted; /* its restart policy starts it again after it was killed */
	char *adopted;	/* the run that an agent before this one has reported of; NULL: none */
	bool was_ready;
	char *run;
	uint64_t run_ns; /* when it began */
	bool told;	 /* its end has been given its last answers */
	struct probe_history history;
};

struct worker {
	struct pod *pod;
	struct probed *of;
	struct probe_worker w;
	char **argv; /* exec; NULL: over the network */
	size_t n_argv;
	struct probe_request request; /* its host is filled in when it is asked */
	int64_t grace_s;
	uint64_t ask_id; /* 0: none */
};

struct probing {
	struct probed *containers;
	size_t n_containers;
	struct worker *workers;
	size_t n_workers;
};

/* ---- from the spec ------------------------------------------------------------------------------------------ */

static const char *const members[PROBE_TYPE_MAX] = {
	"startupProbe", "livenessProbe", "readinessProbe"};

static uint32_t port_of(const json_t *container, const json_t *action)
{
	const json_t *port = json_object_get(action, "port");
	const json_t *named =
		json_find(json_list(container, "ports"), "name", json_string_value(port));

	return (uint32_t)(json_is_string(port) ? json_int(named, "containerPort", 0)
					       : json_integer_value(port));
}

static void read_http(struct probe_request *q, const json_t *http)
{
	const json_t *headers = json_list(http, "httpHeaders"), *header;
	size_t i;

	q->path = xstrdup(json_str_or(http, "path", "/"));
	q->https = streq(json_str(http, "scheme"), "HTTPS");
	q->headers = xcalloc(json_array_size(headers) + 1, sizeof(*q->headers));
	json_array_foreach (headers, i, header)
		q->headers[q->n_headers++] = xasprintf("%s: %s", json_str_or(header, "name", ""),
			json_str_or(header, "value", ""));
}

static void read_command(struct worker *w, const json_t *command)
{
	const json_t *word;
	size_t i;

	w->argv = xcalloc(json_array_size(command) + 1, sizeof(*w->argv));
	json_array_foreach (command, i, word)
		w->argv[w->n_argv++] = xstrdup(json_string_value(word));
}

static void read_action(struct worker *w, const json_t *container, const json_t *probe)
{
	static const char *const actions[PROBE_KIND_MAX] = {"httpGet", "tcpSocket", "grpc"};

	if (json_map(probe, "exec"))
		read_command(w, json_at(probe, "exec", "command", NULL));
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		const json_t *action = json_map(probe, actions[i]);

		if (!action)
			continue;
		w->request.kind = (enum probe_kind)i;
		w->request.port = port_of(container, action);
		w->request.service = xstrdup(json_str_or(action, "service", ""));
		if (i == PROBE_HTTP)
			read_http(&w->request, action);
	}
}

/* The same for the same probe, so that it keeps its place in a period over restarts of the agent (FNV-1a). */
static uint32_t seed_of(const struct pod *p, const char *container, enum probe_type type)
{
	cleanup_free char *text = xasprintf("%s/%s/%d", p->uid, container, (int)type);
	uint32_t hash = 2166136261u;

	for (const char *c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	return hash >> 8;
}

static uint64_t seconds(const json_t *probe, const char *member, int64_t fallback)
{
	return (uint64_t)json_int(probe, member, fallback) * NS_PER_SEC;
}

static void read_probe(struct worker *w, const json_t *spec, const json_t *container,
	enum probe_type type, const json_t *probe)
{
	int64_t grace = json_int(spec, "terminationGracePeriodSeconds", 30);

	w->w.type = type;
	w->w.seed = seed_of(w->pod, w->of->name, type);
	w->w.times = (struct probe_times){
		.initial_delay_ns = seconds(probe, "initialDelaySeconds", 0),
		.period_ns = seconds(probe, "periodSeconds", 10),
		.timeout_ns = seconds(probe, "timeoutSeconds", 1),
		.success_threshold = (uint32_t)json_int(probe, "successThreshold", 1),
		.failure_threshold = (uint32_t)json_int(probe, "failureThreshold", 3),
	};
	w->grace_s = json_int(probe, "terminationGracePeriodSeconds", grace);
	w->request.timeout_ns = w->w.times.timeout_ns;
	read_action(w, container, probe);
}

/* What was reported of its run last. */
static void read_reported(struct probed *of, const json_t *object)
{
	static const char *const lists[] = {"containerStatuses", "initContainerStatuses"};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const json_t *status =
			json_find(json_at(object, "status", lists[i], NULL), "name", of->name);
		const char *id = json_str_or(status, "containerID", ""), *slash = strrchr(id, '/');

		if (!slash || !json_at(status, "state", "running", NULL))
			continue;
		of->adopted = xstrdup(slash + 1);
		of->was_ready = json_flag(status, "ready", false);
	}
}

static void read_container(struct pod *p, struct probing *all, const json_t *object,
	const json_t *container, bool init)
{
	struct probed *of = &all->containers[all->n_containers];
	bool any = false;

	for (int type = 0; type < PROBE_TYPE_MAX; type++) {
		const json_t *probe = json_map(container, members[type]);
		struct worker *w = &all->workers[all->n_workers];

		if (!probe)
			continue;
		if (!any) {
			of->name = xstrdup(json_str_or(container, "name", ""));
			of->restarted = again_policy(object, container, init) != PLAN_RESTART_NEVER;
			read_reported(of, object);
			all->n_containers++;
			any = true;
		}
		*w = (struct worker){.pod = p, .of = of};
		read_probe(w, json_map(object, "spec"), container, (enum probe_type)type, probe);
		all->n_workers++;
	}
}

static struct probing *read_pod(struct pod *p, const json_t *object)
{
	size_t n = pod_container_count(object);
	struct probing *all = xcalloc(1, sizeof(*all));

	all->containers = xcalloc(n + 1, sizeof(*all->containers));
	all->workers = xcalloc(n * PROBE_TYPE_MAX + 1, sizeof(*all->workers));
	for (size_t i = 0; i < n; i++) {
		bool init = false;
		const json_t *container = pod_container(object, i, &init);

		read_container(p, all, object, container, init);
	}
	/* What most pods need is nothing. */
	if (all->n_workers == 0) {
		free(take(all->containers));
		free(take(all->workers));
	}
	return all;
}

/* ---- what an answer leads to ---------------------------------------------------------------------------------- */

static void plan_work(struct pod *p)
{
	uint64_t due = UINT64_MAX;

	for (size_t i = 0; i < p->probing->n_workers; i++) {
		uint64_t at = probe_worker_due(&p->probing->workers[i].w);

		due = at < due ? at : due;
	}
	if (due != UINT64_MAX)
		lane_add_at(p->control->probe_lane, p->uid, due);
}

static void say_answer(struct worker *w, enum probe_result result, const char *text)
{
	const char *name = w->of->name, *type = probe_type_names[w->w.type];

	if (result == PROBE_FAILURE)
		pod_say_of(w->pod, name, true, "Unhealthy", "%s probe failed: %s", type, text);
	else if (result == PROBE_WARNING)
		pod_say_of(w->pod, name, true, "ProbeWarning", "%s probe warning: %s", type, text);
	else if (result == PROBE_ERROR)
		pod_say_of(w->pod, name, true, "Unhealthy",
			"%s probe errored and resulted in unknown state: %s", type, text);
}

static void restart(struct worker *w, const char *text)
{
	const char *type = w->w.type == PROBE_LIVENESS ? "liveness" : "startup";
	cleanup_free char *cause = xasprintf("%s probe failed: %s", type, text);
	const struct link_message m = {.type = LINK_RESTART,
		.container = w->of->name,
		.back_off = true,
		.grace_ns = (uint64_t)w->grace_s * NS_PER_SEC,
		.cause = cause};

	pod_say_of(w->pod, w->of->name, false, "Killing", "Container %s failed %s probe%s",
		w->of->name, type, w->of->restarted ? ", will be restarted" : "");
	/* Lost with the line: the next one has the worker of this run on hold no more. */
	if (pod_send(w->pod, &m, -1) < 0) {
		w->w.on_hold = false;
		pod_mark(w->pod);
	}
}

static void tell_started(const struct worker *w)
{
	(void)pod_send(w->pod,
		&(const struct link_message){.type = LINK_STARTED, .container = w->of->name}, -1);
}

static void take_answer(struct worker *w, enum probe_result result, const char *text)
{
	struct pod *p = w->pod;
	bool said;

	w->ask_id = 0;
	probe_history_add(&w->of->history, w->w.type, result, text, control_wall(p->control));
	enum probe_effect effect =
		probe_worker_answer(&w->w, result, control_now(p->control), &said);
	if (said)
		say_answer(w, result, text);
	if (effect == PROBE_LOST)
		restart(w, text);
	else if (effect == PROBE_TURNED && w->w.type == PROBE_STARTUP)
		tell_started(w);
	else if (effect == PROBE_TURNED)
		pod_mark_report(p);
	plan_work(p);
}

/* ---- asking --------------------------------------------------------------------------------------------------- */

static void on_network(void *data, enum probe_result result, const char *text)
{
	take_answer(data, result, text);
}

static void on_command(void *data, const struct pod_probe_answer *a)
{
	struct worker *w = data;
	cleanup_free char *late = NULL;

	if (a->timed_out) {
		late = xasprintf("command timed out: \"%s\" timed out after %llus", w->argv[0],
			(unsigned long long)(w->request.timeout_ns / NS_PER_SEC));
		take_answer(w, PROBE_FAILURE, late);
	} else if (a->error) {
		take_answer(w, PROBE_ERROR, a->error);
	} else {
		take_answer(w, a->exit_code == 0 ? PROBE_SUCCESS : PROBE_FAILURE, a->output);
	}
}

/* The address that is asked: the pod's own and no other (safety R25). NULL: it has none. */
static const char *address_of(const struct pod *p, char buf[POOL_TEXT])
{
	if (p->host_network)
		return p->control->facts->address;
	return p->address ? address_text(p->address, buf) : NULL;
}

static void ask_network(struct worker *w)
{
	struct pod *p = w->pod;
	struct probe_request q;
	char buf[POOL_TEXT];
	const char *address = address_of(p, buf);

	if (!address) {
		take_answer(w, PROBE_ERROR, "the pod has no address");
		return;
	}
	free(w->request.host);
	w->request.host = xstrdup(address);
	probe_request_copy(&w->request, &q);
	w->ask_id = prober_ask(p->control->prober, &q, on_network, w);
}

static void ask(struct worker *w)
{
	struct pod *p = w->pod;

	probe_worker_ask(&w->w, control_now(p->control));
	if (!w->argv) {
		ask_network(w);
		return;
	}
	int r = pod_probe(p, w->of->name, (const char *const *)w->argv, w->n_argv,
		w->request.timeout_ns, on_command, w, &w->ask_id);
	if (r < 0)
		take_answer(w, PROBE_ERROR, strerror(-r));
}

static void drop(struct worker *w)
{
	if (!w->ask_id)
		return;
	if (w->argv)
		pod_probe_drop(w->pod, w->ask_id);
	else
		prober_drop(w->pod->control->prober, w->ask_id);
	w->ask_id = 0;
}

void probing_work(void *control, const char *uid)
{
	struct control *c = control;
	struct pod *p = pod_find(c, uid);

	if (!p || !p->probing)
		return;
	for (size_t i = 0; i < p->probing->n_workers; i++)
		if (probe_worker_due(&p->probing->workers[i].w) <= control_now(c))
			ask(&p->probing->workers[i]);
	plan_work(p);
}

/* ---- seeing --------------------------------------------------------------------------------------------------- */

static const struct container_snapshot *snapshot_of(const struct pod *p, const char *name)
{
	for (size_t i = 0; p->snapshot && i < p->snapshot->n_containers; i++)
		if (streq(p->snapshot->containers[i].name, name))
			return &p->snapshot->containers[i];
	return NULL;
}

/* When its run began. One that is seen from its begin on begins now: the wall clock may have been set meanwhile. */
static void note_run(const struct pod *p, struct probed *of, const struct container_snapshot *c)
{
	uint64_t now = control_now(p->control), wall = control_wall(p->control), age = 0;

	if (streq(of->run, c->container_id))
		return;
	if (streq(of->adopted, c->container_id) && c->started_at && wall > c->started_at)
		age = wall - c->started_at;
	free(of->run);
	of->run = c->container_id ? xstrdup(c->container_id) : NULL;
	of->run_ns = age < now ? now - age : 0;
	of->told = false;
}

static struct probe_view view_of(const struct pod *p, struct probed *of)
{
	const struct container_snapshot *c = snapshot_of(p, of->name);
	bool lives = p->stage == POD_STARTED || p->stage == POD_LEAVING;

	if (!c)
		return (struct probe_view){.run = of->run};
	note_run(p, of, c);
	if (c->state != CONTAINER_RUNNING && of->run && !of->told && of->history.n) {
		cleanup_json json_t *answers = probe_history_json(&of->history);

		of->told = deaths_add_probes(p->control, p->uid, of->run, answers) == 0;
	}
	return (struct probe_view){
		.run = of->run,
		.running = lives && c->state == CONTAINER_RUNNING,
		.started = c->started,
		.ending = p->stage == POD_LEAVING || p->snapshot->phase >= POD_STOPPING,
		.adopted = of->adopted && streq(of->adopted, of->run),
		.was_ready = of->was_ready,
		.started_ns = of->run_ns,
	};
}

void probing_see(struct pod *p)
{
	cleanup_json json_t *object = NULL;

	if (!p->probing && pod_object(p, &object) == 0)
		p->probing = read_pod(p, object);
	if (!p->probing || p->probing->n_workers == 0)
		return;
	for (size_t i = 0; i < p->probing->n_workers; i++) {
		struct worker *w = &p->probing->workers[i];
		struct probe_view view = view_of(p, w->of);

		if (probe_worker_see(&w->w, &view, control_now(p->control)))
			pod_mark_report(p);
		if (!w->w.asking)
			drop(w);
		/* Again after each status until the shim has heard it: a line may have broken. */
		if (w->w.type == PROBE_STARTUP && w->w.ok && view.running && !view.started)
			tell_started(w);
	}
	plan_work(p);
}

/* ---- what others ask -------------------------------------------------------------------------------------------- */

bool probing_ready(const struct pod *p, const char *container)
{
	for (size_t i = 0; p->probing && i < p->probing->n_workers; i++) {
		const struct worker *w = &p->probing->workers[i];

		if (w->w.type == PROBE_READINESS && streq(w->of->name, container))
			return w->w.ok;
	}
	return p->probing != NULL;
}

json_t *probing_history(const struct pod *p, const char *container)
{
	for (size_t i = 0; p->probing && i < p->probing->n_containers; i++)
		if (streq(p->probing->containers[i].name, container))
			return probe_history_json(&p->probing->containers[i].history);
	return NULL;
}

void probing_free(struct pod *p)
{
	struct probing *all = take(p->probing);

	if (!all)
		return;
	for (size_t i = 0; i < all->n_workers; i++) {
		struct worker *w = &all->workers[i];

		drop(w);
		for (size_t k = 0; k < w->n_argv; k++)
			free(w->argv[k]);
		free(w->argv);
		probe_request_done(&w->request);
		probe_worker_done(&w->w);
	}
	for (size_t i = 0; i < all->n_containers; i++) {
		free(all->containers[i].name);
		free(all->containers[i].adopted);
		free(all->containers[i].run);
		probe_history_done(&all->containers[i].history);
	}
	free(all->containers);
	free(all->workers);
	free(all);
}
