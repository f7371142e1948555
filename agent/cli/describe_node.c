/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Describes the node: conditions, addresses, capacity, what its pods have asked for.
 */
#include "agent/cli/describe.h"

#include "agent/cli/ages.h"
#include "agent/cli/api_path.h"
#include "agent/spec/quantity.h"

static void put_roles(struct description *d, const json_t *labels)
{
	static const char prefix[] = "node-role.kubernetes.io/";
	cleanup_str struct str roles = {0};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)labels, key, value)
		if (strncmp(key, prefix, sizeof prefix - 1) == 0)
			str_addf(&roles, "%s%s", roles.n ? "," : "", key + sizeof prefix - 1);
	put(d, "Roles:\t%s", roles.n ? roles.p : "<none>");
}

static void put_taints(struct description *d, json_t *taints)
{
	json_t *one;
	size_t i;

	if (json_array_size(taints) == 0)
		put(d, "Taints:\t<none>");
	json_array_foreach (taints, i, one) {
		const char *value = json_str(one, "value");

		put(d, "%s\t%s%s%s:%s", i ? "" : "Taints:", json_str_or(one, "key", ""),
			value ? "=" : "", value ? value : "", json_str_or(one, "effect", ""));
	}
}

static void put_conditions(struct description *d, json_t *conditions)
{
	json_t *one;
	size_t i;

	put(d, "Conditions:");
	d->level++;
	put(d, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
	put(d, "----\t------\t-----------------\t------------------\t------\t-------");
	json_array_foreach (conditions, i, one) {
		cleanup_str struct str beat = {0}, change = {0};

		time_text(json_str(one, "lastHeartbeatTime"), &beat);
		time_text(json_str(one, "lastTransitionTime"), &change);
		put(d, "%s \t%s \t%s \t%s \t%s \t%s", json_str_or(one, "type", ""),
			json_str_or(one, "status", ""), beat.p ? beat.p : "",
			change.p ? change.p : "", json_str_or(one, "reason", ""),
			json_str_or(one, "message", ""));
	}
	d->level--;
}

static void put_quantities(struct description *d, const char *title, const json_t *list)
{
	size_t n;
	cleanup_free const char **keys = sorted_keys(list, &n);

	put(d, "%s:", title);
	for (size_t i = 0; i < n; i++)
		put(d, "  %s:\t%s", keys[i], json_str_or(list, keys[i], ""));
}

static void put_system(struct description *d, const json_t *facts)
{
	static const struct {
		const char *title, *member;
	} lines[] = {{"Machine ID", "machineID"}, {"System UUID", "systemUUID"},
		{"Boot ID", "bootID"}, {"Kernel Version", "kernelVersion"}, {"OS Image", "osImage"},
		{"Operating System", "operatingSystem"}, {"Architecture", "architecture"},
		{"Container Runtime Version", "containerRuntimeVersion"},
		{"Kubelet Version", "kubeletVersion"}};

	put(d, "System Info:");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		put(d, "  %s:\t%s", lines[i].title, json_str_or(facts, lines[i].member, ""));
}

/* What pods ask for: CPU in thousandths, memory in bytes. */
struct asked {
	int64_t cpu[2], memory[2]; /* requests, limits */
};

static struct asked asked_by(const json_t *pod)
{
	static const char *const lists[] = {"requests", "limits"};
	struct asked sum = {0};
	json_t *container;
	size_t i;

	json_array_foreach (json_list(json_map(pod, "spec"), "containers"), i, container)
		for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
			const json_t *list = json_map(json_map(container, "resources"), lists[k]);

			sum.cpu[k] += resource_milli(list, "cpu", 0);
			sum.memory[k] += resource_units(list, "memory", 0);
		}
	return sum;
}

static char *milli_text(int64_t milli)
{
	return milli % 1000 ? xasprintf("%lldm", (long long)milli)
			    : xasprintf("%lld", (long long)(milli / 1000));
}

static char *bytes_text(int64_t bytes)
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti"};
	size_t i = 0;

	while (bytes && bytes % 1024 == 0 && i + 1 < ARRAY_SIZE(units)) {
		bytes /= 1024;
		i++;
	}
	return xasprintf("%lld%s", (long long)bytes, units[i]);
}

static long long share(int64_t part, int64_t whole)
{
	return whole > 0 ? (long long)(part * 100 / whole) : 0;
}

