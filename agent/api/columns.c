/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of each kind, as tables. Source: Kubernetes pkg/printers/internalversion/printers.go.
 */
#include "agent/api/table.h"

#include <ctype.h>

/* A string member, "<none>" when there is none. */
static json_t *text_or_none(const char *text)
{
	return json_any_string(text && text[0] ? text : "<none>");
}

static json_t *own_text(struct str *s)
{
	json_t *j = text_or_none(s->p);

	str_done(s);
	return j;
}

#define CELL(name) static json_t *name(const json_t *o, uint64_t now __attribute__((unused)))

CELL(name_cell)
{
	return text_or_none(json_str(json_map(o, "metadata"), "name"));
}

CELL(created_cell)
{
	return age_cell(json_str(json_map(o, "metadata"), "creationTimestamp"), now);
}

/* ---- pods -------------------------------------------------------------------------------------- */

CELL(pod_ip_cell)
{
	return text_or_none(json_str(json_map(o, "status"), "podIP"));
}

CELL(pod_node_cell)
{
	return text_or_none(json_str(json_map(o, "spec"), "nodeName"));
}

CELL(pod_nominated_cell)
{
	return text_or_none(json_str(json_map(o, "status"), "nominatedNodeName"));
}

CELL(pod_gates_cell)
{
	const json_t *gates = json_list(json_map(o, "spec"), "readinessGates");
	const json_t *conditions = json_list(json_map(o, "status"), "conditions");
	size_t n = json_array_size(gates), met = 0, i, k;
	json_t *gate, *c;
	struct str s = {0};

	json_array_foreach (gates, i, gate)
		json_array_foreach (conditions, k, c)
			met += streq(json_str(c, "type"), json_str(gate, "conditionType")) &&
			       streq(json_str(c, "status"), "True");
	if (n > 0)
		str_addf(&s, "%zu/%zu", met, n);
	return own_text(&s);
}

/* ---- replication controllers ------------------------------------------------------------------- */

CELL(desired_cell)
{
	return json_integer(json_int(json_map(o, "spec"), "replicas", 1));
}

CELL(current_cell)
{
	return json_integer(json_int(json_map(o, "status"), "replicas", 0));
}

CELL(ready_cell)
{
	return json_integer(json_int(json_map(o, "status"), "readyReplicas", 0));
}

static json_t *join_containers(const json_t *o, const char *key)
{
	const json_t *list = json_at(o, "spec", "template", "spec", "containers", NULL);
	struct str s = {0};
	json_t *c;
	size_t i;

	json_array_foreach (list, i, c)
		str_addf(&s, "%s%s", i ? "," : "", json_str_or(c, key, ""));
	return own_text(&s);
}

CELL(containers_cell)
{
	return join_containers(o, "name");
}

CELL(images_cell)
{
	return join_containers(o, "image");
}

CELL(selector_cell)
{
	struct str s = {0};
	const char *key;
	json_t *value;

	json_object_foreach (json_at(o, "spec", "selector", NULL), key, value)
		str_addf(&s, "%s%s=%s", s.n ? "," : "", key, json_string_value(value));
	return own_text(&s);
}

/* ---- secrets, config maps, namespaces ---------------------------------------------------------- */

CELL(type_cell)
{
	return text_or_none(json_str(o, "type"));
}

CELL(data_cell)
{
	size_t n =
		json_object_size(json_map(o, "data")) + json_object_size(json_map(o, "binaryData"));

	return json_integer((json_int_t)n);
}

CELL(phase_cell)
{
	return text_or_none(json_str(json_map(o, "status"), "phase"));
}

/* ---- nodes ------------------------------------------------------------------------------------- */

CELL(node_status_cell)
{
	struct str s = {0};
	json_t *c;
	size_t i;

	json_array_foreach (json_list(json_map(o, "status"), "conditions"), i, c)
		if (streq(json_str(c, "type"), "Ready"))
			str_add(&s, streq(json_str(c, "status"), "True") ? "Ready" : "NotReady");
	if (!s.n)
		str_add(&s, "Unknown");
	if (json_flag(json_map(o, "spec"), "unschedulable", false))
		str_add(&s, ",SchedulingDisabled");
	return own_text(&s);
}

