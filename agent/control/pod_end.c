/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a pod, asked for or not: stop with grace, kill what is left, take away cgroups, network, directories, and
 * at last the object. Each step is made again until it has succeeded, so an agent that dies in the middle is no
 * different from a slow one. Must hold: nothing of the pod is running when its object goes (safety R23, R27).
 */
#include "agent/control/pod.h"

#include "agent/control/deaths.h"
#include "agent/status/again.h"
#include "agent/status/pod_status.h"
#include "cgroups/group.h"
#include "cgroups/kill.h"
#include "cgroups/members.h"
#include "cgroups/names.h"
#include "runtime/base/fs.h"
#include "runtime/base/log.h"
#include "runtime/net/net.h"

#include <fcntl.h>
#include <sys/pidfd.h>

/* What a shim gets beyond the grace before it is taken for hung. */
#define STOP_SLACK_NS (10 * NS_PER_SEC)
#define HOLD_SLACK_NS (NS_PER_SEC / 2) /* while the machine waits for it */
#define CRASH_FIRST_NS (NS_PER_SEC / 2)
#define CRASH_LAST_NS (300 * NS_PER_SEC)
#define BURY_FIRST_NS (5 * NS_PER_MS)
#define BURY_LAST_NS NS_PER_SEC

/* ---- stop --------------------------------------------------------------------------------------------- */

static int64_t asked_seconds(const json_t *object)
{
	return json_int(json_map(object, "metadata"), "deletionGracePeriodSeconds", 0);
}

/* What is left of the grace of a deletion; an ended or forgotten pod has none. */
static uint64_t grace_ns(const struct pod *p, const json_t *object)
{
	const struct control *c = p->control;
	int64_t seconds = asked_seconds(object);
	const char *text = json_str(json_map(object, "metadata"), "deletionTimestamp");
	uint64_t ends, now = control_now(c), whole = (uint64_t)seconds * NS_PER_SEC;

	if (!text || seconds <= 0)
		return 0;
	/* Once told, only another wish changes it: whoever sets the wall clock shortens nothing (safety P18). */
	if (p->stage == POD_LEAVING && p->stop_by_ns && p->stop_seconds == seconds)
		return p->stop_by_ns > now ? p->stop_by_ns - now : 0;
	if (rfc3339_parse(text, &ends) < 0)
		return whole;
	/* The time has whole seconds, and the pod is due its whole grace: only an agent that comes
	 * back late in it gives less. */
	uint64_t wall = control_wall(c), left = ends > wall ? ends - wall : 0;
	return left + 2 * NS_PER_SEC < whole ? left : whole;
}

/* The grace of what is stopped now. A machine that goes down waits for nobody. */
static uint64_t grace_of(const struct pod *p, const json_t *object)
{
	const struct control *c = p->control;
	bool deleted = meta_str(object, "deletionTimestamp")[0];
	uint64_t now = control_now(c), grace = grace_ns(p, object), left;

	if (!c->shutdown.active)
		return grace;
	if (p->held && !deleted)
		return p->hold_grace_ns;
	left = c->shutdown.deadline_ns > now ? c->shutdown.deadline_ns - now : 0;
	return grace < left ? grace : left;
}

static void say_killing(struct pod *p)
{
	for (size_t i = 0; p->snapshot && i < p->snapshot->n_containers; i++) {
		const struct container_snapshot *s = &p->snapshot->containers[i];
		if (s->state == CONTAINER_RUNNING)
			pod_say_of(p, s->name, false, "Killing", "Stopping container %s", s->name);
	}
}

/* The shim does not do what it was told. */
static void kill_shim(struct pod *p)
{
	char path[CGROUP_PATH_MAX];

	log_line(LOG_WARNING, "a shim is killed because it does not stop its pod", "pod", p->name);
	if (p->pidfd >= 0)
		(void)pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
	else if (cgroup_shim_path(path, sizeof(path), p->control->o.cgroup_base, p->uid) == 0)
		(void)cgroup_kill(p->control->o.cgroups, path);
}

int pod_stop(struct pod *p, const json_t *object)
{
	struct control *c = p->control;
	uint64_t now = control_now(c), grace = grace_of(p, object), by = now + grace;
	uint64_t slack = p->held ? HOLD_SLACK_NS : STOP_SLACK_NS;

	if (p->stage == POD_LEAVING && p->stop_by_ns && p->stop_by_ns <= by) {
		if (now >= p->stop_by_ns + slack) {
			kill_shim(p);
			p->stop_by_ns = now; /* and again when that did not help */
		}
		pod_mark_at(p, p->stop_by_ns + slack);
		return 0;
	}
	if (!p->stop_by_ns)
		say_killing(p);
	struct link_message m = {.type = LINK_STOP, .grace_ns = grace};
	if (p->held && !meta_str(object, "deletionTimestamp")[0])
		m.cause = (char *)(uintptr_t)SNAPSHOT_NODE_SHUTDOWN;
	int r = pod_send(p, &m, -1);
	if (r == -EAGAIN) {
		pod_mark_at(p, now + BURY_FIRST_NS);
		return 0;
	}
	if (r < 0) {
		pod_lost(p);
		return 1;
	}
	p->stage = POD_LEAVING;
	p->stop_by_ns = by;
	p->stop_seconds = asked_seconds(object);
	pod_mark_at(p, by + slack);
	return 0;
}

