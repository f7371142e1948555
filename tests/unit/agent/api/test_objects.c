/* SPDX-License-Identifier: Apache-2.0 */
/* create, get, list, replace, patch, delete, scale over the socket, and what is said when it cannot be. */
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

static const char *text_at(const json_t *j, const char *a, const char *b)
{
	return json_str_or(json_map(j, a), b, "");
}

static void a_pod_comes_and_goes(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer got = {0}, list = {0}, again = {0}, gone = {0};
	cleanup_free char *text = pod_text("web", "x");
	json_t *item;

	make_pod(s, "web", "x");
	got = get(s, PODS "/web");
	assert_int_equal(got.code, 200);
	assert_string_equal(json_str(got.json, "kind"), "Pod");
	assert_string_equal(text_at(got.json, "metadata", "namespace"), "default");
	assert_string_equal(text_at(got.json, "status", "phase"), "Pending");
	assert_string_equal(text_at(got.json, "status", "qosClass"), "BestEffort");
	assert_string_equal(text_at(got.json, "spec", "restartPolicy"), "Always");
	list = get(s, "/api/v1/pods");
	assert_string_equal(json_str(list.json, "kind"), "PodList");
	item = json_array_get(json_list(list.json, "items"), 0);
	assert_string_equal(text_at(item, "metadata", "name"), "web");
	assert_null(json_str(item, "kind"));
	assert_string_not_equal(text_at(list.json, "metadata", "resourceVersion"), "");
	again = post(s, PODS, text);
	assert_int_equal(again.code, 409);
	assert_string_equal(json_str(again.json, "reason"), "AlreadyExists");
	assert_string_equal(json_str(again.json, "message"), "pods \"web\" already exists");
	/* A pod is marked: what ends its processes takes it out. */
	gone = request(s, "DELETE", PODS "/web", "", "{\"gracePeriodSeconds\":5}");
	assert_int_equal(gone.code, 200);
	assert_int_equal(
		json_int(json_map(gone.json, "metadata"), "deletionGracePeriodSeconds", -1), 5);
	assert_string_not_equal(text_at(gone.json, "metadata", "deletionTimestamp"), "");
	answer_done(&gone);
	gone = request(s, "DELETE", PODS "/web?gracePeriodSeconds=30", "", "");
	assert_int_equal(
		json_int(json_map(gone.json, "metadata"), "deletionGracePeriodSeconds", -1), 5);
	answer_done(&gone);
	gone = request(s, "DELETE", PODS "/web?gracePeriodSeconds=0", "", "");
	assert_int_equal(
		json_int(json_map(gone.json, "metadata"), "deletionGracePeriodSeconds", -1), 0);
}

