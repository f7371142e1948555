/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker of one pod: reads what is wanted from the store, looks at where it is, lets a table say what to do
 * next, does it, and looks again until there is nothing to do but wait. Everything that happens (a message of the
 * shim, a pulled image, a changed secret, a time) only marks the pod; so a lost or doubled event does no harm.
 */
#include "agent/control/pod_probe.h"

#include "agent/control/contents.h"
#include "agent/control/probing.h"
#include "agent/control/shutdown.h"
#include "agent/status/pod_status.h"

#include <stdarg.h>

/* ---- pods there are ----------------------------------------------------------------------------------- */

struct pod *pod_find(const struct control *c, const char *uid)
{
	return map_get(&c->pods, uid);
}

struct pod *pod_find_named(const struct control *c, const char *ns, const char *name)
{
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		struct pod *p = map_value(i);
		if (streq(p->name, name) && streq(p->ns, ns))
			return p;
	}
	return NULL;
}

struct pod *pod_add(struct control *c, const char *uid, const char *ns, const char *name)
{
	struct pod *p = xcalloc(1, sizeof(*p));
	*p = (struct pod){.control = c,
		.uid = xstrdup(uid),
		.ns = xstrdup(ns),
		.name = xstrdup(name),
		.sock = -EBADF,
		.netns_fd = -EBADF,
		.pidfd = -EBADF};
	(void)map_put(&c->pods, uid, p);
	return p;
}

void pod_drop(struct pod *own_p)
{
	if (!own_p)
		return;
	struct control *c = own_p->control;
	pulls_forget(c->pulls, own_p->uid);
	pod_release_load(own_p);
	pod_link_close(own_p);
	probing_free(own_p);
	pod_probe_free_all(own_p);
	(void)map_remove(&c->pods, own_p->uid);
	lane_remove(c->pod_lane, own_p->uid);
	lane_remove(c->report_lane, own_p->uid);
	lane_remove(c->probe_lane, own_p->uid);
	pod_free_images(own_p);
	snapshot_free(own_p->snapshot);
	json_drop(own_p->payload);
	free(own_p->why_not);
	free(own_p->trouble);
	free(own_p->trouble_reason);
	free(own_p->sources);
	free(own_p->uid);
	free(own_p->ns);
	free(own_p->name);
	free(own_p);
}

int pod_object(struct pod *p, json_t **ret)
{
	cleanup_json json_t *object = NULL;
	int r = store_get(p->control->o.store, p->control->pod_kind, p->ns, p->name, &object, NULL);

	if (r < 0)
		return r;
	if (!streq(meta_str(object, "uid"), p->uid))
		return -ENOENT;
	*ret = take(object);
	return 0;
}

void pod_mark(struct pod *p)
{
	lane_add(p->control->pod_lane, p->uid);
}

void pod_mark_at(struct pod *p, uint64_t at_ns)
{
	lane_add_at(p->control->pod_lane, p->uid, at_ns);
}

/* What changes in quick succession, as everything does while a pod starts, is one write. */
#define REPORT_DELAY_NS (20 * NS_PER_MS)

void pod_mark_report(struct pod *p)
{
	lane_add_at(p->control->report_lane, p->uid, control_now(p->control) + REPORT_DELAY_NS);
}

/* ---- what is said about it ------------------------------------------------------------------------------ */

static struct subject subject(const struct pod *p, const char *field)
{
	return (struct subject){.api_version = "v1",
		.kind = "Pod",
		.ns = p->ns,
		.name = p->name,
		.uid = p->uid,
		.field = field};
}

static void say(struct pod *p, const char *field, bool warning, const char *reason,
	const char *format, va_list args)
{
	const struct subject about = subject(p, field);
	char text[1024];

	(void)vsnprintf(text, sizeof(text), format, args);
	recorder_say(p->control->recorder, BY_KUBELET, &about, warning, reason, "%s", text);
}

void pod_say(struct pod *p, bool warning, const char *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(p, NULL, warning, reason, format, args);
	va_end(args);
}

