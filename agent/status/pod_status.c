/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container states, phase and conditions of a pod, derived anew each time from the shim's whole
 * snapshot. What only history knows comes from the status before: when a condition turned, how
 * often a container had been restarted when its shim died. Step "reported" of a pod's life.
 */
#include "agent/status/pod_status.h"

#include "agent/spec/attempt.h"
#include "agent/spec/quantity.h"
#include "agent/status/again.h"
#include "agent/status/gates.h"
#include "agent/status/held.h"
#include "runtime/base/clock.h"

/* What is read while one status is made. */
struct view {
	const json_t *pod, *before; /* before: the present status, or NULL */
	const struct status_input *in;
};

static void put_time(json_t *object, const char *key, uint64_t wall_ns)
{
	char text[RFC3339_SIZE];

	if (wall_ns)
		json_put_str(object, key, rfc3339(wall_ns, text));
}

static void put_generation(const json_t *pod, json_t *object)
{
	int64_t generation = json_int(json_map(pod, "metadata"), "generation", 0);

	if (generation)
		json_put_int(object, "observedGeneration", generation);
}

/* ---- container states --------------------------------------------------------------------------------- */

static void put_container_id(json_t *object, const struct view *v, const char *id)
{
	cleanup_free char *text = NULL;

	if (!id)
		return;
	text = xasprintf(
		"runc://%s/%s", json_str_or(json_at(v->pod, "metadata", NULL), "uid", ""), id);
	json_put_str(object, "containerID", text);
}

static json_t *terminated(const struct view *v, const struct container_run *run)
{
	json_t *state = json_object(), *t = json_sub(state, "terminated");

	json_put_int(t, "exitCode", run->exit_code);
	if (run->signal)
		json_put_int(t, "signal", run->signal);
	json_put_str(t, "reason", run->reason);
	json_put_str(t, "message", run->message);
	put_time(t, "startedAt", run->started_at);
	put_time(t, "finishedAt", run->finished_at);
	put_container_id(t, v, run->container_id);
	return state;
}

static json_t *waiting(const char *reason, const char *message)
{
	json_t *state = json_object(), *w = json_sub(state, "waiting");

	json_put_str(w, "reason", reason);
	json_put_str(w, "message", message);
	return state;
}

static json_t *running(uint64_t started_at)
{
	json_t *state = json_object();

	put_time(json_sub(state, "running"), "startedAt", started_at);
	return state;
}

static json_t *state_of(const struct view *v, const struct container_snapshot *c)
{
	const struct container_run run = {
		.container_id = c->container_id,
		.reason = c->reason,
		.message = c->message,
		.started_at = c->started_at,
		.finished_at = c->finished_at,
		.exit_code = c->exit_code,
		.signal = c->signal,
	};

	if (c->state == CONTAINER_RUNNING)
		return running(c->started_at);
	if (c->state == CONTAINER_TERMINATED)
		return terminated(v, &run);
	if (c->next_start_at) {
		cleanup_free char *message = attempt_text(c->message, c->next_start_at);

		return waiting(c->reason, message);
	}
	return waiting(c->reason, c->message);
}

/* The last state of a container whose shim is gone: what it was, or that its end was not seen. */
static json_t *last_state_before(const json_t *old)
{
	const json_t *was = json_at(old, "state", "terminated", NULL);
	const json_t *ran = json_at(old, "state", "running", NULL);
	json_t *state, *t;

	if (was) {
		state = json_object();
		json_put(state, "terminated", json_deep_copy(was));
		return state;
	}
	if (!ran) {
		state = json_deep_copy(json_map(old, "lastState"));
		return state ? state : json_object();
	}
	state = json_object();
	t = json_sub(state, "terminated");
	json_put_int(t, "exitCode", 137);
	json_put_str(t, "reason", "ContainerStatusUnknown");
	json_put_str(t, "message", "the container was killed with its pod, and nobody saw it exit");
	json_put_str(t, "startedAt", json_str(ran, "startedAt"));
	json_put_str(t, "containerID", json_str(old, "containerID"));
	return state;
}

static const struct status_container *find_known(const struct status_input *in, const char *name)
{
	for (size_t i = 0; i < in->n_known; i++)
		if (streq(in->known[i].name, name))
			return &in->known[i];
	return NULL;
}

