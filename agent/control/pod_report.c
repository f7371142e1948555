/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a pod becomes its status in the store, and what is new in it becomes records. Both are made from
 * the status written last, so a restarted agent says nothing twice. Step "reported" of a pod's life.
 * Source: the kubelet's reasons and words of events.
 */
#include "agent/control/probing.h"

#include "agent/status/pod_status.h"
#include "runtime/net/pool.h"

/* ---- records ------------------------------------------------------------------------------------------ */

static const json_t *named(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (streq(json_str(item, "name"), name))
			return item;
	}
	return NULL;
}

static const char *waiting_reason(const json_t *status)
{
	return json_str_or(json_at(status, "state", "waiting", NULL), "reason", "");
}

/* What needed no pull, or was pulled for another run. */
static void say_present(struct pod *p, const char *name)
{
	for (size_t i = 0; i < p->n_images; i++)
		if (streq(p->images[i].container, name) && !p->images[i].pulled)
			pod_say_of(p, name, false, "Pulled",
				"Container image \"%s\" already present on machine",
				p->images[i].ref);
}

static void say_started(struct pod *p, const json_t *status)
{
	const char *name = json_str_or(status, "name", "");

	say_present(p, name);
	pod_say_of(p, name, false, "Created", "Created container: %s", name);
	pod_say_of(p, name, false, "Started", "Started container %s", name);
}

static void say_waiting(struct pod *p, const json_t *status)
{
	const char *name = json_str_or(status, "name", ""), *reason = waiting_reason(status);
	const char *message = json_str_or(json_at(status, "state", "waiting", NULL), "message", "");

	if (streq(reason, "CrashLoopBackOff"))
		pod_say_of(p, name, true, "BackOff",
			"Back-off restarting failed container %s in pod %s_%s(%s)", name, p->name,
			p->ns, p->uid);
	else if (streq(reason, "RunContainerError") || streq(reason, "CreateContainerError"))
		pod_say_of(p, name, true, "Failed", "Error: %s", message[0] ? message : reason);
}

/* Was what it has as its identity started? One that waits may be at its postStart hook, or over already. */
static bool was_started(const json_t *status)
{
	static const char *const reasons[] = {
		"ContainerCreating", "PodInitializing", "PostStartHookError", "CrashLoopBackOff"};
	bool is = !json_at(status, "state", "waiting", NULL);

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		is |= streq(waiting_reason(status), reasons[i]);
	return is;
}

/* A container of the new status against the same one before. */
static void say_of_container(struct pod *p, const json_t *before, const json_t *now)
{
	const char *id = json_str_or(now, "containerID", "");

	if (id[0] && !streq(id, json_str(before, "containerID")) && was_started(now))
		say_started(p, now);
	if (waiting_reason(now)[0] && !streq(waiting_reason(now), waiting_reason(before)))
		say_waiting(p, now);
}

static void say_news(struct pod *p, const json_t *before, const json_t *now)
{
	static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
	const json_t *status;
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		json_array_foreach (json_list(now, lists[k]), i, status)
			say_of_container(p,
				named(json_list(before, lists[k]), json_str(status, "name")),
				status);
	}
	if (streq(json_str(now, "reason"), DEADLINE_REASON) &&
		!streq(json_str(before, "reason"), DEADLINE_REASON))
		pod_say(p, false, DEADLINE_REASON, "%s", DEADLINE_MESSAGE);
}

/* ---- status ------------------------------------------------------------------------------------------- */

/* What was reported of the container's image, when this agent has not launched it. */
static const char *reported(const json_t *object, const char *name, const char *member)
{
	static const char *const lists[] = {"containerStatuses", "initContainerStatuses"};

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		const json_t *status = named(json_at(object, "status", lists[k], NULL), name);
		const char *text = json_str(status, member);
		if (text && text[0])
			return text;
	}
	return NULL;
}

static void know_container(
	const struct pod *p, const json_t *object, size_t i, struct status_container *ret)
{
	const char *name = json_str_or(pod_container(object, i, NULL), "name", "");
	const struct pod_image *image = i < p->n_images ? &p->images[i] : NULL;
	bool launched = image && image->id;

	*ret = (struct status_container){
		.name = name,
		.image = launched ? image->name : reported(object, name, "image"),
		.image_id = launched ? image->id : reported(object, name, "imageID"),
		.unready = !probing_ready(p, name),
	};
	if (image && image->why) {
		ret->reason = image->why;
		ret->message = image->message;
	} else if (p->trouble) {
		ret->reason = p->trouble_reason;
		ret->message = p->trouble;
	} else if (p->snapshot && p->snapshot->message) {
		ret->reason = "CreatePodSandboxError";
		ret->message = p->snapshot->message;
	}
}

