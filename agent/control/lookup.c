/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that a pod refers to by name: keys of secrets and configMaps, fields and resources of its own. The objects have
 * passed their schemas; what they name may be missing still, and is said by name.
 * Source: Kubernetes docs "Downward API", "Secrets", "ConfigMaps".
 */
#include "agent/control/lookup.h"

#include "agent/spec/object.h"
#include "agent/spec/quantity.h"

static const char *lower(const char *kind)
{
	return streq(kind, "Secret") ? "secret" : "configmap";
}

int lookup_object(
	const struct lookup *l, const char *kind, const char *name, json_t **ret, struct err *e)
{
	int r = l->get(l->data, kind, name, ret);
	if (r == -ENOENT)
		return err_set(e, r, "%s \"%s\" not found", lower(kind), name);
	return r < 0 ? err_errno(e, r, "reading %s \"%s\"", lower(kind), name) : 0;
}

int lookup_bytes(const char *kind, const json_t *object, const char *key, char **ret_p,
	size_t *ret_n, struct err *e)
{
	bool secret = streq(kind, "Secret");
	const char *name = meta_str(object, "name");
	const json_t *plain = secret ? NULL : json_object_get(json_map(object, "data"), key);
	const char *coded = json_str(json_map(object, secret ? "data" : "binaryData"), key);
	void *bytes;

	if (plain) {
		*ret_n = json_string_length(plain);
		*ret_p = xcalloc(*ret_n + 1, 1);
		memcpy(*ret_p, json_string_value(plain), *ret_n);
		return 0;
	}
	if (!coded)
		return err_set(
			e, -ENOENT, "key \"%s\" not found in %s \"%s\"", key, lower(kind), name);
	if (base64_decode(sv(coded), &bytes, ret_n) < 0)
		return err_set(e, -EINVAL, "key \"%s\" of %s \"%s\" is not base64", key,
			lower(kind), name);
	*ret_p = xrealloc(bytes, *ret_n + 1, 1);
	(*ret_p)[*ret_n] = '\0';
	return 0;
}

int lookup_each_key(
	const char *kind, const json_t *object, int (*fn)(void *data, const char *key), void *data)
{
	static const char *const maps[] = {"data", "binaryData"};
	size_t n = streq(kind, "Secret") ? 1 : ARRAY_SIZE(maps);
	const char *key;
	json_t *value;

	for (size_t i = 0; i < n; i++) {
		json_object_foreach (json_map(object, maps[i]), key, value) {
			int r = fn(data, key);
			if (r)
				return r;
		}
	}
	return 0;
}

/* ---- fields ------------------------------------------------------------------------------------------- */

/* All labels or annotations as lines of key="value", the way files show them. */
static char *map_lines(const json_t *map)
{
	struct str out = {0};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)map, key, value) {
		cleanup_free char *quoted = json_dumps(value, JSON_ENCODE_ANY);
		str_addf(&out, "%s%s=%s", out.n ? "\n" : "", key, quoted ? quoted : "\"\"");
	}
	return str_take(&out);
}

/* metadata.labels['k'] */
static int map_member(const json_t *map, struct sv rest, char **ret)
{
	if (rest.n < 4 || memcmp(rest.p, "['", 2) != 0 || memcmp(rest.p + rest.n - 2, "']", 2) != 0)
		return -EINVAL;
	cleanup_free char *key = xstrndup(rest.p + 2, rest.n - 4);
	*ret = xstrdup(json_str_or(map, key, ""));
	return 0;
}

int lookup_field(const struct lookup *l, const char *path, char **ret, struct err *e)
{
	static const char *const maps[] = {"labels", "annotations"};
	const json_t *metadata = json_map(l->pod, "metadata");
	const struct {
		const char *path, *value;
	} fields[] = {
		{"metadata.name", json_str(metadata, "name")},
		{"metadata.namespace", json_str(metadata, "namespace")},
		{"metadata.uid", json_str(metadata, "uid")},
		{"spec.nodeName", l->node_name},
		{"spec.serviceAccountName",
			json_str_or(json_map(l->pod, "spec"), "serviceAccountName", "default")},
		{"status.podIP", l->pod_ip},
		{"status.podIPs", l->pod_ip},
		{"status.hostIP", l->host_ip},
		{"status.hostIPs", l->host_ip},
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (streq(path, fields[i].path)) {
			*ret = xstrdup(fields[i].value ? fields[i].value : "");
			return 0;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		cleanup_free char *head = xasprintf("metadata.%s", maps[i]);
		struct sv rest = sv(path);
		if (!sv_starts(rest, head))
			continue;
		rest = (struct sv){rest.p + strlen(head), rest.n - strlen(head)};
		if (rest.n == 0) {
			*ret = map_lines(json_map(metadata, maps[i]));
			return 0;
		}
		if (map_member(json_map(metadata, maps[i]), rest, ret) == 0)
			return 0;
	}
	return err_set(e, -EINVAL, "fieldPath \"%s\" is not one that berth knows", path);
}

/* ---- resources ---------------------------------------------------------------------------------------- */

static const json_t *container_named(const json_t *pod, const char *name)
{
	static const char *const lists[] = {"containers", "initContainers"};
	const json_t *container;
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		json_array_foreach (json_at(pod, "spec", lists[k], NULL), i, container) {
			if (streq(json_str(container, "name"), name))
				return container;
		}
	}
	return NULL;
}

/* Thousandths of a core, or bytes. A limit that is not set is what the node has; a request without one is 0. */
static int64_t resource_value(
	const struct lookup *l, const json_t *resources, bool limits, const char *resource)
{
	const json_t *list = json_map(resources, limits ? "limits" : "requests");
	bool cpu = streq(resource, "cpu");
	int64_t fallback = 0;

	if (limits && cpu)
		fallback = (int64_t)l->cpus_milli;
	else if (limits && streq(resource, "memory"))
		fallback = (int64_t)l->memory_bytes;
	return cpu ? resource_milli(list, resource, fallback)
		   : resource_units(list, resource, fallback);
}

int lookup_resource(const struct lookup *l, const json_t *ref, const json_t *container, char **ret,
	struct err *e)
{
	const char *name = json_str(ref, "containerName"), *path = json_str_or(ref, "resource", "");
	struct sv rest = sv(path), which = sv_cut(&rest, '.');
	bool limits = sv_eq(which, "limits"), cpu = sv_eq(rest, "cpu");
	struct quantity divisor = {0};

	if (name)
		container = container_named(l->pod, name);
	if (!container)
		return err_set(e, -EINVAL,
			"resourceFieldRef names container \"%s\", which is not there",
			name ? name : "");
	if (!limits && !sv_eq(which, "requests"))
		return err_set(e, -EINVAL, "resource \"%s\" is not one that berth knows", path);
	cleanup_free char *resource = xstrndup(rest.p ? rest.p : "", rest.n);
	int64_t value = resource_value(l, json_map(container, "resources"), limits, resource);
	(void)quantity_of(json_object_get(ref, "divisor"), &divisor);
	int64_t unit = cpu ? quantity_milli(divisor) : quantity_units(divisor);
	if (unit <= 0)
		unit = cpu ? 1000 : 1;
	*ret = xasprintf("%lld", (long long)((value + unit - 1) / unit));
	return 0;
}