static const struct container_snapshot *find_snapshot(
	const struct status_input *in, const char *name)
{
	for (size_t i = 0; in->snapshot && i < in->snapshot->n_containers; i++)
		if (streq(in->snapshot->containers[i].name, name))
			return &in->snapshot->containers[i];
	return NULL;
}

static bool exited_well(const json_t *state)
{
	const json_t *t = json_map(state, "terminated");

	return t && json_int(t, "exitCode", -1) == 0;
}

static void put_from_snapshot(
	const struct view *v, json_t *status, const json_t *old, const struct container_snapshot *c)
{
	json_t *last = c->last ? terminated(v, c->last) : NULL;

	if (!last && c->restart_count > 0)
		last = json_deep_copy(json_map(old, "lastState"));
	json_put(status, "state", state_of(v, c));
	json_put(status, "lastState", last ? last : json_object());
	json_put_int(status, "restartCount", c->restart_count);
	put_container_id(status, v, c->container_id);
}

static void put_without_snapshot(
	json_t *status, const json_t *old, const struct status_container *known, const char *reason)
{
	if (known && known->reason)
		json_put(status, "state", waiting(known->reason, known->message));
	else
		json_put(status, "state", waiting(reason, NULL));
	json_put(status, "lastState", last_state_before(old));
	json_put_int(status, "restartCount", json_int(old, "restartCount", 0));
}

/* The pod has ended and its containers with it: the run that was last is the state now. */
static void put_ended(json_t *status, const json_t *old, json_t *own_last)
{
	json_t *before = json_deep_copy(json_map(old, "lastState"));

	json_put(status, "state", own_last);
	json_put(status, "lastState", before ? before : json_object());
	json_put_int(status, "restartCount", json_int(old, "restartCount", 0));
	json_put_str(status, "containerID", json_str(old, "containerID"));
}

static void put_of_dead_shim(const struct view *v, json_t *status, const json_t *spec, bool init,
	const json_t *old, const struct status_container *known)
{
	bool has_init = json_array_size(json_at(v->pod, "spec", "initContainers", NULL)) > 0;
	bool done = v->in->failed_reason || again_is_done(v->pod, spec, init);
	json_t *last = done ? last_state_before(old) : NULL;

	if (last && json_map(last, "terminated")) {
		put_ended(status, old, last);
		return;
	}
	json_decref(last);
	put_without_snapshot(
		status, old, known, has_init ? "PodInitializing" : "ContainerCreating");
}

/* Ready: of an init container that runs to its end, that it has succeeded. */
static void put_readiness_of(json_t *status, const struct container_snapshot *c,
	const struct status_container *known, bool to_end)
{
	bool started = c && c->state == CONTAINER_RUNNING && c->started;

	bool ready = started && !(known && known->unready);

	json_put_flag(status, "ready", to_end ? exited_well(json_map(status, "state")) : ready);
	json_put_flag(status, "started", started);
}

/* One entry of containerStatuses or initContainerStatuses. */
static json_t *container_status(
	const struct view *v, const json_t *spec, bool init, const json_t *old)
{
	const char *name = json_str_or(spec, "name", "");
	const struct container_snapshot *c = find_snapshot(v->in, name);
	const struct status_container *known = find_known(v->in, name);
	json_t *status = json_object();

	json_put_str(status, "name", name);
	if (c)
		put_from_snapshot(v, status, old, c);
	else
		put_of_dead_shim(v, status, spec, init, old, known);
	json_put_str(status, "image",
		known && known->image ? known->image : json_str_or(spec, "image", ""));
	json_put_str(status, "imageID",
		known && known->image_id ? known->image_id : json_str_or(old, "imageID", ""));
	put_readiness_of(status, c, known, init && !again_is_sidecar(spec, init));
	return status;
}

static json_t *container_statuses(const struct view *v, const char *list, const char *result)
{
	const json_t *specs = json_at(v->pod, "spec", list, NULL), *spec;
	const json_t *olds = json_list(v->before, result);
	json_t *statuses = json_array();
	bool init = streq(list, "initContainers");
	size_t i;

	json_array_foreach (specs, i, spec)
		json_push(statuses, container_status(v, spec, init,
					    json_find(olds, "name", json_str(spec, "name"))));
	return statuses;
}

/* ---- phase -------------------------------------------------------------------------------------------- */

struct counts {
	size_t init_pending; /* init containers that have not let the next ones go */
	bool init_lost;	     /* one of them has failed for good */
	bool alive;	     /* something runs, a sidecar perhaps */
	size_t waiting, running, begun, over, succeeded; /* of the others; begun: has run before */
};