static const char *field_of(const struct pod *p, const char *container, char field[96])
{
	const char *list = "containers";

	for (size_t i = 0; i < p->n_images; i++)
		if (p->images[i].init && streq(p->images[i].container, container))
			list = "initContainers";
	(void)snprintf(field, 96, "spec.%s{%s}", list, container);
	return field;
}

void pod_say_of(struct pod *p, const char *container, bool warning, const char *reason,
	const char *format, ...)
{
	char field[96];
	va_list args;

	va_start(args, format);
	say(p, field_of(p, container, field), warning, reason, format, args);
	va_end(args);
}

void pod_say_once(struct pod *p, const char *container, const char *reason, const char *message,
	uint64_t at_wall_ns)
{
	char field[96];
	const struct subject about = subject(p, field_of(p, container, field));

	if (!recorder_has_said(p->control->recorder, &about, true, reason, message, at_wall_ns))
		recorder_say(p->control->recorder, BY_KUBELET, &about, true, reason, "%s", message);
}

bool pod_set_trouble(struct pod *p, const char *reason, const char *message)
{
	if (streq(p->trouble, message) && streq(p->trouble_reason, reason))
		return false;
	free(p->trouble);
	free(p->trouble_reason);
	p->trouble = message ? xstrdup(message) : NULL;
	p->trouble_reason = reason ? xstrdup(reason) : NULL;
	pod_mark_report(p);
	return true;
}

/* ---- the worker --------------------------------------------------------------------------------------- */

static int pod_settle(struct pod *p, const json_t *object)
{
	(void)object;
	p->stage = POD_ENDED;
	return 1;
}

static int pod_expire(struct pod *p, const json_t *object)
{
	p->failed_reason = DEADLINE_REASON;
	p->failed_message = DEADLINE_MESSAGE;
	(void)object;
	if (pod_end_here(p) < 0)
		pod_mark_at(p, control_now(p->control) + NS_PER_SEC);
	return 0;
}

/* Without a shim the agent itself looks at the clock. */
static bool is_late(struct pod *p, const json_t *object)
{
	uint64_t at = pod_deadline_wall(p, object), now = control_wall(p->control);

	if (!at || p->stage != POD_PENDING || !p->admitted)
		return false;
	if (at > now)
		pod_mark_at(p, control_now(p->control) + at - now);
	return at <= now;
}

static int pod_forget(struct pod *p, const json_t *object)
{
	(void)object;
	pod_drop(p);
	return 0;
}

static enum pod_want want_of(const struct pod *p, const json_t *object)
{
	const struct control *c = p->control;
	const char *node = json_str_or(json_map(object, "spec"), "nodeName", "");

	if (!object)
		return WANT_GONE;
	if (meta_str(object, "deletionTimestamp")[0])
		return WANT_STOP;
	if (pod_ended(object) || (node[0] && !streq(node, c->o.node_name)))
		return WANT_REST;
	return shutdown_holds(p) ? WANT_HOLD : WANT_RUN;
}

static int step(struct pod *p, const json_t *object)
{
	static int (*const hands[POD_ACTION_MAX])(struct pod * p, const json_t *object) = {
		[DO_ADMIT] = pod_admit,
		[DO_PULL] = pod_pull,
		[DO_LAUNCH] = pod_launch,
		[DO_CONNECT] = pod_connect,
		[DO_REFRESH] = pod_refresh,
		[DO_STOP] = pod_stop,
		[DO_BURY] = pod_bury,
		[DO_SETTLE] = pod_settle,
		[DO_EXPIRE] = pod_expire,
		[DO_DELETE] = pod_delete,
		[DO_FORGET] = pod_forget,
	};
	struct pod_view view = {
		.want = want_of(p, object),
		.stage = p->stage,
		.admitted = p->admitted,
		.sandbox = p->sandbox,
		.stale = p->stale,
	};
	if (view.want == WANT_RUN && is_late(p, object))
		view.want = WANT_EXPIRE;
	/* Asked only where it matters: it looks into the image store. */
	if (view.want == WANT_RUN &&
		((p->stage == POD_PENDING && p->admitted) || (p->stage == POD_STARTED && p->stale)))
		view.images = pod_has_images(p, object);
	enum pod_action action = pod_decide(&view);
	return hands[action] ? hands[action](p, object) : 0;
}

