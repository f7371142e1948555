/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of lifecycle hooks that failed. The shim says when each failed last, again with every status; what stands in a
 * record already is not said twice, by this agent or the next.
 * Source: the kubelet's reasons and words; it keeps the hook's output out of them, and so out of the hands of those
 * who may read events only. The container's status has it.
 */
#include "agent/control/pod.h"

static const struct container_snapshot *named(const struct pod_snapshot *s, const char *name)
{
	for (size_t i = 0; s && i < s->n_containers; i++)
		if (streq(s->containers[i].name, name))
			return &s->containers[i];
	return NULL;
}

void pod_say_hooks(struct pod *p, const struct pod_snapshot *before, const struct pod_snapshot *now)
{
	for (size_t i = 0; i < now->n_containers; i++) {
		const struct container_snapshot *c = &now->containers[i],
						*old = named(before, c->name);

		if (c->post_start_failed_at &&
			(!old || old->post_start_failed_at != c->post_start_failed_at))
			pod_say_once(p, c->name, "FailedPostStartHook", "PostStartHook failed",
				c->post_start_failed_at);
		if (c->pre_stop_failed_at &&
			(!old || old->pre_stop_failed_at != c->pre_stop_failed_at))
			pod_say_once(p, c->name, "FailedPreStopHook", "PreStopHook failed",
				c->pre_stop_failed_at);
	}
}