CELL(node_roles_cell)
{
	static const char prefix[] = "node-role.kubernetes.io/";
	struct str s = {0};
	const char *key;
	json_t *value;

	json_object_foreach (json_at(o, "metadata", "labels", NULL), key, value) {
		const char *role = NULL;

		if (strncmp(key, prefix, sizeof prefix - 1) == 0)
			role = key + sizeof prefix - 1;
		else if (streq(key, "kubernetes.io/role"))
			role = json_string_value(value);
		if (role && role[0])
			str_addf(&s, "%s%s", s.n ? "," : "", role);
	}
	return own_text(&s);
}

static json_t *node_fact(const json_t *o, const char *key)
{
	return json_any_string(
		json_str_or(json_at(o, "status", "nodeInfo", NULL), key, "<unknown>"));
}

CELL(node_version_cell)
{
	return node_fact(o, "kubeletVersion");
}

static json_t *node_address(const json_t *o, const char *type)
{
	json_t *a;
	size_t i;

	json_array_foreach (json_list(json_map(o, "status"), "addresses"), i, a)
		if (streq(json_str(a, "type"), type))
			return text_or_none(json_str(a, "address"));
	return text_or_none(NULL);
}

CELL(node_internal_cell)
{
	return node_address(o, "InternalIP");
}

CELL(node_external_cell)
{
	return node_address(o, "ExternalIP");
}

CELL(node_os_cell)
{
	return node_fact(o, "osImage");
}

CELL(node_kernel_cell)
{
	return node_fact(o, "kernelVersion");
}

CELL(node_runtime_cell)
{
	return node_fact(o, "containerRuntimeVersion");
}

/* ---- events ------------------------------------------------------------------------------------ */

/* The first of two timestamps that is there. */
static json_t *event_age(const json_t *o, const char *key, const char *other, uint64_t now)
{
	const char *at = json_str(o, key);

	return age_cell(at ? at : json_str(o, other), now);
}

CELL(event_last_cell)
{
	const char *first = json_str(o, "firstTimestamp") ? "firstTimestamp" : "eventTime";

	return event_age(o, "lastTimestamp", first, now);
}

CELL(event_first_cell)
{
	return event_age(o, "firstTimestamp", "eventTime", now);
}

CELL(event_type_cell)
{
	return text_or_none(json_str(o, "type"));
}

CELL(event_reason_cell)
{
	return text_or_none(json_str(o, "reason"));
}

CELL(event_object_cell)
{
	const json_t *about = json_map(o, "involvedObject");
	const char *name = json_str_or(about, "name", "");
	struct str s = {0};

	str_add(&s, json_str_or(about, "kind", ""));
	for (size_t i = 0; i < s.n; i++)
		s.p[i] = (char)tolower((unsigned char)s.p[i]);
	if (name[0])
		str_addf(&s, "/%s", name);
	return own_text(&s);
}

CELL(event_part_cell)
{
	return json_any_string(json_str_or(json_map(o, "involvedObject"), "fieldPath", ""));
}

CELL(event_source_cell)
{
	const json_t *source = json_map(o, "source");
	const char *host = json_str_or(source, "host", "");
	struct str s = {0};

	str_addf(&s, "%s%s%s",
		json_str_or(source, "component", json_str_or(o, "reportingComponent", "")),
		host[0] ? ", " : "", host);
	return own_text(&s);
}

CELL(event_message_cell)
{
	cleanup_free char *text = xstrdup(json_str_or(o, "message", ""));
	size_t n = strlen(text);

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	return json_any_string(text);
}

CELL(event_count_cell)
{
	int64_t n = json_int(o, "count", 1);

	return json_integer(n > 0 ? n : 1);
}

/* ---- the tables -------------------------------------------------------------------------------- */

#define NAME                                                                                       \
	{                                                                                          \
		"Name", "string", "name", 0, "Name of the object, unique in its namespace.",       \
			name_cell                                                                  \
	}
#define AGE                                                                                        \
	{                                                                                          \
		"Age", "string", "", 0, "Time since the object was created.", created_cell         \
	}

