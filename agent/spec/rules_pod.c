/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules between the fields of a pod: names that refer to each other, values that exclude each other.
 * Source: Kubernetes API reference, "Pod"; pkg/apis/core/validation; safety R4, section 4.
 */
#include "agent/spec/check.h"
#include "agent/spec/quantity.h"
#include "agent/spec/rules.h"

#include "runtime/base/map.h"

void rule_env_var(struct walk *w, const json_t *var)
{
	const json_t *value = json_object_get(var, "value");
	if (!json_object_get(var, "valueFrom") || !value || value_is_empty(value))
		return;
	size_t mark = walk_field(w, "valueFrom");
	walk_forbidden(w, "may not be specified when `value` is not empty");
	walk_up(w, mark);
}

/* "metadata.labels['key']": does @path start with @whole and have a key in brackets? */
static bool has_subscript(const char *path, const char *whole)
{
	size_t n = strlen(whole), all = strlen(path);
	if (strncmp(path, whole, n) != 0 || all < n + 5)
		return false;
	if (strncmp(path + n, "['", 2) != 0 || !streq(path + all - 2, "']"))
		return false;
	return !qualified_name_fault((struct sv){path + n + 2, all - n - 4});
}

static void check_field_ref(struct walk *w, const json_t *owner, const char *const *paths)
{
	const json_t *ref = json_object_get(owner, "fieldRef");
	const json_t *value = json_object_get(ref, "fieldPath");
	const char *path = json_string_value(value);
	if (!path || !*path)
		return;
	size_t mark = walk_field(w, "fieldRef");
	size_t inner = walk_field(w, "fieldPath");
	if (!value_in(value, paths) && !has_subscript(path, "metadata.labels") &&
		!has_subscript(path, "metadata.annotations"))
		walk_unsupported(w, value, paths);
	walk_up(w, inner);
	inner = walk_field(w, "apiVersion");
	const json_t *version = json_object_get(ref, "apiVersion");
	if (version && !streq(json_string_value(version), "v1"))
		walk_unsupported(w, version, (const char *const[]){"v1", NULL});
	walk_up(w, inner);
	walk_up(w, mark);
}

/* Among as many as there may be: a longer list was refused, and looking through it takes time. */
static const json_t *find_named(const json_t *list, const char *name)
{
	for (size_t i = 0; name && i < json_array_size(list) && i < VOLUMES_MAX; i++) {
		const json_t *item = json_array_get(list, i);
		if (streq(json_str(item, "name"), name))
			return item;
	}
	return NULL;
}

static bool container_exists(const struct walk *w, const char *name)
{
	return find_named(json_object_get(w->pod_spec, "containers"), name) ||
	       find_named(json_object_get(w->pod_spec, "initContainers"), name);
}

static void check_resource_ref(struct walk *w, const json_t *owner, bool in_volume)
{
	static const char *const names[] = {
		"limits.cpu", "limits.memory", "requests.cpu", "requests.memory", NULL};
	static const char *const cpu[] = {"0", "1", "1m", NULL};
	static const char *const memory[] = {"0", "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki",
		"1Mi", "1Gi", "1Ti", "1Pi", "1Ei", NULL};
	const json_t *ref = json_object_get(owner, "resourceFieldRef");
	if (!json_is_object(ref))
		return;
	size_t mark = walk_field(w, "resourceFieldRef");
	const json_t *resource = json_object_get(ref, "resource");
	size_t inner = walk_field(w, "resource");
	if (resource && !value_is_empty(resource) && !value_in(resource, names))
		walk_unsupported(w, resource, names);
	walk_up(w, inner);
	inner = walk_field(w, "divisor");
	const char *text = json_string_value(resource);
	const char *const *divisors = text && strstr(text, "cpu") ? cpu : memory;
	const json_t *divisor = json_object_get(ref, "divisor");
	if (divisor && !value_in(divisor, divisors))
		walk_unsupported(w, divisor, divisors);
	walk_up(w, inner);
	inner = walk_field(w, "containerName");
	const char *name = json_str_or(ref, "containerName", "");
	if (!*name && in_volume)
		walk_required(w, "a volume does not know which container is meant");
	else if (*name && !container_exists(w, name))
		walk_problem(w, PROBLEM_NOT_FOUND, "Not found: \"%s\"", name);
	walk_up(w, inner);
	walk_up(w, mark);
}