/* What is asked, and the code and a part of the answer. */
static void refusals(void **state)
{
	static const struct {
		const char *name, *method, *path, *headers, *body;
		unsigned code;
		const char *part;
	} cases[] = {
		{"no such pod", "GET", PODS "/none", "", "", 404, "pods \\\"none\\\" not found"},
		{"no such kind", "GET", "/api/v1/services", "", "", 404, "NotFound"},
		{"no such path", "GET", "/nothing", "", "", 404, "NotFound"},
		{"namespaced kind at the root", "GET", "/api/v1/pods/web", "", "", 404, "NotFound"},
		{"wrong method", "PUT", "/version", "", "", 405, "MethodNotAllowed"},
		{"unknown method", "BREW", "/version", "", "", 405, "MethodNotAllowed"},
		{"no such namespace", "POST", "/api/v1/namespaces/none/pods", "",
			"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\","
			"\"image\":\"i\"}]}}",
			404, "namespaces \\\"none\\\" not found"},
		{"broken JSON", "POST", PODS, "", "{\"a\":", 400, "line 1, column"},
		{"no object", "POST", PODS, "", "[]", 400, "must be an object"},
		{"another kind", "POST", PODS, "", "{\"apiVersion\":\"v1\",\"kind\":\"Secret\"}",
			400, "this path takes v1 Pod"},
		{"metadata of a wrong type", "POST", PODS, "", "{\"metadata\":\"x\"}", 400,
			"metadata must be an object"},
		{"another namespace", "POST", PODS, "", "{\"metadata\":{\"namespace\":\"other\"}}",
			400, "does not match the namespace"},
		{"protobuf", "POST", PODS, "Content-Type: application/vnd.kubernetes.protobuf\r\n",
			"k8s", 415, "accepted media types include: application/json"},
		{"server-side apply", "PATCH", "/api/v1/namespaces/default",
			"Content-Type: application/apply-patch+yaml\r\n", "{}", 415,
			"client-side apply"},
		{"a misspelt field, strictly", "POST", PODS "?fieldValidation=Strict", "",
			"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\","
			"\"imag\":\"i\"}]}}",
			400, "spec.containers[0].imag"},
		{"no containers", "POST", PODS, "", "{\"metadata\":{\"name\":\"a\"},\"spec\":{}}",
			422, "spec.containers"},
		{"no name", "POST", PODS, "",
			"{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}", 422,
			"metadata.name"},
		{"bad field selector", "GET", PODS "?fieldSelector=spec.none%3Dx", "", "", 400,
			"spec.none"},
		{"bad label selector", "GET", PODS "?labelSelector=%28", "", "", 400, "BadRequest"},
		{"protected namespace", "DELETE", "/api/v1/namespaces/default", "", "", 403,
			"may not be deleted"},
		{"bad propagation", "DELETE", "/api/v1/namespaces/default?propagationPolicy=Never",
			"", "", 422, "propagationPolicy"},
		{"broken escape", "GET", "/api/v1/%zz", "", "", 400, "broken % escape"},
		{"dots in the path", "GET", "/api/v1/../../etc", "", "", 400, "dot part"},
		{"bad dryRun", "POST", PODS "?dryRun=maybe", "", "{}", 400, "dryRun must be All"},
	};
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_answer struct answer a =
			request(s, cases[i].method, cases[i].path, cases[i].headers, cases[i].body);

		if (a.code != cases[i].code || !strstr(a.body, cases[i].part))
			fail_msg("case \"%s\": %u %s", cases[i].name, a.code, a.body);
		assert_string_equal(json_str(a.json, "kind"), "Status");
		assert_string_equal(json_str(a.json, "status"), "Failure");
		assert_int_equal(json_int(a.json, "code", 0), cases[i].code);
	}
}

static void warnings_are_headers(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer a = post(s, PODS,
		"{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\",\"imag\":\"x\"}]}}");

	assert_int_equal(a.code, 201);
	assert_non_null(strstr(a.head, "\r\nWarning: 299 - \"unknown field"));
}

static void yaml_and_generated_names(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer a =
		request(s, "POST", PODS, "Content-Type: application/yaml\r\n",
			"metadata:\n  generateName: web-\nspec:\n  containers:\n  - name: c\n    "
			"image: i\n");

	assert_int_equal(a.code, 201);
	assert_int_equal(strlen(text_at(a.json, "metadata", "name")), 9);
}

static void dry_runs_change_nothing(void **state)
{
	struct server *s = *state;
	cleanup_free char *text = pod_text("web", "x");
	cleanup_answer struct answer a = post(s, PODS "?dryRun=All", text), b, c, d;

	assert_int_equal(a.code, 201);
	b = get(s, PODS "/web");
	assert_int_equal(b.code, 404);
	make_pod(s, "web", "x");
	c = request(s, "DELETE", PODS "/web?dryRun=All", "", "");
	assert_int_equal(c.code, 200);
	d = get(s, PODS "/web");
	assert_string_equal(text_at(d.json, "metadata", "deletionTimestamp"), "");
}

static void replacing_needs_the_version(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer a = {0}, b = {0}, c = {0}, d = {0};
	cleanup_free char *stale = NULL, *fresh = NULL;
	json_t *labels;

	make_pod(s, "web", "x");
	a = get(s, PODS "/web");
	stale = json_text(a.json);
	labels = json_at(a.json, "metadata", "labels", NULL);
	json_put_str(labels, "app", "y");
	fresh = json_text(a.json);
	b = request(s, "PUT", PODS "/web", "Content-Type: application/json\r\n", fresh);
	assert_int_equal(b.code, 200);
	c = request(s, "PUT", PODS "/web", "Content-Type: application/json\r\n", stale);
	assert_int_equal(c.code, 409);
	assert_string_equal(json_str(c.json, "reason"), "Conflict");
	/* Status alone through the subresource, spec alone through the object. */
	json_put_str(json_sub(b.json, "status"), "phase", "Running");
	json_put_str(json_at(b.json, "metadata", "labels", NULL), "app", "z");
	free(fresh);
	fresh = json_text(b.json);
	d = request(s, "PUT", PODS "/web/status", "Content-Type: application/json\r\n", fresh);
	assert_int_equal(d.code, 200);
	assert_string_equal(text_at(d.json, "status", "phase"), "Running");
	assert_string_equal(json_str(json_at(d.json, "metadata", "labels", NULL), "app"), "y");
}

