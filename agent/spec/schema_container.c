/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of Container and what belongs to it: ports, env, mounts, resources, probes, lifecycle.
 * Source: Kubernetes API reference 1.35, "Container".
 */
#include "agent/spec/check.h"
#include "agent/spec/default.h"
#include "agent/spec/rules.h"
#include "agent/spec/schema.h"

static const struct field container_port[] = {
	{"containerPort", INT32, "Port the container listens on.", .flags = REQUIRED,
		RANGE(1, 65535)},
	{"name", STRING, "Name of the port, for Services and probes.", .check = check_port_name},
	{"protocol", STRING, "TCP, UDP or SCTP.", VALUES("TCP", "UDP", "SCTP"), .fallback = "TCP"},
	{"hostPort", INT32, "Port of the node that leads here.", RANGE(0, 65535),
		REFUSE("berth does not forward ports of the host yet; they come with Services"),
		.allow = allow_host_port},
	{"hostIP", STRING, "Address of the node that leads here.",
		REFUSE("berth does not forward ports of the host yet; they come with Services")},
	END,
};
const struct type type_container_port = {
	"ContainerPort", "A port that the container listens on.", container_port};

static const struct field key_selector_secret[] = {
	{"name", STRING, "Name of the Secret.", .flags = REQUIRED},
	{"key", STRING, "Key in it.", .flags = REQUIRED, .check = check_data_key},
	{"optional", BOOL, "The container starts without it."},
	END,
};
static const struct type type_secret_key = {
	"SecretKeySelector", "A key of a Secret.", key_selector_secret};
static const struct field key_selector_config[] = {
	{"name", STRING, "Name of the ConfigMap.", .flags = REQUIRED},
	{"key", STRING, "Key in it.", .flags = REQUIRED, .check = check_data_key},
	{"optional", BOOL, "The container starts without it."},
	END,
};
static const struct type type_config_key = {
	"ConfigMapKeySelector", "A key of a ConfigMap.", key_selector_config};
static const struct field file_key[] = {
	{"volumeName", STRING, "Volume with the file.", .flags = REQUIRED},
	{"path", STRING, "File in the volume.", .flags = REQUIRED},
	{"key", STRING, "Key in the file.", .flags = REQUIRED},
	{"optional", BOOL, "The container starts without it."},
	END,
};
static const struct type type_file_key = {"FileKeySelector", "A key of an env file.", file_key};

static const struct field env_source[] = {
	{"fieldRef", OBJECT, "A field of the pod.", .flags = ONE_OF, .of = &type_field_selector},
	{"resourceFieldRef", OBJECT, "A resource of the container.", .flags = ONE_OF,
		.of = &type_resource_selector},
	{"secretKeyRef", OBJECT, "A key of a Secret.", .flags = ONE_OF, .of = &type_secret_key},
	{"configMapKeyRef", OBJECT, "A key of a ConfigMap.", .flags = ONE_OF,
		.of = &type_config_key},
	{"fileKeyRef", OBJECT, "A key of a file in a volume.", .flags = ONE_OF,
		.of = &type_file_key, REFUSE("berth does not read env files yet; use envFrom")},
	END,
};
const struct type type_env_source = {"EnvVarSource", "Where a variable's value comes from.",
	env_source, .one_of = "one of fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef",
	.rule = rule_env_source};

static const struct field env_var[] = {
	{"name", STRING, "Name of the variable.", .flags = REQUIRED, .check = check_env_name},
	{"value", STRING, "Its value; $(NAME) stands for an earlier variable."},
	{"valueFrom", OBJECT, "Where the value comes from.", .of = &type_env_source},
	END,
};
const struct type type_env_var = {
	"EnvVar", "A variable of the environment.", env_var, .rule = rule_env_var};

static const struct field env_config[] = {
	{"name", STRING, "Name of the ConfigMap.", .flags = REQUIRED},
	{"optional", BOOL, "The container starts without it."},
	END,
};
static const struct type type_env_config = {
	"ConfigMapEnvSource", "All keys of a ConfigMap.", env_config};