void rule_env_source(struct walk *w, const json_t *source)
{
	static const char *const paths[] = {"metadata.name", "metadata.namespace", "metadata.uid",
		"spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
		"status.podIP", "status.podIPs", NULL};
	check_field_ref(w, source, paths);
	check_resource_ref(w, source, false);
}

void rule_downward_file(struct walk *w, const json_t *file)
{
	static const char *const paths[] = {"metadata.name", "metadata.namespace", "metadata.uid",
		"metadata.labels", "metadata.annotations", NULL};
	check_field_ref(w, file, paths);
	check_resource_ref(w, file, true);
}

/* A profile that is asked for but not named would be none at all (safety R13). */
void rule_seccomp(struct walk *w, const json_t *profile)
{
	bool local = streq(json_str(profile, "type"), "Localhost");
	bool named = *json_str_or(profile, "localhostProfile", "");
	size_t mark = walk_field(w, "localhostProfile");
	if (local && !named)
		walk_required(w, "must be set when `type` is Localhost");
	else if (!local && json_object_get(profile, "localhostProfile"))
		walk_invalid(w, json_object_get(profile, "localhostProfile"),
			"can only be set when `type` is Localhost");
	walk_up(w, mark);
}

void rule_security_context(struct walk *w, const json_t *context)
{
	if (json_flag(context, "allowPrivilegeEscalation", true))
		return;
	const json_t *add = json_at(context, "capabilities", "add", NULL);
	bool admin = false;
	for (size_t i = 0; i < json_array_size(add); i++)
		admin |= streq(json_string_value(json_array_get(add, i)), "SYS_ADMIN");
	size_t mark = walk_field(w, "allowPrivilegeEscalation");
	if (json_flag(context, "privileged", false))
		walk_invalid(w, json_false(), "cannot be false when `privileged` is true");
	if (admin)
		walk_invalid(w, json_false(), "cannot be false when SYS_ADMIN is added");
	walk_up(w, mark);
}

static void check_requests_below_limits(struct walk *w, const json_t *resources)
{
	json_t *requests = json_map(resources, "requests");
	const json_t *limits = json_map(resources, "limits");
	const char *name;
	json_t *value;
	json_object_foreach (requests, name, value) {
		struct quantity request, limit;
		const json_t *other = json_object_get(limits, name);
		if (!other || quantity_of(value, &request) < 0 || quantity_of(other, &limit) < 0 ||
			quantity_compare(request, limit) <= 0)
			continue;
		size_t mark = walk_field(w, "resources");
		size_t inner = walk_field(w, "requests");
		walk_invalid(w, value, "must be less than or equal to %s limit of %s", name,
			json_string_value(other));
		walk_up(w, inner);
		walk_up(w, mark);
	}
}

static void check_mount(struct walk *w, const json_t *mount, struct map *paths)
{
	const char *name = json_str_or(mount, "name", ""),
		   *path = json_str_or(mount, "mountPath", "");
	if (*name && !find_named(json_object_get(w->pod_spec, "volumes"), name)) {
		size_t mark = walk_field(w, "name");
		walk_problem(w, PROBLEM_NOT_FOUND, "Not found: \"%s\"", name);
		walk_up(w, mark);
	}
	cleanup_free char *clean = path_clean(path);
	if (*path && map_put(paths, clean, paths)) {
		size_t mark = walk_field(w, "mountPath");
		walk_invalid(w, json_object_get(mount, "mountPath"), "must be unique");
		walk_up(w, mark);
	}
}

static void check_mounts(struct walk *w, const json_t *mounts)
{
	struct map paths = {0};
	size_t mark = walk_field(w, "volumeMounts");
	for (size_t i = 0; i < json_array_size(mounts) && i < MOUNTS_MAX; i++) {
		size_t inner = walk_index(w, i);
		check_mount(w, json_array_get(mounts, i), &paths);
		walk_up(w, inner);
	}
	walk_up(w, mark);
	map_done(&paths);
}

/* Says where items of the list @member have a name that stands in @names already; adds the others. */
static void check_names_unique(
	struct walk *w, const json_t *parent, const char *member, size_t max, struct map *names)
{
	const json_t *list = json_list(parent, member);
	size_t mark = walk_field(w, member);
	for (size_t i = 0; i < json_array_size(list) && i < max; i++) {
		const json_t *name = json_object_get(json_array_get(list, i), "name");
		if (!json_is_string(name) || value_is_empty(name) ||
			!map_put(names, json_string_value(name), names))
			continue;
		size_t inner = walk_index(w, i);
		size_t leaf = walk_field(w, "name");
		walk_duplicate(w, name);
		walk_up(w, leaf);
		walk_up(w, inner);
	}
	walk_up(w, mark);
}

