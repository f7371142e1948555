/* SPDX-License-Identifier: Apache-2.0 */
/* `berth get` against canned answers: tables, objects, watches and what it says when things are wrong. */
#include "tests/unit/agent/cli/scene.h"

#define PODS "GET /api/v1/namespaces/default/pods"
#define COLUMNS                                                                                    \
	"\"columnDefinitions\":[{\"name\":\"Name\",\"priority\":0},{\"name\":\"Ready\","           \
	"\"priority\":0},"                                                                         \
	"{\"name\":\"Restarts\",\"priority\":0},{\"name\":\"IP\",\"priority\":1}]"
#define ROW(name, ready, restarts, version)                                                        \
	"{\"cells\":[\"" name "\",\"" ready "\"," restarts                                         \
	",\"10.88.0.2\"],\"object\":{\"metadata\":{\"name\":\"" name                               \
	"\",\"namespace\":\"default\",\"resourceVersion\":\"" version                              \
	"\",\"labels\":{\"app\":\"web\"}}}}"
#define TABLE(version, rows)                                                                       \
	"{\"kind\":\"Table\",\"metadata\":{\"resourceVersion\":\"" version "\"}," COLUMNS          \
	",\"rows\":[" rows "]}"
#define NOT_FOUND                                                                                  \
	"{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"NotFound\",\"message\":\"pods "  \
	"\\\"x\\\" not "                                                                           \
	"found\",\"code\":404}"
#define EVENT(type, name, ready, version)                                                          \
	"{\"type\":\"" type                                                                        \
	"\",\"object\":{\"kind\":\"Table\",\"rows\":[" ROW(name, ready, "0", version) "]}}\n"

