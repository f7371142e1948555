/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine goes down: pods are stopped in the order of their priority, each priority when the one below it has
 * ended or used up its share of the time, and nothing is started. The objects stay as they are wanted, so that what was
 * stopped comes back with the machine. Must hold: an agent that is killed in the middle goes on where it was, with the
 * time that was left.
 * Source: Kubernetes docs "Node Shutdowns"; "Pod Priority and Preemption" for the two classes that are always there.
 */
#include "agent/control/shutdown.h"

#include "agent/control/pod.h"
#include "agent/status/recorder.h"
#include "runtime/base/fs.h"
#include "runtime/base/log.h"

#include <fcntl.h>

/* Behind the grace: for the kill, the clean-up and the last write. */
#define SLACK_NS (NS_PER_SEC / 2)

static const char NOTE[] =
	"run/berth/shutdown"; /* "BOOT-ID DEADLINE\n", DEADLINE on CLOCK_BOOTTIME */

int64_t pod_priority(const json_t *pod)
{
	static const struct {
		const char *name;
		int64_t value;
	} classes[] = {
		{"system-cluster-critical", 2000000000}, {"system-node-critical", 2000001000}};
	const json_t *spec = json_map(pod, "spec");
	const char *class = json_str_or(spec, "priorityClassName", "");

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (streq(class, classes[i].name))
			return classes[i].value;
	return json_int(spec, "priority", 0);
}

uint64_t shutdown_share(
	const struct shutdown_item *items, size_t n, int64_t priority, uint64_t left_ns)
{
	uint64_t all = 0, own = 0;

	for (size_t i = 0; i < n; i++) {
		bool counted = items[i].priority < priority;
		uint64_t most = 0;

		/* Each priority once: as long as its slowest pod. */
		for (size_t k = 0; k < n; k++) {
			if (items[k].priority != items[i].priority)
				continue;
			counted = counted || k < i;
			most = items[k].grace_ns > most ? items[k].grace_ns : most;
		}
		if (counted)
			continue;
		all += most;
		if (items[i].priority == priority)
			own = most;
	}
	if (all <= left_ns)
		return own;
	return (uint64_t)((double)left_ns * ((double)own / (double)all));
}

/* ---- the note that outlives the agent ----------------------------------------------------------------- */

static void write_note(const struct control *c)
{
	cleanup_free char *text = xasprintf(
		"%s %llu\n", c->facts->boot_id, (unsigned long long)c->shutdown.deadline_ns);
	cleanup_close int dir =
		fs_open_beneath(c->o.root_fd, "run/berth", O_RDONLY | O_DIRECTORY, 0);

	if (dir >= 0)
		(void)fs_write_atomic(
			dir, strrchr(NOTE, '/') + 1, text, strlen(text), 0600, FS_NO_SYNC);
}

/* When the shutdown that an earlier agent of this boot has begun is to be over; 0: none. */
static uint64_t noted_deadline(const struct control *c)
{
	cleanup_free char *text = NULL;
	uint64_t deadline;

	if (fs_read(c->o.root_fd, NOTE, 128, &text, NULL) < 0)
		return 0;
	struct sv rest = sv_trim(sv(text)), boot = sv_cut(&rest, ' ');
	return sv_eq(boot, c->facts->boot_id) && parse_u64(rest, &deadline) == 0 ? deadline : 0;
}

/* ---- the order ---------------------------------------------------------------------------------------- */

static bool has_processes(const struct pod *p)
{
	return p->stage != POD_PENDING && p->stage != POD_ENDED;
}

static void read_priority(struct pod *p)
{
	cleanup_json json_t *object = NULL;

	if (pod_object(p, &object) < 0)
		return;
	p->priority = pod_priority(object);
	p->own_grace_ns =
		(uint64_t)json_int(json_map(object, "spec"), "terminationGracePeriodSeconds", 30) *
		NS_PER_SEC;
}

static void hold(struct pod *p, uint64_t share_ns)
{
	p->held = true;
	p->hold_grace_ns = p->own_grace_ns < share_ns ? p->own_grace_ns : share_ns;
	pod_mark(p);
}

