/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine has, as a Node object, and whether a pod fits beside those that are there.
 * Reading is apart from deciding: node_object and node_admit are pure. Step "admitted" of a pod's
 * life.
 */
#include "agent/node/node.h"

#include "agent/spec/quantity.h"
#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/version.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

enum {
	/* The kubelet's default number of pods. */
	PODS_MAX = 110,
	/* Kept back from pods, as the kubelet's default eviction threshold does. */
	RESERVED_BYTES = 100 << 20,
};

/* ---- reading ------------------------------------------------------------------------------------------ */

void node_facts_free(struct node_facts *own_f)
{
	if (!own_f)
		return;
	free(own_f->name);
	free(own_f->kernel);
	free(own_f->os_image);
	free(own_f->machine_id);
	free(own_f->boot_id);
	free(own_f->architecture);
	free(own_f->runtime_version);
	free(own_f->address);
	free(own_f);
}

/* A small file without white space around it; "" when it cannot be read. */
static char *read_word(int root_fd, const char *path)
{
	cleanup_free char *text = NULL;
	struct sv word;

	if (fs_read(root_fd, path, 4096, &text, NULL) < 0)
		return xstrdup("");
	word = sv_trim(sv(text));
	return xstrndup(word.p, word.n);
}

/* The value of `KEY="value"` or `Key:  value` in a small file of lines; NULL when it is not there. */
static char *read_value(int root_fd, const char *path, const char *key, char separator)
{
	cleanup_free char *text = NULL;
	struct sv rest, value;

	if (fs_read(root_fd, path, 64 << 10, &text, NULL) < 0)
		return NULL;
	rest = sv(text);
	while (rest.n) {
		value = sv_cut(&rest, '\n');
		if (!sv_eq(sv_trim(sv_cut(&value, separator)), key))
			continue;
		value = sv_trim(value);
		if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = (struct sv){value.p + 1, value.n - 2};
		return xstrndup(value.p, value.n);
	}
	return NULL;
}

static uint64_t read_memory(int root_fd)
{
	cleanup_free char *text = read_value(root_fd, "proc/meminfo", "MemTotal", ':');
	struct sv rest = sv(text ? text : "");
	uint64_t kib;

	return parse_u64(sv_cut(&rest, ' '), &kib) == 0 ? kib << 10 : 0;
}

/* The name of the link that the default route leaves by; "" without one. Source: proc_net(5). */
static void default_link(int root_fd, char name[IFNAMSIZ])
{
	cleanup_free char *text = NULL;
	struct sv rest, line;

	name[0] = '\0';
	if (fs_read(root_fd, "proc/net/route", 1 << 20, &text, NULL) < 0)
		return;
	rest = sv(text);
	while (rest.n) {
		struct sv link;

		line = sv_cut(&rest, '\n');
		link = sv_cut(&line, '\t');
		if (!sv_eq(sv_cut(&line, '\t'), "00000000") || link.n >= IFNAMSIZ)
			continue;
		(void)snprintf(name, IFNAMSIZ, "%.*s", (int)link.n, link.p);
		return;
	}
}

/* The IPv4 address others reach this host by: that of the default route's link, else any but loopback's. */
static char *read_address(int root_fd)
{
	struct ifaddrs *all = NULL;
	char link[IFNAMSIZ], text[INET_ADDRSTRLEN] = "127.0.0.1";
	bool found = false;

	default_link(root_fd, link);
	if (getifaddrs(&all) < 0)
		return xstrdup(text);
	for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
		bool is_default = streq(a->ifa_name, link);

		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET ||
			a->ifa_flags & IFF_LOOPBACK || (found && !is_default))
			continue;
		(void)inet_ntop(AF_INET,
			&((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr, text,
			sizeof text);
		found = true;
		if (is_default)
			break;
	}
	freeifaddrs(all);
	return xstrdup(text);
}

/* Go's names, which Kubernetes uses. */
static const char *architecture_name(const char *machine)
{
	static const char *const names[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(names[i][0], machine))
			return names[i][1];
	return machine;
}

