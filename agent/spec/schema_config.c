/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of Secret, ConfigMap, Namespace, Event and ReplicationController.
 * Source: Kubernetes API reference 1.35.
 */
#include "agent/spec/check.h"
#include "agent/spec/default.h"
#include "agent/spec/rules.h"
#include "agent/spec/schema.h"

static const struct field secret[] = {
	TYPE_META,
	OBJECT_META,
	{"type", STRING, "What the secret is for; says which keys it must have.",
		.flags = IMMUTABLE, .fallback = "Opaque"},
	{"data", BYTES, "The secret values, base64.", .flags = MAP, .check = check_data_keys},
	{"stringData", STRING, "Values as plain text; written into data.", .flags = MAP,
		.check = check_data_keys},
	{"immutable", BOOL, "The data may not change any more."},
	END,
};
const struct type type_secret = {
	"Secret", "Small confidential data.", secret, .fill = default_secret, .rule = rule_secret};

static const struct field config_map[] = {
	TYPE_META,
	OBJECT_META,
	{"data", STRING, "Texts by key.", .flags = MAP, .check = check_data_keys},
	{"binaryData", BYTES, "Bytes by key, base64.", .flags = MAP, .check = check_data_keys},
	{"immutable", BOOL, "The data may not change any more."},
	END,
};
const struct type type_config_map = {
	"ConfigMap", "Configuration for containers.", config_map, .rule = rule_config_map};

static const struct field namespace_condition[] = {
	{"type", STRING, "What the condition is about.", .flags = REQUIRED},
	{"status", STRING, "Does it hold?", .flags = REQUIRED, VALUES("True", "False", "Unknown")},
	{"lastTransitionTime", TIME, "When that changed."},
	{"reason", STRING, "Why, in one word."},
	{"message", STRING, "Why, in a sentence."},
	END,
};
static const struct type type_namespace_condition = {
	"NamespaceCondition", "State of a namespace.", namespace_condition};
static const struct field namespace_spec[] = {
	{"finalizers", STRING, "What must be done before the namespace goes.", .flags = LIST},
	END,
};
static const struct type type_namespace_spec = {
	"NamespaceSpec", "The wanted namespace.", namespace_spec};
static const struct field namespace_status[] = {
	{"phase", STRING, "Active or Terminating."},
	{"conditions", OBJECT, "How its deletion goes.", .flags = LIST,
		.of = &type_namespace_condition, .key = "type"},
	END,
};
static const struct type type_namespace_status = {
	"NamespaceStatus", "The namespace found.", namespace_status};
static const struct field namespace_fields[] = {
	TYPE_META,
	OBJECT_META,
	{"spec", OBJECT, "The wanted namespace.", .of = &type_namespace_spec, .fallback = "{}"},
	{"status", OBJECT, "The namespace found.", .flags = OBSERVED, .of = &type_namespace_status},
	END,
};
const struct type type_namespace = {
	"Namespace", "A scope for names.", namespace_fields, .fill = default_namespace};

static const struct field event_source[] = {
	{"component", STRING, "Program that reported it."},
	{"host", STRING, "Node it was reported from."},
	END,
};
static const struct type type_event_source = {"EventSource", "Who reported it.", event_source};
static const struct field event_series[] = {
	{"count", INT32, "How often so far."},
	{"lastObservedTime", MICRO_TIME, "When it was last seen."},
	END,
};
static const struct type type_event_series = {
	"EventSeries", "An event that goes on.", event_series};
static const struct field event[] = {
	TYPE_META,
	OBJECT_META,
	{"involvedObject", OBJECT, "Object the event is about.", .of = &type_object_reference,
		.flags = REQUIRED},
	{"reason", STRING, "What happened, in one word."},
	{"message", STRING, "What happened, in a sentence."},
	{"source", OBJECT, "Who reported it.", .of = &type_event_source},
	{"firstTimestamp", TIME, "When it was first seen."},
	{"lastTimestamp", TIME, "When it was last seen."},
	{"count", INT32, "How often it was seen."},
	{"type", STRING, "Normal or Warning."},
	{"eventTime", MICRO_TIME, "When it was first seen, precisely."},
	{"series", OBJECT, "That it goes on, and since when.", .of = &type_event_series},
	{"action", STRING, "What was done or failed."},
	{"related", OBJECT, "A second object that took part.", .of = &type_object_reference},
	{"reportingComponent", STRING, "Controller that reported it."},
	{"reportingInstance", STRING, "Instance of that controller."},
	END,
};
const struct type type_event = {
	"Event", "Something that happened to an object.", event, .rule = rule_event};

static const struct field pod_template[] = {
	{"metadata", OBJECT, "Labels and annotations that the pods get.", .of = &type_object_meta},
	{"spec", OBJECT, "What the pods run.", .flags = REQUIRED, .of = &type_pod_spec},
	END,
};
const struct type type_pod_template = {
	"PodTemplateSpec", "A pod to make copies of.", pod_template, .rule = rule_annotations};

static const struct field rc_spec[] = {
	{"replicas", INT32, "How many pods are wanted.", RANGE(0, INT32_MAX), .fallback = "1"},
	{"minReadySeconds", INT32, "Seconds a pod must be ready to count as available.",
		RANGE(0, INT32_MAX)},
	{"selector", STRING, "Labels that the pods have; the template's labels when missing.",
		.flags = MAP | REQUIRED, .check = check_labels},
	{"template", OBJECT, "The pod to make copies of.", .flags = REQUIRED,
		.of = &type_pod_template},
	END,
};
static const struct type type_rc_spec = {"ReplicationControllerSpec",
	"How many pods of which template.", rc_spec, .rule = rule_rc_spec};
static const struct field rc_condition[] = {
	{"type", STRING, "What the condition is about.", .flags = REQUIRED},
	{"status", STRING, "Does it hold?", .flags = REQUIRED, VALUES("True", "False", "Unknown")},
	{"lastTransitionTime", TIME, "When that changed."},
	{"reason", STRING, "Why, in one word."},
	{"message", STRING, "Why, in a sentence."},
	END,
};
static const struct type type_rc_condition = {
	"ReplicationControllerCondition", "State of the controller.", rc_condition};
static const struct field rc_status[] = {
	{"replicas", INT32, "Pods there are.", .fallback = "0"},
	{"fullyLabeledReplicas", INT32, "Of these, with all the template's labels."},
	{"readyReplicas", INT32, "Of these, ready."},
	{"availableReplicas", INT32, "Of these, ready for minReadySeconds."},
	{"observedGeneration", INT64, "Generation that the controller has acted on."},
	{"conditions", OBJECT, "State of the controller.", .flags = LIST, .of = &type_rc_condition,
		.key = "type"},
	END,
};
static const struct type type_rc_status = {
	"ReplicationControllerStatus", "The pods found.", rc_status};
static const struct field replication_controller[] = {
	TYPE_META,
	OBJECT_META,
	{"spec", OBJECT, "How many pods of which template.", .flags = REQUIRED,
		.of = &type_rc_spec},
	{"status", OBJECT, "The pods found.", .flags = OBSERVED, .of = &type_rc_status,
		.fallback = "{}"},
	END,
};
const struct type type_replication_controller = {"ReplicationController",
	"Keeps a number of copies of a pod running.", replication_controller,
	.fill = default_replication_controller};