static const struct field env_secret[] = {
	{"name", STRING, "Name of the Secret.", .flags = REQUIRED},
	{"optional", BOOL, "The container starts without it."},
	END,
};
static const struct type type_env_secret = {"SecretEnvSource", "All keys of a Secret.", env_secret};
static const struct field env_from[] = {
	{"prefix", STRING, "Put before each name.", .check = check_env_name},
	{"configMapRef", OBJECT, "All keys of a ConfigMap.", .flags = ONE_OF,
		.of = &type_env_config},
	{"secretRef", OBJECT, "All keys of a Secret.", .flags = ONE_OF, .of = &type_env_secret},
	END,
};
const struct type type_env_from = {"EnvFromSource", "Variables from all keys of an object.",
	env_from, .one_of = "one of configMapRef or secretRef"};

static const struct field volume_mount[] = {
	{"name", STRING, "Name of the volume.", .flags = REQUIRED},
	{"mountPath", STRING, "Where it appears in the container.", .flags = REQUIRED,
		.check = check_mount_path},
	{"readOnly", BOOL, "It cannot be written to."},
	{"subPath", STRING, "Only this file or directory of the volume.", .check = check_sub_path},
	{"subPathExpr", STRING, "The same with $(NAME) of the environment.",
		REFUSE("berth does not expand variables in paths yet; use subPath")},
	{"mountPropagation", STRING, "Do later mounts pass through?",
		VALUES("None", "HostToContainer", "Bidirectional"), ONLY("None"),
		REFUSE("berth keeps mounts private to the pod; only None is honoured")},
	{"recursiveReadOnly", STRING, "Is all below read-only too?",
		VALUES("Disabled", "IfPossible", "Enabled"), ONLY("Disabled", "IfPossible"),
		REFUSE("berth cannot promise it yet; use Disabled or IfPossible")},
	END,
};
const struct type type_volume_mount = {
	"VolumeMount", "A volume in the container's tree.", volume_mount};
static const struct field volume_device[] = {
	{"name", STRING, "Name of the claim.", .flags = REQUIRED},
	{"devicePath", STRING, "Device in the container.", .flags = REQUIRED},
	END,
};
const struct type type_volume_device = {
	"VolumeDevice", "A block device in the container.", volume_device};

static const struct field resource_claim[] = {
	{"name", STRING, "Entry of the pod's resourceClaims.", .flags = REQUIRED},
	{"request", STRING, "One request of the claim."},
	END,
};
static const struct type type_resource_claim = {
	"ResourceClaim", "A device that was claimed.", resource_claim};
static const struct field resources[] = {
	{"limits", QUANTITY, "Most that may be used: cpu, memory.", .flags = MAP,
		.check = check_limits},
	{"requests", QUANTITY, "Least that is there: cpu, memory; the limits when missing.",
		.flags = MAP, .check = check_requests},
	{"claims", OBJECT, "Devices that were claimed.", .flags = LIST, .of = &type_resource_claim,
		.key = NULL, REFUSE("berth has no dynamic resource allocation")},
	END,
};
const struct type type_resources = {
	"ResourceRequirements", "CPU and memory of a container.", resources};

static const struct field resize_policy[] = {
	{"resourceName", STRING, "cpu or memory.", .flags = REQUIRED, VALUES("cpu", "memory")},
	{"restartPolicy", STRING, "NotRequired or RestartContainer.", .flags = REQUIRED,
		VALUES("NotRequired", "RestartContainer")},
	END,
};
static const struct type type_resize_policy = {
	"ContainerResizePolicy", "What a change of resources asks for.", resize_policy};
static const struct field exit_codes[] = {
	{"operator", STRING, "In or NotIn.", .flags = REQUIRED, VALUES("In", "NotIn")},
	{"values", INT32, "Exit codes.", .flags = LIST},
	END,
};
static const struct type type_exit_codes = {"ContainerRestartRuleOnExitCodes", "Which exit codes.",
	exit_codes, .rule = rule_exit_codes};
static const struct field restart_rule[] = {
	{"action", STRING, "What to do.", .flags = REQUIRED,
		VALUES("Restart", "RestartAllContainers")},
	{"exitCodes", OBJECT, "After which exit codes.", .flags = REQUIRED, .of = &type_exit_codes},
	END,
};
static const struct type type_restart_rule = {
	"ContainerRestartRule", "When to restart.", restart_rule};
