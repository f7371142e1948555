/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of what chooses a node: affinity, tolerations, spreading. There is one node: what cannot matter on one
 * is accepted with a warning, what asks for a certain node is refused until it is compared.
 * Source: Kubernetes API reference 1.35, "Pod", scheduling.
 */
#include "agent/spec/check.h"
#include "agent/spec/schema.h"

static const struct field node_requirement[] = {
	{"key", STRING, "Label key.", .flags = REQUIRED, .check = check_qualified_name},
	{"operator", STRING, "How the label's value relates to the values.", .flags = REQUIRED,
		VALUES("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")},
	{"values", STRING, "Values to compare with.", .flags = LIST},
	END,
};
static const struct type type_node_requirement = {
	"NodeSelectorRequirement", "A condition on a node.", node_requirement};
static const struct field node_selector_term[] = {
	{"matchExpressions", OBJECT, "Conditions on labels.", .flags = LIST,
		.of = &type_node_requirement},
	{"matchFields", OBJECT, "Conditions on fields.", .flags = LIST,
		.of = &type_node_requirement},
	END,
};
const struct type type_node_selector_term = {
	"NodeSelectorTerm", "Conditions on a node.", node_selector_term};
static const struct field node_selector[] = {
	{"nodeSelectorTerms", OBJECT, "One of these must hold.", .flags = LIST | REQUIRED,
		.of = &type_node_selector_term},
	END,
};
static const struct type type_node_selector = {"NodeSelector", "Which nodes.", node_selector};
static const struct field preferred_node[] = {
	{"weight", INT32, "1 to 100.", .flags = REQUIRED, RANGE(1, 100)},
	{"preference", OBJECT, "Conditions on the node.", .flags = REQUIRED,
		.of = &type_node_selector_term},
	END,
};
static const struct type type_preferred_node = {
	"PreferredSchedulingTerm", "Nodes to prefer.", preferred_node};

#define ONE_NODE "there is one node, nothing to prefer"
#define NOT_ASKED "berth has one node and does not compare it with affinity rules yet"
#define REQUIRED_NAME "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED_NAME "preferredDuringSchedulingIgnoredDuringExecution"
static const struct field node_affinity[] = {
	{REQUIRED_NAME, OBJECT, "What the node must be.", .of = &type_node_selector,
		REFUSE(NOT_ASKED)},
	{PREFERRED_NAME, OBJECT, "What the node should be.", .flags = LIST,
		.of = &type_preferred_node, WARN(ONE_NODE)},
	END,
};
static const struct type type_node_affinity = {"NodeAffinity", "Which nodes.", node_affinity};

static const struct field pod_affinity_term[] = {
	{"labelSelector", OBJECT, "Which pods.", .of = &type_label_selector},
	{"namespaces", STRING, "Of which namespaces.", .flags = LIST},
	{"namespaceSelector", OBJECT, "Of namespaces with these labels.",
		.of = &type_label_selector},
	{"topologyKey", STRING, "Label that says what \"together\" is.", .flags = REQUIRED},
	{"matchLabelKeys", STRING, "Labels that must be the same.", .flags = LIST},
	{"mismatchLabelKeys", STRING, "Labels that must differ.", .flags = LIST},
	END,
};
static const struct type type_pod_affinity_term = {
	"PodAffinityTerm", "Pods to be near to, or far from.", pod_affinity_term};
static const struct field weighted_term[] = {
	{"weight", INT32, "1 to 100.", .flags = REQUIRED, RANGE(1, 100)},
	{"podAffinityTerm", OBJECT, "The pods.", .flags = REQUIRED, .of = &type_pod_affinity_term},
	END,
};
static const struct type type_weighted_term = {
	"WeightedPodAffinityTerm", "Pods to prefer.", weighted_term};
static const struct field pod_affinity[] = {
	{REQUIRED_NAME, OBJECT, "Pods that must be near.", .flags = LIST,
		.of = &type_pod_affinity_term, REFUSE(NOT_ASKED)},
	{PREFERRED_NAME, OBJECT, "Pods that should be near.", .flags = LIST,
		.of = &type_weighted_term, WARN(ONE_NODE)},
	END,
};
static const struct type type_pod_affinity = {"PodAffinity", "Pods to be near to.", pod_affinity};
static const struct field pod_anti_affinity[] = {
	{REQUIRED_NAME, OBJECT, "Pods that must be far.", .flags = LIST,
		.of = &type_pod_affinity_term, REFUSE(NOT_ASKED)},
	{PREFERRED_NAME, OBJECT, "Pods that should be far.", .flags = LIST,
		.of = &type_weighted_term, WARN(ONE_NODE)},
	END,
};
static const struct type type_pod_anti_affinity = {
	"PodAntiAffinity", "Pods to be far from.", pod_anti_affinity};

static const struct field affinity[] = {
	{"nodeAffinity", OBJECT, "Which nodes.", .of = &type_node_affinity},
	{"podAffinity", OBJECT, "Which pods to be near to.", .of = &type_pod_affinity},
	{"podAntiAffinity", OBJECT, "Which pods to be far from.", .of = &type_pod_anti_affinity},
	END,
};
const struct type type_affinity = {"Affinity", "Where the pod may run.", affinity};

static const struct field toleration[] = {
	{"key", STRING, "Key of the taint; all keys when missing.", .check = check_qualified_name},
	{"operator", STRING, "How the values are compared.", VALUES("Equal", "Exists", "Lt", "Gt")},
	{"value", STRING, "Value of the taint."},
	{"effect", STRING, "Effect of the taint; all when missing.",
		VALUES("", "NoSchedule", "PreferNoSchedule", "NoExecute")},
	{"tolerationSeconds", INT64, "For how long, with effect NoExecute.", .flags = ZERO},
	END,
};
const struct type type_toleration = {"Toleration", "A taint that the pod can stand.", toleration};

static const struct field spread_constraint[] = {
	{"maxSkew", INT32, "Largest difference between two domains.", .flags = REQUIRED,
		RANGE(1, INT32_MAX)},
	{"topologyKey", STRING, "Label that says what a domain is.", .flags = REQUIRED},
	{"whenUnsatisfiable", STRING, "Wait, or go anywhere.", .flags = REQUIRED,
		VALUES("DoNotSchedule", "ScheduleAnyway")},
	{"labelSelector", OBJECT, "Which pods are counted.", .of = &type_label_selector},
	{"matchLabelKeys", STRING, "Labels that must be the same.", .flags = LIST},
	{"minDomains", INT32, "Fewest domains there must be.", RANGE(1, INT32_MAX),
		REFUSE("there is one node, so there is one domain"), ONLY("1")},
	{"nodeAffinityPolicy", STRING, "Do affinity rules count?", VALUES("Honor", "Ignore")},
	{"nodeTaintsPolicy", STRING, "Do taints count?", VALUES("Honor", "Ignore")},
	END,
};
const struct type type_spread_constraint = {
	"TopologySpreadConstraint", "How pods are spread over nodes.", spread_constraint};
