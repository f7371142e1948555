/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reconcilers put on one queue: each event of the store marks the keys whose reconcilers must look; chores come
 * by the clock. Must hold: no reconciler runs from inside a store's callback.
 */
#include "agent/control/control.h"

#include "agent/control/briefs.h"
#include "agent/control/collect.h"
#include "agent/control/deaths.h"
#include "agent/control/pod.h"
#include "agent/control/prober.h"
#include "agent/control/probing.h"
#include "agent/control/replication.h"
#include "agent/control/shutdown.h"
#include "agent/node/findings.h"
#include "agent/node/oci_runtime.h"
#include "agent/spec/selector.h"
#include "agent/status/pod_status.h"
#include "runtime/base/fs.h"
#include "runtime/base/log.h"
#include "runtime/base/msg.h"
#include "runtime/image/image.h"
#include "runtime/net/net.h"
#include "runtime/security/caps.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>

enum { RETRY_S = 5, NODE_PERIOD_S = 300 };

/* ---- keys --------------------------------------------------------------------------------------------- */

static char *key_of(const char *a, const char *b)
{
	return xasprintf("%s/%s", a, b);
}

/* Cuts @key at its first slash: returns what stood before. */
static char *cut_key(char **key)
{
	char *head = *key, *slash = strchr(head, '/');

	*key = slash ? slash + 1 : head + strlen(head);
	if (slash)
		*slash = '\0';
	return head;
}

/* ---- other reconcilers ---------------------------------------------------------------------------------- */

static struct reconcile context(struct control *c)
{
	return (struct reconcile){c->o.store, c->recorder, c->o.clock, c->briefs};
}

static void retry(struct control *c, struct lane *lane, const char *key)
{
	lane_add_at(lane, key, control_now(c) + RETRY_S * NS_PER_SEC);
}

static void replication_work(void *data, const char *key)
{
	struct control *c = data;
	cleanup_free char *copy = xstrdup(key);
	char *rest = copy, *ns = cut_key(&rest);
	const struct reconcile ctx = context(c);
	uint64_t again = 0, wall = control_wall(c);
	struct err e = {0};

	if (replication_reconcile(&ctx, ns, rest, &again, &e) < 0) {
		log_line(LOG_WARNING, "a controller is tried again", "name", key, "error",
			err_text(&e));
		retry(c, c->replication_lane, key);
	} else if (again) {
		uint64_t delay = again > wall ? again - wall : 0;
		lane_add_at(c->replication_lane, key, control_now(c) + delay);
	}
}

static const struct kind *kind_named(const char *name)
{
	for (const struct kind *const *k = kinds; *k; k++)
		if (streq((*k)->kind, name))
			return *k;
	return NULL;
}

static void collect_work(void *data, const char *key)
{
	struct control *c = data;
	cleanup_free char *copy = xstrdup(key);
	char *rest = copy, *kind = cut_key(&rest), *ns = cut_key(&rest);
	const struct reconcile ctx = context(c);
	struct err e = {0};

	if (collect_object(&ctx, kind_named(kind), ns, rest, &e) < 0) {
		log_line(LOG_WARNING, "an object is looked at again", "name", key, "error",
			err_text(&e));
		retry(c, c->collect_lane, key);
	}
}

/* ---- what changes in the store -------------------------------------------------------------------------- */

static void mark_controller(struct control *c, const json_t *pod)
{
	const json_t *ref;
	size_t i;

	json_array_foreach (json_at(pod, "metadata", "ownerReferences", NULL), i, ref) {
		if (!streq(json_str(ref, "kind"), "ReplicationController"))
			continue;
		cleanup_free char *key =
			key_of(meta_str(pod, "namespace"), json_str_or(ref, "name", ""));
		lane_add(c->replication_lane, key);
	}
}

struct match {
	struct control *c;
	const json_t *labels;
};

static int mark_matching(void *data, const struct store_record *record)
{
	struct match *m = data;
	cleanup_json json_t *rc = NULL;

	if (json_parse(record->text, &rc, NULL) < 0)
		return 0;
	CLEANUP(selector_free)
	struct selector *s = label_selector_of_map(json_at(rc, "spec", "selector", NULL));
	if (label_selector_match(s, m->labels)) {
		cleanup_free char *key = key_of(record->ns, record->name);
		lane_add(m->c->replication_lane, key);
	}
	return 0;
}

