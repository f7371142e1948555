/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describes pods, and the pod templates of controllers.
 */
#include "agent/cli/describe.h"

#include "agent/cli/ages.h"
#include "agent/cli/api_path.h"

static void put_head(struct description *d)
{
	const json_t *metadata = json_map(d->object, "metadata"),
		     *spec = json_map(d->object, "spec");
	const json_t *status = json_map(d->object, "status");
	const char *node = json_str(spec, "nodeName"), *host = json_str(status, "hostIP");

	put_pair(d, "Name", json_str_or(metadata, "name", ""));
	put_pair(d, "Namespace", json_str_or(metadata, "namespace", ""));
	if (json_object_get(spec, "priority"))
		put(d, "Priority:\t%lld", (long long)json_int(spec, "priority", 0));
	put_pair(d, "Priority Class Name", json_str(spec, "priorityClassName"));
	put_pair(d, "Runtime Class Name", json_str(spec, "runtimeClassName"));
	put_pair(d, "Service Account", json_str(spec, "serviceAccountName"));
	if (node)
		put(d, "Node:\t%s/%s", node, host ? host : "");
	else
		put(d, "Node:\t<none>");
	if (json_str(status, "startTime"))
		put_time(d, "Start Time", json_str(status, "startTime"));
	put_labels(d, "Labels", json_map(metadata, "labels"));
	put_annotations(d, json_map(metadata, "annotations"));
}

static void put_state(struct description *d)
{
	const json_t *metadata = json_map(d->object, "metadata"),
		     *status = json_map(d->object, "status");
	json_t *one, *owners = json_list(metadata, "ownerReferences");
	char age[AGE_SIZE];
	size_t i;

	if (json_str(metadata, "deletionTimestamp")) {
		put(d, "Status:\tTerminating (lasts %s)",
			age_of(d->cli, json_str(metadata, "deletionTimestamp"), age));
		put(d, "Termination Grace Period:\t%llds",
			(long long)json_int(metadata, "deletionGracePeriodSeconds", 0));
	} else {
		put_pair(d, "Status", json_str_or(status, "phase", ""));
	}
	put_pair(d, "Reason", json_str(status, "reason"));
	put_pair(d, "Message", json_str(status, "message"));
	put_pair(d, "IP", json_str_or(status, "podIP", ""));
	if (json_array_size(json_list(status, "podIPs")) == 0) {
		put(d, "IPs:\t<none>");
	} else {
		put(d, "IPs:");
		json_array_foreach (json_list(status, "podIPs"), i, one)
			put(d, "  IP:\t%s", json_str_or(one, "ip", ""));
	}
	json_array_foreach (owners, i, one)
		if (json_flag(one, "controller", false))
			put(d, "Controlled By:\t%s/%s", json_str_or(one, "kind", ""),
				json_str_or(one, "name", ""));
}

static void put_conditions(struct description *d, const json_t *conditions)
{
	json_t *one;
	size_t i;

	if (json_array_size(conditions) == 0)
		return;
	put(d, "Conditions:");
	d->level++;
	put(d, "Type\tStatus");
	json_array_foreach (conditions, i, one)
		put(d, "%s \t%s ", json_str_or(one, "type", ""), json_str_or(one, "status", ""));
	d->level--;
}

void describe_placement(struct description *d, const json_t *spec)
{
	json_t *tolerations = json_list(spec, "tolerations"), *one;
	size_t i;

	put_labels(d, "Node-Selectors", json_map(spec, "nodeSelector"));
	if (json_array_size(tolerations) == 0)
		put(d, "Tolerations:\t<none>");
	json_array_foreach (tolerations, i, one) {
		const char *value = json_str_or(one, "value", ""),
			   *effect = json_str_or(one, "effect", "");
		cleanup_str struct str text = {0};

		str_add(&text, json_str_or(one, "key", ""));
		str_addf(&text, "%s%s%s%s", *value ? "=" : "", value, *effect ? ":" : "", effect);
		if (streq(json_str(one, "operator"), "Exists"))
			str_addf(&text, "%sop=Exists", text.n ? " " : "");
		if (json_object_get(one, "tolerationSeconds"))
			str_addf(&text, " for %llds",
				(long long)json_int(one, "tolerationSeconds", 0));
		put(d, "%s\t%s", i ? "" : "Tolerations:", text.p);
	}
}