static void count_init(
	const struct view *v, struct counts *n, const json_t *spec, const json_t *status)
{
	const json_t *state = json_map(status, "state");
	bool before = json_at(status, "lastState", "terminated", NULL) != NULL;

	n->alive = n->alive || json_map(state, "running");
	if (again_is_sidecar(spec, true)) {
		/* One that crashes is started beside the others, and holds up nobody. */
		bool passed = json_flag(status, "started", false) || before ||
			      json_map(state, "terminated");
		n->init_pending += !passed;
		return;
	}
	n->init_pending += !exited_well(state);
	n->init_lost = n->init_lost || (json_map(state, "terminated") && !exited_well(state) &&
					       again_is_over(v->pod, spec, true, status));
}

static void count_container(
	const struct view *v, struct counts *n, const json_t *spec, const json_t *status)
{
	const json_t *state = json_map(status, "state");
	bool deleted = json_str(json_map(v->pod, "metadata"), "deletionTimestamp") != NULL;

	if (json_map(state, "running")) {
		n->alive = true;
		n->running++;
	} else if (json_map(state, "terminated")) {
		n->begun++;
		n->succeeded += exited_well(state);
		n->over += deleted || again_is_over(v->pod, spec, false, status);
	} else if (json_at(status, "lastState", "terminated", NULL)) {
		n->begun++;
	} else {
		n->waiting++;
	}
}

/* Source: kubelet, getPhase; a phase is final only when nothing runs any more (its status manager). */
static const char *phase_of(const struct view *v, const json_t *inits, const json_t *containers)
{
	const json_t *spec = json_map(v->pod, "spec"), *status;
	size_t i, all = json_array_size(containers);
	struct counts n = {0};

	json_array_foreach (inits, i, status)
		count_init(v, &n, json_array_get(json_list(spec, "initContainers"), i), status);
	json_array_foreach (containers, i, status)
		count_container(v, &n, json_array_get(json_list(spec, "containers"), i), status);
	if (n.init_lost && !n.alive)
		return "Failed";
	if (all && n.over == all)
		return n.alive ? "Running" : n.succeeded == all ? "Succeeded" : "Failed";
	if (n.waiting || (n.init_pending && !n.running))
		return "Pending";
	return n.running || n.begun ? "Running" : "Pending";
}

/* ---- conditions --------------------------------------------------------------------------------------- */

static void put_condition(const struct view *v, json_t *conditions, const char *type, bool is_true,
	const char *reason, const char *message)
{
	const json_t *old = json_find(json_list(v->before, "conditions"), "type", type);
	const char *word = is_true ? "True" : "False";
	json_t *c = json_object();

	json_put_str(c, "type", type);
	json_put_str(c, "status", word);
	json_put(c, "lastProbeTime", json_null());
	if (streq(json_str(old, "status"), word))
		json_put_str(c, "lastTransitionTime", json_str(old, "lastTransitionTime"));
	else
		put_time(c, "lastTransitionTime", v->in->now);
	json_put_str(c, "reason", reason);
	json_put_str(c, "message", message);
	put_generation(v->pod, c);
	json_push(conditions, c);
}

/* "containers with unready status: [web nginx]", or NULL when there are none. */
static char *named_in(const char *what, struct str *own_names)
{
	cleanup_str struct str names = *own_names;

	return names.n ? xasprintf("containers with %s status: [%s]", what, names.p) : NULL;
}

static void add_unless(struct str *names, const json_t *status, const char *flag)
{
	if (!json_flag(status, flag, false))
		str_addf(names, "%s%s", names->n ? " " : "", json_str_or(status, "name", ""));
}

static bool is_final(const char *phase)
{
	return streq(phase, "Succeeded") || streq(phase, "Failed");
}