/* ---- bury --------------------------------------------------------------------------------------------- */

/* 0: neither group is there any more; -EBUSY: not yet. */
static int clear_cgroups(struct pod *p)
{
	const struct control *c = p->control;
	char paths[2][CGROUP_PATH_MAX];
	int r = cgroup_path(paths[0], sizeof(paths[0]), c->o.cgroup_base, p->uid, NULL);
	int result = 0;

	if (r >= 0)
		r = cgroup_shim_path(paths[1], sizeof(paths[1]), c->o.cgroup_base, p->uid);
	if (r < 0)
		return 0; /* no name that could ever have been a group's */
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (cgroup_populated(c->o.cgroups, paths[i]) > 0)
			(void)cgroup_kill(c->o.cgroups, paths[i]);
		r = cgroup_remove(c->o.cgroups, paths[i]);
		if (r < 0)
			result = r;
	}
	return result;
}

static void clear_network(struct pod *p)
{
	struct net *net = p->control->o.net;

	if (!net)
		return;
	net_pod_down(net, p->uid);
	if (p->address)
		pool_release(net_pool(net), p->address);
	p->address = 0;
}

/* Directories: all of them, or only what a new shim of the same pod makes anew (volumes stay with the pod). */
static int clear_dirs(struct pod *p, bool all)
{
	struct control *c = p->control;
	int r = fs_remove_tree(c->run_fd, p->uid);

	if (r < 0)
		return r;
	if (all)
		deaths_bury(c, p->uid, p->ns, p->name);
	return all ? trash_put(c->trash, c->state_fd, p->uid)
		   : trash_put_in(c->trash, c->state_fd, p->uid, "containers");
}

/* The shim died of itself: say so, and do not build it anew faster and faster. */
static void note_crash(struct pod *p)
{
	struct control *c = p->control;
	const uint64_t young = 10 * NS_PER_SEC;
	uint64_t now = control_now(c);

	if (!p->launched_ns)
		return;
	pod_say(p, false, "SandboxChanged",
		"Pod sandbox changed, it will be killed and re-created.");
	if (now - p->launched_ns >= young) {
		p->crash_delay_ns = 0;
		return;
	}
	p->crash_delay_ns = p->crash_delay_ns ? p->crash_delay_ns * 2 : CRASH_FIRST_NS;
	if (p->crash_delay_ns > CRASH_LAST_NS)
		p->crash_delay_ns = CRASH_LAST_NS;
	p->launch_ns = now + p->crash_delay_ns;
	pod_mark_at(p, p->launch_ns);
}

static int bury_again(struct pod *p)
{
	p->bury_delay_ns = p->bury_delay_ns ? p->bury_delay_ns * 2 : BURY_FIRST_NS;
	if (p->bury_delay_ns > BURY_LAST_NS)
		p->bury_delay_ns = BURY_LAST_NS;
	pod_mark_at(p, control_now(p->control) + p->bury_delay_ns);
	return 0;
}

int pod_end_here(struct pod *p)
{
	int r = pod_report(p);

	if (r < 0)
		return r;
	deaths_bury(p->control, p->uid, p->ns, p->name);
	(void)trash_put(p->control->trash, p->control->state_fd, p->uid);
	p->stage = POD_ENDED;
	pod_release_load(p);
	return 0;
}

/* What a shim said last, when this agent did not hear it: the pod ended while no agent was there. */
static void read_last_words(struct pod *p)
{
	cleanup_close int state_fd =
		fs_open_beneath(p->control->state_fd, p->uid, O_RDONLY | O_DIRECTORY, 0);
	struct pod_snapshot *last = NULL;

	if (p->orderly || state_fd < 0 || snapshot_read_final(state_fd, &last) < 0)
		return;
	snapshot_free(p->snapshot);
	p->snapshot = last;
	p->orderly = true;
}

/* They are written down: the next shim of the pod says its own. */
static void forget_last_words(struct pod *p)
{
	cleanup_close int state_fd =
		fs_open_beneath(p->control->state_fd, p->uid, O_RDONLY | O_DIRECTORY, 0);

	if (state_fd >= 0)
		(void)unlinkat(state_fd, SNAPSHOT_FINAL, 0);
}

