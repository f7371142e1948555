/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenAPI v3 documents that kubectl asks for before it writes anything: schemas for explain and for the patches
 * of apply, paths for what the server can do. Generated from the same tables that decode.
 * Source: kubernetes-api.md, "OpenAPI"; OpenAPI 3.0.
 */
#include "agent/spec/explain.h"

#define REF "#/components/schemas/"
#define META_V1 "io.k8s.apimachinery.pkg.apis.meta.v1."

struct generator {
	const char *group, *version;
	json_t *schemas;
};

static void add_schema(struct generator *g, const struct type *t);

static char *schema_name(const struct generator *g, const struct type *t)
{
	if (t->meta)
		return xasprintf(META_V1 "%s", t->name);
	return xasprintf("io.k8s.api.%s.%s.%s", *g->group ? g->group : "core", g->version, t->name);
}

static json_t *one_key(const char *key, json_t *own_value)
{
	json_t *out = json_object();
	json_put(out, key, own_value);
	return out;
}

static json_t *reference(struct generator *g, const struct type *t)
{
	cleanup_free char *name = schema_name(g, t);
	cleanup_free char *ref = xasprintf(REF "%s", name);
	json_t *all = json_array(), *out = json_object();
	add_schema(g, t);
	json_push(all, one_key("$ref", json_string(ref)));
	json_put(out, "allOf", all);
	json_put(out, "default", json_object());
	return out;
}

static json_t *either(const char *format, const char *other)
{
	json_t *out = json_object(), *one_of = json_array();
	json_put_str(out, "format", format);
	json_push(one_of, one_key("type", json_string("string")));
	json_push(one_of, one_key("type", json_string(other)));
	json_put(out, "oneOf", one_of);
	return out;
}

static json_t *scalar(const struct field *f)
{
	static const struct {
		const char *type, *format;
	} rows[VALUE_TYPE_MAX] = {[STRING] = {"string", NULL},
		[INT32] = {"integer", "int32"},
		[INT64] = {"integer", "int64"},
		[BOOL] = {"boolean", NULL},
		[TIME] = {"string", "date-time"},
		[MICRO_TIME] = {"string", "date-time"},
		[BYTES] = {"string", "byte"},
		[ANY] = {"object", NULL}};
	if (f->type == QUANTITY)
		return either(NULL, "number");
	if (f->type == INT_OR_STRING)
		return either("int-or-string", "integer");
	json_t *out = json_object();
	json_put_str(out, "type", rows[f->type].type);
	json_put_str(out, "format", rows[f->type].format);
	if (f->values && !(f->flags & OBSERVED)) {
		json_t *values = json_array();
		for (size_t i = 0; f->values[i]; i++)
			json_push(values, json_string(f->values[i]));
		json_put(out, "enum", values);
	}
	return out;
}

static json_t *property(struct generator *g, const struct field *f)
{
	json_t *value = f->type == OBJECT ? reference(g, f->of) : scalar(f);
	json_t *out = value;
	if (f->flags & (LIST | MAP)) {
		out = json_object();
		json_put_str(out, "type", f->flags & LIST ? "array" : "object");
		json_put(out, f->flags & LIST ? "items" : "additionalProperties", value);
	}
	cleanup_str struct str text = {0};
	str_add(&text, f->doc);
	/* A type is described once, wherever it is used: that berth honours a field goes without saying. */
	if (f->support != HONOURED) {
		str_add(&text, " berth: ");
		support_text(f, false, &text);
	}
	json_put_str(out, "description", text.p);
	bool merges = f->flags & LIST && (f->key || f->flags & MERGE);
	if (merges) {
		json_put_str(out, "x-kubernetes-patch-merge-key", f->key);
		json_put_str(out, "x-kubernetes-patch-strategy",
			f->flags & RETAIN ? "merge,retainKeys" : "merge");
	}
	if (f->flags & LIST)
		json_put_str(out, "x-kubernetes-list-type",
			!merges	 ? "atomic"
			: f->key ? "map"
				 : "set");
	if (merges && f->key) {
		json_t *keys = json_array();
		json_push(keys, json_string(f->key));
		json_put(out, "x-kubernetes-list-map-keys", keys);
	}
	return out;
}

static json_t *gvk(const struct kind *k, const char *kind)
{
	json_t *out = json_object();
	json_put_str(out, "group", k->group);
	json_put_str(out, "version", k->version);
	json_put_str(out, "kind", kind);
	return out;
}

