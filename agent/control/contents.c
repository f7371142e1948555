/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each volume is a list of sources (a projected one has many, the others are their own only one); each source adds files.
 * Step "prepared" of a pod's life. Must hold: what is built twice from the same objects is equal, so that an unchanged set is
 * not written again.
 */
#include "agent/control/contents.h"

#include "agent/spec/object.h"
#include "runtime/volume/fileset.h"

enum { DEFAULT_MODE = 0644 };

struct build {
	const struct lookup *l;
	json_t *payload;
	const char *volume;
	mode_t mode; /* of files that have none of their own */
	struct err *e;
};

static mode_t mode_of(const json_t *item, mode_t fallback)
{
	return (mode_t)json_int(item, "mode", (int64_t)fallback) & 0777;
}

/* ---- keys of secrets and configMaps --------------------------------------------------------------------- */

struct keyed {
	const struct build *b;
	const char *kind;
	const json_t *object;
};

static int add_key_as(const struct keyed *k, const char *key, const char *path, mode_t mode)
{
	cleanup_free char *bytes = NULL;
	size_t n = 0;
	int r = lookup_bytes(k->kind, k->object, key, &bytes, &n, k->b->e);

	return r < 0 ? r
		     : payload_add_file(k->b->payload, k->b->volume, path, bytes, n, mode, k->b->e);
}

static int add_key(void *data, const char *key)
{
	const struct keyed *k = data;
	return add_key_as(k, key, key, k->b->mode);
}

static int add_object(
	const struct build *b, const char *kind, const char *name, const json_t *source)
{
	bool optional = json_flag(source, "optional", false);
	cleanup_json json_t *object = NULL;
	const json_t *items = json_list(source, "items"), *item;
	size_t i;
	int r = lookup_object(b->l, kind, name, &object, b->e);

	if (r == -ENOENT && optional)
		return 0;
	if (r < 0)
		return r;
	struct keyed k = {b, kind, object};
	if (!json_array_size(items))
		return lookup_each_key(kind, object, add_key, &k);
	json_array_foreach (items, i, item) {
		r = add_key_as(&k, json_str_or(item, "key", ""), json_str_or(item, "path", ""),
			mode_of(item, b->mode));
		if (r < 0 && !(r == -ENOENT && optional))
			return r;
	}
	return 0;
}

/* The member that names the object differs between a volume and a projection. */
static int add_secret(const struct build *b, const json_t *source)
{
	const char *name = json_str(source, "secretName");
	return add_object(b, "Secret", name ? name : json_str_or(source, "name", ""), source);
}

static int add_config_map(const struct build *b, const json_t *source)
{
	return add_object(b, "ConfigMap", json_str_or(source, "name", ""), source);
}

/* ---- the pod's own fields ------------------------------------------------------------------------------- */

static int add_downward(const struct build *b, const json_t *source)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_list(source, "items"), i, item) {
		const json_t *field = json_map(item, "fieldRef");
		cleanup_free char *value = NULL;
		int r = field ? lookup_field(
					b->l, json_str_or(field, "fieldPath", ""), &value, b->e)
			      : lookup_resource(b->l, json_map(item, "resourceFieldRef"), NULL,
					&value, b->e);
		if (r >= 0)
			r = payload_add_file(b->payload, b->volume, json_str_or(item, "path", ""),
				value, strlen(value), mode_of(item, b->mode), b->e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- volumes ------------------------------------------------------------------------------------------ */

static const struct {
	const char *member;
	int (*add)(const struct build *b, const json_t *source);
} sources[] = {
	{"secret", add_secret},
	{"configMap", add_config_map},
	{"downwardAPI", add_downward},
};

static int add_sources(const struct build *b, const json_t *holder)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const json_t *source = json_map(holder, sources[i].member);
		int r = source ? sources[i].add(b, source) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static const json_t *files_member(const json_t *volume)
{
	const json_t *projected = json_map(volume, "projected");
	for (size_t i = 0; i < ARRAY_SIZE(sources) && !projected; i++)
		projected = json_map(volume, sources[i].member);
	return projected;
}

bool contents_is_files(const json_t *volume)
{
	return files_member(volume) != NULL;
}

static int add_volume(const struct build *b, const json_t *volume)
{
	const json_t *projections = json_at(volume, "projected", "sources", NULL), *projection;
	size_t i;
	int r = add_sources(b, volume);

	json_array_foreach (projections, i, projection) {
		if (r < 0)
			break;
		r = add_sources(b, projection);
	}
	return r;
}

int contents_build(const struct lookup *l, json_t *payload, struct err *e)
{
	const json_t *volume;
	size_t i;

	json_array_foreach (json_at(l->pod, "spec", "volumes", NULL), i, volume) {
		const json_t *files = files_member(volume);
		struct build b = {.l = l,
			.payload = payload,
			.volume = json_str_or(volume, "name", ""),
			.mode = (mode_t)json_int(files, "defaultMode", DEFAULT_MODE) & 0777,
			.e = e};
		if (!files)
			continue;
		payload_add_volume(payload, b.volume);
		int r = add_volume(&b, volume);
		if (r < 0)
			return err_wrap(e, r, "volume \"%s\"", b.volume);
	}
	return 0;
}

/* ---- what a pod refers to ------------------------------------------------------------------------------- */

struct visit {
	void (*fn)(void *data, const char *kind, const char *name);
	void *data;
	const char *pod_name;
};

static void visit_holder(const struct visit *v, const json_t *holder)
{
	const json_t *secret = json_map(holder, "secret"), *config = json_map(holder, "configMap");

	if (secret)
		v->fn(v->data, "Secret",
			json_str_or(secret, "secretName", json_str_or(secret, "name", "")));
	if (config)
		v->fn(v->data, "ConfigMap", json_str_or(config, "name", ""));
	if (json_map(holder, "downwardAPI"))
		v->fn(v->data, "Pod", v->pod_name);
}

static void visit_env(const struct visit *v, const json_t *container)
{
	static const struct {
		const char *list, *inner, *member, *kind;
	} places[] = {
		{"env", "valueFrom", "secretKeyRef", "Secret"},
		{"env", "valueFrom", "configMapKeyRef", "ConfigMap"},
		{"envFrom", NULL, "secretRef", "Secret"},
		{"envFrom", NULL, "configMapRef", "ConfigMap"},
	};
	const json_t *item;
	size_t k;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		json_array_foreach (json_list(container, places[i].list), k, item) {
			const json_t *holder =
				places[i].inner ? json_map(item, places[i].inner) : item;
			const json_t *ref = json_map(holder, places[i].member);
			if (ref)
				v->fn(v->data, places[i].kind, json_str_or(ref, "name", ""));
		}
	}
}

void contents_each_source(
	const json_t *pod, void (*fn)(void *data, const char *kind, const char *name), void *data)
{
	static const char *const lists[] = {"initContainers", "containers"};
	const struct visit v = {fn, data, meta_str(pod, "name")};
	const json_t *item, *projection;
	size_t i, k;

	json_array_foreach (json_at(pod, "spec", "volumes", NULL), i, item) {
		visit_holder(&v, item);
		json_array_foreach (json_at(item, "projected", "sources", NULL), k, projection)
			visit_holder(&v, projection);
	}
	for (size_t list = 0; list < ARRAY_SIZE(lists); list++) {
		json_array_foreach (json_at(pod, "spec", lists[list], NULL), i, item)
			visit_env(&v, item);
	}
}
