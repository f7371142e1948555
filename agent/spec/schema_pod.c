/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of Pod and PodSpec. Every field of Kubernetes 1.35 is here; each is honoured, refused (why), or accepted
 * with a warning (what does not happen).
 * Source: Kubernetes API reference 1.35, "Pod".
 */
#include "agent/spec/check.h"
#include "agent/spec/default.h"
#include "agent/spec/rules.h"
#include "agent/spec/schema.h"

static const struct field dns_option[] = {
	{"name", STRING, "Name of the option.", .flags = REQUIRED, .check = check_word},
	{"value", STRING, "Its value.", .check = check_word},
	END,
};
static const struct type type_dns_option = {
	"PodDNSConfigOption", "An option of the resolver.", dns_option};
static const struct field dns_config[] = {
	{"nameservers", STRING, "Name servers, first to be asked first.", .flags = LIST, .max = 3,
		.check = check_ip},
	{"searches", STRING, "Domains to look in.", .flags = LIST, .max = 32,
		.check = check_search_domain},
	{"options", OBJECT, "Options of the resolver.", .flags = LIST, .of = &type_dns_option},
	END,
};
static const struct type type_dns_config = {
	"PodDNSConfig", "What goes into resolv.conf.", dns_config};
static const struct field host_alias[] = {
	{"ip", STRING, "Address.", .flags = REQUIRED, .check = check_ip},
	{"hostnames", STRING, "Its names.", .flags = LIST, .check = check_dns_subdomain},
	END,
};
static const struct type type_host_alias = {"HostAlias", "A line of /etc/hosts.", host_alias};
static const struct field pod_os[] = {
	{"name", STRING, "linux or windows.", .flags = REQUIRED, VALUES("linux", "windows"),
		ONLY("linux"), REFUSE("berth runs Linux containers only")},
	END,
};
static const struct type type_pod_os = {"PodOS", "Operating system of the containers.", pod_os};
static const struct field readiness_gate[] = {
	{"conditionType", STRING, "Condition that must be True.", .flags = REQUIRED},
	END,
};
static const struct type type_readiness_gate = {
	"PodReadinessGate", "A condition the pod is ready with.", readiness_gate};
static const struct field pod_claim[] = {
	{"name", STRING, "Name that containers refer to.", .flags = REQUIRED},
	{"resourceClaimName", STRING, "A ResourceClaim."},
	{"resourceClaimTemplateName", STRING, "A template to make one of."},
	END,
};
static const struct type type_pod_claim = {
	"PodResourceClaim", "A device that is claimed.", pod_claim};
static const struct field scheduling_gate[] = {
	{"name", STRING, "Name of the gate.", .flags = REQUIRED},
	END,
};
static const struct type type_scheduling_gate = {
	"PodSchedulingGate", "Holds the pod back until it is taken out.", scheduling_gate};
static const struct field workload_reference[] = {
	{"name", STRING, "Name of the Workload.", .flags = REQUIRED},
	{"podGroup", STRING, "Its pod group.", .flags = REQUIRED},
	{"podGroupReplicaKey", STRING, "Which replica of the group."},
	END,
};
static const struct type type_workload_reference = {
	"WorkloadReference", "A group of pods that start together.", workload_reference};

