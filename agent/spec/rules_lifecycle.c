/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of lifecycle hooks: ports by name are the container's own, and a sleep ends within the grace period.
 * Source: Kubernetes API reference, "Lifecycle"; pkg/apis/core/validation. That a port's name must be one of the container's,
 * and the host an address, is berth's: the kubelet finds out when the hook fails.
 */
#include "agent/spec/check.h"
#include "agent/spec/rules.h"

static bool has_port(const json_t *container, const char *name)
{
	return json_find(json_list(container, "ports"), "name", name) != NULL;
}

void rule_own_port(struct walk *w, const json_t *container, const json_t *handler, const char *kind)
{
	const json_t *port = json_object_get(json_map(handler, kind), "port");
	const char *name = json_string_value(port);
	size_t mark = walk_field(w, kind);
	size_t inner = walk_field(w, "port");
	if (name && *name && !has_port(container, name))
		walk_invalid(w, port, "no port of this container has this name");
	walk_up(w, inner);
	walk_up(w, mark);
}

/* A name would have to be looked up by somebody who may read no file and ask nobody (agent/probe). */
static void check_host(struct walk *w, const json_t *handler, const char *kind)
{
	const json_t *host = json_object_get(json_map(handler, kind), "host");
	size_t mark = walk_field(w, kind);
	size_t inner = walk_field(w, "host");
	if (json_is_string(host) && !value_is_empty(host))
		check_ip(w, host);
	walk_up(w, inner);
	walk_up(w, mark);
}

static void check_sleep(struct walk *w, const json_t *handler)
{
	const json_t *seconds = json_object_get(json_map(handler, "sleep"), "seconds");
	int64_t grace = json_int(w->pod_spec, "terminationGracePeriodSeconds", -1);
	int64_t n = json_integer_value(seconds);
	size_t mark = walk_field(w, "sleep");
	/* A grace period that is wrong itself has been named. */
	if (json_is_integer(seconds) && grace >= 0 && (n < 0 || n > grace))
		walk_invalid(w, seconds,
			"must be non-negative and less than terminationGracePeriodSeconds (%lld)",
			(long long)grace);
	walk_up(w, mark);
}

void rule_lifecycle(struct walk *w, const json_t *lifecycle)
{
	static const char *const hooks[] = {"postStart", "preStop"};
	const json_t *container = w->parent;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		const json_t *handler = json_map(lifecycle, hooks[i]);
		size_t mark = walk_field(w, hooks[i]);
		rule_own_port(w, container, handler, "httpGet");
		rule_own_port(w, container, handler, "tcpSocket");
		check_host(w, handler, "httpGet");
		check_host(w, handler, "tcpSocket");
		check_sleep(w, handler);
		walk_up(w, mark);
	}
}