static void patches(void **state)
{
	static const struct {
		const char *name, *type, *body;
		unsigned code;
		const char *part;
	} cases[] = {
		{"merge", "application/merge-patch+json",
			"{\"metadata\":{\"labels\":{\"tier\":\"1\"}}}", 200, "\"tier\":\"1\""},
		{"strategic", "application/strategic-merge-patch+json",
			"{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"busybox:2\"}]}}",
			200, "\"image\":\"busybox:2\""},
		{"json", "application/json-patch+json",
			"[{\"op\":\"remove\",\"path\":\"/metadata/labels/tier\"}]", 200,
			"\"labels\":{\"app\":\"x\"}"},
		{"stale", "application/merge-patch+json",
			"{\"metadata\":{\"resourceVersion\":\"1\",\"labels\":{\"a\":\"b\"}}}", 409,
			"Conflict"},
		{"immutable", "application/merge-patch+json", "{\"spec\":{\"hostNetwork\":true}}",
			422, "spec"},
		{"another name", "application/merge-patch+json", "{\"metadata\":{\"name\":\"b\"}}",
			400, "does not match the name"},
		{"metadata gone", "application/merge-patch+json", "{\"metadata\":[]}", 400,
			"BadRequest"},
		{"no object", "application/merge-patch+json", "[]", 422, "Invalid"},
	};
	struct server *s = *state;

	make_pod(s, "web", "x");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *type = xasprintf("Content-Type: %s\r\n", cases[i].type);
		cleanup_answer struct answer a =
			request(s, "PATCH", PODS "/web", type, cases[i].body);

		if (a.code != cases[i].code || !strstr(a.body, cases[i].part))
			fail_msg("case \"%s\": %u %s", cases[i].name, a.code, a.body);
	}
}

#define RCS "/api/v1/namespaces/default/replicationcontrollers"
static const char rc_text[] =
	"{\"metadata\":{\"name\":\"web\"},\"spec\":{\"replicas\":3,\"selector\":{\"app\":\"web\"},"
	"\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":"
	"[{\"name\":\"c\",\"image\":\"i\"}]}}}}";

static void scale(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer a = post(s, RCS, rc_text), b, c, d;

	assert_int_equal(a.code, 201);
	b = get(s, RCS "/web/scale");
	assert_string_equal(json_str(b.json, "kind"), "Scale");
	assert_int_equal(json_int(json_map(b.json, "spec"), "replicas", 0), 3);
	c = request(s, "PATCH", RCS "/web/scale", "Content-Type: application/merge-patch+json\r\n",
		"{\"spec\":{\"replicas\":5}}");
	assert_int_equal(c.code, 200);
	assert_int_equal(json_int(json_map(c.json, "spec"), "replicas", 0), 5);
	d = get(s, RCS "/web");
	assert_int_equal(json_int(json_map(d.json, "spec"), "replicas", 0), 5);
	assert_int_equal(json_int(json_map(d.json, "metadata"), "generation", 0), 2);
}

static void propagation(void **state)
{
	static const struct {
		const char *body;
		bool gone;
		const char *finalizer;
	} cases[] = {
		{"{\"propagationPolicy\":\"Background\"}", true, NULL},
		{"{\"propagationPolicy\":\"Foreground\"}", false, "foregroundDeletion"},
		{"{\"propagationPolicy\":\"Orphan\"}", false, "orphan"},
		{"{\"orphanDependents\":false}", true, NULL},
		{"", false, "orphan"},
	};
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_answer struct answer a = post(s, RCS, rc_text), b;
		const json_t *list;

		assert_int_equal(a.code, 201);
		b = request(s, "DELETE", RCS "/web", "Content-Type: application/json\r\n",
			cases[i].body);
		assert_int_equal(b.code, 200);
		list = json_list(json_map(b.json, "metadata"), "finalizers");
		if (cases[i].gone) {
			assert_string_equal(json_str(b.json, "status"), "Success");
			assert_string_equal(
				text_at(b.json, "details", "kind"), "replicationcontrollers");
		} else {
			assert_string_equal(
				json_string_value(json_array_get(list, 0)), cases[i].finalizer);
			assert_int_equal(
				store_delete(s->store,
					kind_by_resource("", "v1", "replicationcontrollers"),
					"default", "web", NULL, NULL, NULL),
				0);
		}
	}
}