int node_facts_read(int root_fd, const char *name, const char *runtime_version,
	struct node_facts **ret, struct err *e)
{
	CLEANUP(node_facts_free) struct node_facts *f = xcalloc(1, sizeof *f);
	struct statvfs disk;
	struct utsname system;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (uname(&system) < 0)
		return err_errno(e, -errno, "reading the kernel's version");
	f->name = xstrdup(name ? name : system.nodename);
	f->kernel = xstrdup(system.release);
	f->architecture = xstrdup(architecture_name(system.machine));
	f->os_image = read_value(root_fd, "etc/os-release", "PRETTY_NAME", '=');
	if (!f->os_image)
		f->os_image = xstrdup("Linux");
	f->machine_id = read_word(root_fd, "etc/machine-id");
	f->boot_id = read_word(root_fd, "proc/sys/kernel/random/boot_id");
	f->runtime_version = xasprintf("runc://%s", runtime_version ? runtime_version : "missing");
	f->address = read_address(root_fd);
	f->cpus_milli = cpus > 0 ? (uint64_t)cpus * 1000 : 1000;
	f->memory_bytes = read_memory(root_fd);
	f->disk_bytes = fstatvfs(root_fd, &disk) == 0 ? (uint64_t)disk.f_blocks * disk.f_frsize : 0;
	f->pods_max = PODS_MAX;
	*ret = take(f);
	return 0;
}

/* ---- the Node object ---------------------------------------------------------------------------------- */

static uint64_t allocatable_memory(const struct node_facts *f)
{
	return f->memory_bytes > RESERVED_BYTES ? f->memory_bytes - RESERVED_BYTES : 0;
}

static void put_quantity(
	json_t *list, const char *key, uint64_t value, uint64_t unit, const char *suffix)
{
	cleanup_free char *text = xasprintf("%llu%s", (unsigned long long)(value / unit), suffix);

	json_put_str(list, key, text);
}

static json_t *resources(const struct node_facts *f, uint64_t memory_bytes)
{
	json_t *list = json_object();

	if (f->cpus_milli % 1000)
		put_quantity(list, "cpu", f->cpus_milli, 1, "m");
	else
		put_quantity(list, "cpu", f->cpus_milli, 1000, "");
	put_quantity(list, "memory", memory_bytes, 1024, "Ki");
	put_quantity(list, "ephemeral-storage", f->disk_bytes, 1024, "Ki");
	put_quantity(list, "pods", f->pods_max, 1, "");
	return list;
}

static json_t *conditions(const json_t *old, bool going_down, uint64_t now_wall_ns)
{
	const struct {
		const char *type, *status, *reason, *message;
	} rows[] = {
		{"MemoryPressure", "False", "KubeletHasSufficientMemory",
			"kubelet has sufficient memory available"},
		{"DiskPressure", "False", "KubeletHasNoDiskPressure",
			"kubelet has no disk pressure"},
		{"PIDPressure", "False", "KubeletHasSufficientPID",
			"kubelet has sufficient PID available"},
		/* Source: kubelet, node shutdown manager. */
		{"Ready", going_down ? "False" : "True",
			going_down ? "KubeletNotReady" : "KubeletReady",
			going_down ? "node is shutting down" : "berthd is running"},
	};
	json_t *list = json_array();
	char now[RFC3339_SIZE];

	rfc3339(now_wall_ns, now);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const json_t *before =
			json_find(json_at(old, "status", "conditions", NULL), "type", rows[i].type);
		json_t *c = json_object();
		bool same = streq(json_str(before, "status"), rows[i].status);

		json_put_str(c, "type", rows[i].type);
		json_put_str(c, "status", rows[i].status);
		json_put_str(c, "lastHeartbeatTime", now);
		json_put_str(c, "lastTransitionTime",
			same ? json_str_or(before, "lastTransitionTime", now) : now);
		json_put_str(c, "reason", rows[i].reason);
		json_put_str(c, "message", rows[i].message);
		json_push(list, c);
	}
	return list;
}

static json_t *node_version(const struct node_facts *f)
{
	cleanup_free char *version =
		xasprintf("v" KUBERNETES_MAJOR "." KUBERNETES_MINOR ".0-berth-%s", berth_version);
	json_t *o = json_object();

	json_put_str(o, "machineID", f->machine_id);
	json_put_str(o, "systemUUID", f->machine_id);
	json_put_str(o, "bootID", f->boot_id);
	json_put_str(o, "kernelVersion", f->kernel);
	json_put_str(o, "osImage", f->os_image);
	json_put_str(o, "containerRuntimeVersion", f->runtime_version);
	json_put_str(o, "kubeletVersion", version);
	json_put_str(o, "kubeProxyVersion", "");
	json_put_str(o, "operatingSystem", "linux");
	json_put_str(o, "architecture", f->architecture);
	return o;
}