static const struct scene scenes[] = {
	{
		.name = "a table",
		.line = "get pods",
		.out = "NAME      READY   RESTARTS\nweb-1     2/2     0\nweb-two   1/2     14\n",
		.err = "",
		.script = {{PODS, 200,
			TABLE("7", ROW("web-1", "2/2", "0", "5") "," ROW(
					   "web-two", "1/2", "14", "6"))}},
	},
	{
		.name = "wide, with labels and a label's column",
		.line = "get po -o wide --show-labels -L app",
		.out = "NAME    READY   RESTARTS   IP          APP   LABELS\n"
		       "web-1   2/2     0          10.88.0.2   web   app=web\n",
		.script = {{PODS, 200, TABLE("7", ROW("web-1", "2/2", "0", "5"))}},
	},
	{
		.name = "by name, twice, one of them missing",
		.line = "get pod web-1 x web-2 --no-headers",
		.status = 1,
		.out = "web-1   2/2   0\nweb-2   2/2   1\n",
		.err = "Error from server (NotFound): pods \"x\" not found\n",
		.script = {{PODS "/web-1", 200, TABLE("7", ROW("web-1", "2/2", "0", "5"))},
			{PODS "/x", 404, NOT_FOUND},
			{PODS "/web-2", 200, TABLE("7", ROW("web-2", "2/2", "1", "5"))}},
	},
	{
		.name = "several kinds",
		.line = "get pod/a rc/b",
		.out = "NAME    READY   RESTARTS\npod/a   1/1     0\n\nNAME                      "
		       "READY   "
		       "RESTARTS\nreplicationcontroller/b   1/1     0\n",
		.script = {{PODS "/a", 200, TABLE("7", ROW("a", "1/1", "0", "5"))},
			{"GET /api/v1/namespaces/default/replicationcontrollers/b", 200,
				TABLE("7", ROW("b", "1/1", "0", "5"))}},
	},
	{
		.name = "everywhere, selected",
		.line = "get pods -A -l 'app in (a,b)' --field-selector=status.phase=Running",
		.out = "NAMESPACE   NAME    READY   RESTARTS\ndefault     web-1   2/2     0\n",
		.script = {{"GET "
			    "/api/v1/"
			    "pods?labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=status.phase%"
			    "3DRunning",
			200, TABLE("7", ROW("web-1", "2/2", "0", "5"))}},
	},
	{
		.name = "nothing there",
		.line = "get pods -n shop",
		.out = "",
		.err = "No resources found in shop namespace.\n",
		.script = {{"GET /api/v1/namespaces/shop/pods", 200, TABLE("7", "")}},
	},
	{
		.name = "YAML of one",
		.line = "get pod a -o yaml",
		.out = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - "
		       "image: \"1.0\"\n    name: c\n",
		.script = {{PODS "/a", 200,
			"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\","
			"\"managedFields\":[{}]},"
			"\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"1.0\"}]}}"}},
	},
	{
		.name = "names of a list",
		.line = "get pods,rc -o name",
		.out = "pod/a\npod/b\nreplicationcontroller/c\n",
		.script = {{PODS, 200,
				   "{\"items\":[{\"metadata\":{\"name\":\"a\"}},{\"metadata\":{"
				   "\"name\":\"b\"}}]}"},
			{"GET /api/v1/namespaces/default/replicationcontrollers", 200,
				"{\"items\":[{\"metadata\":{\"name\":\"c\"}}]}"}},
	},
	{
		.name = "JSONPath over a list",
		.line = "get pods -o 'jsonpath={range .items[*]}{.kind} {.metadata.name};{end}'",
		.out = "Pod a;Pod b;",
		.script = {{PODS, 200,
			"{\"items\":[{\"metadata\":{\"name\":\"a\"}},{\"metadata\":{\"name\":\"b\"}"
			"}]}"}},
	},
	{
		.name = "custom columns, sorted",
		.line = "get pods -o custom-columns=POD:.metadata.name,N:.spec.n --sort-by=.spec.n",
		.out = "POD   N\nb     2\na     10\nc     30\n",
		.script = {{PODS "?includeObject=Object", 200,
			"{\"items\":[{\"metadata\":{\"name\":\"c\"},\"spec\":{\"n\":30}},{"
			"\"metadata\":{\"name\":\"b\"},"
			"\"spec\":{\"n\":2}},{\"metadata\":{\"name\":\"a\"},\"spec\":{\"n\":10}}]"
			"}"}},
	},
	{
		.name = "a watch over an expired version",
		.line = "get pods -w",
		.status = 1,
		.out = "NAME    READY   RESTARTS\nweb-1   0/2     0\nweb-1   1/2     0\nweb-1   "
		       "2/2     0\n",
		.err = "Error from server (Forbidden): enough\n",
		.script = {{PODS, 200, TABLE("5", ROW("web-1", "0/2", "0", "5"))},
			{PODS "?watch=true&allowWatchBookmarks=true&resourceVersion=5", 200,
				EVENT("MODIFIED", "web-1", "1/2",
					"6") "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\","
					     "\"metadata\":{\"resourceVersion\":\"9\"}}}\n"},
			{PODS "?watch=true&allowWatchBookmarks=true&resourceVersion=9", 200,
				"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
				"\"reason\":\"Expired\"}}\n"},
			{PODS, 200, TABLE("12", ROW("web-1", "2/2", "0", "11"))},
			{PODS "?watch=true&allowWatchBookmarks=true&resourceVersion=12", 403,
				"{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":"
				"\"enough\"}"}},
	},
	{
		.name = "an unknown kind",
		.line = "get podz",
		.status = 1,
		.err = "error: the server doesn't have a resource type \"podz\" (did you mean "
		       "\"pods\"?)\n",
	},
	{
		.name = "kind and pair",
		.line = "get pods pod/a",
		.status = 1,
		.err = "error: there is no need to specify a resource type as a separate argument "
		       "when passing arguments in "
		       "resource/name form (e.g. 'berth get pod/a' instead of 'berth get pods "
		       "pod/a')\n",
	},
	{
		.name = "warnings are shown once",
		.line = "get pod a b -o name",
		.out = "pod/a\npod/b\n",
		.err = "Warning: say \"hi\"\n",
		.script = {{PODS "/a", 200,
				   "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
				   "\"a\"}}",
				   "Warning: 299 - \"say \\\"hi\\\"\"\r\n"},
			{PODS "/b", 200,
				"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
				"\"b\"}}",
				"Warning: 299 - \"say \\\"hi\\\"\"\r\n"}},
	},
};

static void plays(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		play(&scenes[i]);
}

static void no_agent(void **state)
{
	struct scratch s;
	cleanup_free char *path = NULL;
	cleanup_said struct said said = {0};

	(void)state;
	scratch_open(&s);
	path = xasprintf("%s/berth.sock", s.path);
	said = berth(path, "get pods");
	assert_int_equal(said.status, 1);
	assert_non_null(strstr(said.err, "is berthd running?"));
	scratch_close(&s);
}

static void nobody_listens(void **state)
{
	struct scratch s;
	cleanup_free char *path = NULL;
	cleanup_said struct said said = {0};
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	scratch_open(&s);
	path = xasprintf("%s/berth.sock", s.path);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	said = berth(path, "get pods");
	assert_int_equal(said.status, 1);
	assert_non_null(strstr(said.err, "nobody listens at"));
	scratch_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays),
		cmocka_unit_test(no_agent),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