static const struct column pod_columns[] = {
	NAME,
	{"Ready", "string", "", 0, "Containers that are ready, of all.", pod_ready_cell},
	{"Status", "string", "", 0, "What the pod is at.", pod_status_cell},
	{"Restarts", "string", "", 0, "Restarts of its containers, and the last one.",
		pod_restarts_cell},
	AGE,
	{"IP", "string", "", 1, "Address of the pod.", pod_ip_cell},
	{"Node", "string", "", 1, "Node that it runs on.", pod_node_cell},
	{"Nominated Node", "string", "", 1, "Node that it waits for.", pod_nominated_cell},
	{"Readiness Gates", "string", "", 1, "Gates that are met, of all.", pod_gates_cell},
};
static const struct column rc_columns[] = {
	NAME,
	{"Desired", "integer", "", 0, "Pods wanted.", desired_cell},
	{"Current", "integer", "", 0, "Pods there are.", current_cell},
	{"Ready", "integer", "", 0, "Pods that are ready.", ready_cell},
	AGE,
	{"Containers", "string", "", 1, "Names of the template's containers.", containers_cell},
	{"Images", "string", "", 1, "Images of the template's containers.", images_cell},
	{"Selector", "string", "", 1, "Labels of the pods it keeps.", selector_cell},
};
static const struct column secret_columns[] = {
	NAME,
	{"Type", "string", "", 0, "Type of the secret.", type_cell},
	{"Data", "string", "", 0, "Number of keys.", data_cell},
	AGE,
};
static const struct column config_columns[] = {
	NAME,
	{"Data", "string", "", 0, "Number of keys.", data_cell},
	AGE,
};
static const struct column namespace_columns[] = {
	NAME,
	{"Status", "string", "", 0, "Active or Terminating.", phase_cell},
	AGE,
};
static const struct column node_columns[] = {
	NAME,
	{"Status", "string", "", 0, "Whether it takes pods.", node_status_cell},
	{"Roles", "string", "", 0, "Roles, by its labels.", node_roles_cell},
	AGE,
	{"Version", "string", "", 0, "Version of the agent.", node_version_cell},
	{"Internal-IP", "string", "", 1, "Address inside.", node_internal_cell},
	{"External-IP", "string", "", 1, "Address outside.", node_external_cell},
	{"OS-Image", "string", "", 1, "Operating system.", node_os_cell},
	{"Kernel-Version", "string", "", 1, "Kernel.", node_kernel_cell},
	{"Container-Runtime", "string", "", 1, "OCI runtime and its version.", node_runtime_cell},
};
static const struct column event_columns[] = {
	{"Last Seen", "string", "", 0, "Time since it was last seen.", event_last_cell},
	{"Type", "string", "", 0, "Normal or Warning.", event_type_cell},
	{"Reason", "string", "", 0, "What happened, in a word.", event_reason_cell},
	{"Object", "string", "", 0, "The object it is about.", event_object_cell},
	{"Subobject", "string", "", 1, "The part of the object.", event_part_cell},
	{"Source", "string", "", 1, "Who says it.", event_source_cell},
	{"Message", "string", "", 0, "What happened.", event_message_cell},
	{"First Seen", "string", "", 1, "Time since it was first seen.", event_first_cell},
	{"Count", "integer", "", 1, "How often it happened.", event_count_cell},
	{"Name", "string", "name", 1, "Name of the event.", name_cell},
};
static const struct column other_columns[] = {
	NAME,
	{"Created At", "string", "", 0, "Time since the object was created.", created_cell},
};

#define COLUMNS(kind, columns)                                                                     \
	{                                                                                          \
		kind, columns, ARRAY_SIZE(columns)                                                 \
	}
static const struct {
	const char *kind;
	const struct column *columns;
	size_t n;
} tables[] = {
	COLUMNS("Pod", pod_columns),
	COLUMNS("ReplicationController", rc_columns),
	COLUMNS("Secret", secret_columns),
	COLUMNS("ConfigMap", config_columns),
	COLUMNS("Namespace", namespace_columns),
	COLUMNS("Node", node_columns),
	COLUMNS("Event", event_columns),
};

const struct column *columns_of(const struct kind *kind, size_t *ret_n)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (streq(kind->kind, tables[i].kind)) {
			*ret_n = tables[i].n;
			return tables[i].columns;
		}
	}
	*ret_n = ARRAY_SIZE(other_columns);
	return other_columns;
}
