/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a running pod: new contents of what it refers to go to its volumes; a container whose image was changed in
 * the spec is restarted on it. The plan is written anew beside: a container that restarts for another reason takes
 * its environment as it is now, as under a kubelet.
 */
#include "agent/control/pod.h"

#include "runtime/base/fs.h"
#include "runtime/plan/record.h"
#include "runtime/volume/fileset.h"

#include <fcntl.h>

enum { PLAN_FILE_MAX = 8 << 20, AGAIN_MS = 20 };

static int read_plan(int state_fd, struct plan **ret)
{
	cleanup_free char *text = NULL;
	size_t n;
	int r = fs_read(state_fd, "plan.json", PLAN_FILE_MAX, &text, &n);

	return r < 0 ? r : plan_parse((struct sv){text, n}, ret, NULL);
}

static bool same_plan(const struct plan *a, const struct plan *b)
{
	cleanup_json json_t *x = plan_encode(a), *y = plan_encode(b);
	return json_equal(x, y);
}

/* Puts what only the running shim's plan can know into the new one: what containers had behind them at its start. */
static void keep_history(const struct plan *from, struct plan *to)
{
	for (size_t i = 0; i < to->n_containers; i++) {
		struct plan_container *now = &to->containers[i];
		const struct plan_container *c = plan_find_container(from, now->name);

		now->base_restarts = c ? c->base_restarts : 0;
		record_free(&container_run_record, take(now->done));
		if (c && c->done) {
			cleanup_json json_t *j = record_encode(&container_run_record, c->done);

			now->done = xcalloc(1, sizeof(*now->done));
			(void)record_decode(&container_run_record, j, now->done, NULL);
		}
	}
}

static bool same_backoff(const struct plan_backoff *a, const struct plan_backoff *b)
{
	return a->base_ns == b->base_ns && a->cap_ns == b->cap_ns && a->factor == b->factor &&
	       a->reset_ns == b->reset_ns && a->jitter_percent == b->jitter_percent;
}

/* What the shim keeps of the plan for itself, and may change while it runs. */
static int tune(struct pod *p, const struct plan *before, struct plan *now)
{
	const struct link_message deadline = {
		.type = LINK_TUNE, .deadline_wall_ns = now->deadline_wall_ns};
	int r = 0;

	if (now->deadline_wall_ns != before->deadline_wall_ns)
		r = pod_send(p, &deadline, -1);
	for (size_t i = 0; i < now->n_containers && r >= 0; i++) {
		struct plan_container *c = &now->containers[i];
		const struct plan_container *old = plan_find_container(before, c->name);
		const struct link_message m = {
			.type = LINK_TUNE, .container = c->name, .backoff = &c->backoff};

		if (old && !same_backoff(&old->backoff, &c->backoff))
			r = pod_send(p, &m, -1);
	}
	return r;
}

static int restart_changed(struct pod *p, const struct plan *before, const struct plan *now)
{
	for (size_t i = 0; i < now->n_containers; i++) {
		const struct plan_container *c = &now->containers[i];
		const struct plan_container *old = plan_find_container(before, c->name);
		const struct link_message m = {
			.type = LINK_RESTART, .container = c->name, .grace_ns = now->grace_ns};
		if ((c->init && !c->sidecar) || !old || streq(old->image_id, c->image_id))
			continue;
		int r = pod_send(p, &m, -1);
		if (r < 0)
			return r;
		pod_say_of(p, c->name, false, "Killing",
			"Container %s definition changed, will be restarted", c->name);
	}
	return 0;
}

static int try_again(struct pod *p)
{
	p->stale = true;
	pod_mark_at(p, control_now(p->control) + AGAIN_MS * NS_PER_MS);
	return 0;
}

/* The plan on disk becomes @plan, and containers with another image are restarted on it. -EAGAIN: nothing was done. */
static int replace_plan(struct pod *p, struct plan *plan)
{
	CLEANUP(plan_free) struct plan *before = NULL;
	cleanup_close int state_fd = openat(
		p->control->state_fd, p->uid, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = state_fd < 0 ? -errno : read_plan(state_fd, &before);

	if (!before)
		return r;
	keep_history(before, plan);
	if (same_plan(before, plan))
		return 0;
	r = pod_write_plan(state_fd, plan, NULL);
	if (r >= 0)
		r = tune(p, before, plan);
	if (r >= 0)
		r = restart_changed(p, before, plan);
	if (r == -EAGAIN)
		(void)pod_write_plan(state_fd, before, NULL);
	else
		pod_note_images(p);
	return r;
}

int pod_refresh(struct pod *p, const json_t *object)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	cleanup_json json_t *payload = NULL;
	struct err e = {0};

	p->stale = false;
	/* What has gone meanwhile is no reason to take it from a running pod: the files stay. */
	if (pod_compile(p, object, &plan, &payload, &e) < 0)
		return 0;
	uint64_t hash = pod_payload_digest(payload);
	if (hash != p->payload_hash) {
		int r = pod_send_payload(p, LINK_FILES, payload);
		if (r == -EAGAIN)
			return try_again(p);
		if (r < 0)
			return 0;
		p->payload_hash = hash;
	}
	return replace_plan(p, plan) == -EAGAIN ? try_again(p) : 0;
}
