/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod of the plan: names, namespaces, limits of the whole, volumes, files; its containers are in
 * compile_container.c. Step "compiled" of a pod's life.
 */
#include "agent/control/compile.h"

#include "agent/control/compile_internal.h"
#include "agent/control/contents.h"
#include "agent/spec/quantity.h"
#include "runtime/base/clock.h"
#include "runtime/security/sysctl.h"
#include "runtime/volume/fileset.h"

enum { HOSTNAME_MAX = 63 };

size_t pod_container_count(const json_t *pod)
{
	const json_t *spec = json_map(pod, "spec");
	return json_array_size(json_list(spec, "initContainers")) +
	       json_array_size(json_list(spec, "containers"));
}

const json_t *pod_container(const json_t *pod, size_t i, bool *ret_init)
{
	const json_t *spec = json_map(pod, "spec");
	const json_t *inits = json_list(spec, "initContainers");
	size_t n = json_array_size(inits);

	if (ret_init)
		*ret_init = i < n;
	return i < n ? json_array_get(inits, i)
		     : json_array_get(json_list(spec, "containers"), i - n);
}

char *pod_log_name(const json_t *pod)
{
	const json_t *metadata = json_map(pod, "metadata");
	return xasprintf("%s_%s_%s", json_str_or(metadata, "namespace", ""),
		json_str_or(metadata, "name", ""), json_str_or(metadata, "uid", ""));
}

/* ---- limits of the whole ------------------------------------------------------------------------------ */

static void at_least(uint64_t *most, uint64_t value)
{
	if (value > *most)
		*most = value;
}

/*
 * The containers' limits added up; without a limit on one of them there is none on the pod. Sidecars run beside the
 * others. Init containers run alone, but for the sidecars before them: the largest of these sums counts against that of
 * the others. Source: Kubernetes, "Sidecar Containers", resource sharing.
 */
static void add_limits(const struct plan *p, struct cgroup_limits *ret)
{
	uint64_t memory = 0, quota = 0, init_memory = 0, init_quota = 0, shares = 0;
	bool all_memory = true, all_quota = true;

	for (size_t i = 0; i < p->n_containers; i++) {
		const struct plan_container *c = &p->containers[i];
		const struct cgroup_limits *l = &c->limits;
		all_memory = all_memory && l->memory_max_bytes;
		all_quota = all_quota && l->cpu_quota_us;
		if (c->init && !c->sidecar) {
			at_least(&init_memory, memory + l->memory_max_bytes);
			at_least(&init_quota, quota + l->cpu_quota_us);
			continue;
		}
		memory += l->memory_max_bytes;
		quota += l->cpu_quota_us;
		shares += l->cpu_shares;
	}
	ret->cpu_shares = shares;
	if (all_memory)
		ret->memory_max_bytes = memory > init_memory ? memory : init_memory;
	if (all_quota) {
		ret->cpu_quota_us = quota > init_quota ? quota : init_quota;
		ret->cpu_period_us = p->containers[0].limits.cpu_period_us;
	}
}

/* ---- volumes ------------------------------------------------------------------------------------------ */

static void compile_host_path(const json_t *source, struct plan_volume *v)
{
	const char *type = json_str_or(source, "type", "");

	v->kind = PLAN_VOLUME_HOST_PATH;
	v->host_path = xstrdup(json_str_or(source, "path", ""));
	for (int i = 0; plan_host_type_names[i]; i++)
		if (streq(plan_host_type_names[i], type))
			v->host_type = (enum plan_host_type)i;
}

static void compile_volume(const json_t *volume, struct plan_volume *v)
{
	const json_t *empty = json_map(volume, "emptyDir"), *host = json_map(volume, "hostPath");
	struct quantity size = {0};

	v->name = xstrdup(json_str_or(volume, "name", ""));
	if (contents_is_files(volume)) {
		v->kind = PLAN_VOLUME_FILES;
	} else if (host) {
		compile_host_path(host, v);
	} else if (streq(json_str(empty, "medium"), "Memory")) {
		v->kind = PLAN_VOLUME_TMPFS;
		if (quantity_of(json_object_get(empty, "sizeLimit"), &size) == 0)
			v->size_bytes = (uint64_t)quantity_units(size);
	} else {
		v->kind = PLAN_VOLUME_EMPTY_DIR;
	}
}

/* ---- the pod ------------------------------------------------------------------------------------------ */

static int compile_sysctls(const json_t *security, struct plan *p, struct err *e)
{
	const json_t *list = json_list(security, "sysctls"), *item;
	size_t i;

	p->sysctls = xcalloc(json_array_size(list) + 1, sizeof(*p->sysctls));
	json_array_foreach (list, i, item) {
		const char *name = json_str_or(item, "name", "");
		const char *value = json_str_or(item, "value", "");
		int r = sysctl_check(name, value, p->host_network, p->host_ipc, e);
		if (r < 0)
			return r;
		p->sysctls[p->n_sysctls++] = xasprintf("%s=%s", name, value);
	}
	return 0;
}