/* The pods that have still to be stopped, and the lowest priority among them. */
static size_t waiting_pods(struct control *c, struct shutdown_item *items, int64_t *ret_lowest)
{
	size_t n = 0;

	*ret_lowest = INT64_MAX;
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		const struct pod *p = map_value(i);
		if (!has_processes(p) || p->held)
			continue;
		items[n++] = (struct shutdown_item){p->priority, p->own_grace_ns};
		*ret_lowest = p->priority < *ret_lowest ? p->priority : *ret_lowest;
	}
	return n;
}

static bool some_are_stopping(const struct control *c)
{
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		const struct pod *p = map_value(i);
		if (p->held && has_processes(p))
			return true;
	}
	return false;
}

static void stop_next(struct control *c, uint64_t now)
{
	cleanup_free struct shutdown_item *items = xcalloc(map_count(&c->pods) + 1, sizeof(*items));
	uint64_t left = c->shutdown.deadline_ns > now ? c->shutdown.deadline_ns - now : 0;
	int64_t lowest;
	size_t n = waiting_pods(c, items, &lowest);

	if (n == 0)
		return;
	uint64_t share = shutdown_share(items, n, lowest, left);
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		struct pod *p = map_value(i);
		if (has_processes(p) && !p->held && p->priority == lowest)
			hold(p, share);
	}
	c->shutdown.next_ns = now + share + SLACK_NS;
	lane_add_at(c->chore_lane, "shutdown", c->shutdown.next_ns);
}

static void finish(struct control *c, const char *how)
{
	c->shutdown.told = true;
	log_line(LOG_NOTICE, "the machine may go down", "pods", how);
	control_write_node(c); /* on disk, and with it all that was written about the pods */
	if (c->o.shut_down)
		c->o.shut_down(c->o.shut_down_data);
}

void shutdown_work(struct control *c)
{
	uint64_t now = control_now(c);

	if (!c->shutdown.active || c->shutdown.told)
		return;
	if (!some_are_stopping(c) || now >= c->shutdown.next_ns)
		stop_next(c, now);
	if (!some_are_stopping(c))
		finish(c, "stopped");
	else if (now >= c->shutdown.deadline_ns + SLACK_NS)
		finish(c, "some are still being stopped, but there is no more time");
	else
		lane_add_at(c->chore_lane, "shutdown", c->shutdown.deadline_ns + SLACK_NS);
}

/* ---- from outside ------------------------------------------------------------------------------------- */

static void say_of_node(struct control *c, const char *message)
{
	const struct subject about = {
		.api_version = "v1", .kind = "Node", .name = c->o.node_name, .uid = c->o.node_name};

	recorder_say(c->recorder, BY_KUBELET, &about, false, "NodeShutdown", "%s", message);
}

static void begin(struct control *c, uint64_t deadline_ns)
{
	c->shutdown.deadline_ns = deadline_ns;
	c->shutdown.active = true;
	c->shutdown.told = false;
	c->shutdown.next_ns = 0;
	log_line(LOG_NOTICE,
		"the machine goes down; pods are stopped in the order of their priority");
	control_write_node(c);
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i))
		read_priority(map_value(i));
	lane_add(c->chore_lane, "shutdown");
}

void control_shutdown(struct control *c, uint64_t max_ns)
{
	uint64_t now = control_now(c);

	if (c->shutdown.active)
		return;
	begin(c, max_ns > 2 * SLACK_NS ? now + max_ns - 2 * SLACK_NS : now);
	say_of_node(c, "Shutdown manager detected shutdown event");
	write_note(c);
}

void shutdown_resume(struct control *c)
{
	uint64_t noted = noted_deadline(c);

	if (noted)
		begin(c, noted);
}

void control_shutdown_cancel(struct control *c)
{
	if (!c->shutdown.active)
		return;
	log_line(LOG_NOTICE, "the machine does not go down; pods are started again");
	say_of_node(c, "Shutdown manager detected shutdown cancellation");
	c->shutdown.active = false;
	(void)unlinkat(c->o.root_fd, NOTE, 0);
	control_write_node(c);
	for (struct map_item *i = map_first(&c->pods); i; i = map_next(i)) {
		struct pod *p = map_value(i);
		p->held = false;
		pod_mark(p);
	}
}

bool shutdown_holds(const struct pod *p)
{
	return p->control->shutdown.active && (p->held || !has_processes(p));
}