/* The shim has ended the pod of itself: it counts when nothing runs any more. */
static void note_own_end(struct pod *p)
{
	const struct pod_snapshot *s = p->snapshot;

	if (!s || !streq(s->reason, DEADLINE_REASON))
		return;
	for (size_t i = 0; i < s->n_containers; i++)
		if (s->containers[i].state == CONTAINER_RUNNING)
			return;
	p->failed_reason = DEADLINE_REASON;
	p->failed_message = DEADLINE_MESSAGE;
}

static json_t *make_status(struct pod *p, const json_t *object)
{
	const struct control *c = p->control;
	size_t n = pod_container_count(object);
	cleanup_free struct status_container *known = xcalloc(n ? n : 1, sizeof(*known));
	char address[POOL_TEXT];
	const char *ip = p->address ? address_text(p->address, address) : NULL;

	for (size_t i = 0; i < n; i++)
		know_container(p, object, i, &known[i]);
	note_own_end(p);
	if (p->host_network && p->stage != POD_PENDING)
		ip = c->facts->address;
	const struct status_input in = {
		.pod = object,
		.snapshot = p->snapshot,
		.known = known,
		.n_known = n,
		.scheduled = p->admitted || p->stage != POD_PENDING,
		.unschedulable = p->why_not,
		.sandbox = p->stage == POD_STARTED || p->stage == POD_LEAVING,
		.pod_ip = ip,
		.host_ip = p->admitted ? c->facts->address : NULL,
		.failed_reason = p->failed_reason,
		.failed_message = p->failed_message,
		.started_at = p->admitted_wall_ns,
		.now = control_wall(c),
	};
	return pod_status(&in);
}

/* spec.nodeName is set with the first status after admission, as by a scheduler's binding. */
static bool bind_to_node(const struct pod *p, json_t *object)
{
	json_t *spec = json_map(object, "spec");

	if (!p->admitted || json_str_or(spec, "nodeName", "")[0])
		return false;
	json_put_str(spec, "nodeName", p->control->o.node_name);
	return true;
}

/* The status and what is new in it, as one write: an agent that dies says nothing twice and leaves nothing unsaid. */
static int write_news(struct pod *p, json_t *object, const json_t *before, json_t *status)
{
	struct store *store = p->control->o.store;
	bool ended = pod_ended(object);

	json_put(object, "status", json_incref(status));
	/* How a pod ended outlives even a power failure: it is not run again to find out. */
	int r = store_begin(store, ended != pod_ended(object) ? STORE_FULL : STORE_NORMAL, NULL);
	if (r < 0)
		return r;
	pod_say_scheduled(p);
	r = store_update(store, p->control->pod_kind, object, STORE_NORMAL, NULL);
	if (r < 0) {
		store_rollback(store);
		return r;
	}
	say_news(p, before, status);
	r = store_commit(store, NULL);
	p->scheduled_unsaid = p->scheduled_unsaid && r < 0;
	return r;
}

int pod_report(struct pod *p)
{
	struct control *c = p->control;
	cleanup_json json_t *object = NULL;

	if (pod_object(p, &object) < 0)
		return 0;
	/* One who has ended stays as it is; one that a shim of ours has not told about yet, too. */
	if (p->stage == POD_ENDED || p->stage == POD_ADOPTED)
		return 0;
	/* What was said when it was stopped with the machine holds until the machine is back. */
	if (c->shutdown.active && !p->snapshot)
		return 0;
	bool bound = bind_to_node(p, object);
	cleanup_json json_t *status = make_status(p, object);
	cleanup_json json_t *before = json_incref(json_map(object, "status"));
	if (!bound && !p->scheduled_unsaid && pod_status_same(before, status))
		return 0;
	int r = write_news(p, object, before, status);
	if (r < 0)
		lane_add_at(c->report_lane, p->uid, control_now(c) + NS_PER_SEC);
	else if (pod_ended(object))
		pod_mark(p);
	return r;
}

void report_work(void *control, const char *uid)
{
	struct pod *p = pod_find(control, uid);

	if (p)
		(void)pod_report(p); /* it comes again by itself */
}
