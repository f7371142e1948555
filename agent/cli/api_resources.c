/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth api-resources`: what the agent's discovery lists.
 */
#include "agent/cli/columns.h"
#include "agent/cli/handlers.h"

static void join(const json_t *list, struct str *out)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		str_addf(out, "%s%s", out->n ? "," : "", json_string_value(one));
}

static void add_resource(
	struct cli *c, struct columns *t, const char *version, const json_t *resource)
{
	const char *format = flag_text(&c->flags, "output"),
		   *name = json_str_or(resource, "name", "");
	cleanup_str struct str names = {0}, verbs = {0}, categories = {0};
	bool namespaced = json_flag(resource, "namespaced", false);

	if (strchr(name, '/'))
		return; /* a subresource */
	if (flag_given(&c->flags, "namespaced") && flag_on(&c->flags, "namespaced") != namespaced)
		return;
	if (streq(format, "name")) {
		const char *slash = strchr(version, '/');

		(void)fprintf(c->out, "%s%s%.*s\n", name, slash ? "." : "",
			slash ? (int)(slash - version) : 0, version);
		return;
	}
	join(json_list(resource, "shortNames"), &names);
	columns_cell(t, name);
	columns_cell(t, names.n ? names.p : "");
	columns_cell(t, version);
	columns_cell(t, namespaced ? "true" : "false");
	columns_cell(t, json_str_or(resource, "kind", ""));
	if (streq(format, "wide")) {
		join(json_list(resource, "verbs"), &verbs);
		join(json_list(resource, "categories"), &categories);
		columns_cell(t, verbs.n ? verbs.p : "");
		columns_cell(t, categories.n ? categories.p : "");
	}
	columns_row(t);
}

static int add_group(struct cli *c, struct columns *t, const char *path)
{
	cleanup_response struct response response = {0};
	json_t *resource;
	size_t i;

	if (get(c, path, &response) != EXIT_OK)
		return EXIT_FAILED;
	json_array_foreach (json_list(response.json, "resources"), i, resource)
		add_resource(c, t, json_str_or(response.json, "groupVersion", ""), resource);
	return EXIT_OK;
}

static int add_groups(struct cli *c, struct columns *t)
{
	cleanup_response struct response response = {0};
	json_t *group;
	size_t i;
	int status = add_group(c, t, "/api/v1");

	if (get(c, "/apis", &response) != EXIT_OK)
		return EXIT_FAILED;
	json_array_foreach (json_list(response.json, "groups"), i, group) {
		cleanup_free char *path = xasprintf("/apis/%s",
			json_str_or(json_map(group, "preferredVersion"), "groupVersion", ""));

		status |= add_group(c, t, path);
	}
	return status;
}

int cmd_api_resources(struct cli *c)
{
	static const char *const titles[] = {
		"name", "shortnames", "apiversion", "namespaced", "kind", "verbs", "categories"};
	CLEANUP(columns_free) struct columns *t = columns_new(c);
	size_t n = streq(flag_text(&c->flags, "output"), "wide") ? ARRAY_SIZE(titles) : 5;
	int status;

	for (size_t i = 0; i < n; i++)
		columns_column(t, titles[i], 0);
	status = add_groups(c, t);
	if (!streq(flag_text(&c->flags, "output"), "name"))
		columns_print(t, !flag_on(&c->flags, "no-headers"));
	return status;
}
