/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds pods and containers as kubectl does (polymorphichelpers: a controller stands for one of its pods).
 */
#include "agent/cli/pod.h"

#include "agent/cli/api_path.h"
#include "agent/cli/targets.h"

static const char *const lists[] = {"initContainers", "containers", "ephemeralContainers"};

static json_t *get_named(struct cli *c, const struct kind *k, const char *name)
{
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};

	path_start(&path, k, namespace_of(c), name, NULL);
	return get(c, path.p, &response) == EXIT_OK ? json_incref(response.json) : NULL;
}

json_t *pods_find(struct cli *c, const char *selector)
{
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};

	path_start(&path, kind_by_name("v1", "Pod"), namespace_of(c), NULL, NULL);
	query_add(&path, "labelSelector", selector);
	if (get(c, path.p, &response) != EXIT_OK)
		return NULL;
	return json_incref(json_list(response.json, "items"));
}

/* The selector of a controller as text: a plain map, or matchLabels. */
static char *selector_text(const json_t *object)
{
	cleanup_str struct str text = {0};
	json_t *selector = json_at(object, "spec", "selector", NULL), *value;
	const char *key;

	if (json_map(selector, "matchLabels"))
		selector = json_map(selector, "matchLabels");
	json_object_foreach (selector, key, value)
		if (json_is_string(value))
			str_addf(
				&text, "%s%s=%s", text.n ? "," : "", key, json_string_value(value));
	return text.n ? str_take(&text) : NULL;
}

static json_t *pod_of_controller(
	struct cli *c, const json_t *controller, const char *text, bool quiet)
{
	cleanup_free char *selector = selector_text(controller);
	cleanup_json json_t *pods = NULL;
	json_t *pod, *best = NULL;
	size_t i;

	if (!selector) {
		(void)fail(c, "cannot find pods of %s: it has no selector", text);
		return NULL;
	}
	pods = pods_find(c, selector);
	if (!pods)
		return NULL;
	json_array_foreach (pods, i, pod)
		if (!best ||
			(streq(json_str(json_map(pod, "status"), "phase"), "Running") &&
				!streq(json_str(json_map(best, "status"), "phase"), "Running")))
			best = pod;
	if (!best) {
		(void)fail(c, "%s has no pods", text);
		return NULL;
	}
	if (json_array_size(pods) > 1 && !quiet)
		(void)fprintf(c->err, "Found %zu pods, using pod/%s\n", json_array_size(pods),
			json_str_or(json_map(best, "metadata"), "name", ""));
	return json_incref(best);
}

json_t *pod_find(struct cli *c, const char *text, bool quiet)
{
	const struct kind *pod = kind_by_name("v1", "Pod"), *k;
	cleanup_json json_t *object = NULL;
	const char *name = NULL;

	k = kind_and_name(c, text, pod, &name);
	if (!k)
		return NULL;
	object = get_named(c, k, name);
	if (!object || k == pod)
		return take(object);
	return pod_of_controller(c, object, text, quiet);
}

int containers_each(const json_t *pod, int (*each)(void *data, const char *name), void *data)
{
	int status = 0;

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_t *containers = json_list(json_map(pod, "spec"), lists[l]), *one;
		size_t i;

		json_array_foreach (containers, i, one)
			status |= each(data, json_str_or(one, "name", ""));
	}
	return status;
}

const json_t *container_spec(const json_t *pod, const char *name)
{
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_t *containers = json_list(json_map(pod, "spec"), lists[l]), *one;
		size_t i;

		json_array_foreach (containers, i, one)
			if (streq(json_str(one, "name"), name))
				return one;
	}
	return NULL;
}

static const char *find_named(const json_t *pod, const char *name)
{
	return json_str(container_spec(pod, name), "name");
}

/* "web, nginx, setup (init)": main containers first, as kubectl's notice has them. */
static void all_names(const json_t *pod, struct str *out)
{
	static const struct {
		const char *list, *behind;
	} order[] = {{"containers", ""}, {"ephemeralContainers", " (ephem)"},
		{"initContainers", " (init)"}};

	for (size_t l = 0; l < ARRAY_SIZE(order); l++) {
		json_t *containers = json_list(json_map(pod, "spec"), order[l].list), *one;
		size_t i;

		json_array_foreach (containers, i, one)
			str_addf(out, "%s%s%s", out->n ? ", " : "", json_str_or(one, "name", ""),
				order[l].behind);
	}
}

const char *container_find(struct cli *c, const json_t *pod, const char *wanted, bool quiet)
{
	const char *pod_name = json_str_or(json_map(pod, "metadata"), "name", ""), *name;
	const char *marked = json_str(json_at(pod, "metadata", "annotations", NULL),
		"kubectl.kubernetes.io/default-container");
	const json_t *first = json_array_get(json_list(json_map(pod, "spec"), "containers"), 0);
	cleanup_str struct str names = {0};

	all_names(pod, &names);
	if (wanted) {
		name = find_named(pod, wanted);
		if (!name)
			(void)fail(c, "container %s not found in pod %s (it has: %s)", wanted,
				pod_name, names.p);
		return name;
	}
	name = marked ? find_named(pod, marked) : NULL;
	if (name)
		return name;
	name = json_str(first, "name");
	if (!name)
		(void)fail(c, "pod %s has no containers", pod_name);
	else if (!quiet && strchr(names.p, ','))
		(void)fprintf(c->err, "Defaulted container \"%s\" out of: %s\n", name, names.p);
	return name;
}