json_t *node_object(
	const struct node_facts *f, const json_t *old, bool going_down, uint64_t now_wall_ns)
{
	json_t *node = old ? json_deep_copy(old) : json_object(), *labels, *status;

	json_put_str(node, "apiVersion", "v1");
	json_put_str(node, "kind", "Node");
	json_put_str(json_sub(node, "metadata"), "name", f->name);
	labels = json_sub(json_sub(node, "metadata"), "labels");
	json_put_str(labels, "kubernetes.io/hostname", f->name);
	json_put_str(labels, "kubernetes.io/os", "linux");
	json_put_str(labels, "kubernetes.io/arch", f->architecture);
	(void)json_sub(node, "spec");
	status = json_object();
	json_put(status, "capacity", resources(f, f->memory_bytes));
	json_put(status, "allocatable", resources(f, allocatable_memory(f)));
	json_put(status, "conditions", conditions(old, going_down, now_wall_ns));
	json_put(status, "addresses",
		json_pack("[{s:s,s:s},{s:s,s:s}]", "type", "InternalIP", "address", f->address,
			"type", "Hostname", "address", f->name));
	json_put(status, "nodeInfo", node_version(f));
	json_put(node, "status", status);
	return node;
}

/* ---- admission ---------------------------------------------------------------------------------------- */

static uint64_t container_request(const json_t *container, const char *resource)
{
	const json_t *r = json_map(container, "resources");
	bool is_cpu = streq(resource, "cpu");
	int64_t (*read)(const json_t *, const char *, int64_t) =
		is_cpu ? resource_milli : resource_units;
	int64_t limit = read(json_map(r, "limits"), resource, 0);
	int64_t request = read(json_map(r, "requests"), resource, limit);

	return request > 0 ? (uint64_t)request : 0;
}

/*
 * What a pod needs at once: its containers and sidecars together, or an init container with the sidecars before it.
 * Source: Kubernetes, "Sidecar Containers", resource sharing within containers.
 */
static uint64_t pod_request(const json_t *pod, const char *resource)
{
	uint64_t sum = 0, largest = 0;
	const json_t *c;
	size_t i;

	json_array_foreach (json_at(pod, "spec", "initContainers", NULL), i, c) {
		uint64_t one = sum + container_request(c, resource);

		if (streq(json_str(c, "restartPolicy"), "Always"))
			sum = one;
		largest = one > largest ? one : largest;
	}
	json_array_foreach (json_at(pod, "spec", "containers", NULL), i, c)
		sum += container_request(c, resource);
	return sum > largest ? sum : largest;
}

void node_load_add(struct node_load *l, const json_t *pod)
{
	l->cpu_milli += pod_request(pod, "cpu");
	l->memory_bytes += pod_request(pod, "memory");
	l->pods++;
}

static bool selector_matches(const json_t *selector, const json_t *labels)
{
	const char *key;
	json_t *value;

	/* json_object_foreach wants a non-const object and does not change it. */
	json_object_foreach ((json_t *)(uintptr_t)selector, key, value) {
		if (!streq(json_str(labels, key), json_string_value(value)))
			return false;
	}
	return true;
}

/* Adds "1 Insufficient memory (asks for 4096Mi, 512Mi are free)". */
static void add_shortage(struct str *why, const char *resource, uint64_t asked, uint64_t has,
	uint64_t used, uint64_t unit, const char *suffix)
{
	uint64_t left = has > used ? has - used : 0;

	if (asked <= left)
		return;
	str_addf(why, "%s1 Insufficient %s (asks for %llu%s, %llu%s of %llu%s are free)",
		why->n ? ", " : "", resource, (unsigned long long)(asked / unit), suffix,
		(unsigned long long)(left / unit), suffix, (unsigned long long)(has / unit),
		suffix);
}

int node_admit(const struct node_facts *f, const struct node_load *l, const json_t *node,
	const json_t *pod, struct err *e)
{
	const json_t *spec = json_map(pod, "spec");
	const char *wanted = json_str(spec, "nodeName");
	cleanup_str struct str why = {0};

	if (wanted && !streq(wanted, f->name))
		str_addf(&why, "1 node(s) didn't match spec.nodeName (asks for %s, this is %s)",
			wanted, f->name);
	if (!selector_matches(
		    json_map(spec, "nodeSelector"), json_at(node, "metadata", "labels", NULL)))
		str_addf(&why, "%s1 node(s) didn't match Pod's node affinity/selector",
			why.n ? ", " : "");
	if (json_flag(json_map(node, "spec"), "unschedulable", false))
		str_addf(&why, "%s1 node(s) were unschedulable", why.n ? ", " : "");
	add_shortage(&why, "pods", 1, f->pods_max, l->pods, 1, "");
	add_shortage(&why, "cpu", pod_request(pod, "cpu"), f->cpus_milli, l->cpu_milli, 1, "m");
	add_shortage(&why, "memory", pod_request(pod, "memory"), allocatable_memory(f),
		l->memory_bytes, 1 << 20, "Mi");
	if (why.n)
		return err_set(e, -EAGAIN, "0/1 nodes are available: %s.", why.p);
	return 0;
}