/* Source: kubelet, GenerateContainersReadyCondition: the sidecars, then the others. */
static void put_readiness(const struct view *v, json_t *conditions, const char *phase,
	const json_t *inits, const json_t *containers)
{
	const json_t *specs = json_at(v->pod, "spec", "initContainers", NULL), *status;
	const char *reason = "ContainersNotReady";
	cleanup_free char *message = NULL;
	struct str names = {0};
	size_t i;

	json_array_foreach (inits, i, status)
		if (again_is_sidecar(json_array_get(specs, i), true))
			add_unless(&names, status, "ready");
	json_array_foreach (containers, i, status)
		add_unless(&names, status, "ready");
	message = named_in("unready", &names);
	bool ready = !message && !is_final(phase);
	if (is_final(phase)) {
		reason = streq(phase, "Succeeded") ? "PodCompleted" : "PodFailed";
		free(take(message));
	}
	cleanup_free char *unmet = ready ? gates_unmet(v->pod) : NULL;

	put_condition(v, conditions, "Ready", ready && !unmet,
		unmet	? "ReadinessGatesNotReady"
		: ready ? NULL
			: reason,
		unmet ? unmet : message);
	put_condition(v, conditions, "ContainersReady", ready, ready ? NULL : reason, message);
}

static bool any_has_begun(const json_t *containers)
{
	const json_t *status;
	size_t i;

	json_array_foreach (containers, i, status)
		if (json_at(status, "state", "running", NULL) ||
			json_at(status, "state", "terminated", NULL))
			return true;
	return false;
}

/* Source: kubelet, GeneratePodInitializedCondition: what has been initialized once stays so. */
static void put_initialized(const struct view *v, json_t *conditions, const char *phase,
	const json_t *inits, const json_t *containers)
{
	const json_t *specs = json_at(v->pod, "spec", "initContainers", NULL), *status;
	cleanup_free char *message = NULL;
	struct str names = {0};
	size_t i;

	json_array_foreach (inits, i, status)
		add_unless(&names, status,
			again_is_sidecar(json_array_get(specs, i), true) ? "started" : "ready");
	message = named_in("incomplete", &names);
	if (streq(phase, "Succeeded"))
		put_condition(v, conditions, "Initialized", true, "PodCompleted", NULL);
	else if (!message || any_has_begun(containers))
		put_condition(v, conditions, "Initialized", true, NULL, NULL);
	else
		put_condition(
			v, conditions, "Initialized", false, "ContainersNotInitialized", message);
}

static bool has_rule_for_all(const json_t *pod)
{
	static const char *const lists[] = {"initContainers", "containers"};
	const json_t *container, *rule;
	size_t k, n;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		json_array_foreach (json_at(pod, "spec", lists[i], NULL), k, container)
			json_array_foreach (json_list(container, "restartPolicyRules"), n, rule)
				if (streq(json_str(rule, "action"), "RestartAllContainers"))
					return true;
	return false;
}

/* Source: kubelet, GenerateAllContainersRestartingCondition (KEP-5532). */
static void put_restarting(const struct view *v, json_t *conditions, const char *phase)
{
	bool again = v->in->snapshot && v->in->snapshot->again;

	if (!has_rule_for_all(v->pod))
		return;
	if (is_final(phase))
		put_condition(v, conditions, "AllContainersRestarting", false,
			streq(phase, "Succeeded") ? "PodCompleted" : "PodFailed", NULL);
	else
		put_condition(v, conditions, "AllContainersRestarting", again,
			again ? "RestartAllContainersStarted" : NULL,
			again ? "container exited with restart policy rule" : NULL);
}