enum { RESTART_RULES_MAX = 20 };

/* Containers of all three sorts have these. */
#define CONTAINER_FIELDS                                                                           \
	{"name", STRING, "Name, unique in the pod.", .flags = REQUIRED, .check = check_dns_label}, \
		{"image", STRING, "Image reference.", .flags = REQUIRED | MUTABLE,                 \
			.check = check_image},                                                     \
		{"imagePullPolicy", STRING, "When to ask the registry; Always for :latest.",       \
			VALUES("Always", "IfNotPresent", "Never")},                                \
		{"command", STRING, "Program to run, instead of the image's.", .flags = LIST},     \
		{"args", STRING, "Its arguments, instead of the image's.", .flags = LIST},         \
		{"workingDir", STRING, "Directory to run in, instead of the image's.",             \
			.check = check_working_dir},                                               \
		{"ports", OBJECT, "Ports that it listens on.", .flags = LIST,                      \
			.of = &type_container_port, .key = "containerPort", .max = PORTS_MAX},     \
		{"envFrom", OBJECT, "Variables from all keys of objects.", .flags = LIST,          \
			.of = &type_env_from, .max = VOLUMES_MAX},                                 \
		{"env", OBJECT, "Variables of its environment.", .flags = LIST,                    \
			.of = &type_env_var, .key = "name", .max = ENV_MAX},                       \
		{"resources", OBJECT, "CPU and memory.", .of = &type_resources, .fallback = "{}"}, \
		{"resizePolicy", OBJECT, "What a change of resources asks for.", .flags = LIST,    \
			.of = &type_resize_policy,                                                 \
			WARN("resources of a running container do not change yet")},               \
		{"restartPolicy", STRING, "Restart policy of this container alone.",               \
			VALUES("Always", "OnFailure", "Never")},                                   \
		{"restartPolicyRules", OBJECT, "Restarts by exit code.", .flags = LIST,            \
			.of = &type_restart_rule, .max = RESTART_RULES_MAX},                       \
		{"volumeMounts", OBJECT, "Volumes in its tree.", .flags = LIST,                    \
			.of = &type_volume_mount, .key = "mountPath", .max = MOUNTS_MAX},          \
		{"volumeDevices", OBJECT, "Block devices of claims.", .flags = LIST,               \
			.of = &type_volume_device, .key = "devicePath",                            \
			REFUSE("berth does not bind claims yet")},                                 \
		{"livenessProbe", OBJECT, "Restarts it when it fails.", .of = &type_probe},        \
		{"readinessProbe", OBJECT, "Takes it out of service while it fails.",              \
			.of = &type_probe},                                                        \
		{"startupProbe", OBJECT, "Holds back the others until it succeeds.",               \
			.of = &type_probe},                                                        \
		{"lifecycle", OBJECT, "What to do after its start and before its end.",            \
			.of = &type_lifecycle},                                                    \
		{"terminationMessagePath", STRING, "File with its last words.",                    \
			.fallback = "/dev/termination-log", .check = check_mount_path},            \
		{"terminationMessagePolicy", STRING, "That file, or the end of its log.",          \
			VALUES("File", "FallbackToLogsOnError"), .fallback = "File"},              \
		{"securityContext", OBJECT, "User, capabilities, confinement.",                    \
			.of = &type_security_context},                                             \
		{"stdin", BOOL, "Keep its standard input open for those who attach."},             \
		{"stdinOnce", BOOL, "Close it when the first who attached has gone."},             \
	{                                                                                          \
		"tty", BOOL, "Give it a terminal."                                                 \
	}

static const struct field container[] = {CONTAINER_FIELDS, END};
const struct type type_container = {"Container", "A process tree from an image.", container,
	.fill = default_container, .rule = rule_container};

static const struct field ephemeral_container[] = {
	CONTAINER_FIELDS,
	{"targetContainerName", STRING, "Container whose processes it sees."},
	END,
};
const struct type type_ephemeral_container = {"EphemeralContainer",
	"A container to look into a running pod with.", ephemeral_container,
	.fill = default_container};