/* Is there anything in this change that a controller counts? Most changes are of a status that it does not read. */
static bool concerns_controllers(const struct store_event *event)
{
	static const char *const members[] = {"labels", "ownerReferences", "deletionTimestamp"};
	const json_t *a = json_map(event->before, "metadata");
	const json_t *b = json_map(event->object, "metadata");

	if (event->change != STORE_MODIFIED)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const json_t *x = json_object_get(a, members[i]);
		const json_t *y = json_object_get(b, members[i]);
		if (x != y && !(x && y && json_equal(x, y)))
			return true;
	}
	return pod_ended(event->before) != pod_ended(event->object) ||
	       pod_is_ready(event->before) != pod_is_ready(event->object);
}

/* Controllers that own the pod, owned it, or may want to. */
static void mark_controllers(struct control *c, const struct store_event *event)
{
	struct match m = {c, json_at(event->object, "metadata", "labels", NULL)};

	if (!concerns_controllers(event))
		return;
	if (event->before)
		mark_controller(c, event->before);
	mark_controller(c, event->object);
	if (!json_at(event->object, "metadata", "ownerReferences", NULL) && m.labels &&
		event->change != STORE_DELETED)
		(void)store_each(c->o.store, kind_by_name("v1", "ReplicationController"), event->ns,
			mark_matching, &m, NULL);
}

/* Is the collector concerned: marked, owned, or gone? */
static void mark_for_collection(struct control *c, const struct store_event *event)
{
	const json_t *metadata = json_map(event->object, "metadata");
	bool news = event->change == STORE_ADDED || json_str(metadata, "deletionTimestamp");

	if (event->change == STORE_DELETED) {
		json_push(c->gone, json_incref(event->object));
		lane_add(c->chore_lane, "gone");
		return;
	}
	if (!news || (!json_list(metadata, "ownerReferences") &&
			     !json_str(metadata, "deletionTimestamp")))
		return;
	cleanup_free char *key = xasprintf("%s/%s/%s", event->kind->kind, event->ns, event->name);
	lane_add(c->collect_lane, key);
}

static void on_change(void *data, const struct store_event *event)
{
	struct control *c = data;

	if (streq(event->kind->kind, "Event")) {
		if (event->change == STORE_ADDED)
			lane_add_at(c->chore_lane, "records", control_now(c) + RECORD_TTL_NS);
		return;
	}
	pod_object_changed(c, event);
	if (event->kind == c->pod_kind)
		mark_controllers(c, event);
	if (streq(event->kind->kind, "ReplicationController")) {
		cleanup_free char *key = key_of(event->ns, event->name);
		lane_add(c->replication_lane, key);
	}
	mark_for_collection(c, event);
}

/* ---- chores ------------------------------------------------------------------------------------------- */

/* The machine has been down since this was written. Source: kubelet, events of a node. */
static void say_rebooted(struct control *c, const json_t *old)
{
	const char *before = json_str_or(json_at(old, "status", "nodeInfo", NULL), "bootID", "");
	const struct subject about = {
		.api_version = "v1", .kind = "Node", .name = c->o.node_name, .uid = c->o.node_name};

	if (before[0] && !streq(before, c->facts->boot_id))
		recorder_say(c->recorder, BY_KUBELET, &about, true, "Rebooted",
			"Node %s has been rebooted, boot id: %s", c->o.node_name,
			c->facts->boot_id);
}

static void write_node_as(struct control *c, enum store_durability durability)
{
	cleanup_json json_t *old = NULL;
	struct err e = {0};
	int r = store_get(c->o.store, c->node_kind, "", c->o.node_name, &old, NULL);
	cleanup_json json_t *node = node_object(c->facts, old, c->shutdown.active, control_wall(c));

	say_rebooted(c, old);
	r = r == -ENOENT ? store_create(c->o.store, c->node_kind, node, durability, &e)
			 : store_update(c->o.store, c->node_kind, node, durability, &e);
	if (r < 0)
		log_line(LOG_WARNING, "the Node object cannot be written", "error", err_text(&e));
}

static void write_node(struct control *c)
{
	write_node_as(c, STORE_NORMAL);
}

void control_write_node(struct control *c)
{
	write_node_as(c, STORE_FULL);
}

static void expire_records(struct control *c)
{
	uint64_t next = recorder_expire(c->recorder), wall = control_wall(c);
	uint64_t wait = next > wall ? next - wall : NS_PER_SEC;

	/* No longer than one lives, whatever the wall clock says. */
	if (next)
		lane_add_at(c->chore_lane, "records",
			control_now(c) + (wait < RECORD_TTL_NS ? wait : RECORD_TTL_NS));
}

/* What depended on an object that has gone is found by what it was. */
static void collect_gone(struct control *c)
{
	cleanup_json json_t *gone = c->gone;
	const struct reconcile ctx = context(c);
	const json_t *last;
	size_t i;

	c->gone = json_array();
	json_array_foreach (gone, i, last) {
		struct err e = {0};
		if (collect_after(&ctx, last, &e) < 0)
			log_line(LOG_WARNING, "dependents of what has gone may be left", "name",
				meta_str(last, "name"), "error", err_text(&e));
	}
}