static void put_pod(struct description *d, const json_t *pod, const struct asked *a, int64_t cpu,
	int64_t memory)
{
	const json_t *metadata = json_map(pod, "metadata");
	cleanup_free char *c0 = milli_text(a->cpu[0]), *c1 = milli_text(a->cpu[1]);
	cleanup_free char *m0 = bytes_text(a->memory[0]), *m1 = bytes_text(a->memory[1]);
	char age[AGE_SIZE];

	put(d, "%s\t%s\t%s (%lld%%)\t%s (%lld%%)\t%s (%lld%%)\t%s (%lld%%)\t%s",
		json_str_or(metadata, "namespace", ""), json_str_or(metadata, "name", ""), c0,
		share(a->cpu[0], cpu), c1, share(a->cpu[1], cpu), m0, share(a->memory[0], memory),
		m1, share(a->memory[1], memory),
		age_of(d->cli, json_str(metadata, "creationTimestamp"), age));
}

static void put_total(struct description *d, const struct asked *a, int64_t cpu, int64_t memory)
{
	cleanup_free char *c0 = milli_text(a->cpu[0]), *c1 = milli_text(a->cpu[1]);
	cleanup_free char *m0 = bytes_text(a->memory[0]), *m1 = bytes_text(a->memory[1]);

	put(d, "Allocated resources:");
	put(d, "  (Total limits may be over 100 percent, i.e., overcommitted.)");
	put(d, "  Resource\tRequests\tLimits");
	put(d, "  --------\t--------\t------");
	put(d, "  cpu\t%s (%lld%%)\t%s (%lld%%)", c0, share(a->cpu[0], cpu), c1,
		share(a->cpu[1], cpu));
	put(d, "  memory\t%s (%lld%%)\t%s (%lld%%)", m0, share(a->memory[0], memory), m1,
		share(a->memory[1], memory));
}

static void put_pods(struct description *d, const char *name, const json_t *allocatable)
{
	cleanup_free char *fields =
		xasprintf("spec.nodeName=%s,status.phase!=Succeeded,status.phase!=Failed", name);
	int64_t cpu = resource_milli(allocatable, "cpu", 0),
		memory = resource_units(allocatable, "memory", 0);
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};
	struct asked total = {0};
	struct err e = {0};
	json_t *pod;
	size_t i;

	path_start(&path, kind_by_name("v1", "Pod"), NULL, NULL, NULL);
	query_add(&path, "fieldSelector", fields);
	if (client_do(d->cli->client, &(struct request){.method = "GET", .path = path.p}, &response,
		    &e) < 0 ||
		response.code >= 400) {
		put(d, "Non-terminated Pods:\t<unknown>");
		return;
	}
	put(d, "Non-terminated Pods:\t(%zu in total)",
		json_array_size(json_list(response.json, "items")));
	d->level++;
	put(d, "Namespace\tName\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
	put(d, "---------\t----\t------------\t----------\t---------------\t-------------\t---");
	json_array_foreach (json_list(response.json, "items"), i, pod) {
		struct asked a = asked_by(pod);

		put_pod(d, pod, &a, cpu, memory);
		for (size_t k = 0; k < 2; k++) {
			total.cpu[k] += a.cpu[k];
			total.memory[k] += a.memory[k];
		}
	}
	d->level--;
	put_total(d, &total, cpu, memory);
}

void describe_node(struct description *d)
{
	const json_t *metadata = json_map(d->object, "metadata"),
		     *spec = json_map(d->object, "spec");
	const json_t *status = json_map(d->object, "status");
	json_t *address;
	size_t i;

	put_pair(d, "Name", json_str_or(metadata, "name", ""));
	put_roles(d, json_map(metadata, "labels"));
	put_labels(d, "Labels", json_map(metadata, "labels"));
	put_annotations(d, json_map(metadata, "annotations"));
	put_time(d, "CreationTimestamp", json_str(metadata, "creationTimestamp"));
	put_taints(d, json_list(spec, "taints"));
	put(d, "Unschedulable:\t%s", json_flag(spec, "unschedulable", false) ? "true" : "false");
	put_conditions(d, json_list(status, "conditions"));
	put(d, "Addresses:");
	json_array_foreach (json_list(status, "addresses"), i, address)
		put(d, "  %s:\t%s", json_str_or(address, "type", ""),
			json_str_or(address, "address", ""));
	put_quantities(d, "Capacity", json_map(status, "capacity"));
	put_quantities(d, "Allocatable", json_map(status, "allocatable"));
	put_system(d, json_map(status, "nodeInfo"));
	put_pair(d, "PodCIDR", json_str(spec, "podCIDR"));
	put_pods(d, json_str_or(metadata, "name", ""), json_map(status, "allocatable"));
}
