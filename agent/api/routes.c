/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every path that the API answers. The first row that fits wins, so literal segments stand before
 * placeholders.
 */
#include "agent/api/routes.h"

#define OBJECT "*/{resource}/{name}"
#define NS_LIST "*/namespaces/{ns}/{resource}"
#define NS_OBJECT "*/namespaces/{ns}/{resource}/{name}"
#define IMAGES "/apis/berth.dev/v1/images"
#define CLUSTER (ROUTE_KIND | ROUTE_CLUSTER)
#define SPACED (ROUTE_KIND | ROUTE_NAMESPACED)

const struct route routes[] = {
	{METHOD_GET, "/version", get_version, 0},
	{METHOD_GET, "/healthz", get_healthz, 0},
	{METHOD_GET, "/livez", get_healthz, 0},
	{METHOD_GET, "/readyz", get_readyz, 0},
	{METHOD_GET, "/metrics", get_metrics, 0},
	{METHOD_GET, "/api", get_api_versions, 0},
	{METHOD_GET, "/apis", get_groups, 0},
	{METHOD_GET, "/apis/{group}", get_group, 0},
	{METHOD_GET, "/openapi/v3", get_openapi_index, 0},
	{METHOD_GET, "/openapi/v3/{rest}", get_openapi, 0},

	{METHOD_GET, IMAGES, get_images, 0},
	{METHOD_POST, IMAGES, post_image, ROUTE_BODY | ROUTE_BODY_FILE},
	{METHOD_DELETE, IMAGES, delete_image, ROUTE_BODY},
	{METHOD_DELETE, IMAGES "/{rest}", delete_image, ROUTE_BODY},
	{METHOD_GET, "/apis/berth.dev/v1/check", get_check, 0},

	{METHOD_GET, "/apis/berth.dev/v1/namespaces/{ns}/pods/{name}/deaths", get_deaths, 0},
	{METHOD_POST, "/apis/berth.dev/v1/namespaces/{ns}/pods/{name}/retry", retry_pod,
		ROUTE_BODY},

	{METHOD_GET, "*", get_resources, 0},
	{METHOD_GET, "*/{resource}", get_list, ROUTE_KIND},
	{METHOD_POST, "*/{resource}", create_object, CLUSTER | ROUTE_BODY},
	{METHOD_DELETE, "*/{resource}", delete_objects, CLUSTER | ROUTE_BODY},
	{METHOD_GET, OBJECT, get_object, CLUSTER},
	{METHOD_PUT, OBJECT, replace_object, CLUSTER | ROUTE_BODY},
	{METHOD_PATCH, OBJECT, patch_object, CLUSTER | ROUTE_BODY},
	{METHOD_DELETE, OBJECT, delete_object, CLUSTER | ROUTE_BODY},
	{METHOD_GET, OBJECT "/status", get_object, CLUSTER | ROUTE_STATUS},
	{METHOD_PUT, OBJECT "/status", replace_status, CLUSTER | ROUTE_STATUS | ROUTE_BODY},
	{METHOD_PATCH, OBJECT "/status", patch_status, CLUSTER | ROUTE_STATUS | ROUTE_BODY},

	{METHOD_GET, NS_LIST, get_list, SPACED},
	{METHOD_POST, NS_LIST, create_object, SPACED | ROUTE_BODY},
	{METHOD_DELETE, NS_LIST, delete_objects, SPACED | ROUTE_BODY},
	{METHOD_GET, NS_OBJECT, get_object, SPACED},
	{METHOD_PUT, NS_OBJECT, replace_object, SPACED | ROUTE_BODY},
	{METHOD_PATCH, NS_OBJECT, patch_object, SPACED | ROUTE_BODY},
	{METHOD_DELETE, NS_OBJECT, delete_object, SPACED | ROUTE_BODY},
	{METHOD_GET, NS_OBJECT "/status", get_object, SPACED | ROUTE_STATUS},
	{METHOD_PUT, NS_OBJECT "/status", replace_status, SPACED | ROUTE_STATUS | ROUTE_BODY},
	{METHOD_PATCH, NS_OBJECT "/status", patch_status, SPACED | ROUTE_STATUS | ROUTE_BODY},
	{METHOD_GET, NS_OBJECT "/scale", get_scale, SPACED | ROUTE_SCALE},
	{METHOD_PUT, NS_OBJECT "/scale", replace_scale, SPACED | ROUTE_SCALE | ROUTE_BODY},
	{METHOD_PATCH, NS_OBJECT "/scale", patch_scale, SPACED | ROUTE_SCALE | ROUTE_BODY},
	{METHOD_GET, NS_OBJECT "/log", get_log, SPACED | ROUTE_POD},
	{METHOD_GET, NS_OBJECT "/exec", exec_pod, SPACED | ROUTE_POD | ROUTE_LONG_LINE},
	{METHOD_POST, NS_OBJECT "/exec", exec_pod, SPACED | ROUTE_POD | ROUTE_LONG_LINE},
	{METHOD_GET, NS_OBJECT "/attach", attach_pod, SPACED | ROUTE_POD},
	{METHOD_POST, NS_OBJECT "/attach", attach_pod, SPACED | ROUTE_POD},
	{METHOD_GET, NS_OBJECT "/portforward", forward_pod, SPACED | ROUTE_POD},
	{METHOD_POST, NS_OBJECT "/portforward", forward_pod, SPACED | ROUTE_POD},
	{METHOD_POST, NS_OBJECT "/eviction", evict_pod, SPACED | ROUTE_POD | ROUTE_BODY},
};
const size_t n_routes = ARRAY_SIZE(routes);

