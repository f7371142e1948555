/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds that berth serves, and those it knows by name only, with the reason why it does not serve them.
 */
#include "agent/spec/schema.h"

#define WORDS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}
#define NO_WORDS                                                                                   \
	(const char *const[])                                                                      \
	{                                                                                          \
		NULL                                                                               \
	}

static const struct kind pod = {"", "v1", "Pod", "PodList", "pods", "pod", WORDS("po"),
	WORDS("all"),
	WORDS("spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
		"spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP",
		"status.nominatedNodeName"),
	.namespaced = true, .has_status = true, .type = &type_pod,
	.doc = "Containers that run together, with one network and common volumes."};
static const struct kind replication_controller = {"", "v1", "ReplicationController",
	"ReplicationControllerList", "replicationcontrollers", "replicationcontroller", WORDS("rc"),
	WORDS("all"), WORDS("status.replicas"), .namespaced = true, .has_status = true,
	.has_scale = true, .type = &type_replication_controller,
	.doc = "Keeps a number of copies of a pod running."};
static const struct kind secret = {"", "v1", "Secret", "SecretList", "secrets", "secret", NO_WORDS,
	NO_WORDS, WORDS("type"), .namespaced = true, .type = &type_secret,
	.doc = "Small confidential data."};
static const struct kind config_map = {"", "v1", "ConfigMap", "ConfigMapList", "configmaps",
	"configmap", WORDS("cm"), NO_WORDS, NO_WORDS, .namespaced = true, .type = &type_config_map,
	.doc = "Configuration for containers."};
static const struct kind event = {"", "v1", "Event", "EventList", "events", "event", WORDS("ev"),
	NO_WORDS,
	WORDS("involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
		"involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
		"involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"),
	.namespaced = true, .type = &type_event, .doc = "Something that happened to an object."};
static const struct kind namespace_kind = {"", "v1", "Namespace", "NamespaceList", "namespaces",
	"namespace", WORDS("ns"), NO_WORDS, WORDS("status.phase"), .has_status = true,
	.name_is_label = true, .type = &type_namespace, .doc = "A scope for names."};
static const struct kind node = {"", "v1", "Node", "NodeList", "nodes", "node", WORDS("no"),
	NO_WORDS, WORDS("spec.unschedulable"), .has_status = true, .type = &type_node,
	.doc = "The machine that pods run on."};
/* Bodies of requests, no resources */
static const struct kind scale = {"autoscaling", "v1", "Scale", NULL, NULL, "scale", NO_WORDS,
	NO_WORDS, NO_WORDS, .namespaced = true, .has_status = true, .type = &type_scale,
	.doc = "How many copies of something run."};
static const struct kind delete_options = {"", "v1", "DeleteOptions", NULL, NULL, "deleteoptions",
	NO_WORDS, NO_WORDS, NO_WORDS, .type = &type_delete_options, .doc = "How to delete."};

const struct kind *const kinds[] = {
	&pod, &replication_controller, &secret, &config_map, &event, &namespace_kind, &node, NULL};
static const struct kind *const bodies[] = {&scale, &delete_options, NULL};

#define LATER "berth does not serve kind %s yet"
#define CLUSTER "berth does not serve kind %s: it belongs to a cluster, and berth runs one machine"
static const struct {
	const char *kind, *text;
} not_served[] = {
	{"Service", LATER "; until then use the pods' own addresses"},
	{"Endpoints", LATER},
	{"EndpointSlice", LATER},
	{"Deployment", LATER "; use a ReplicationController"},
	{"ReplicaSet", LATER "; use a ReplicationController"},
	{"StatefulSet", LATER "; use a ReplicationController or single pods"},
	{"DaemonSet", LATER "; there is one node: a ReplicationController of 1 is the same"},
	{"Job", LATER "; use a pod with restartPolicy OnFailure"},
	{"CronJob", LATER},
	{"PersistentVolume", LATER},
	{"PersistentVolumeClaim", LATER},
	{"StorageClass", LATER},
	{"ServiceAccount", LATER},
	{"LimitRange", LATER},
	{"ResourceQuota", LATER},
	{"PodTemplate", LATER},
	{"Lease", LATER},
	{"PodDisruptionBudget", LATER},
	{"NetworkPolicy", LATER},
	{"PriorityClass", LATER},
	{"RuntimeClass", CLUSTER},
	{"Ingress", "berth does not serve kind %s: run nginx or another proxy in a pod"},
	{"IngressClass", CLUSTER},
	{"Role", CLUSTER},
	{"RoleBinding", CLUSTER},
	{"ClusterRole", CLUSTER},
	{"ClusterRoleBinding", CLUSTER},
	{"CustomResourceDefinition", CLUSTER},
	{"HorizontalPodAutoscaler", CLUSTER},
	{"MutatingWebhookConfiguration", CLUSTER},
	{"ValidatingWebhookConfiguration", CLUSTER},
	{"APIService", CLUSTER},
	{"CSIDriver", CLUSTER},
	{"VolumeAttachment", CLUSTER},
};