static void preconditions_and_collections(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer a, b, c, d;

	make_pod(s, "a", "x");
	make_pod(s, "b", "x");
	make_pod(s, "c", "y");
	a = request(s, "DELETE", PODS "/a", "", "{\"preconditions\":{\"uid\":\"other\"}}");
	assert_int_equal(a.code, 409);
	b = request(s, "DELETE", PODS "?labelSelector=app%3Dx", "", "");
	assert_int_equal(b.code, 200);
	assert_int_equal(json_array_size(json_list(b.json, "items")), 2);
	c = get(s, PODS "?labelSelector=app!%3Dx");
	assert_int_equal(json_array_size(json_list(c.json, "items")), 1);
	d = get(s, "/api/v1/pods?fieldSelector=metadata.name%3Db");
	assert_int_equal(json_array_size(json_list(d.json, "items")), 1);
}

static void namespaces_end_in_marking(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer a, b, c, d;
	cleanup_free char *text = pod_text("web", "x");

	a = post(s, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"shop\"}}");
	assert_int_equal(a.code, 201);
	assert_string_equal(text_at(a.json, "status", "phase"), "Active");
	b = post(s, "/api/v1/namespaces/shop/pods", text);
	assert_int_equal(b.code, 201);
	c = request(s, "DELETE", "/api/v1/namespaces/shop", "", "");
	assert_string_equal(text_at(c.json, "status", "phase"), "Terminating");
	free(text);
	text = pod_text("other", "x");
	d = post(s, "/api/v1/namespaces/shop/pods", text);
	assert_int_equal(d.code, 403);
	assert_non_null(strstr(d.body, "being terminated"));
}

static void evictions(void **state)
{
	struct server *s = *state;
	cleanup_answer struct answer a, b;

	make_pod(s, "web", "x");
	a = post(s, PODS "/web/eviction",
		"{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"deleteOptions\":{"
		"\"gracePeriodSeconds\":1}}");
	assert_int_equal(a.code, 201);
	b = get(s, PODS "/web");
	assert_int_equal(
		json_int(json_map(b.json, "metadata"), "deletionGracePeriodSeconds", -1), 1);
}

/* Long lists are made a few objects at a time: each way of asking gives all of them, in one version. */
static void long_lists(void **state)
{
	static const char table[] = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n";
	static const struct {
		const char *query, *headers, *list;
		size_t n;
	} cases[] = {
		{"", "", "items", 50},
		{"?labelSelector=app%3Dx", "", "items", 25},
		{"?fieldSelector=status.phase%3DPending", "", "items", 50},
		{"?fieldSelector=status.phase%3DRunning", "", "items", 0},
		{"?labelSelector=app%3Dx&fieldSelector=status.phase!%3DRunning", "", "items", 25},
		{"?fieldSelector=metadata.name%3Dpod-7", "", "items", 1},
		{"", table, "rows", 50},
		{"?labelSelector=app%3Dy&includeObject=None", table, "rows", 25},
	};
	struct server *s = *state;

	for (int i = 0; i < 50; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "pod-%d", i);
		make_pod(s, name, i % 2 ? "x" : "y");
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *path = xasprintf(PODS "%s", cases[i].query);
		cleanup_answer struct answer a = request(s, "GET", path, cases[i].headers, "");

		assert_case(a.code == 200 && a.json, cases[i].query);
		assert_case(json_array_size(json_list(a.json, cases[i].list)) == cases[i].n,
			cases[i].query);
		assert_string_not_equal(text_at(a.json, "metadata", "resourceVersion"), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pod_comes_and_goes, up, down),
		cmocka_unit_test_setup_teardown(refusals, up, down),
		cmocka_unit_test_setup_teardown(warnings_are_headers, up, down),
		cmocka_unit_test_setup_teardown(yaml_and_generated_names, up, down),
		cmocka_unit_test_setup_teardown(dry_runs_change_nothing, up, down),
		cmocka_unit_test_setup_teardown(replacing_needs_the_version, up, down),
		cmocka_unit_test_setup_teardown(patches, up, down),
		cmocka_unit_test_setup_teardown(scale, up, down),
		cmocka_unit_test_setup_teardown(propagation, up, down),
		cmocka_unit_test_setup_teardown(preconditions_and_collections, up, down),
		cmocka_unit_test_setup_teardown(namespaces_end_in_marking, up, down),
		cmocka_unit_test_setup_teardown(evictions, up, down),
		cmocka_unit_test_setup_teardown(long_lists, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
