/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was running is told from what had ended before by the status written last: the shim sees both as ended.
 */
#include "agent/status/held.h"

#include "runtime/base/str.h"

static const char *policy_of(const json_t *pod)
{
	return json_str_or(json_map(pod, "spec"), "restartPolicy", "Always");
}

bool pod_is_held(const struct status_input *in)
{
	return in->snapshot && streq(in->snapshot->reason, SNAPSHOT_NODE_SHUTDOWN);
}

static bool stays_ended(const json_t *pod, const json_t *old, const char *name)
{
	const json_t *spec = json_find(json_at(pod, "spec", "containers", NULL), "name", name);

	return json_at(old, "state", "terminated", NULL) ||
	       streq(json_str(spec, "restartPolicy"), "Never");
}

void held_containers(const struct status_input *in, const json_t *before, json_t *statuses)
{
	const json_t *olds = json_list(before, "containerStatuses");
	json_t *status;
	size_t i;

	if (!pod_is_held(in) || streq(policy_of(in->pod), "Never"))
		return;
	json_array_foreach (statuses, i, status) {
		const char *name = json_str_or(status, "name", "");
		json_t *state = json_map(status, "state"), *waiting = json_object();

		if (!json_map(state, "terminated") ||
			stays_ended(in->pod, json_find(olds, "name", name), name)) {
			json_decref(waiting);
			continue;
		}
		json_put(status, "lastState", json_incref(state));
		json_put_str(waiting, "reason", "NodeShutdown");
		json_put_str(
			waiting, "message", "stopped with the machine, and started again with it");
		json_put(status, "state", json_pack("{s:o}", "waiting", waiting));
	}
}

const char *held_phase(const struct status_input *in)
{
	if (!pod_is_held(in) || !streq(policy_of(in->pod), "Never"))
		return NULL;
	if (in->snapshot->phase == POD_STOPPED)
		return "Failed";
	/* Containers that end on the way do not end the pod: the shutdown does. */
	return json_str_or(json_map(in->pod, "status"), "phase", "Running");
}