/* More steps than a pod has ever to make at once: a guard against a table that goes in circles. */
enum { STEPS_MAX = 16 };

void pod_work(void *control, const char *uid)
{
	struct pod *p = pod_find(control, uid);
	cleanup_json json_t *object = NULL;
	int again = 1;

	if (!p)
		return;
	int r = pod_object(p, &object);
	if (r < 0 && r != -ENOENT) {
		pod_mark_at(p, control_now(control) + NS_PER_SEC);
		return;
	}
	for (int i = 0; i < STEPS_MAX && again > 0; i++)
		again = step(p, object);
	if (((struct control *)control)->shutdown.active)
		lane_add(((struct control *)control)->chore_lane, "shutdown");
}

/* ---- what changes in the store -------------------------------------------------------------------------- */

static bool differ(const json_t *a, const json_t *b)
{
	return a != b && !(a && b && json_equal(a, b));
}

/* Is there anything in this change that the worker acts on? (It wrote most of the others itself.) */
static bool concerns_worker(const json_t *before, const json_t *after)
{
	static const char *const members[] = {"generation", "deletionTimestamp",
		"deletionGracePeriodSeconds", "finalizers", "labels", "annotations"};
	const json_t *a = json_map(before, "metadata"), *b = json_map(after, "metadata");

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (differ(json_object_get(a, members[i]), json_object_get(b, members[i])))
			return true;
	}
	return pod_ended(before) != pod_ended(after);
}

static void note_source(void *data, const char *kind, const char *name)
{
	struct str *out = data;
	str_addf(out, "%s/%s\n", kind, name);
}

static void own_object_changed(struct control *c, const struct store_event *event)
{
	const char *uid = meta_str(event->object, "uid");
	struct pod *p = pod_find(c, uid);

	if (event->change == STORE_MODIFIED && !concerns_worker(event->before, event->object)) {
		/* Somebody else may have set a condition that it is to be ready with. */
		if (p && json_at(event->object, "spec", "readinessGates", NULL))
			pod_mark_report(p);
		return;
	}
	if (!p && event->change == STORE_DELETED)
		return;
	if (!p)
		p = pod_add(c, uid, event->ns, event->name);
	if (!p->sources) {
		struct str out = {0};
		contents_each_source(event->object, note_source, &out);
		p->sources = str_take(&out);
	} else if (event->change == STORE_MODIFIED) {
		/* Its files may show its labels; its spec may name another image, its annotations tune it. */
		p->stale = p->stale || strstr(p->sources, "Pod/") ||
			   differ(json_at(event->before, "metadata", "annotations", NULL),
				   json_at(event->object, "metadata", "annotations", NULL)) ||
			   !json_equal(json_map(event->before, "spec"),
				   json_map(event->object, "spec"));
	}
	pod_mark(p);
	if (event->change == STORE_MODIFIED)
		pod_mark_report(p); /* observedGeneration */
}

static void source_changed(struct control *c, const struct store_event *event)
{
	cleanup_free char *line = xasprintf("%s/%s\n", event->kind->kind, event->name);

	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		struct pod *p = map_value(i);
		const char *at = p->sources ? strstr(p->sources, line) : NULL;
		if (!at || !streq(p->ns, event->ns) || (at > p->sources && at[-1] != '\n'))
			continue;
		p->stale = true;
		pod_mark(p);
	}
}

void pod_object_changed(struct control *c, const struct store_event *event)
{
	if (event->kind == c->pod_kind)
		own_object_changed(c, event);
	else if (event->kind == c->secret_kind || event->kind == c->config_kind)
		source_changed(c, event);
}