#define NO_ACCOUNTS "berth has no service accounts: no token is mounted, no rights are given"
#define NO_CLAIMS "berth has no dynamic resource allocation"
#define ONE_NODE "there is one node"
static const struct field pod_spec[] = {
	{"containers", OBJECT, "Containers that run together.", .flags = LIST | REQUIRED,
		.of = &type_container, .key = "name", .max = CONTAINERS_MAX},
	{"initContainers", OBJECT, "Containers that run before, one after another.", .flags = LIST,
		.of = &type_container, .key = "name", .max = CONTAINERS_MAX},
	{"ephemeralContainers", OBJECT, "Containers added to look into a running pod.",
		.flags = LIST, .of = &type_ephemeral_container, .key = "name",
		REFUSE("berth does not add containers to running pods yet; use exec")},
	{"volumes", OBJECT, "Files that the containers can mount.", .flags = LIST | RETAIN,
		.of = &type_volume, .key = "name", .unique = "name", .max = VOLUMES_MAX},
	{"restartPolicy", STRING, "When a container that ended is started again.",
		VALUES("Always", "OnFailure", "Never"), .fallback = "Always"},
	{"terminationGracePeriodSeconds", INT64, "Seconds from SIGTERM to SIGKILL.",
		RANGE(0, INT32_MAX), .fallback = "30"},
	{"activeDeadlineSeconds", INT64, "Seconds after which the pod is ended.", .flags = MUTABLE,
		RANGE(1, INT32_MAX)},
	{"dnsPolicy", STRING, "Where resolv.conf comes from.",
		VALUES("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
		.fallback = "ClusterFirst"},
	{"dnsConfig", OBJECT, "What is added to resolv.conf.", .of = &type_dns_config},
	{"nodeSelector", STRING, "Labels that the node must have; the pod is Pending until it has.",
		.flags = MAP, .check = check_labels},
	{"nodeName", STRING, "The node; its own name or empty.", .check = check_dns_subdomain},
	{"serviceAccountName", STRING, "Service account of the pod.", ONLY("default"),
		WARN(NO_ACCOUNTS)},
	{"serviceAccount", STRING, "Obsolete name of serviceAccountName.", ONLY("default"),
		WARN(NO_ACCOUNTS)},
	{"automountServiceAccountToken", BOOL, "Mount a token of the service account.",
		ONLY("false"), WARN(NO_ACCOUNTS)},
	{"hostNetwork", BOOL, "Use the node's network."},
	{"hostPID", BOOL, "See the node's processes."},
	{"hostIPC", BOOL, "Use the node's IPC."},
	{"hostUsers", BOOL, "false: a user namespace of its own.", .flags = ZERO, ONLY("true"),
		REFUSE("berth does not make user namespaces yet")},
	{"shareProcessNamespace", BOOL, "The containers see each other's processes."},
	{"securityContext", OBJECT, "Security settings of all containers.",
		.of = &type_pod_security_context, .fallback = "{}"},
	{"imagePullSecrets", OBJECT, "Secrets to pull images with.", .flags = LIST,
		.of = &type_local_reference, .key = "name"},
	{"hostname", STRING, "Host name; the pod's name when missing.", .check = check_dns_label},
	{"subdomain", STRING, "Domain below the namespace's.", .check = check_dns_label,
		WARN("there is no DNS for pods yet; /etc/hosts has the full name")},
	{"setHostnameAsFQDN", BOOL, "The host name is the full name.",
		REFUSE("berth sets short host names only; use hostname")},
	{"hostnameOverride", STRING, "Host name, whatever else is said.",
		REFUSE("berth does not honour it yet; use hostname")},
	{"affinity", OBJECT, "Where the pod may run.", .of = &type_affinity},
	{"schedulerName", STRING, "Who chooses the node.", ONLY("default-scheduler"),
		WARN(ONE_NODE ", berth alone places pods"), .fallback = "default-scheduler"},
	{"tolerations", OBJECT, "Taints that the pod can stand.", .flags = LIST | MUTABLE,
		.of = &type_toleration, .max = TOLERATIONS_MAX,
		WARN(ONE_NODE " and it has no taints")},
	{"hostAliases", OBJECT, "More lines of /etc/hosts.", .flags = LIST, .of = &type_host_alias,
		.key = "ip"},
	{"priorityClassName", STRING,
		"Name of a priority: system-node-critical or system-cluster-critical; another one "
		"says "
		"nothing beside priority.",
		ONLY("system-node-critical"),
		WARN("there are no PriorityClass objects; say priority")},
	{"priority", INT32,
		"In which order pods are stopped when the machine goes down: low first."},
	{"preemptionPolicy", STRING, "May it displace others?",
		VALUES("PreemptLowerPriority", "Never"), WARN(ONE_NODE ", nothing is displaced")},
	{"readinessGates", OBJECT, "Conditions the pod is ready with.", .flags = LIST,
		.of = &type_readiness_gate},
	{"runtimeClassName", STRING, "OCI runtime to use.",
		REFUSE("the runtime is chosen for all pods, with berthd --runtime")},
	{"enableServiceLinks", BOOL, "Variables for each Service.", ONLY("false"),
		WARN("berth serves no Services yet, so there are no such variables")},
	{"overhead", QUANTITY, "What the runtime itself needs.", .flags = MAP,
		REFUSE("it belongs to runtimeClassName, which berth does not honour")},
	{"topologySpreadConstraints", OBJECT, "How pods are spread over nodes.", .flags = LIST,
		.of = &type_spread_constraint, .key = "topologyKey",
		WARN(ONE_NODE ", nothing to spread over")},
	{"os", OBJECT, "Operating system of the containers.", .of = &type_pod_os},
	{"schedulingGates", OBJECT, "Hold the pod back until taken out.", .flags = LIST,
		.of = &type_scheduling_gate, .key = "name",
		REFUSE("berth does not hold pods back yet; create the pod later")},
	{"resourceClaims", OBJECT, "Devices that are claimed.", .flags = LIST | RETAIN,
		.of = &type_pod_claim, .key = "name", REFUSE(NO_CLAIMS)},
	{"resources", OBJECT, "CPU and memory of the whole pod.", .of = &type_resources,
		REFUSE("berth limits containers only yet; set resources in each container")},
	{"workloadRef", OBJECT, "A group of pods that start together.",
		.of = &type_workload_reference, REFUSE("berth starts each pod by itself")},
	END,
};
const struct type type_pod_spec = {"PodSpec", "What a pod runs, and how.", pod_spec,
	.fill = default_pod_spec, .rule = rule_pod_spec};

static const struct field pod[] = {
	TYPE_META,
	OBJECT_META,
	{"spec", OBJECT, "What it runs, and how.", .flags = REQUIRED | FROZEN,
		.of = &type_pod_spec},
	{"status", OBJECT, "How it goes.", .flags = OBSERVED, .of = &type_pod_status,
		.fallback = "{}"},
	END,
};
const struct type type_pod = {"Pod",
	"Containers that run together, with one network and common volumes.", pod,
	.rule = rule_annotations};
