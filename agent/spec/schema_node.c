/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table of Node. berth writes its own node; users may label, annotate and cordon it.
 * Source: Kubernetes API reference 1.35, "Node".
 */
#include "agent/spec/check.h"
#include "agent/spec/schema.h"

static const struct field taint[] = {
	{"key", STRING, "Key of the taint.", .flags = REQUIRED, .check = check_qualified_name},
	{"value", STRING, "Value of the taint."},
	{"effect", STRING, "What happens to pods that do not tolerate it.", .flags = REQUIRED,
		VALUES("NoSchedule", "PreferNoSchedule", "NoExecute")},
	{"timeAdded", TIME, "When it was put on."},
	END,
};
static const struct type type_taint = {"Taint", "Keeps pods off a node.", taint};

static const struct field config_source_map[] = {
	{"kubeletConfigKey", STRING, "Key in the ConfigMap."},
	{"name", STRING, "Name of the ConfigMap."},
	{"namespace", STRING, "Namespace of the ConfigMap."},
	{"resourceVersion", STRING, "Version of the ConfigMap."},
	{"uid", STRING, "UID of the ConfigMap."},
	END,
};
static const struct type type_config_source_map = {
	"ConfigMapNodeConfigSource", "A ConfigMap with settings (obsolete).", config_source_map};
static const struct field config_source[] = {
	{"configMap", OBJECT, "The ConfigMap.", .of = &type_config_source_map},
	END,
};
static const struct type type_config_source = {
	"NodeConfigSource", "Where settings come from (obsolete).", config_source};

static const struct field node_spec[] = {
	{"podCIDR", STRING, "Addresses that pods of the node get."},
	{"podCIDRs", STRING, "The same, one of each family.", .flags = LIST | MERGE},
	{"providerID", STRING, "Name of the machine at its provider."},
	{"unschedulable", BOOL, "No new pods here."},
	{"taints", OBJECT, "Taints that keep pods off.", .flags = LIST, .of = &type_taint,
		REFUSE("berth does not act on taints yet; use unschedulable")},
	{"configSource", OBJECT, "Obsolete.", .of = &type_config_source,
		REFUSE("removed from Kubernetes; berthd is configured by its options")},
	{"externalID", STRING, "Obsolete.", .flags = DROPPED},
	END,
};
static const struct type type_node_spec = {"NodeSpec", "The wanted node.", node_spec};

static const struct field node_condition[] = {
	{"type", STRING, "What the condition is about.", .flags = REQUIRED},
	{"status", STRING, "Does it hold?", .flags = REQUIRED, VALUES("True", "False", "Unknown")},
	{"lastHeartbeatTime", TIME, "When it was last looked at."},
	{"lastTransitionTime", TIME, "When it changed."},
	{"reason", STRING, "Why, in one word."},
	{"message", STRING, "Why, in a sentence."},
	END,
};
static const struct type type_node_condition = {
	"NodeCondition", "State of the node.", node_condition};
static const struct field node_address[] = {
	{"type", STRING, "Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.",
		.flags = REQUIRED},
	{"address", STRING, "The address.", .flags = REQUIRED},
	END,
};
static const struct type type_node_address = {
	"NodeAddress", "An address of the node.", node_address};
static const struct field daemon_endpoint[] = {
	{"Port", INT32, "Port number.", .flags = REQUIRED},
	END,
};
static const struct type type_daemon_endpoint = {
	"DaemonEndpoint", "A daemon of the node.", daemon_endpoint};
static const struct field daemon_endpoints[] = {
	{"kubeletEndpoint", OBJECT, "Where the kubelet listens.", .of = &type_daemon_endpoint},
	END,
};
static const struct type type_daemon_endpoints = {
	"NodeDaemonEndpoints", "Daemons of the node.", daemon_endpoints};
