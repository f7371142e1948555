/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a pod is over for good although nothing of it is left: its spec and its stored status say so.
 */
#include "agent/status/again.h"

bool again_is_sidecar(const json_t *container, bool init)
{
	return init && streq(json_str(container, "restartPolicy"), "Always");
}

enum plan_restart again_policy(const json_t *pod, const json_t *container, bool init)
{
	const char *of_pod = json_str_or(json_map(pod, "spec"), "restartPolicy", "Always");
	const char *word = json_str_or(container, "restartPolicy", of_pod);

	for (int i = 0; plan_restart_names[i]; i++)
		if (streq(plan_restart_names[i], word))
			/* An init container that is no sidecar runs until it has succeeded. */
			return i == PLAN_RESTART_ALWAYS && init &&
					       !again_is_sidecar(container, init)
				       ? PLAN_RESTART_ON_FAILURE
				       : (enum plan_restart)i;
	return PLAN_RESTART_ALWAYS;
}

/* ---- rules -------------------------------------------------------------------------------------------- */

size_t again_rules(const json_t *container, struct plan_rule **ret)
{
	const json_t *list = json_list(container, "restartPolicyRules"), *rule, *code;
	size_t i, k;

	*ret = xcalloc(json_array_size(list), sizeof(**ret));
	json_array_foreach (list, i, rule) {
		const json_t *codes = json_map(rule, "exitCodes");
		struct plan_rule *to = &(*ret)[i];

		if (streq(json_str(rule, "action"), "RestartAllContainers"))
			to->action = PLAN_RULE_RESTART_ALL;
		if (streq(json_str(codes, "operator"), "NotIn"))
			to->op = PLAN_RULE_NOT_IN;
		codes = json_list(codes, "values");
		to->codes = xcalloc(json_array_size(codes), sizeof(*to->codes));
		json_array_foreach (codes, k, code)
			to->codes[to->n_codes++] = json_integer_value(code);
	}
	return json_array_size(list);
}

void again_rules_free(struct plan_rule *own_rules, size_t n)
{
	for (size_t i = 0; own_rules && i < n; i++)
		free(own_rules[i].codes);
	free(own_rules);
}

static enum restart_verdict verdict_on(
	const json_t *pod, const json_t *container, bool init, int exit_code)
{
	struct plan_rule *rules;
	size_t n = again_rules(container, &rules);
	const struct restart_terms terms = {
		.policy = again_policy(pod, container, init),
		.to_end = init && !again_is_sidecar(container, init),
		.rules = rules,
		.n_rules = n,
	};
	enum restart_verdict verdict = restart_verdict(&terms, exit_code);

	again_rules_free(rules, n);
	return verdict;
}

/* ---- what is over --------------------------------------------------------------------------------------- */

static const json_t *status_of(const json_t *pod, const json_t *container, bool init)
{
	const char *list = init ? "initContainerStatuses" : "containerStatuses";

	return json_find(json_at(pod, "status", list, NULL), "name", json_str(container, "name"));
}

/* Did it end, or run while its shim died? The exit code in @ret. */
static bool has_ended(const json_t *status, int *ret)
{
	const json_t *state = json_map(status, "state"), *ended = json_map(state, "terminated");

	if (!ended && !json_map(state, "running"))
		return false;
	*ret = ended ? (int)json_int(ended, "exitCode", AGAIN_UNKNOWN_EXIT) : AGAIN_UNKNOWN_EXIT;
	return true;
}

static bool mounts_memory(const json_t *pod, const json_t *container)
{
	const json_t *mount, *volume;
	size_t i;

	json_array_foreach (json_list(container, "volumeMounts"), i, mount) {
		volume = json_find(
			json_at(pod, "spec", "volumes", NULL), "name", json_str(mount, "name"));
		if (streq(json_str(json_map(volume, "emptyDir"), "medium"), "Memory"))
			return true;
	}
	return false;
}

static bool may_change_namespaces(const json_t *container)
{
	const json_t *security = json_map(container, "securityContext"), *name;
	size_t i;

	json_array_foreach (json_at(security, "capabilities", "add", NULL), i, name)
		if (streq(json_string_value(name), "ALL") ||
			streq(json_string_value(name), "NET_ADMIN") ||
			streq(json_string_value(name), "SYS_ADMIN"))
			return true;
	return json_flag(security, "privileged", false);
}

/* Can an init container have left something that went with the shim? */
static bool inits_repeat(const json_t *pod)
{
	const json_t *init;
	size_t i;

	json_array_foreach (json_at(pod, "spec", "initContainers", NULL), i, init)
		if (!again_is_sidecar(init, true) &&
			(mounts_memory(pod, init) || may_change_namespaces(init)))
			return true;
	return false;
}

bool again_is_over(const json_t *pod, const json_t *container, bool init, const json_t *status)
{
	int exit_code;

	return has_ended(status, &exit_code) &&
	       verdict_on(pod, container, init, exit_code) == RESTART_NO;
}

static bool is_over(const json_t *pod, const json_t *container, bool init)
{
	return again_is_over(pod, container, init, status_of(pod, container, init));
}

bool again_is_done(const json_t *pod, const json_t *container, bool init)
{
	return is_over(pod, container, init) &&
	       (!init || again_pod_ended(pod) || !inits_repeat(pod));
}

bool again_pod_ended(const json_t *pod)
{
	const json_t *spec = json_map(pod, "spec"), *container;
	int exit_code;
	size_t i;

	json_array_foreach (json_list(spec, "initContainers"), i, container)
		if (is_over(pod, container, true) &&
			has_ended(status_of(pod, container, true), &exit_code) && exit_code != 0)
			return true;
	json_array_foreach (json_list(spec, "containers"), i, container)
		if (!is_over(pod, container, false))
			return false;
	return true;
}