static int compile_security(const json_t *pod, struct plan *p, struct err *e)
{
	const json_t *security = json_at(pod, "spec", "securityContext", NULL);
	const json_t *groups = json_list(security, "supplementalGroups"), *group;
	size_t i;

	p->supplemental_groups =
		xcalloc(json_array_size(groups) + 1, sizeof(*p->supplemental_groups));
	json_array_foreach (groups, i, group)
		p->supplemental_groups[p->n_supplemental_groups++] = json_integer_value(group);
	p->fs_group = json_int(security, "fsGroup", PLAN_NONE);
	return compile_sysctls(security, p, e);
}

static void compile_names(const struct compile_input *in, const json_t *pod, struct plan *p)
{
	const json_t *metadata = json_map(pod, "metadata"), *spec = json_map(pod, "spec");
	const char *name = json_str_or(metadata, "name", "");
	cleanup_free char *logs = pod_log_name(pod);

	p->uid = xstrdup(json_str_or(metadata, "uid", ""));
	p->name = xstrdup(name);
	p->namespace = xstrdup(json_str_or(metadata, "namespace", ""));
	p->host_network = json_flag(spec, "hostNetwork", false);
	p->host_ipc = json_flag(spec, "hostIPC", false);
	p->host_pid = json_flag(spec, "hostPID", false);
	p->share_process_namespace = json_flag(spec, "shareProcessNamespace", false);
	p->hostname = xstrndup(json_str_or(spec, "hostname", name), HOSTNAME_MAX);
	p->runtime = xstrdup(in->node->runtime);
	if (in->node->runtime_timeout_ns)
		p->runtime_timeout_ns = in->node->runtime_timeout_ns;
	p->probe_program = in->node->probe ? xstrdup(in->node->probe) : NULL;
	p->runner_program = in->node->runner ? xstrdup(in->node->runner) : NULL;
	p->image_dir = xstrdup(in->node->image_dir);
	free(p->cgroup_base);
	p->cgroup_base = xstrdup(in->node->cgroup_base);
	p->log_dir = xasprintf("%s/%s", in->node->logs_dir, logs);
	p->deadline_wall_ns = in->deadline_wall_ns;
	p->grace_ns = (uint64_t)json_int(spec, "terminationGracePeriodSeconds", 30) * 1000000000ull;
	p->hosts = compile_hosts(pod, in->lookup->pod_ip, p->hostname);
	p->resolv_conf = compile_resolv_conf(pod, in->node->resolv_conf);
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* The last run of a container that is not to run again, out of the pod's status. */
static struct container_run *done_run(const json_t *status)
{
	const json_t *ended = json_at(status, "state", "terminated", NULL);
	const char *id = strrchr(json_str_or(ended, "containerID", ""), '/');
	struct container_run *run = xcalloc(1, sizeof(*run));

	*run = (struct container_run){
		.container_id = copy(id ? id + 1 : NULL),
		.reason = copy(json_str(ended, "reason")),
		.message = copy(json_str(ended, "message")),
		.exit_code = (int32_t)json_int(ended, "exitCode", 0),
		.signal = (int32_t)json_int(ended, "signal", 0),
		.oom_killed = streq(json_str(ended, "reason"), "OOMKilled"),
	};
	(void)rfc3339_parse(json_str_or(ended, "startedAt", ""), &run->started_at);
	(void)rfc3339_parse(json_str_or(ended, "finishedAt", ""), &run->finished_at);
	return run;
}

static int compile_containers(const struct compile_input *in, const json_t *pod, struct plan *p,
	json_t *payload, struct err *e)
{
	size_t n = pod_container_count(pod);
	struct plan_container *containers = plan_add_containers(p, n);
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		struct compiling k = {.pod = pod,
			.container = pod_container(pod, i, &containers[i].init),
			.image = in->containers[i].image,
			.node = in->node,
			.lookup = in->lookup,
			.hostname = p->hostname,
			.payload = payload};
		containers[i].base_restarts = in->containers[i].base_restarts;
		if (in->containers[i].done)
			containers[i].done = done_run(in->containers[i].done);
		r = compile_container(&k, &containers[i], e);
		if (r < 0)
			(void)err_wrap(
				e, r, "container \"%s\"", json_str_or(k.container, "name", ""));
		environment_done(&k.env);
	}
	return r;
}

int compile_pod(
	const struct compile_input *in, struct plan **ret, json_t **ret_payload, struct err *e)
{
	const json_t *pod = in->lookup->pod, *volumes = json_at(pod, "spec", "volumes", NULL);
	CLEANUP(plan_free) struct plan *p = plan_new();
	cleanup_json json_t *payload = payload_new();
	const json_t *volume;
	size_t i;

	compile_names(in, pod, p);
	int r = compile_security(pod, p, e);
	if (r >= 0)
		r = contents_build(in->lookup, payload, e);
	if (r < 0)
		return r;
	struct plan_volume *next = plan_add_volumes(p, json_array_size(volumes));
	json_array_foreach (volumes, i, volume)
		compile_volume(volume, &next[i]);
	r = compile_containers(in, pod, p, payload, e);
	if (r < 0)
		return r;
	add_limits(p, &p->limits);
	p->limits.pids_max = in->node->pids_max;
	*ret = take(p);
	*ret_payload = take(payload);
	return 0;
}