static const struct field node_swap[] = {
	{"capacity", INT64, "Bytes of swap."},
	END,
};
static const struct type type_node_swap = {"NodeSwapStatus", "Swap of the node.", node_swap};
static const struct field system_info[] = {
	{"machineID", STRING, "/etc/machine-id."},
	{"systemUUID", STRING, "UUID of the machine."},
	{"bootID", STRING, "Identity of this boot."},
	{"kernelVersion", STRING, "Kernel, as uname -r says."},
	{"osImage", STRING, "Name of the distribution."},
	{"containerRuntimeVersion", STRING, "OCI runtime and its version."},
	{"kubeletVersion", STRING, "Version of the node agent."},
	{"kubeProxyVersion", STRING, "Obsolete."},
	{"operatingSystem", STRING, "linux."},
	{"architecture", STRING, "amd64, arm64 …"},
	{"swap", OBJECT, "Swap of the node.", .of = &type_node_swap},
	END,
};
static const struct type type_system_info = {"NodeSystemInfo", "What the machine is.", system_info};
static const struct field container_image[] = {
	{"names", STRING, "References the image is known by.", .flags = LIST},
	{"sizeBytes", INT64, "Size on disk in bytes."},
	END,
};
static const struct type type_container_image = {
	"ContainerImage", "An image on the node.", container_image};
static const struct field attached_volume[] = {
	{"name", STRING, "Name of the volume.", .flags = REQUIRED},
	{"devicePath", STRING, "Device it is attached as.", .flags = REQUIRED},
	END,
};
static const struct type type_attached_volume = {
	"AttachedVolume", "A volume attached to the node.", attached_volume};
static const struct field handler_features[] = {
	{"recursiveReadOnlyMounts", BOOL, "Mounts can be read-only with all below."},
	{"userNamespaces", BOOL, "Pods can have user namespaces."},
	END,
};
static const struct type type_handler_features = {
	"NodeRuntimeHandlerFeatures", "What a runtime can do.", handler_features};
static const struct field runtime_handler[] = {
	{"name", STRING, "Name of the runtime; empty is the default one."},
	{"features", OBJECT, "What it can do.", .of = &type_handler_features},
	END,
};
static const struct type type_runtime_handler = {
	"NodeRuntimeHandler", "A runtime of the node.", runtime_handler};
static const struct field node_features[] = {
	{"supplementalGroupsPolicy", BOOL, "Pods may choose how groups of the image are used."},
	END,
};
static const struct type type_node_features = {
	"NodeFeatures", "What the node can do.", node_features};
static const struct field config_status[] = {
	{"assigned", OBJECT, "Obsolete.", .of = &type_config_source},
	{"active", OBJECT, "Obsolete.", .of = &type_config_source},
	{"lastKnownGood", OBJECT, "Obsolete.", .of = &type_config_source},
	{"error", STRING, "Obsolete."},
	END,
};
static const struct type type_config_status = {"NodeConfigStatus", "Obsolete.", config_status};

static const struct field node_status[] = {
	{"capacity", QUANTITY, "All that the machine has.", .flags = MAP},
	{"allocatable", QUANTITY, "What pods can have of it.", .flags = MAP},
	{"phase", STRING, "Obsolete."},
	{"conditions", OBJECT, "State of the node.", .flags = LIST, .of = &type_node_condition,
		.key = "type"},
	{"addresses", OBJECT, "Addresses of the node.", .flags = LIST, .of = &type_node_address,
		.key = "type"},
	{"daemonEndpoints", OBJECT, "Daemons of the node.", .of = &type_daemon_endpoints},
	{"nodeInfo", OBJECT, "What the machine is.", .of = &type_system_info},
	{"images", OBJECT, "Images on the node.", .flags = LIST, .of = &type_container_image},
	{"volumesInUse", STRING, "Volumes in use.", .flags = LIST},
	{"volumesAttached", OBJECT, "Volumes attached.", .flags = LIST,
		.of = &type_attached_volume},
	{"config", OBJECT, "Obsolete.", .of = &type_config_status},
	{"runtimeHandlers", OBJECT, "Runtimes of the node.", .flags = LIST,
		.of = &type_runtime_handler},
	{"features", OBJECT, "What the node can do.", .of = &type_node_features},
	{"declaredFeatures", STRING, "Features the node says it has.", .flags = LIST},
	END,
};
static const struct type type_node_status = {"NodeStatus", "The node found.", node_status};

static const struct field node[] = {
	TYPE_META,
	OBJECT_META,
	{"spec", OBJECT, "The wanted node.", .of = &type_node_spec, .fallback = "{}"},
	{"status", OBJECT, "The node found.", .flags = OBSERVED, .of = &type_node_status},
	END,
};
const struct type type_node = {"Node", "The machine that pods run on.", node};