void rule_exit_codes(struct walk *w, const json_t *codes)
{
	enum { CODES_MAX = 255 };
	size_t n = json_array_size(json_list(codes, "values")), mark = walk_field(w, "values");

	if (n > CODES_MAX)
		walk_problem(w, PROBLEM_TOO_MANY, "Too many: %zu: must have at most %d items", n,
			CODES_MAX);
	walk_up(w, mark);
}

static void check_restart(struct walk *w, const json_t *container)
{
	size_t mark = walk_field(w, "restartPolicy");

	if (json_array_size(json_list(container, "restartPolicyRules")) &&
		!json_str_or(container, "restartPolicy", "")[0])
		walk_required(w, "must specify restartPolicy when restart rules are used");
	walk_up(w, mark);
}

void rule_container(struct walk *w, const json_t *container)
{
	const json_t *env = json_list(container, "env");
	struct map names = {0};
	size_t bytes = 0;
	for (size_t i = 0; i < json_array_size(env); i++) {
		const json_t *var = json_array_get(env, i);
		bytes += strlen(json_str_or(var, "name", "")) +
			 strlen(json_str_or(var, "value", ""));
	}
	if (bytes > ENV_BYTES_MAX) {
		size_t mark = walk_field(w, "env");
		walk_too_long(w, ENV_BYTES_MAX);
		walk_up(w, mark);
	}
	check_restart(w, container);
	rule_probes(w, container);
	check_requests_below_limits(w, json_object_get(container, "resources"));
	check_mounts(w, json_list(container, "volumeMounts"));
	check_names_unique(w, container, "ports", PORTS_MAX, &names);
	map_done(&names);
}

static void check_container_names(struct walk *w, const json_t *spec)
{
	struct map names = {0};
	check_names_unique(w, spec, "containers", CONTAINERS_MAX, &names);
	check_names_unique(w, spec, "initContainers", CONTAINERS_MAX, &names);
	map_done(&names);
}

/* What runs to its end is neither asked how it is nor asked to stop. */
static void check_init_containers(struct walk *w, const json_t *spec)
{
	static const char *const members[] = {
		"lifecycle", "livenessProbe", "readinessProbe", "startupProbe"};
	const json_t *inits = json_list(spec, "initContainers");
	size_t mark = walk_field(w, "initContainers");
	for (size_t i = 0; i < json_array_size(inits) && i < CONTAINERS_MAX; i++) {
		const json_t *init = json_array_get(inits, i);
		if (streq(json_str(init, "restartPolicy"), "Always"))
			continue;
		size_t item = walk_index(w, i);
		for (size_t k = 0; k < ARRAY_SIZE(members); k++) {
			size_t leaf = walk_field(w, members[k]);
			if (json_map(init, members[k]))
				walk_forbidden(w, "may not be set for init containers without "
						  "restartPolicy=Always");
			walk_up(w, leaf);
		}
		walk_up(w, item);
	}
	walk_up(w, mark);
}

void rule_pod_spec(struct walk *w, const json_t *spec)
{
	check_container_names(w, spec);
	check_init_containers(w, spec);
	if (json_flag(spec, "hostPID", false) && json_flag(spec, "shareProcessNamespace", false)) {
		size_t mark = walk_field(w, "shareProcessNamespace");
		walk_invalid(w, json_true(), "cannot be set together with hostPID");
		walk_up(w, mark);
	}
	const json_t *servers = json_at(spec, "dnsConfig", "nameservers", NULL);
	if (streq(json_str(spec, "dnsPolicy"), "None") && !json_array_size(servers)) {
		size_t mark = walk_field(w, "dnsConfig");
		size_t inner = walk_field(w, "nameservers");
		walk_required(
			w, "must provide at least one DNS nameserver when `dnsPolicy` is None");
		walk_up(w, inner);
		walk_up(w, mark);
	}
	const char *account = json_str_or(spec, "serviceAccountName", "");
	const char *old = json_str_or(spec, "serviceAccount", "");
	if (*account && *old && !streq(account, old)) {
		size_t mark = walk_field(w, "serviceAccount");
		walk_invalid(w, json_object_get(spec, "serviceAccount"),
			"must be the same as serviceAccountName");
		walk_up(w, mark);
	}
}