static json_t *conditions_of(
	const struct view *v, const char *phase, const json_t *inits, const json_t *containers)
{
	const char *why_not = v->in->scheduled ? NULL : v->in->unschedulable;
	json_t *conditions = json_array();

	put_condition(v, conditions, "PodReadyToStartContainers",
		v->in->sandbox && !is_final(phase), NULL, NULL);
	put_initialized(v, conditions, phase, inits, containers);
	put_readiness(v, conditions, phase, inits, containers);
	put_condition(v, conditions, "PodScheduled", v->in->scheduled,
		v->in->scheduled ? NULL : "Unschedulable", why_not);
	put_restarting(v, conditions, phase);
	if (pod_is_held(v->in))
		put_condition(
			v, conditions, HELD_CONDITION, true, HELD_CONDITION_REASON, HELD_MESSAGE);
	gates_keep(v->pod, conditions);
	return conditions;
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static void put_address(json_t *status, const char *one, const char *all, const char *ip)
{
	json_t *entry;

	if (!ip)
		return;
	json_put_str(status, one, ip);
	entry = json_object();
	json_put_str(entry, "ip", ip);
	json_put(status, all, json_pack("[o]", entry));
}

static const char *final_phase(const struct view *v)
{
	return v->in->failed_reason ? "Failed"
	       : pod_ended(v->pod)  ? json_str(v->before, "phase")
				    : held_phase(v->in);
}

/* Why the pod as a whole is as it is: said now, or said when it ended. */
static void put_reason(const struct view *v, json_t *status)
{
	if (v->in->failed_reason) {
		json_put_str(status, "reason", v->in->failed_reason);
		json_put_str(status, "message", v->in->failed_message);
	} else if (pod_ended(v->pod)) {
		json_put_str(status, "reason", json_str(v->before, "reason"));
		json_put_str(status, "message", json_str(v->before, "message"));
	} else if (pod_is_held(v->in)) {
		json_put_str(status, "reason", SNAPSHOT_NODE_SHUTDOWN);
		json_put_str(status, "message", HELD_MESSAGE);
	}
}

static void put_start_time(const struct view *v, json_t *status)
{
	const char *before = json_str(v->before, "startTime");

	if (before)
		json_put_str(status, "startTime", before);
	else
		put_time(status, "startTime", v->in->started_at);
}

json_t *pod_status(const struct status_input *in)
{
	const struct view v = {in->pod, json_map(in->pod, "status"), in};
	const char *phase = final_phase(&v);
	json_t *inits, *containers, *status;

	if (pod_ended(in->pod) && !in->snapshot)
		return json_deep_copy(v.before);
	inits = container_statuses(&v, "initContainers", "initContainerStatuses");
	containers = container_statuses(&v, "containers", "containerStatuses");
	held_containers(in, v.before, containers);
	if (!phase)
		phase = phase_of(&v, inits, containers);
	status = json_object();
	json_put_str(status, "phase", phase);
	put_generation(in->pod, status);
	json_put(status, "conditions", conditions_of(&v, phase, inits, containers));
	put_reason(&v, status);
	put_address(status, "hostIP", "hostIPs", in->host_ip);
	put_address(status, "podIP", "podIPs", in->pod_ip);
	put_start_time(&v, status);
	if (json_array_size(inits))
		json_put(status, "initContainerStatuses", inits);
	else
		json_decref(inits);
	json_put(status, "containerStatuses", containers);
	json_put_str(status, "qosClass", pod_qos_class(in->pod));
	return status;
}

/* ---- questions ---------------------------------------------------------------------------------------- */

/* What a container says of cpu and memory, as bits. */
enum { QOS_ANY = 1, QOS_ALL_LIMITS = 2 };

static int container_qos(const json_t *container)
{
	static const char *const counted[] = {"cpu", "memory"};
	const json_t *resources = json_map(container, "resources");
	const json_t *limits = json_map(resources, "limits"),
		     *requests = json_map(resources, "requests");
	int bits = QOS_ALL_LIMITS;

	for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
		int64_t limit = resource_milli(limits, counted[i], 0);
		int64_t request = resource_milli(requests, counted[i], limit);

		if (limit > 0 || request > 0)
			bits |= QOS_ANY;
		if (limit <= 0 || request != limit)
			bits &= ~QOS_ALL_LIMITS;
	}
	return bits;
}

const char *pod_qos_class(const json_t *pod)
{
	static const char *const lists[] = {"initContainers", "containers"};
	int any = 0, all = QOS_ALL_LIMITS;
	const json_t *container;
	size_t k;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		json_array_foreach (json_at(pod, "spec", lists[i], NULL), k, container) {
			int bits = container_qos(container);

			any |= bits & QOS_ANY;
			all &= bits;
		}
	}
	return !any ? "BestEffort" : all ? "Guaranteed" : "Burstable";
}

bool pod_status_same(const json_t *a, const json_t *b)
{
	cleanup_json json_t *empty = json_object();

	return json_equal(a ? a : empty, b ? b : empty);
}

bool pod_ended(const json_t *pod)
{
	const char *phase = json_str(json_map(pod, "status"), "phase");

	return streq(phase, "Succeeded") || streq(phase, "Failed");
}

static const json_t *condition(const json_t *pod, const char *type)
{
	return json_find(json_at(pod, "status", "conditions", NULL), "type", type);
}

bool pod_is_ready(const json_t *pod)
{
	return streq(json_str(condition(pod, "Ready"), "status"), "True");
}

uint64_t pod_condition_since(const json_t *pod, const char *type)
{
	const char *text = json_str(condition(pod, type), "lastTransitionTime");
	uint64_t wall_ns;

	return text && rfc3339_parse(text, &wall_ns) == 0 ? wall_ns : 0;
}