/* What the status says of a container. */
static const json_t *written_of(const json_t *object, const json_t *container, bool init)
{
	const char *list = init ? "initContainerStatuses" : "containerStatuses";

	return json_find(
		json_at(object, "status", list, NULL), "name", json_str(container, "name"));
}

/* Does a container that counts have an end that nobody saw? */
static bool is_unseen(const json_t *object)
{
	bool init;
	const json_t *container;

	for (size_t i = 0; (container = pod_container(object, i, &init)); i++) {
		const json_t *status = written_of(object, container, init);

		if (!again_is_sidecar(container, init) && json_at(status, "state", "running", NULL))
			return true;
	}
	return false;
}

static bool has_run(const json_t *object)
{
	bool init;
	const json_t *container;

	for (size_t i = 0; (container = pod_container(object, i, &init)); i++) {
		const json_t *status = written_of(object, container, init);

		if (json_str_or(status, "containerID", "")[0])
			return true;
	}
	return false;
}

/* It was started once, which is all that Never allows, and nothing was written down of it. */
static bool is_spent(const struct pod *p, const json_t *object)
{
	cleanup_free char *mark = xasprintf("%s/" POD_STARTED_MARK, p->uid);

	return streq(json_str(json_map(object, "spec"), "restartPolicy"), "Never") &&
	       faccessat(p->control->state_fd, mark, F_OK, 0) == 0 && !has_run(object);
}

/* Whose shim has died: is there anything to build it anew for? 1: there is not, and it has been ended; 0; -errno. */
static int end_if_over(struct pod *p)
{
	cleanup_json json_t *object = NULL;

	if (pod_object(p, &object) < 0)
		return 0;
	bool spent = is_spent(p, object);
	if (!spent && !again_pod_ended(object))
		return 0;
	if (spent || is_unseen(object)) {
		p->failed_reason = "ContainerStatusUnknown";
		p->failed_message = "containers ended and nobody saw how; by their restart policy "
				    "they are not run again";
	}
	int r = pod_end_here(p);
	return r < 0 ? r : 1;
}

int pod_bury(struct pod *p, const json_t *object)
{
	bool wanted = object && !meta_str(object, "deletionTimestamp")[0] && !pod_ended(object);

	if (p->pid) {
		/* A shim that lives without its line is of no use. */
		(void)pidfd_send_signal(p->pidfd, SIGKILL, NULL, 0);
		return 0;
	}
	if (wanted)
		read_last_words(p);
	if (clear_cgroups(p) < 0 || clear_dirs(p, !wanted) < 0)
		return bury_again(p);
	clear_network(p);
	pod_link_close(p);
	/* Nobody saw the end of what a dead shim had running: what it said before is written down, then out of date. */
	if (!p->orderly && p->snapshot) {
		if (pod_report(p) < 0)
			return bury_again(p);
		snapshot_free(take(p->snapshot));
	}
	int over = wanted && !p->orderly ? end_if_over(p) : 0;
	if (over)
		return over < 0 ? bury_again(p) : 0;
	/* How its containers ended is known here only: it is kept until it is written down. */
	if (pod_report(p) < 0)
		return bury_again(p);
	forget_last_words(p);
	snapshot_free(take(p->snapshot));
	if (!wanted)
		pod_release_load(p);
	else if (!p->orderly)
		note_crash(p);
	p->stop_by_ns = 0;
	p->stage = wanted || meta_str(object, "deletionTimestamp")[0] ? POD_PENDING : POD_ENDED;
	p->orderly = false;
	/* What has just been reported may be that the pod has ended: the object is read again. */
	pod_mark(p);
	return 0;
}

/* ---- the object --------------------------------------------------------------------------------------- */

int pod_delete(struct pod *p, const json_t *object)
{
	struct control *c = p->control;
	const json_t *finalizers = json_at(object, "metadata", "finalizers", NULL);
	const struct store_precondition pre = {.uid = p->uid};
	cleanup_free char *logs = pod_log_name(object);
	struct err e = {0};

	pod_release_load(p);
	if (json_array_size(finalizers))
		return 0; /* whoever put them there takes them out: that is an event */
	int r = store_delete(c->o.store, c->pod_kind, p->ns, p->name, &pre, NULL, &e);
	if (r < 0 && r != -ENOENT) {
		log_line(LOG_WARNING, "a pod cannot be deleted yet", "pod", p->name, "error",
			err_text(&e));
		pod_mark_at(p, control_now(c) + NS_PER_SEC);
		return 0;
	}
	(void)trash_put(c->trash, c->logs_fd, logs);
	deaths_bury(c, p->uid, p->ns, p->name);
	(void)trash_put(c->trash, c->state_fd, p->uid);
	pod_drop(p);
	return 0;
}
