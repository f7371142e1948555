/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of probes that depend on which probe it is, and what they may ask: ports by name are the container's own, and
 * the host is always the pod, so that a pod cannot have the agent ask others for it (safety R25).
 * Source: Kubernetes API reference, "Probe"; pkg/apis/core/validation. The rule on host is berth's.
 */
#include "agent/spec/check.h"
#include "agent/spec/rules.h"

static void check_no_host(struct walk *w, const json_t *probe, const char *kind)
{
	const json_t *host = json_object_get(json_map(probe, kind), "host");
	size_t mark = walk_field(w, kind);
	size_t inner = walk_field(w, "host");
	if (json_is_string(host) && !value_is_empty(host))
		walk_forbidden(w,
			"a probe asks its own pod and nobody else; take it out, and name a "
			"virtual host in httpHeaders as Host");
	walk_up(w, inner);
	walk_up(w, mark);
}

static void check_member(
	struct walk *w, const json_t *probe, const char *member, bool wrong, const char *why)
{
	size_t mark = walk_field(w, member);
	const json_t *value = json_object_get(probe, member);
	if (json_is_integer(value) && wrong)
		walk_invalid(w, value, "%s", why);
	walk_up(w, mark);
}

void rule_probes(struct walk *w, const json_t *container)
{
	static const char *const members[] = {"livenessProbe", "readinessProbe", "startupProbe"};
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const json_t *probe = json_map(container, members[i]);
		bool readiness = streq(members[i], "readinessProbe");
		size_t mark = walk_field(w, members[i]);
		rule_own_port(w, container, probe, "httpGet");
		rule_own_port(w, container, probe, "tcpSocket");
		check_no_host(w, probe, "httpGet");
		check_no_host(w, probe, "tcpSocket");
		/* Below 1 it was refused by its range. */
		check_member(w, probe, "successThreshold",
			!readiness && json_int(probe, "successThreshold", 1) > 1, "must be 1");
		check_member(w, probe, "terminationGracePeriodSeconds", readiness,
			"must not be set for readinessProbes");
		walk_up(w, mark);
	}
}
