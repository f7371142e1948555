/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conditions of others. Must hold: what berth decides itself is never taken from there.
 */
#include "agent/status/gates.h"

char *gates_unmet(const json_t *pod)
{
	const json_t *gates = json_at(pod, "spec", "readinessGates", NULL), *gate;
	const json_t *conditions = json_at(pod, "status", "conditions", NULL);
	struct str text = {0};
	size_t i;

	json_array_foreach (gates, i, gate) {
		const char *type = json_str_or(gate, "conditionType", "");
		const char *is = json_str(json_find(conditions, "type", type), "status");

		if (streq(is, "True"))
			continue;
		str_add(&text, text.n ? ", " : "");
		if (is)
			str_addf(&text,
				"the status of pod readiness gate \"%s\" is not \"True\", but %s",
				type, is);
		else
			str_addf(&text,
				"corresponding condition of pod readiness gate \"%s\" does not "
				"exist.",
				type);
	}
	return text.n ? str_take(&text) : NULL;
}

static bool is_own(const char *type)
{
	static const char *const own[] = {"PodReadyToStartContainers", "Initialized", "Ready",
		"ContainersReady", "PodScheduled", "AllContainersRestarting", "DisruptionTarget"};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (streq(own[i], type))
			return true;
	return false;
}

void gates_keep(const json_t *pod, json_t *conditions)
{
	const json_t *old = json_at(pod, "status", "conditions", NULL), *c;
	size_t i;

	json_array_foreach (old, i, c)
		if (!is_own(json_str_or(c, "type", "")))
			json_push(conditions, json_deep_copy(c));
}
