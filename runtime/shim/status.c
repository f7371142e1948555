/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shim's state as the snapshot that the agent gets. The words are the kubelet's.
 */
#include "runtime/base/version.h"
#include "runtime/shim/agent.h"
#include "runtime/shim/shim.h"

static char *copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static void set_last(struct container_snapshot *to, const struct run *run)
{
	to->last = xcalloc(1, sizeof *to->last);
	*to->last = (struct container_run){
		.container_id = xstrdup(run->id),
		.reason = copy(run->reason),
		.message = copy(run->message),
		.started_at = run->started_wall_ns,
		.finished_at = run->finished_wall_ns,
		.exit_code = run->exit_code,
		.signal = run->signal,
		.oom_killed = run->oom_killed,
	};
}

static void set_terminated(struct container_snapshot *to, const struct container *c)
{
	const struct run *run = &c->ended[0];

	to->state = CONTAINER_TERMINATED;
	to->container_id = xstrdup(run->id);
	to->reason = copy(run->reason);
	to->message = copy(run->message);
	to->started_at = run->started_wall_ns;
	to->finished_at = run->finished_wall_ns;
	to->exit_code = run->exit_code;
	to->signal = run->signal;
	to->oom_killed = run->oom_killed;
	if (c->n_ended > 1)
		set_last(to, &c->ended[1]);
}

static bool has_init(const struct shim *s)
{
	return s->n_containers > 0 && s->containers[0].init;
}

/* Source: kubelet: what has not run is ContainerCreating, or PodInitializing in a pod with init containers. */
static void set_waiting(struct container_snapshot *to, const struct container *c)
{
	bool virgin = !c->n_ended && streq(c->waiting, "ContainerCreating");

	to->state = CONTAINER_WAITING;
	to->reason = copy(virgin && has_init(c->shim) ? "PodInitializing" : c->waiting);
	to->message = copy(c->waiting_text);
	to->next_start_at = c->step == STEP_BACKOFF ? c->start_at_wall_ns : 0;
	if (c->n_ended) {
		to->container_id = xstrdup(c->ended[0].id);
		set_last(to, &c->ended[0]);
	}
}

/* Its first process runs, but it counts as running when its postStart hook is over, as for the kubelet. */
static void set_starting(struct container_snapshot *to, const struct container *c)
{
	set_waiting(to, c);
	free(to->container_id);
	to->container_id = xstrdup(c->id);
	to->pid = c->pid;
}

/* It has ended, to be run again with all others: not an end that counts. */
static void set_restarting(struct container_snapshot *to, const struct container *c)
{
	set_waiting(to, c);
	free(to->reason);
	free(take(to->message));
	to->reason = xstrdup("RestartingAllContainers");
	to->next_start_at = c->shim->again_wall_ns;
}

static void set_running(struct container_snapshot *to, const struct container *c)
{
	to->state = CONTAINER_RUNNING;
	to->container_id = xstrdup(c->id);
	to->pid = c->pid;
	to->started_at = c->started_wall_ns;
	if (c->n_ended)
		set_last(to, &c->ended[0]);
}

struct pod_snapshot *status_snapshot(const struct shim *s)
{
	struct pod_snapshot *snap = xcalloc(1, sizeof *snap);

	snap->seq = s->seq;
	snap->build = xstrdup(berth_version);
	snap->phase = s->phase;
	snap->again = s->course == COURSE_AGAIN;
	snap->reason = copy(s->reason);
	snap->message = copy(s->message);
	snap->containers = xcalloc(s->n_containers, sizeof *snap->containers);
	snap->n_containers = s->n_containers;
	for (size_t i = 0; i < s->n_containers; i++) {
		const struct container *c = &s->containers[i];
		struct container_snapshot *to = &snap->containers[i];

		to->name = xstrdup(c->name);
		to->restart_count = c->restarts;
		to->started = c->step != STEP_RUN || container_is_started(c);
		to->post_start_failed_at = c->hook.post_start_failed_wall_ns;
		to->pre_stop_failed_at = c->hook.pre_stop_failed_wall_ns;
		if (c->step == STEP_RUN && hook_is_starting(c))
			set_starting(to, c);
		else if (c->step == STEP_RUN)
			set_running(to, c);
		else if (s->course == COURSE_AGAIN)
			set_restarting(to, c);
		else if (c->step == STEP_DONE && c->n_ended)
			set_terminated(to, c);
		else
			set_waiting(to, c);
	}
	return snap;
}