/* Memory that a burst of pods or a large list has left behind goes back to the system. */
static void trim(struct control *c)
{
	(void)c;
	(void)malloc_trim(0);
}

static void chore_work(void *data, const char *key)
{
	static const struct {
		const char *name;
		void (*fn)(struct control *c);
		uint64_t period_s; /* 0: once */
	} chores[] = {
		{"node", write_node, NODE_PERIOD_S},
		{"records", expire_records, 0},
		{"gone", collect_gone, 0},
		{"shutdown", shutdown_work, 0},
		{"trim", trim, 0},
		{"upgrade", pods_upgrade, 0},
		{"deaths", deaths_expire, 0},
	};
	struct control *c = data;

	for (size_t i = 0; i < ARRAY_SIZE(chores); i++) {
		if (!streq(key, chores[i].name))
			continue;
		chores[i].fn(c);
		if (chores[i].period_s)
			lane_add_at(c->chore_lane, key,
				control_now(c) + chores[i].period_s * NS_PER_SEC);
		return;
	}
}

/* ---- start and end -------------------------------------------------------------------------------------- */

static int open_tree(struct control *c, struct err *e)
{
	const struct {
		const char *path;
		int *fd;
	} dirs[] = {
		{"var/lib/berth/pods", &c->state_fd},
		{"run/berth/pods", &c->run_fd},
		{"var/log/pods", &c->logs_fd},
		{"var/lib/berth/deaths", &c->deaths_fd},
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		*dirs[i].fd = fs_open_dir(c->o.root_fd, dirs[i].path, 0700);
		if (*dirs[i].fd < 0)
			return err_errno(e, *dirs[i].fd, "opening %s/%s", c->o.root, dirs[i].path);
	}
	c->image_dir = xasprintf("%s/var/lib/berth/images", c->o.root);
	c->logs_dir = xasprintf("%s/var/log/pods", c->o.root);
	c->seccomp_dir = c->o.seccomp_dir ? xstrdup(c->o.seccomp_dir)
					  : xasprintf("%s/var/lib/berth/seccomp", c->o.root);
	return 0;
}

/* A number in a file of /proc, or @fallback. */
static int64_t number_in(const char *path, int64_t fallback)
{
	cleanup_free char *text = NULL;
	int64_t value;

	if (fs_read(AT_FDCWD, path, 64, &text, NULL) < 0 ||
		parse_i64(sv_trim(sv(text)), &value) < 0)
		return fallback;
	return value;
}

/* What every pod of this node is given; pids as systemd does for a service, 15 % of what the kernel has. */
static int fill_node(struct control *c, struct err *e)
{
	enum { PIDS_PER_CENT = 15, PID_MAX_DEFAULT = 32768, OOM_SCORE_MIN = -1000 };
	uint64_t caps;
	int r = caps_of_host(&caps);

	if (r < 0)
		return err_errno(e, r, "reading the capabilities of this process");
	bool may_lower = caps & CAPS_BIT(CAP_SYS_RESOURCE);
	c->node = (struct compile_node){
		.runtime = c->o.runtime,
		.runtime_timeout_ns = c->o.runtime_timeout_ns,
		.probe = c->o.probe,
		.runner = c->o.runner,
		.image_dir = c->image_dir,
		.cgroup_base = c->o.cgroup_base,
		.logs_dir = c->logs_dir,
		.seccomp_dir = c->seccomp_dir,
		.memory_bytes = c->facts->memory_bytes,
		.pids_max = (uint64_t)number_in("/proc/sys/kernel/pid_max", PID_MAX_DEFAULT) *
			    PIDS_PER_CENT / 100,
		.caps = caps,
		.oom_score_floor =
			may_lower ? OOM_SCORE_MIN : (int)number_in("/proc/self/oom_score_adj", 0),
	};
	return 0;
}

static int read_facts(struct control *c, struct err *e)
{
	struct oci_runtime runtime = {0};
	struct err why = {0};
	cleanup_close int host = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool known = oci_runtime_probe(c->o.runtime, &runtime, &why) >= 0;

	if (!known)
		log_line(LOG_ERR, "pods cannot run", "error", err_text(&why));
	else if (oci_runtime_floor(&runtime, &why) < 0)
		log_line(LOG_ERR, "pods cannot run", "error", err_text(&why));
	int r = node_facts_read(host, c->o.node_name, known ? runtime.version : NULL, &c->facts, e);
	return r < 0 ? r : fill_node(c, e);
}

