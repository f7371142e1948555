/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is served: versions, groups, resources and their verbs, in the plain and the aggregated form, made from the
 * table of kinds; and the OpenAPI documents that agent/spec makes of the schemas.
 *
 * Source: client-go discovery/discovery_client.go; Kubernetes docs, "API discovery".
 */
#include "agent/api/routes.h"
#include "agent/api/server.h"
#include "runtime/base/version.h"

#include <sys/utsname.h>

static const char *const verbs[] = {
	"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch", NULL};
static const char *const status_verbs[] = {"get", "patch", "update", NULL};
static const char *const get_verbs[] = {"get", NULL};
static const char *const exec_verbs[] = {"create", "get", NULL};
static const char *const create_verbs[] = {"create", NULL};

/* The subresources of the plain discovery documents. */
static const struct subresource {
	const char *name, *kind, *group, *version;
	const char *const *verbs;
	bool pods_only, status, scale;
} subresources[] = {
	{"status", NULL, NULL, NULL, status_verbs, false, true, false},
	{"scale", "Scale", "autoscaling", "v1", status_verbs, false, false, true},
	{"log", "Pod", "", "v1", get_verbs, true, false, false},
	{"attach", "PodAttachOptions", "", "v1", exec_verbs, true, false, false},
	{"exec", "PodExecOptions", "", "v1", exec_verbs, true, false, false},
	{"portforward", "PodPortForwardOptions", "", "v1", exec_verbs, true, false, false},
	{"eviction", "Eviction", "policy", "v1", create_verbs, true, false, false},
};

static json_t *strings(const char *const *list)
{
	json_t *j = json_array();

	for (size_t i = 0; list && list[i]; i++)
		json_push(j, json_string(list[i]));
	return j;
}

static bool has_subresource(const struct kind *k, const struct subresource *s)
{
	if (s->pods_only)
		return streq(k->kind, "Pod");
	return (s->status && k->has_status) || (s->scale && k->has_scale);
}

static json_t *object_of(const char *api_version, const char *kind)
{
	json_t *j = json_object();

	json_put_str(j, "kind", kind);
	json_put_str(j, "apiVersion", api_version);
	return j;
}

/* ---- plain form -------------------------------------------------------------------------------- */

static json_t *plain_resource(const struct kind *k)
{
	json_t *j = json_object();

	json_put_str(j, "name", k->plural);
	json_put_str(j, "singularName", k->singular);
	json_put_flag(j, "namespaced", k->namespaced);
	json_put_str(j, "kind", k->kind);
	json_put(j, "verbs", strings(verbs));
	if (k->short_names && k->short_names[0])
		json_put(j, "shortNames", strings(k->short_names));
	if (k->categories && k->categories[0])
		json_put(j, "categories", strings(k->categories));
	return j;
}

static json_t *plain_subresource(const struct kind *k, const struct subresource *s)
{
	cleanup_free char *name = xasprintf("%s/%s", k->plural, s->name);
	json_t *j = json_object();

	json_put_str(j, "name", name);
	json_put_str(j, "singularName", "");
	json_put_flag(j, "namespaced", k->namespaced);
	if (s->group) {
		json_put_str(j, "group", s->group);
		json_put_str(j, "version", s->version);
	}
	json_put_str(j, "kind", s->kind ? s->kind : k->kind);
	json_put(j, "verbs", strings(s->verbs));
	return j;
}

void get_resources(struct request *r)
{
	cleanup_free char *version =
		r->group[0] ? xasprintf("%s/%s", r->group, r->version) : xstrdup(r->version);
	json_t *list = object_of("v1", "APIResourceList"), *resources = json_array();

	for (size_t i = 0; kinds[i]; i++) {
		const struct kind *k = kinds[i];

		if (!k->plural || !streq(k->group, r->group) || !streq(k->version, r->version))
			continue;
		json_push(resources, plain_resource(k));
		for (size_t s = 0; s < ARRAY_SIZE(subresources); s++)
			if (has_subresource(k, &subresources[s]))
				json_push(resources, plain_subresource(k, &subresources[s]));
	}
	json_put_str(list, "groupVersion", version);
	if (json_array_size(resources) > 0 || streq(r->group, "berth.dev")) {
		json_put(list, "resources", resources);
		reply_json(r, 200, list);
		return;
	}
	json_decref(resources);
	json_decref(list);
	reply_failure(r, 404, "NotFound", "the server could not find the requested resource");
}