static void add_schema(struct generator *g, const struct type *t)
{
	cleanup_free char *name = schema_name(g, t);
	if (json_object_get(g->schemas, name))
		return;
	json_t *out = json_object(), *properties = json_object(), *required = json_array();
	json_put(g->schemas, name, out); /* before its members, which may name it */
	json_put_str(out, "description", t->doc);
	json_put_str(out, "type", "object");
	for (const struct field *f = t->fields; f->name; f++) {
		json_put(properties, f->name, property(g, f));
		if (f->flags & REQUIRED)
			json_push(required, json_string(f->name));
	}
	json_put(out, "properties", properties);
	if (json_array_size(required))
		json_put(out, "required", json_incref(required));
	json_drop(required);
}

/* ---- paths ---- */

static json_t *parameter(const char *name, const char *in, const char *type)
{
	json_t *out = json_object();
	json_put_str(out, "name", name);
	json_put_str(out, "in", in);
	if (streq(in, "path"))
		json_put_flag(out, "required", true);
	json_put(out, "schema", one_key("type", json_string(type)));
	return out;
}

/* Requests are JSON of the kind, and so are answers. */
static json_t *content(const char *type, const char *schema)
{
	cleanup_free char *ref = xasprintf(REF "%s", schema);
	return one_key(
		"content", one_key(type, one_key("schema", one_key("$ref", json_string(ref)))));
}

static const struct verb {
	const char *method, *action;
	bool on_name, writes;
} verbs[] = {{"get", "list", false, false}, {"post", "post", false, true},
	{"delete", "deletecollection", false, false}, {"get", "get", true, false},
	{"put", "put", true, true}, {"patch", "patch", true, true},
	{"delete", "delete", true, false}};

static json_t *operation(const struct kind *k, const struct verb *v, const char *schema)
{
	static const char *const asked[] = {"dryRun", "fieldManager", "fieldValidation"};
	json_t *out = json_object(), *parameters = json_array();
	json_put_str(out, "x-kubernetes-action", v->action);
	json_put(out, "x-kubernetes-group-version-kind", gvk(k, k->kind));
	for (size_t i = 0; v->writes && i < ARRAY_SIZE(asked); i++)
		json_push(parameters, parameter(asked[i], "query", "string"));
	json_put(out, "parameters", parameters);
	if (streq(v->method, "patch"))
		json_put(out, "requestBody",
			content("application/strategic-merge-patch+json", META_V1 "Patch"));
	else if (v->writes)
		json_put(out, "requestBody", content("application/json", schema));
	json_t *ok = content("application/json", schema);
	json_put_str(ok, "description", "OK");
	json_put(out, "responses", one_key("200", ok));
	return out;
}

static void add_path(struct generator *g, json_t *paths, const struct kind *k, bool on_name)
{
	cleanup_free char *base = *k->group ? xasprintf("/apis/%s/%s", k->group, k->version)
					    : xasprintf("/api/%s", k->version);
	cleanup_free char *path =
		xasprintf("%s%s/%s%s", base, k->namespaced ? "/namespaces/{namespace}" : "",
			k->plural, on_name ? "/{name}" : "");
	cleanup_free char *schema = schema_name(g, k->type);
	json_t *item = json_object(), *parameters = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (verbs[i].on_name == on_name)
			json_put(item, verbs[i].method, operation(k, &verbs[i], schema));
	if (on_name)
		json_push(parameters, parameter("name", "path", "string"));
	if (k->namespaced)
		json_push(parameters, parameter("namespace", "path", "string"));
	json_put(item, "parameters", parameters);
	json_put(paths, path, item);
}

static void add_kind(struct generator *g, json_t *paths, const struct kind *k)
{
	cleanup_free char *name = schema_name(g, k->type);
	json_t *list = json_array();
	add_schema(g, k->type);
	json_push(list, gvk(k, k->kind));
	json_put(json_object_get(g->schemas, name), "x-kubernetes-group-version-kind", list);
	if (!k->plural)
		return;
	add_path(g, paths, k, false);
	add_path(g, paths, k, true);
}

json_t *spec_openapi(const char *group, const char *version)
{
	struct generator g = {group, version, json_object()};
	json_t *paths = json_object();
	for (size_t i = 0; kinds[i]; i++)
		if (streq(kinds[i]->group, group) && streq(kinds[i]->version, version))
			add_kind(&g, paths, kinds[i]);
	const struct kind *scale = kind_by_name("autoscaling/v1", "Scale");
	if (streq(scale->group, group) && streq(scale->version, version))
		add_kind(&g, paths, scale);
	if (!json_object_size(g.schemas)) {
		json_drop(g.schemas);
		json_drop(paths);
		return NULL;
	}
	json_put(g.schemas, META_V1 "Patch", one_key("type", json_string("object")));
	json_t *out = json_object(), *about = json_object();
	json_put_str(about, "title", "berth");
	json_put_str(about, "version", "v1.35.0");
	json_put_str(out, "openapi", "3.0.0");
	json_put(out, "info", about);
	json_put(out, "paths", paths);
	json_put(out, "components", one_key("schemas", g.schemas));
	return out;
}
