/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaulting: the second walker. Plain defaults stand in the schema tables (.fallback); those that depend on
 * other fields are the functions here (.fill), called for each object of their type after its members.
 * Source: Kubernetes API reference; pkg/apis/core/v1/defaults.go says the same.
 */
#include "agent/spec/default.h"
#include "agent/spec/schema.h"

static json_t *fallback_value(const struct field *f)
{
	int64_t number = 0;
	switch (f->type) {
	case OBJECT:
		return json_object();
	case BOOL:
		return json_boolean(streq(f->fallback, "true"));
	case INT32:
	case INT64:
		if (parse_i64(sv(f->fallback), &number) < 0)
			abort(); /* a mistake in a table */
		return json_integer(number);
	case STRING:
	case QUANTITY:
	case INT_OR_STRING:
	case TIME:
	case MICRO_TIME:
	case BYTES:
	case ANY:
	case VALUE_TYPE_MAX:
		break;
	}
	return json_string(f->fallback);
}

static void default_object(const struct type *t, json_t *object)
{
	if (!json_is_object(object))
		return;
	for (const struct field *f = t->fields; f->name; f++) {
		json_t *value = json_object_get(object, f->name);
		/* An empty enumeration means its default, as in Kubernetes. */
		bool empty = json_is_string(value) && !json_string_length(value) && f->values;
		if (f->fallback && (!value || empty)) {
			value = fallback_value(f);
			json_put(object, f->name, value);
		}
		if (f->type != OBJECT || !value)
			continue;
		if (f->flags & LIST) {
			size_t i;
			json_t *item;
			json_array_foreach (value, i, item)
				default_object(f->of, item);
		} else {
			default_object(f->of, value);
		}
	}
	if (t->fill)
		t->fill(object);
}

void spec_default(const struct kind *k, json_t *object)
{
	default_object(k->type, object);
	if (!json_str(object, "apiVersion"))
		json_put_str(object, "apiVersion", kind_api_version(k));
	if (!json_str(object, "kind"))
		json_put_str(object, "kind", k->kind);
}

/* The member object, made when it is missing; NULL when it is of another type, which decoding has said. */
static json_t *sub_object(json_t *object, const char *key)
{
	json_t *member = json_object_get(object, key);
	return member && !json_is_object(member) ? NULL : json_sub(object, key);
}

/* ":latest" and no tag at all are looked up each time; a digest never. */
static bool image_is_latest(const char *image)
{
	if (strchr(image, '@'))
		return false;
	const char *slash = strrchr(image, '/');
	const char *tag = strchr(slash ? slash : image, ':');
	return !tag || streq(tag, ":latest");
}

void default_container(json_t *container)
{
	static const char *const names[] = {"cpu", "memory"};
	const char *image = json_str_or(container, "image", "");
	if (!*json_str_or(container, "imagePullPolicy", ""))
		json_put_str(container, "imagePullPolicy",
			image_is_latest(image) ? "Always" : "IfNotPresent");
	json_t *resources = json_map(container, "resources");
	const json_t *limits = json_map(resources, "limits");
	/* Those that berth knows: what it refuses need not be said twice. */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const json_t *limit = json_object_get(limits, names[i]);
		json_t *requests = limit ? sub_object(resources, "requests") : NULL;
		if (requests && !json_object_get(requests, names[i]))
			json_put(requests, names[i], json_deep_copy(limit));
	}
}

static void host_ports(json_t *containers)
{
	size_t i, j;
	json_t *container, *port;
	json_array_foreach (containers, i, container)
		json_array_foreach (json_list(container, "ports"), j, port)
			if (json_is_object(port) && !json_int(port, "hostPort", 0))
				json_put_int(port, "hostPort", json_int(port, "containerPort", 0));
}

void default_pod_spec(json_t *spec)
{
	const char *account = json_str_or(spec, "serviceAccountName", "");
	const char *old = json_str_or(spec, "serviceAccount", "");
	if (!*account && *old)
		json_put_str(spec, "serviceAccountName", old);
	else if (*account && !*old)
		json_put_str(spec, "serviceAccount", account);
	if (json_flag(spec, "hostNetwork", false)) {
		host_ports(json_list(spec, "containers"));
		host_ports(json_list(spec, "initContainers"));
	}
}

void default_volume(json_t *volume)
{
	if (json_object_size(volume) == 1 && json_object_get(volume, "name"))
		json_put(volume, "emptyDir", json_object());
}

void default_replication_controller(json_t *rc)
{
	json_t *spec = json_map(rc, "spec");
	json_t *labels = json_at(rc, "spec", "template", "metadata", "labels", NULL);
	if (!spec || !json_is_object(labels) || !json_object_size(labels))
		return;
	json_t *selector = json_map(spec, "selector");
	if (!selector || !json_object_size(selector))
		json_put(spec, "selector", json_deep_copy(labels));
	json_t *metadata = sub_object(rc, "metadata");
	json_t *own = json_map(metadata, "labels");
	if (metadata && (!own || !json_object_size(own)))
		json_put(metadata, "labels", json_deep_copy(labels));
}

void default_namespace(json_t *ns)
{
	json_t *metadata = sub_object(ns, "metadata");
	const char *name = json_str_or(metadata, "name", "");
	json_t *labels = *name ? sub_object(metadata, "labels") : NULL;
	if (labels)
		json_put_str(labels, "kubernetes.io/metadata.name", name);
}

void default_secret(json_t *secret)
{
	json_t *plain = json_map(secret, "stringData");
	json_t *data = plain ? sub_object(secret, "data") : NULL;
	const char *key;
	json_t *value;
	json_object_foreach (plain, key, value) {
		const char *text = json_string_value(value);
		if (!text || !data)
			continue;
		cleanup_free char *encoded = base64_encode(text, json_string_length(value));
		json_put_str(data, key, encoded);
	}
	if (plain)
		json_object_del(secret, "stringData");
}
