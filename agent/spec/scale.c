/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scale subresource: a view of an object that has replicas.
 * Source: Kubernetes API reference, "Scale" (autoscaling/v1).
 */
#include "agent/spec/spec.h"

json_t *spec_scale_of(const struct kind *k, const json_t *object)
{
	static const char *const copied[] = {
		"name", "namespace", "uid", "resourceVersion", "creationTimestamp"};
	const json_t *from = json_object_get(object, "metadata");
	json_t *scale = json_object(), *metadata = json_object();
	(void)k;
	json_put_str(scale, "kind", "Scale");
	json_put_str(scale, "apiVersion", "autoscaling/v1");
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		json_put_str(metadata, copied[i], json_str(from, copied[i]));
	json_put(scale, "metadata", metadata);
	json_put_int(json_sub(scale, "spec"), "replicas",
		json_int(json_object_get(object, "spec"), "replicas", 0));
	json_t *status = json_sub(scale, "status");
	json_put_int(
		status, "replicas", json_int(json_object_get(object, "status"), "replicas", 0));
	cleanup_str struct str selector = {0};
	const char *key;
	json_t *value;
	json_object_foreach (json_at(object, "spec", "selector", NULL), key, value)
		str_addf(&selector, "%s%s=%s", selector.n ? "," : "", key,
			json_string_value(value) ? json_string_value(value) : "");
	json_put_str(status, "selector", selector.p);
	return scale;
}

void spec_scale_put(const struct kind *k, json_t *object, const json_t *scale)
{
	(void)k;
	json_put_int(json_sub(object, "spec"), "replicas",
		json_int(json_object_get(scale, "spec"), "replicas", 0));
}