static json_t *plain_group(const struct kind *k)
{
	cleanup_free char *text = xasprintf("%s/%s", k->group, k->version);
	json_t *group = json_object(), *version = json_object(), *list = json_array();

	json_put_str(version, "groupVersion", text);
	json_put_str(version, "version", k->version);
	json_put_str(group, "name", k->group);
	json_push(list, json_incref(version));
	json_put(group, "versions", list);
	json_put(group, "preferredVersion", version);
	return group;
}

/* Each group has one version here; its first kind stands for it. */
static bool first_of_group(size_t at)
{
	if (!kinds[at]->plural || !kinds[at]->group[0])
		return false;
	for (size_t i = 0; i < at; i++)
		if (kinds[i]->plural && streq(kinds[i]->group, kinds[at]->group))
			return false;
	return true;
}

void get_group(struct request *r)
{
	json_t *group;

	for (size_t i = 0; kinds[i]; i++) {
		if (!first_of_group(i) || !streq(kinds[i]->group, r->group))
			continue;
		group = plain_group(kinds[i]);
		json_put_str(group, "kind", "APIGroup");
		json_put_str(group, "apiVersion", "v1");
		reply_json(r, 200, group);
		return;
	}
	reply_failure(r, 404, "NotFound", "the server could not find the requested resource");
}

/* ---- aggregated form --------------------------------------------------------------------------- */

static json_t *response_kind(const char *group, const char *version, const char *kind)
{
	json_t *j = json_object();

	json_put_str(j, "group", group);
	json_put_str(j, "version", version);
	json_put_str(j, "kind", kind);
	return j;
}

static json_t *aggregated_resource(const struct kind *k)
{
	json_t *j = json_object(), *subs = json_array();

	json_put_str(j, "resource", k->plural);
	json_put(j, "responseKind", response_kind(k->group, k->version, k->kind));
	json_put_str(j, "scope", k->namespaced ? "Namespaced" : "Cluster");
	json_put_str(j, "singularResource", k->singular);
	json_put(j, "verbs", strings(verbs));
	if (k->short_names && k->short_names[0])
		json_put(j, "shortNames", strings(k->short_names));
	if (k->categories && k->categories[0])
		json_put(j, "categories", strings(k->categories));
	for (size_t i = 0; i < ARRAY_SIZE(subresources); i++) {
		const struct subresource *s = &subresources[i];
		json_t *sub;

		if (!has_subresource(k, s))
			continue;
		sub = json_object();
		json_put_str(sub, "subresource", s->name);
		json_put(sub, "responseKind",
			s->group ? response_kind(s->group, s->version, s->kind)
				 : response_kind(k->group, k->version, k->kind));
		json_put(sub, "verbs", strings(s->verbs));
		json_push(subs, sub);
	}
	if (json_array_size(subs) > 0)
		json_put(j, "subresources", subs);
	else
		json_decref(subs);
	return j;
}

static json_t *aggregated_group(const char *group, const char *version)
{
	json_t *j = json_object(), *v = json_object(), *resources = json_array();
	json_t *versions = json_array();

	for (size_t i = 0; kinds[i]; i++)
		if (kinds[i]->plural && streq(kinds[i]->group, group) &&
			streq(kinds[i]->version, version))
			json_push(resources, aggregated_resource(kinds[i]));
	json_put_str(v, "version", version);
	json_put(v, "resources", resources);
	json_put_str(v, "freshness", "Current");
	json_push(versions, v);
	json_put_str(json_sub(j, "metadata"), "name", group);
	json_put(j, "versions", versions);
	return j;
}

