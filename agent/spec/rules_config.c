/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules between the fields of Secrets, ConfigMaps, Events, ReplicationControllers and label selectors.
 * Source: Kubernetes docs, "Secrets", "Types of Secret"; pkg/apis/core/validation.
 */
#include "agent/spec/rules.h"
#include "agent/spec/selector.h"

static size_t map_bytes(json_t *map, bool encoded)
{
	size_t n = 0;
	const char *key;
	json_t *value;
	json_object_foreach (map, key, value)
		n += encoded ? json_string_length(value) / 4 * 3 : json_string_length(value);
	return n;
}

/* Keys that a type of secret must have; with .any, one of them is enough. */
static const struct {
	const char *type, *keys[2];
	bool any;
} secret_types[] = {
	{"kubernetes.io/tls", {"tls.crt", "tls.key"}, false},
	{"kubernetes.io/dockerconfigjson", {".dockerconfigjson", NULL}, false},
	{"kubernetes.io/dockercfg", {".dockercfg", NULL}, false},
	{"kubernetes.io/ssh-auth", {"ssh-privatekey", NULL}, false},
	{"kubernetes.io/basic-auth", {"username", "password"}, true},
};

static void missing_key(struct walk *w, const char *key, const char *type)
{
	size_t mark = walk_field(w, "data");
	size_t inner = walk_key(w, key);
	cleanup_free char *why = xasprintf("a secret of type %s has this key", type);
	walk_required(w, why);
	walk_up(w, inner);
	walk_up(w, mark);
}

static void check_secret_type(struct walk *w, const char *type, const json_t *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(secret_types); i++) {
		if (!streq(secret_types[i].type, type))
			continue;
		const char *const *keys = secret_types[i].keys;
		bool first = json_object_get(data, keys[0]);
		bool second = keys[1] && json_object_get(data, keys[1]);
		if (secret_types[i].any ? !first && !second : !first)
			missing_key(w, keys[0], type);
		if (!secret_types[i].any && keys[1] && !second)
			missing_key(w, keys[1], type);
	}
}

/* The credentials must be JSON; what is wrong in them is not shown. */
static void check_docker_config(struct walk *w, const json_t *data, const char *key)
{
	const char *text = json_str(data, key);
	cleanup_free void *bytes = NULL;
	size_t n = 0;
	if (!text || base64_decode(sv(text), &bytes, &n) < 0)
		return;
	cleanup_json json_t *config = NULL;
	if (json_parse((struct sv){bytes, n}, &config, NULL) == 0 && json_is_object(config))
		return;
	size_t mark = walk_field(w, "data");
	size_t inner = walk_key(w, key);
	walk_problem(w, PROBLEM_INVALID,
		"Invalid value: \"<secret contents redacted>\": must be a JSON "
		"object, as in ~/.docker/config.json");
	walk_up(w, inner);
	walk_up(w, mark);
}

void rule_secret(struct walk *w, const json_t *secret)
{
	json_t *data = json_map(secret, "data");
	const char *type = json_str_or(secret, "type", "");
	if (map_bytes(data, true) > SECRET_BYTES_MAX) {
		size_t mark = walk_field(w, "data");
		walk_too_long(w, SECRET_BYTES_MAX);
		walk_up(w, mark);
	}
	check_secret_type(w, type, data);
	check_docker_config(w, data, ".dockerconfigjson");
	check_docker_config(w, data, ".dockercfg");
	if (streq(type, "kubernetes.io/service-account-token")) {
		size_t mark = walk_field(w, "type");
		walk_forbidden(w, "berth issues no service account tokens");
		walk_up(w, mark);
	}
}

void rule_config_map(struct walk *w, const json_t *map)
{
	json_t *data = json_map(map, "data"), *binary = json_map(map, "binaryData");
	const char *key;
	json_t *value;
	size_t mark = walk_field(w, "data");
	json_object_foreach (data, key, value) {
		if (!json_object_get(binary, key))
			continue;
		size_t inner = walk_key(w, key);
		walk_problem(w, PROBLEM_INVALID,
			"Invalid value: \"%s\": duplicate of key present in "
			"binaryData",
			key);
		walk_up(w, inner);
	}
	walk_up(w, mark);
	if (map_bytes(data, false) + map_bytes(binary, true) > SECRET_BYTES_MAX)
		walk_too_long(w, SECRET_BYTES_MAX);
}

void rule_event(struct walk *w, const json_t *event)
{
	const json_t *object = json_object_get(event, "involvedObject");
	const char *space = json_str_or(object, "namespace", "");
	const char *own = json_str_or(json_object_get(event, "metadata"), "namespace", "");
	size_t mark = walk_field(w, "involvedObject");
	size_t inner = walk_field(w, "namespace");
	if (*space ? !streq(space, own) : !streq(own, "default"))
		walk_invalid(
			w, json_object_get(object, "namespace"), "does not match event.namespace");
	walk_up(w, inner);
	walk_up(w, mark);
}

void rule_rc_spec(struct walk *w, const json_t *spec)
{
	const json_t *selector = json_map(spec, "selector");
	const json_t *template = json_map(spec, "template");
	const json_t *labels = json_at(template, "metadata", "labels", NULL);
	size_t mark = walk_field(w, "template");
	if (selector && json_object_size(selector) && template) {
		CLEANUP(selector_free) struct selector *s = label_selector_of_map(selector);
		size_t inner = walk_field(w, "metadata");
		size_t leaf = walk_field(w, "labels");
		if (!label_selector_match(s, labels))
			walk_invalid(w, labels ? labels : json_null(),
				"`selector` does not match template `labels`");
		walk_up(w, leaf);
		walk_up(w, inner);
	}
	const json_t *policy = json_at(template, "spec", "restartPolicy", NULL);
	if (policy && !streq(json_string_value(policy), "Always")) {
		size_t inner = walk_field(w, "spec");
		size_t leaf = walk_field(w, "restartPolicy");
		walk_unsupported(w, policy, (const char *const[]){"Always", NULL});
		walk_up(w, leaf);
		walk_up(w, inner);
	}
	const json_t *deadline = json_at(template, "spec", "activeDeadlineSeconds", NULL);
	if (deadline) {
		size_t inner = walk_field(w, "spec");
		size_t leaf = walk_field(w, "activeDeadlineSeconds");
		walk_forbidden(
			w, "activeDeadlineSeconds in ReplicationController is not Supported");
		walk_up(w, leaf);
		walk_up(w, inner);
	}
	walk_up(w, mark);
}

void rule_selector_requirement(struct walk *w, const json_t *requirement)
{
	const char *operator= json_str_or(requirement, "operator", "");
	size_t n = json_array_size(json_object_get(requirement, "values"));
	bool takes = streq(operator, "In") || streq(operator, "NotIn");
	bool none = streq(operator, "Exists") || streq(operator, "DoesNotExist");
	size_t mark = walk_field(w, "values");
	if (takes && !n)
		walk_required(w, "must be specified when `operator` is 'In' or 'NotIn'");
	else if (none && n)
		walk_forbidden(
			w, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
	walk_up(w, mark);
}