void describe_pod(struct description *d)
{
	const json_t *spec = json_map(d->object, "spec"), *status = json_map(d->object, "status");

	put_head(d);
	put_state(d);
	if (json_list(spec, "initContainers"))
		describe_containers(d, "Init Containers", json_list(spec, "initContainers"),
			json_list(status, "initContainerStatuses"), true);
	describe_containers(d, "Containers", json_list(spec, "containers"),
		json_list(status, "containerStatuses"), true);
	put_conditions(d, json_list(status, "conditions"));
	describe_volumes(d, json_list(spec, "volumes"), false);
	put_pair(d, "QoS Class", json_str_or(status, "qosClass", ""));
	describe_placement(d, spec);
}

/* ---- controllers ---------------------------------------------------------------------------------- */

static void put_template(struct description *d, const json_t *template)
{
	const json_t *metadata = json_map(template, "metadata"), *spec = json_map(template, "spec");

	put(d, "Pod Template:");
	d->level++;
	put_labels(d, "Labels", json_map(metadata, "labels"));
	if (json_object_size(json_map(metadata, "annotations")))
		put_annotations(d, json_map(metadata, "annotations"));
	put_pair(d, "Service Account", json_str(spec, "serviceAccountName"));
	if (json_list(spec, "initContainers"))
		describe_containers(
			d, "Init Containers", json_list(spec, "initContainers"), NULL, false);
	describe_containers(d, "Containers", json_list(spec, "containers"), NULL, false);
	describe_volumes(d, json_list(spec, "volumes"), true);
	describe_placement(d, spec);
	d->level--;
}

/* Is the described object the pod's controller? Others may only wear the labels. */
static bool is_controlled(const struct description *d, const json_t *pod)
{
	const char *uid = json_str(json_map(d->object, "metadata"), "uid");
	json_t *owners = json_list(json_map(pod, "metadata"), "ownerReferences"), *one;
	size_t i;

	json_array_foreach (owners, i, one)
		if (json_flag(one, "controller", false) && streq(json_str(one, "uid"), uid))
			return true;
	return false;
}

/* "3 Running / 0 Waiting / 0 Succeeded / 0 Failed", by the pods' phases. */
static void put_pods_status(struct description *d)
{
	static const char *const phases[] = {"Running", "Pending", "Succeeded", "Failed"};
	unsigned long count[ARRAY_SIZE(phases)] = {0};
	cleanup_free char *selector = labels_text(json_at(d->object, "spec", "selector", NULL));
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};
	struct err e = {0};
	json_t *pod;
	size_t i;

	path_start(&path, kind_by_name("v1", "Pod"),
		json_str(json_map(d->object, "metadata"), "namespace"), NULL, NULL);
	query_add(&path, "labelSelector", selector);
	if (client_do(d->cli->client, &(struct request){.method = "GET", .path = path.p}, &response,
		    &e) < 0 ||
		response.code >= 400) {
		put(d, "Pods Status:\terror in fetching pods: %s", err_text(&e));
		return;
	}
	json_array_foreach (json_list(response.json, "items"), i, pod)
		for (size_t p = 0; is_controlled(d, pod) && p < ARRAY_SIZE(phases); p++)
			count[p] += (unsigned long)streq(
				json_str(json_map(pod, "status"), "phase"), phases[p]);
	put(d, "Pods Status:\t%lu Running / %lu Waiting / %lu Succeeded / %lu Failed", count[0],
		count[1], count[2], count[3]);
}

void describe_controller(struct description *d)
{
	const json_t *metadata = json_map(d->object, "metadata"),
		     *spec = json_map(d->object, "spec");
	cleanup_free char *selector = labels_text(json_map(spec, "selector"));

	put_pair(d, "Name", json_str_or(metadata, "name", ""));
	put_pair(d, "Namespace", json_str_or(metadata, "namespace", ""));
	put_pair(d, "Selector", selector);
	put_labels(d, "Labels", json_map(metadata, "labels"));
	put_annotations(d, json_map(metadata, "annotations"));
	put(d, "Replicas:\t%lld current / %lld desired",
		(long long)json_int(json_map(d->object, "status"), "replicas", 0),
		(long long)json_int(spec, "replicas", 1));
	put_pods_status(d);
	put_template(d, json_map(spec, "template"));
	put_conditions(d, json_list(json_map(d->object, "status"), "conditions"));
}
