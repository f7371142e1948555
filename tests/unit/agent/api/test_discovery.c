/* SPDX-License-Identifier: Apache-2.0 */
/* What clients learn before they ask: versions, groups, resources in both forms, OpenAPI, health. */
#include "tests/unit/agent/api/client.h"

static int up(void **state)
{
	struct server *s = xcalloc(1, sizeof *s);

	server_up(s);
	*state = s;
	return 0;
}

static int down(void **state)
{
	server_down(*state);
	free(*state);
	return 0;
}

static void plain(void **state)
{
	static const struct {
		const char *path, *kind;
		const char *parts[4];
	} cases[] = {
		{"/api", "APIVersions", {"\"versions\":[\"v1\"]"}},
		{"/apis", "APIGroupList", {"\"groups\":["}},
		{"/api/v1", "APIResourceList",
			{"\"name\":\"pods\"", "\"shortNames\":[\"po\"]", "\"name\":\"pods/log\"",
				"\"name\":\"replicationcontrollers/scale\",\"singularName\":\"\","
				"\"namespaced\":true,\"group\":\"autoscaling\",\"version\":\"v1\","
				"\"kind\":\"Scale\""}},
		{"/version", NULL,
			{"\"major\":\"1\"", "\"minor\":\"35\"", "\"gitVersion\":\"v1.35.0"}},
	};
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_answer struct answer a = get(s, cases[i].path);

		assert_int_equal(a.code, 200);
		assert_case(streq(json_str(a.json, "kind"), cases[i].kind), cases[i].path);
		for (size_t k = 0; k < ARRAY_SIZE(cases[i].parts) && cases[i].parts[k]; k++)
			if (!strstr(a.body, cases[i].parts[k]))
				fail_msg("%s lacks %s: %s", cases[i].path, cases[i].parts[k],
					a.body);
	}
}

#define AS "as=APIGroupDiscoveryList"
static void aggregated(void **state)
{
	static const char accept[] =
		"Accept: application/json;g=apidiscovery.k8s.io;v=v2;" AS
		",application/json;g=apidiscovery.k8s.io;v=v2beta1;" AS ",application/json\r\n";
	struct server *s = *state;
	cleanup_answer struct answer core = request(s, "GET", "/api", accept, ""), groups;
	const json_t *version, *resource;
	bool seen = false;
	size_t i;
	json_t *r;

	assert_non_null(
		strstr(core.head, "Content-Type: application/json;g=apidiscovery.k8s.io;v=v2;" AS));
	assert_string_equal(json_str(core.json, "kind"), "APIGroupDiscoveryList");
	version = json_array_get(
		json_list(json_array_get(json_list(core.json, "items"), 0), "versions"), 0);
	assert_string_equal(json_str(version, "freshness"), "Current");
	json_array_foreach (json_list(version, "resources"), i, r) {
		if (!streq(json_str(r, "resource"), "replicationcontrollers"))
			continue;
		seen = true;
		resource = json_array_get(json_list(r, "subresources"), 1);
		assert_string_equal(json_str(resource, "subresource"), "scale");
		assert_string_equal(
			json_str(json_map(resource, "responseKind"), "group"), "autoscaling");
	}
	assert_true(seen);
	groups = request(s, "GET", "/apis", accept, "");
	assert_string_equal(json_str(groups.json, "kind"), "APIGroupDiscoveryList");
}

static void openapi(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer index = get(s, "/openapi/v3"), document, none;
	const char *url =
		json_str(json_at(index.json, "paths", "api/v1", NULL), "serverRelativeURL");

	assert_non_null(url);
	document = get(s, url);
	assert_int_equal(document.code, 200);
	assert_non_null(strstr(document.body, "fieldValidation"));
	none = get(s, "/openapi/v3/apis/none/v1");
	assert_int_equal(none.code, 404);
}

static void health(void **state)
{
	static const char *const paths[] = {"/healthz", "/livez", "/readyz"};
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		cleanup_answer struct answer a = get(s, paths[i]);

		assert_int_equal(a.code, 200);
		assert_string_equal(a.body, "ok");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain, up, down),
		cmocka_unit_test_setup_teardown(aggregated, up, down),
		cmocka_unit_test_setup_teardown(openapi, up, down),
		cmocka_unit_test_setup_teardown(health, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
