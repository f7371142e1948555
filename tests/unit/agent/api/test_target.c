/* SPDX-License-Identifier: Apache-2.0 */
/* The request line: what is read from it, what is refused, which route it is. */
#include "tests/unit/unit.h"

#include "agent/api/routes.h"
#include "agent/api/target.h"

static void lines(void **state)
{
	static const struct {
		const char *raw;
		int r;
		size_t segments, params;
		const char *last, *key, *value;
	} cases[] = {
		{"/", 0, 0, 0, NULL, NULL, NULL},
		{"/api/v1/pods", 0, 3, 0, "pods", NULL, NULL},
		{"/api/", 0, 1, 0, "api", NULL, NULL},
		{"/a%2Fb", 0, 1, 0, "a/b", NULL, NULL},
		{"/a?b", 0, 1, 1, "a", "b", ""},
		{"/a?b=c+d%20e%3D", 0, 1, 1, "a", "b", "c d e="},
		{"/a?b=1&b=2&&c=", 0, 1, 3, "a", "b", "1"},
		{"/gr%C3%BC%C3%9F", 0, 1, 0, "gr\xc3\xbc\xc3\x9f", NULL, NULL},
		{"/a?x=line%0Abreak", 0, 1, 1, "a", "x", "line\nbreak"},
		{"", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"api", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"*", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"//a", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a/../b", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a/%2e%2E/b", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a/./b", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a%00b", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a?b=%00", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a%0Ab", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a%f", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a%", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/a%gg", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/%FF", -EBADMSG, 0, 0, NULL, NULL, NULL},
		{"/1/2/3/4/5/6/7/8/9/10/11/12/13", -EBADMSG, 0, 0, NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct target t = {0};
		struct err e = {0};
		int r = target_parse(sv(cases[i].raw), &t, &e);

		assert_case(r == cases[i].r, cases[i].raw);
		if (r < 0) {
			assert_case(e.msg[0] != '\0', cases[i].raw);
			continue;
		}
		assert_case(t.n_segments == cases[i].segments, cases[i].raw);
		assert_case(t.n_params == cases[i].params, cases[i].raw);
		if (cases[i].last)
			assert_string_equal(t.segments[t.n_segments - 1], cases[i].last);
		if (cases[i].key)
			assert_string_equal(target_param(&t, cases[i].key), cases[i].value);
		target_done(&t);
	}
}

static void parameters(void **state)
{
	static const char raw[] = "/a?yes&true=true&one=1&no=false&zero=0&n=42&neg=-7&bad=4x&none=";
	struct target t;
	struct err e = {0};
	int64_t n = 99;

	(void)state;
	assert_int_equal(target_parse(sv(raw), &t, &e), 0);
	assert_true(target_flag(&t, "yes") && target_flag(&t, "true") && target_flag(&t, "one"));
	assert_false(target_flag(&t, "no") || target_flag(&t, "zero") || target_flag(&t, "other"));
	assert_int_equal(target_number(&t, "other", &n, &e), 0);
	assert_int_equal(target_number(&t, "none", &n, &e), 0);
	assert_int_equal(n, 99);
	assert_int_equal(target_number(&t, "n", &n, &e), 1);
	assert_int_equal(n, 42);
	assert_int_equal(target_number(&t, "neg", &n, &e), 1);
	assert_int_equal(n, -7);
	assert_int_equal(target_number(&t, "bad", &n, &e), -EBADMSG);
	target_done(&t);
}

static void routes_found(void **state)
{
	static const struct {
		enum method method;
		const char *path;
		void (*handler)(struct request *r);
		const char *ns, *name;
	} cases[] = {
		{METHOD_GET, "/version", get_version, NULL, NULL},
		{METHOD_GET, "/api/v1", get_resources, NULL, NULL},
		{METHOD_GET, "/apis/berth.dev/v1/images", get_images, NULL, NULL},
		{METHOD_DELETE, "/apis/berth.dev/v1/images/docker.io/library/nginx:1", delete_image,
			NULL, NULL},
		{METHOD_GET, "/api/v1/pods", get_list, NULL, NULL},
		{METHOD_POST, "/api/v1/pods", NULL, NULL, NULL},
		{METHOD_GET, "/api/v1/namespaces", get_list, NULL, NULL},
		{METHOD_POST, "/api/v1/namespaces", create_object, NULL, NULL},
		{METHOD_GET, "/api/v1/namespaces/a", get_object, NULL, "a"},
		{METHOD_PUT, "/api/v1/namespaces/a/status", replace_status, NULL, "a"},
		{METHOD_GET, "/api/v1/namespaces/a/pods", get_list, "a", NULL},
		{METHOD_GET, "/api/v1/namespaces/a/nodes", NULL, NULL, NULL},
		{METHOD_DELETE, "/api/v1/namespaces/a/pods", delete_objects, "a", NULL},
		{METHOD_PATCH, "/api/v1/namespaces/a/pods/b", patch_object, "a", "b"},
		{METHOD_PATCH, "/api/v1/namespaces/a/pods/b/status", patch_status, "a", "b"},
		{METHOD_PATCH, "/api/v1/namespaces/a/pods/b/scale", NULL, NULL, NULL},
		{METHOD_PATCH, "/api/v1/namespaces/a/replicationcontrollers/b/scale", patch_scale,
			"a", "b"},
		{METHOD_GET, "/api/v1/namespaces/a/pods/b/log", get_log, "a", "b"},
		{METHOD_GET, "/api/v1/namespaces/a/secrets/b/log", NULL, NULL, NULL},
		{METHOD_GET, "/api/v1/namespaces/a/pods/b/exec", exec_pod, "a", "b"},
		{METHOD_POST, "/api/v1/namespaces/a/pods/b/exec", exec_pod, "a", "b"},
		{METHOD_GET, "/api/v2/pods", NULL, NULL, NULL},
		{METHOD_GET, "/apis/apps/v1/pods", NULL, NULL, NULL},
		{METHOD_GET, "/openapi/v3/api/v1", get_openapi, NULL, NULL},
		{METHOD_GET, "/", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct request r = {.method = cases[i].method};
		unsigned methods;
		int code;

		assert_int_equal(target_parse(sv(cases[i].path), &r.target, NULL), 0);
		code = route_match(&r, &methods);
		assert_case((code == 0) == (cases[i].handler != NULL), cases[i].path);
		if (code == 0) {
			assert_case(r.route->handler == cases[i].handler, cases[i].path);
			assert_case(streq(r.ns, cases[i].ns), cases[i].path);
			assert_case(streq(r.name, cases[i].name), cases[i].path);
		}
		target_done(&r.target);
	}
}

/* Each row can be reached: no row before it takes all that it would take. */
static void no_route_is_hidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_routes; i++) {
		cleanup_str struct str path = {0};
		struct request r = {.method = routes[i].method};
		unsigned flags = routes[i].flags, methods;
		struct sv left = sv(routes[i].pattern);

		if (left.p[0] == '*')
			str_add(&path, "/api/v1");
		(void)sv_cut(&left, '/');
		while (left.n > 0) {
			struct sv part = sv_cut(&left, '/');

			if (sv_eq(part, "{resource}"))
				str_add(&path, flags & ROUTE_CLUSTER ? "/nodes"
					       : flags & ROUTE_SCALE ? "/replicationcontrollers"
								     : "/pods");
			else
				str_addf(&path, "/%.*s", (int)part.n, part.p);
		}
		assert_int_equal(target_parse(sv(path.p), &r.target, NULL), 0);
		assert_case(route_match(&r, &methods) == 0, path.p);
		assert_case(r.route == &routes[i], path.p);
		target_done(&r.target);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(parameters),
		cmocka_unit_test(routes_found),
		cmocka_unit_test(no_route_is_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