static void find_kinds(struct control *c)
{
	c->pod_kind = kind_by_name("v1", "Pod");
	c->secret_kind = kind_by_name("v1", "Secret");
	c->config_kind = kind_by_name("v1", "ConfigMap");
	c->node_kind = kind_by_name("v1", "Node");
}

static int open_parts(struct control *c, struct err *e)
{
	int r = queue_new(c->o.loop, c->o.clock, &c->queue, e);

	if (r < 0)
		return r;
	/* In the order in which they are served: pods first, what is told about them last. */
	c->pod_lane = queue_lane(c->queue, pod_work, c);
	c->probe_lane = queue_lane(c->queue, probing_work, c);
	c->replication_lane = queue_lane(c->queue, replication_work, c);
	c->collect_lane = queue_lane(c->queue, collect_work, c);
	c->report_lane = queue_lane(c->queue, report_work, c);
	c->chore_lane = queue_lane(c->queue, chore_work, c);
	c->prober = prober_new(c->o.loop, c->o.probe);
	r = recorder_new(c->o.store, c->o.clock, c->o.node_name, &c->recorder, e);
	if (r >= 0)
		r = trash_new(c, &c->trash, e);
	return r < 0 ? r : pulls_new(c, &c->pulls);
}

/* Every object there is gets one look: what happened while no agent ran is found so. */
static int mark_stored(void *data, const struct store_record *record)
{
	struct control *c = data;
	cleanup_free char *name = key_of(record->ns, record->name);
	cleanup_free char *whole = key_of(record->kind->kind, name);

	if (streq(record->kind->kind, "ReplicationController"))
		lane_add(c->replication_lane, name);
	lane_add(c->collect_lane, whole);
	return 0;
}

static int mark_all(struct control *c, struct err *e)
{
	int r = 0;

	for (const struct kind *const *k = kinds; *k && r >= 0; k++)
		if (!streq((*k)->kind, "Event"))
			r = store_each(c->o.store, *k, NULL, mark_stored, c, e);
	lane_add(c->chore_lane, "node");
	lane_add(c->chore_lane, "records");
	lane_add_at(c->chore_lane, "trim", control_now(c) + RETRY_S * NS_PER_SEC);
	return r;
}

int control_new(const struct control_options *options, struct control **ret, struct err *e)
{
	CLEANUP(control_free) struct control *c = xcalloc(1, sizeof(*c));

	c->o = *options;
	c->state_fd = c->run_fd = c->logs_fd = c->deaths_fd = -EBADF;
	c->gone = json_array();
	c->briefs = briefs_new();
	c->message = xmalloc(MSG_BYTES_MAX);
	find_kinds(c);
	int r = open_tree(c, e);
	if (r >= 0)
		r = read_facts(c, e);
	if (r >= 0)
		r = open_parts(c, e);
	if (r < 0)
		return r;
	c->sub = store_subscribe(c->o.store, NULL, on_change, c);
	r = pods_adopt(c, e);
	if (r >= 0)
		shutdown_resume(c);
	if (r >= 0)
		r = mark_all(c, e);
	if (r < 0)
		return r;
	*ret = take(c);
	return 0;
}

void control_free(struct control *own_c)
{
	if (!own_c)
		return;
	store_unsubscribe(own_c->sub);
	for (struct map_item *i = map_first(&own_c->pods), *next; i; i = next) {
		next = map_next(i);
		pod_drop(map_value(i));
	}
	map_done(&own_c->pods);
	pulls_free(own_c->pulls);
	prober_free(own_c->prober);
	control_image_job_free(own_c->collection);
	trash_free(own_c->trash);
	recorder_free(own_c->recorder);
	briefs_free(own_c->briefs);
	queue_free(own_c->queue);
	node_facts_free(own_c->facts);
	json_drop(own_c->gone);
	const int fds[] = {own_c->state_fd, own_c->run_fd, own_c->logs_fd, own_c->deaths_fd};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	free(own_c->shim_build);
	free(own_c->message);
	free(own_c->image_dir);
	free(own_c->logs_dir);
	free(own_c->seccomp_dir);
	free(own_c);
}

/* Ready once every pod that was found has said where it is. */
bool control_ready(const struct control *c)
{
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i))
		if (((const struct pod *)map_value(i))->stage == POD_ADOPTED)
			return false;
	return true;
}

json_t *control_check(struct control *c)
{
	const struct findings_options options = {
		.root_fd = c->o.root_fd,
		.runtime = c->o.runtime,
		.skopeo = c->o.skopeo,
		.shim = c->o.shim,
		.cgroups = c->o.cgroups,
	};
	json_t *all = findings(&options);
	json_push(all, pods_builds(c));
	return all;
}
