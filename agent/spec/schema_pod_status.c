/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of PodStatus: what berth reports. They decode writes to the status subresource and feed explain.
 * Source: Kubernetes API reference 1.35, "PodStatus".
 */
#include "agent/spec/schema.h"

static const struct field running[] = {
	{"startedAt", TIME, "When it was started."},
	END,
};
static const struct type type_running = {"ContainerStateRunning", "It runs.", running};
static const struct field waiting[] = {
	{"reason", STRING, "Why it does not run, in one word."},
	{"message", STRING, "The same in a sentence."},
	END,
};
static const struct type type_waiting = {"ContainerStateWaiting", "It does not run yet.", waiting};
static const struct field terminated[] = {
	{"exitCode", INT32, "Exit code.", .flags = REQUIRED},
	{"signal", INT32, "Signal that ended it."},
	{"reason", STRING, "Why it ended, in one word."},
	{"message", STRING, "Its last words."},
	{"startedAt", TIME, "When it was started."},
	{"finishedAt", TIME, "When it ended."},
	{"containerID", STRING, "Identity of the container."},
	END,
};
static const struct type type_terminated = {
	"ContainerStateTerminated", "It has ended.", terminated};
static const struct field state[] = {
	{"waiting", OBJECT, "It does not run yet.", .of = &type_waiting},
	{"running", OBJECT, "It runs.", .of = &type_running},
	{"terminated", OBJECT, "It has ended.", .of = &type_terminated},
	END,
};
static const struct type type_state = {"ContainerState", "State of a container.", state};

static const struct field resource_health[] = {
	{"resourceID", STRING, "Identity of the device.", .flags = REQUIRED},
	{"health", STRING, "Healthy, Unhealthy or Unknown."},
	{"message", STRING, "More about it."},
	END,
};
static const struct type type_resource_health = {
	"ResourceHealth", "State of a device.", resource_health};
static const struct field resource_status[] = {
	{"name", STRING, "Name of the resource.", .flags = REQUIRED},
	{"resources", OBJECT, "Its devices.", .flags = LIST, .of = &type_resource_health},
	END,
};
static const struct type type_resource_status = {
	"ResourceStatus", "State of a resource.", resource_status};
static const struct field linux_user[] = {
	{"uid", INT64, "User id.", .flags = REQUIRED},
	{"gid", INT64, "Group id.", .flags = REQUIRED},
	{"supplementalGroups", INT64, "More group ids.", .flags = LIST},
	END,
};
static const struct type type_linux_user = {
	"LinuxContainerUser", "Whom the first process ran as.", linux_user};
static const struct field container_user[] = {
	{"linux", OBJECT, "Ids of the first process.", .of = &type_linux_user},
	END,
};
static const struct type type_container_user = {
	"ContainerUser", "Whom the first process ran as.", container_user};
static const struct field image_volume_status[] = {
	{"imageRef", STRING, "Image that is mounted.", .flags = REQUIRED},
	END,
};
static const struct type type_image_volume_status = {
	"ImageVolumeStatus", "An image that is mounted.", image_volume_status};
static const struct field volume_status[] = {
	{"image", OBJECT, "An image that is mounted.", .of = &type_image_volume_status},
	END,
};
static const struct type type_volume_status = {
	"VolumeStatus", "More about a mounted volume.", volume_status};
static const struct field mount_status[] = {
	{"name", STRING, "Name of the volume.", .flags = REQUIRED},
	{"mountPath", STRING, "Where it is mounted.", .flags = REQUIRED},
	{"readOnly", BOOL, "It cannot be written to."},
	{"recursiveReadOnly", STRING, "Is all below read-only too?"},
	{"volumeStatus", OBJECT, "More about it.", .of = &type_volume_status},
	END,
};
static const struct type type_mount_status = {
	"VolumeMountStatus", "A mounted volume.", mount_status};

static const struct field container_status[] = {
	{"name", STRING, "Name of the container.", .flags = REQUIRED},
	{"state", OBJECT, "State now.", .of = &type_state},
	{"lastState", OBJECT, "How the run before ended.", .of = &type_state},
	{"ready", BOOL, "It serves."},
	{"restartCount", INT32, "How often it was started again."},
	{"image", STRING, "Image it runs."},
	{"imageID", STRING, "Identity of that image."},
	{"containerID", STRING, "Identity of the container."},
	{"started", BOOL, "It has passed its start."},
	{"allocatedResources", QUANTITY, "Resources it was given.", .flags = MAP},
	{"resources", OBJECT, "Resources in force.", .of = &type_resources},
	{"volumeMounts", OBJECT, "Volumes mounted.", .flags = LIST, .of = &type_mount_status,
		.key = "mountPath"},
	{"user", OBJECT, "Whom the first process ran as.", .of = &type_container_user},
	{"allocatedResourcesStatus", OBJECT, "State of its devices.", .flags = LIST,
		.of = &type_resource_status, .key = "name"},
	{"stopSignal", STRING, "Signal that asks it to stop."},
	END,
};
const struct type type_container_status = {
	"ContainerStatus", "How a container goes.", container_status};