const char *kind_api_version(const struct kind *k)
{
	/* One group with a name is served; a table would say less. */
	return *k->group ? "autoscaling/v1" : "v1";
}

const struct kind *kind_by_name(const char *api_version, const char *name)
{
	if (!api_version || !name)
		return NULL;
	for (size_t i = 0; kinds[i]; i++)
		if (streq(kinds[i]->kind, name) && streq(kind_api_version(kinds[i]), api_version))
			return kinds[i];
	for (size_t i = 0; bodies[i]; i++)
		if (streq(bodies[i]->kind, name) &&
			(streq(kind_api_version(bodies[i]), api_version) ||
				(bodies[i] == &delete_options &&
					streq(api_version, "meta.k8s.io/v1"))))
			return bodies[i];
	return NULL;
}

const struct kind *kind_by_resource(const char *group, const char *version, const char *plural)
{
	for (size_t i = 0; kinds[i]; i++)
		if (streq(kinds[i]->group, group) && streq(kinds[i]->version, version) &&
			streq(kinds[i]->plural, plural))
			return kinds[i];
	return NULL;
}

static bool kind_has_word(const struct kind *k, const char *word)
{
	if (!strcasecmp(k->kind, word) || streq(k->plural, word) || streq(k->singular, word))
		return true;
	for (size_t i = 0; k->short_names[i]; i++)
		if (streq(k->short_names[i], word))
			return true;
	return false;
}

const struct kind *kind_by_word(const char *word)
{
	for (size_t i = 0; word && kinds[i]; i++)
		if (kind_has_word(kinds[i], word))
			return kinds[i];
	for (size_t i = 0; word && bodies[i]; i++)
		if (kind_has_word(bodies[i], word))
			return bodies[i];
	return NULL;
}

static int not_served_error(const char *api_version, const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_served); i++) {
		if (!streq(not_served[i].kind, name))
			continue;
		cleanup_str struct str text = {0};
		const char *mark = strstr(not_served[i].text, "%s");
		str_addn(&text, not_served[i].text, (size_t)(mark - not_served[i].text));
		str_addf(&text, "%s%s", name, mark + 2);
		return err_set(e, -EINVAL, "%s", text.p);
	}
	const char *words[16];
	size_t n = 0;
	for (size_t i = 0; kinds[i]; i++)
		words[n++] = kinds[i]->kind;
	for (size_t i = 0; i < n; i++)
		if (streq(words[i], name))
			return err_set(e, -EINVAL, "kind %s is of apiVersion %s, not \"%s\"", name,
				kind_api_version(kinds[i]), api_version);
	const char *nearest = nearest_word(name, words, n);
	return err_set(e, -EINVAL, "berth does not know kind \"%s\" of apiVersion \"%s\"%s%s%s",
		name, api_version, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
		nearest ? "\"?" : "");
}

int kind_of(const json_t *object, const struct kind **ret, struct err *e)
{
	const char *api_version = json_str(object, "apiVersion"), *name = json_str(object, "kind");
	if (!json_is_object(object))
		return err_set(e, -EINVAL, "this is no object: an object has apiVersion and kind");
	if (!name || !*name)
		return err_set(e, -EINVAL, "kind is not set: say what it is, as \"kind: Pod\"");
	if (!api_version || !*api_version)
		return err_set(e, -EINVAL,
			"apiVersion is not set: for kind %s, say \"apiVersion: v1\"", name);
	const struct kind *k = kind_by_name(api_version, name);
	if (!k)
		return not_served_error(api_version, name, e);
	*ret = k;
	return 0;
}