/* The newest aggregated form that the client takes before any plain one, or NULL. */
static const char *aggregated_version(const struct request *r)
{
	const char *accept = request_header(r, "Accept");
	const char *v2, *beta;

	if (!accept)
		return NULL;
	v2 = strstr(accept, "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
	beta = strstr(accept, "g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList");
	return v2 ? "v2" : beta ? "v2beta1" : NULL;
}

static void reply_aggregated(struct request *r, const char *version, bool core)
{
	cleanup_free char *type = xasprintf(
		"application/json;g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList", version);
	cleanup_free char *api_version = xasprintf("apidiscovery.k8s.io/%s", version);
	json_t *list = object_of(api_version, "APIGroupDiscoveryList"), *items = json_array();

	json_put(list, "metadata", json_object());
	if (core)
		json_push(items, aggregated_group("", "v1"));
	for (size_t i = 0; !core && kinds[i]; i++)
		if (first_of_group(i))
			json_push(items, aggregated_group(kinds[i]->group, kinds[i]->version));
	json_put(list, "items", items);
	reply_json_as(r, 200, type, list);
}

void get_api_versions(struct request *r)
{
	static const char *const core[] = {"v1", NULL};
	const char *aggregated = aggregated_version(r);
	json_t *j;

	if (aggregated) {
		reply_aggregated(r, aggregated, true);
		return;
	}
	j = json_object();
	json_put_str(j, "kind", "APIVersions");
	json_put(j, "versions", strings(core));
	json_put(j, "serverAddressByClientCIDRs", json_array());
	reply_json(r, 200, j);
}

void get_groups(struct request *r)
{
	const char *aggregated = aggregated_version(r);
	json_t *list, *groups;

	if (aggregated) {
		reply_aggregated(r, aggregated, false);
		return;
	}
	list = object_of("v1", "APIGroupList");
	groups = json_array();
	for (size_t i = 0; kinds[i]; i++)
		if (first_of_group(i))
			json_push(groups, plain_group(kinds[i]));
	json_put(list, "groups", groups);
	reply_json(r, 200, list);
}

/* ---- version and OpenAPI ----------------------------------------------------------------------- */

void get_version(struct request *r)
{
	cleanup_free char *git =
		xasprintf("v" KUBERNETES_MAJOR "." KUBERNETES_MINOR ".0+berth-%s", berth_version);
	struct utsname host;
	json_t *j = json_object();

	json_put_str(j, "major", KUBERNETES_MAJOR);
	json_put_str(j, "minor", KUBERNETES_MINOR);
	json_put_str(j, "gitVersion", git);
	json_put_str(j, "gitCommit", berth_version);
	json_put_str(j, "gitTreeState", "clean");
	json_put_str(j, "berthVersion", berth_version);
	if (uname(&host) == 0) {
		cleanup_free char *platform =
			xasprintf("linux/%s", streq(host.machine, "x86_64")    ? "amd64"
					      : streq(host.machine, "aarch64") ? "arm64"
									       : host.machine);

		json_put_str(j, "platform", platform);
	}
	reply_json(r, 200, j);
}

void get_openapi_index(struct request *r)
{
	json_t *j = json_object(), *paths = json_sub(j, "paths");

	for (size_t i = 0; kinds[i]; i++) {
		cleanup_free char *name = NULL, *url = NULL;
		json_t *entry;

		if (!kinds[i]->plural || (kinds[i]->group[0] && !first_of_group(i)))
			continue;
		name = kinds[i]->group[0]
			       ? xasprintf("apis/%s/%s", kinds[i]->group, kinds[i]->version)
			       : xasprintf("api/%s", kinds[i]->version);
		if (json_object_get(paths, name))
			continue;
		/* A client keeps the document as long as the hash is the same: one build's. */
		url = xasprintf("/openapi/v3/%s?hash=%s", name, berth_version);
		entry = json_object();
		json_put_str(entry, "serverRelativeURL", url);
		json_put(paths, name, entry);
	}
	reply_json(r, 200, j);
}

void get_openapi(struct request *r)
{
	const struct target *t = &r->target;
	json_t *document = NULL;

	/* /openapi/v3/api/v1 and /openapi/v3/apis/{group}/{version} */
	if (t->n_segments == 4 && streq(t->segments[2], "api"))
		document = spec_openapi("", t->segments[3]);
	else if (t->n_segments == 5 && streq(t->segments[2], "apis"))
		document = spec_openapi(t->segments[3], t->segments[4]);
	if (document)
		reply_json(r, 200, document);
	else
		reply_failure(
			r, 404, "NotFound", "the server could not find the requested resource");
}