static const struct field pod_condition[] = {
	{"type", STRING, "What the condition is about.", .flags = REQUIRED},
	{"status", STRING, "Does it hold?", .flags = REQUIRED, VALUES("True", "False", "Unknown")},
	{"observedGeneration", INT64, "Generation it was found at."},
	{"lastProbeTime", TIME, "When it was last looked at."},
	{"lastTransitionTime", TIME, "When it changed."},
	{"reason", STRING, "Why, in one word."},
	{"message", STRING, "Why, in a sentence."},
	END,
};
static const struct type type_pod_condition = {"PodCondition", "State of the pod.", pod_condition};
static const struct field pod_ip[] = {
	{"ip", STRING, "The address.", .flags = REQUIRED},
	END,
};
static const struct type type_pod_ip = {"PodIP", "An address of the pod.", pod_ip};
static const struct type type_host_ip = {"HostIP", "An address of the node.", pod_ip};
static const struct field claim_status[] = {
	{"name", STRING, "Entry of the pod's resourceClaims.", .flags = REQUIRED},
	{"resourceClaimName", STRING, "The ResourceClaim."},
	END,
};
static const struct type type_claim_status = {
	"PodResourceClaimStatus", "A claim of the pod.", claim_status};
static const struct field extended_request[] = {
	{"containerName", STRING, "The container.", .flags = REQUIRED},
	{"resourceName", STRING, "The resource.", .flags = REQUIRED},
	{"requestName", STRING, "The request in the claim.", .flags = REQUIRED},
	END,
};
static const struct type type_extended_request = {
	"ContainerExtendedResourceRequest", "A resource met by a claim.", extended_request};
static const struct field extended_claim[] = {
	{"resourceClaimName", STRING, "The ResourceClaim.", .flags = REQUIRED},
	{"requestMappings", OBJECT, "What it meets.", .flags = LIST, .of = &type_extended_request},
	END,
};
static const struct type type_extended_claim = {
	"PodExtendedResourceClaimStatus", "A claim made for extended resources.", extended_claim};

static const struct field pod_status[] = {
	{"phase", STRING, "Pending, Running, Succeeded, Failed or Unknown.", .fallback = "Pending"},
	{"conditions", OBJECT, "PodScheduled, Initialized, ContainersReady, Ready …", .flags = LIST,
		.of = &type_pod_condition, .key = "type"},
	{"message", STRING, "Why it is so, in a sentence."},
	{"reason", STRING, "Why it is so, in one word."},
	{"observedGeneration", INT64, "Generation that berth has acted on."},
	{"nominatedNodeName", STRING, "Node that room is made on."},
	{"hostIP", STRING, "Address of the node."},
	{"hostIPs", OBJECT, "Addresses of the node.", .flags = LIST, .of = &type_host_ip,
		.key = "ip"},
	{"podIP", STRING, "Address of the pod."},
	{"podIPs", OBJECT, "Addresses of the pod.", .flags = LIST, .of = &type_pod_ip, .key = "ip"},
	{"startTime", TIME, "When berth took it up."},
	{"initContainerStatuses", OBJECT, "Its init containers.", .flags = LIST,
		.of = &type_container_status},
	{"containerStatuses", OBJECT, "Its containers.", .flags = LIST,
		.of = &type_container_status},
	{"ephemeralContainerStatuses", OBJECT, "Its ephemeral containers.", .flags = LIST,
		.of = &type_container_status},
	{"qosClass", STRING, "Guaranteed, Burstable or BestEffort."},
	{"resize", STRING, "Obsolete."},
	{"resourceClaimStatuses", OBJECT, "Its claims.", .flags = LIST | RETAIN,
		.of = &type_claim_status, .key = "name"},
	{"extendedResourceClaimStatus", OBJECT, "The claim made for it.",
		.of = &type_extended_claim},
	{"allocatedResources", QUANTITY, "Resources the pod was given.", .flags = MAP},
	{"resources", OBJECT, "Resources in force.", .of = &type_resources},
	END,
};
const struct type type_pod_status = {"PodStatus", "How a pod goes.", pod_status};