static const char *const method_names[METHOD_MAX] = {
	[METHOD_GET] = "GET",
	[METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",
	[METHOD_PATCH] = "PATCH",
	[METHOD_DELETE] = "DELETE",
};

int method_of(const char *name, enum method *ret)
{
	for (size_t i = 0; i < METHOD_MAX; i++) {
		if (streq(name, method_names[i])) {
			*ret = (enum method)i;
			return 0;
		}
	}
	return -EOPNOTSUPP;
}

const char *method_name(enum method method)
{
	return method_names[method];
}

/* Cuts /api/v1 or /apis/{group}/{version} from the front. Returns: how many segments, 0 for none. */
static size_t match_root(struct request *r)
{
	const struct target *t = &r->target;

	if (t->n_segments >= 2 && streq(t->segments[0], "api")) {
		r->group = "";
		r->version = t->segments[1];
		return 2;
	}
	if (t->n_segments >= 3 && streq(t->segments[0], "apis")) {
		r->group = t->segments[1];
		r->version = t->segments[2];
		return 3;
	}
	return 0;
}

/* Where the value of a placeholder goes. */
static const char **slot_of(struct request *r, struct sv name)
{
	const struct {
		const char *name;
		const char **slot;
	} slots[] = {
		{"{group}", &r->group},
		{"{ns}", &r->ns},
		{"{resource}", &r->resource},
		{"{name}", &r->name},
		{"{rest}", &r->rest},
	};

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		if (sv_eq(name, slots[i].name))
			return slots[i].slot;
	return NULL;
}

static bool match_pattern(struct request *r, const char *pattern)
{
	struct sv left = sv(pattern);
	size_t at = 0;

	r->group = r->version = r->ns = r->resource = r->name = r->rest = NULL;
	if (left.p[0] == '*') {
		at = match_root(r);
		if (at == 0)
			return false;
	}
	(void)sv_cut(&left, '/');
	while (left.n > 0) {
		struct sv part = sv_cut(&left, '/');
		const char **slot = part.p[0] == '{' ? slot_of(r, part) : NULL;

		if (at == r->target.n_segments)
			return false;
		if (slot)
			*slot = r->target.segments[at];
		else if (!sv_eq(part, r->target.segments[at]))
			return false;
		if (slot == &r->rest)
			return true;
		at++;
	}
	return at == r->target.n_segments;
}

static bool kind_fits(struct request *r, unsigned flags)
{
	const struct kind *k;

	r->kind = NULL;
	if (!(flags & ROUTE_KIND))
		return true;
	k = kind_by_resource(r->group, r->version, r->resource);
	if (!k || ((flags & ROUTE_CLUSTER) && k->namespaced) ||
		((flags & ROUTE_NAMESPACED) && !k->namespaced) ||
		((flags & ROUTE_STATUS) && !k->has_status) ||
		((flags & ROUTE_SCALE) && !k->has_scale) ||
		((flags & ROUTE_POD) && (k->group[0] || !streq(k->plural, "pods"))))
		return false;
	r->kind = k;
	return true;
}

int route_match(struct request *r, unsigned *ret_methods)
{
	*ret_methods = 0;
	for (size_t i = 0; i < n_routes; i++) {
		const struct route *route = &routes[i];

		if (!match_pattern(r, route->pattern) || !kind_fits(r, route->flags))
			continue;
		if (route->method == r->method) {
			r->route = route;
			return 0;
		}
		*ret_methods |= 1u << route->method;
	}
	return *ret_methods ? -EOPNOTSUPP : -ENOENT;
}
