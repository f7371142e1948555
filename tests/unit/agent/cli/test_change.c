/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that change objects, against canned answers: what they send, what they say. */
#include "tests/unit/agent/cli/scene.h"

#define PODS "/api/v1/namespaces/default/pods"
#define RCS "/api/v1/namespaces/default/replicationcontrollers"
#define STRICT "&fieldValidation=Strict"
#define STATUS(code_, reason, message)                                                             \
	"{\"kind\":\"Status\",\"status\":\"Failure\",\"reason\":\"" reason                         \
	"\",\"message\":\"" message "\",\"code\":" #code_ "}"
#define MISSING STATUS(404, "NotFound", "replicationcontrollers \\\"web\\\" not found")
#define WEB(replicas)                                                                              \
	"{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\",\"metadata\":{\"name\":"        \
	"\"web\","                                                                                 \
	"\"namespace\":\"default\",\"uid\":\"u1\",\"resourceVersion\":\"5\"},\"spec\":{"           \
	"\"replicas\":" replicas "}}"
#define POD(phase)                                                                                 \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":"      \
	"\"default\","                                                                             \
	"\"uid\":\"u1\",\"resourceVersion\":\"7\",\"labels\":{\"app\":\"web\"}},\"status\":{"      \
	"\"phase\":\"" phase "\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}]}}"

static const char web_yaml[] = "apiVersion: v1\n"
			       "kind: ReplicationController\n"
			       "metadata:\n"
			       "  name: web\n"
			       "spec:\n"
			       "  replicas: 3\n";

static const struct scene apply_scenes[] = {
	{
		.name = "apply creates, with the annotation",
		.line = "apply -f -",
		.input = web_yaml,
		.out = "replicationcontroller/web created\n",
		.err = "",
		.script = {{"GET " RCS "/web", 404, MISSING},
			{"POST " RCS "?fieldManager=kubectl-client-side-apply" STRICT, 201,
				WEB("3"),
				.expects = "kubectl.kubernetes.io/"
					   "last-applied-configuration\":\"{\\\"apiVersion\\\":"
					   "\\\"v1\\\""}},
	},
	{
		.name = "apply of the same says unchanged and sends nothing",
		.line = "apply -f -",
		.input = web_yaml,
		.out = "replicationcontroller/web unchanged\n",
		.script = {{"GET " RCS "/web", 200,
			"{\"apiVersion\":\"v1\",\"kind\":\"ReplicationController\",\"metadata\":{"
			"\"name\":\"web\",\"namespace\":"
			"\"default\",\"uid\":\"u1\",\"annotations\":{\"kubectl.kubernetes.io/"
			"last-applied-configuration\":\""
			"{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":\\\"ReplicationController\\\","
			"\\\"metadata\\\":{"
			"\\\"annotations\\\":{},\\\"name\\\":\\\"web\\\",\\\"namespace\\\":"
			"\\\"default\\\"},\\\"spec\\\":{"
			"\\\"replicas\\\":3}}\\n\"}},\"spec\":{\"replicas\":3,\"selector\":{"
			"\"app\":\"web\"}}}"}},
	},
	{
		.name = "apply patches what differs",
		.line = "apply -f -",
		.input = web_yaml,
		.out = "replicationcontroller/web configured\n",
		.script = {{"GET " RCS "/web", 200, WEB("2")},
			{"PATCH " RCS "/web?fieldManager=kubectl-client-side-apply" STRICT, 200,
				WEB("3"), .expects = "\"spec\":{\"replicas\":3}"}},
	},
	{
		.name = "apply tries again after a conflict",
		.line = "apply -f -",
		.input = web_yaml,
		.out = "replicationcontroller/web configured\n",
		.script = {{"GET " RCS "/web", 200, WEB("2")},
			{"PATCH " RCS "/web?fieldManager=kubectl-client-side-apply" STRICT, 409,
				STATUS(409, "Conflict", "changed")},
			{"GET " RCS "/web", 200, WEB("2")},
			{"PATCH " RCS "/web?fieldManager=kubectl-client-side-apply" STRICT, 200,
				WEB("3")}},
	},
	{
		.name = "apply as a dry run of the server",
		.line = "apply -f - --dry-run=server --validate=warn",
		.input = web_yaml,
		.out = "replicationcontroller/web created (server dry run)\n",
		.script = {{"GET " RCS "/web", 404, MISSING},
			{"POST " RCS
			 "?fieldManager=kubectl-client-side-apply&fieldValidation=Warn&dryRun=All",
				201, WEB("3")}},
	},
	{
		.name = "every cause of an invalid object",
		.line = "apply -f -",
		.input = web_yaml,
		.status = 1,
		.out = "",
		.err = "error when creating \"STDIN\": The ReplicationController \"web\" is "
		       "invalid:\n* spec.replicas: Invalid value: 3 (line 6)\n* spec.a: Required "
		       "value (line "
		       "5)\n",
		.script = {{"GET " RCS "/web", 404, MISSING},
			{"POST " RCS "?fieldManager=kubectl-client-side-apply" STRICT, 422,
				"{\"kind\":\"Status\",\"reason\":\"Invalid\",\"message\":\"…\","
				"\"details\":{\"kind\":"
				"\"ReplicationController\",\"name\":\"web\",\"causes\":[{\"field\":"
				"\"spec.replicas\",\"message\":\"Invalid "
				"value: 3\"},{\"field\":\"spec.a\",\"message\":\"Required "
				"value\"}]},\"code\":422}"}},
	},
	{
		.name = "one of two documents is refused, the other is created",
		.line = "create -f -",
		.input = "{kind: Nonsense, apiVersion: v1, metadata: {name: x}}\n---\n"
			 "{kind: ReplicationController, apiVersion: v1, metadata: {name: web}}\n",
		.status = 1,
		.out = "replicationcontroller/web created\n",
		.script = {{"POST " RCS "?fieldManager=kubectl-create" STRICT, 201, WEB("1")}},
	},
	{
		.name = "a name that YAML takes for a yes",
		.line = "create -f -",
		.input = "{kind: Pod, apiVersion: v1, metadata: {name: y}}",
		.status = 1,
		.err = "error: STDIN: metadata.name must be a string (YAML reads y, n, yes, no, 1 "
		       "… as other things: "
		       "put it in quotes)\n",
	},
	{
		.name = "no YAML",
		.line = "create -f -",
		.input = "kind: Pod\n  bad: [\n",
		.status = 1,
		.out = "",
	},
	{
		.name = "server-side apply",
		.line = "apply -f - --server-side",
		.input = web_yaml,
		.status = 1,
		.err = "error: berth does not do server-side apply; without --server-side, apply "
		       "keeps its record in the "
		       "annotation kubectl.kubernetes.io/last-applied-configuration\n",
	},
	{
		.name = "another namespace than -n",
		.line = "create -n shop -f -",
		.input = "{kind: Pod, apiVersion: v1, metadata: {name: x, namespace: other}}",
		.status = 1,
		.err = "error: STDIN: the namespace from the provided object \"other\" does not "
		       "match the namespace \"shop\". "
		       "You must pass '--namespace=other' to perform this operation.\n",
	},
};

static const struct scene delete_scenes[] = {
	{
		.name = "delete waits until it is gone",
		.line = "delete pod p",
		.out = "pod \"p\" deleted\n",
		.script = {{"DELETE " PODS "/p", 200, POD("Running"),
				   .expects = "\"propagationPolicy\":\"Background\""},
			{"GET " PODS "/p", 200, POD("Running")},
			{"GET " PODS "?watch=true&allowWatchBookmarks=true&resourceVersion="
			 "7&fieldSelector=metadata.name%3Dp",
				200,
				"{\"type\":\"MODIFIED\",\"object\":" POD(
					"Running") "}\n{\"type\":\"DELETED\","
						   "\"object\":" POD("Running") "}\n"}},
	},
	{
		.name = "delete finds another object of the name",
		.line = "delete pod/p --cascade=orphan --grace-period=3",
		.out = "pod \"p\" deleted\n",
		.script = {{"DELETE " PODS "/p", 200,
				   "{\"kind\":\"Status\",\"status\":\"Success\",\"details\":{"
				   "\"name\":\"p\",\"uid\":\"u0\"}}",
				   .expects = "\"propagationPolicy\":\"Orphan\","
					      "\"gracePeriodSeconds\":3"},
			{"GET " PODS "/p", 200, POD("Running")}},
	},
	{
		.name = "delete by labels, at once, not waiting",
		.line = "delete pods -l app=web --force --wait=false",
		.out = "pod \"p\" force deleted\n",
		.err = "Warning: Immediate deletion does not wait for confirmation that the "
		       "running resource has been "
		       "terminated. The resource may continue to run on the cluster "
		       "indefinitely.\n",
		.script = {{"GET " PODS "?labelSelector=app%3Dweb", 200,
				   "{\"items\":[" POD("Running") "]}"},
			{"DELETE " PODS "/p", 200, POD("Running"),
				.expects = "\"gracePeriodSeconds\":0"}},
	},
	{
		.name = "delete over time",
		.line = "delete pod p --timeout=50ms",
		.status = 1,
		.out = "pod \"p\" deleted\n",
		.err = "error: timed out waiting for the condition on pods/p\n",
		.script = {{"DELETE " PODS "/p", 200, POD("Running")},
			{"GET " PODS "/p", 200, POD("Running")},
			{"GET " PODS "?watch=true&allowWatchBookmarks=true&resourceVersion=7&"
			 "fieldSelector=metadata.name%3Dp",
				200, "", .stays = true}},
	},
	{.name = "delete needs a name", .line = "delete pods", .status = 1},
	{.name = "both --now and a grace",
		.line = "delete pod p --now --grace-period=4",
		.status = 1},
	{
		.name = "a missing one",
		.line = "delete rc web",
		.status = 1,
		.err = "Error from server (NotFound): replicationcontrollers \"web\" not found\n",
		.script = {{"DELETE " RCS "/web", 404, MISSING}},
	},
	{
		.name = "a missing one that may be missing",
		.line = "delete rc web --ignore-not-found",
		.out = "",
		.script = {{"DELETE " RCS "/web", 404, MISSING}},
	},
};

static const struct scene other_scenes[] = {
	{
		.name = "scale",
		.line = "scale rc web --replicas=5",
		.out = "replicationcontroller/web scaled\n",
		.script = {{"GET " RCS "/web", 200, WEB("3")},
			{"PATCH " RCS "/web/scale?fieldManager=kubectl-scale", 200, "{}",
				.expects = "{\"spec\":{\"replicas\":5}}"}},
	},
	{
		.name = "scale under a condition",
		.line = "scale --current-replicas=2 --replicas=5 rc/web",
		.status = 1,
		.err = "error: Expected replicas to be 2, was 3\n",
		.script = {{"GET " RCS "/web", 200, WEB("3")}},
	},
	{.name = "scale of a pod",
		.line = "scale pod p --replicas=2",
		.status = 1,
		.err = "error: cannot scale a pod: it keeps no number of pods\n"},
	{
		.name = "label",
		.line = "label pod p tier=front app-",
		.out = "pod/p labeled\n",
		.script = {{"GET " PODS "/p", 200, POD("Running")},
			{"PATCH " PODS "/p?fieldManager=kubectl-label", 200, POD("Running"),
				.expects = "{\"metadata\":{\"labels\":{\"app\":null,\"tier\":"
					   "\"front\"}}}"}},
	},
	{
		.name = "label that is there",
		.line = "label pod p app=db",
		.status = 1,
		.err = "error: 'app' already has a value (web), and --overwrite is false\n",
		.script = {{"GET " PODS "/p", 200, POD("Running")}},
	},
	{
		.name = "label as it is",
		.line = "label pod p app=web",
		.out = "pod/p not labeled\n",
		.script = {{"GET " PODS "/p", 200, POD("Running")}},
	},
	{
		.name = "patch",
		.line = "patch rc web -p '{\"spec\":{\"replicas\":4}}'",
		.out = "replicationcontroller/web patched\n",
		.script = {{"GET " RCS "/web", 200, WEB("3")},
			{"PATCH " RCS "/web?fieldManager=kubectl-patch", 200, WEB("4"),
				.expects = "{\"spec\":{\"replicas\":4}}"}},
	},
	{
		.name = "wait for a condition",
		.line = "wait pod/p --for=condition=Ready",
		.out = "pod/p condition met\n",
		.script = {{"GET " PODS "/p", 200, POD("Pending")},
			{"GET " PODS "?watch=true&allowWatchBookmarks=true&resourceVersion=7&"
			 "fieldSelector=metadata.name%3Dp",
				200,
				"{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{"
				"\"resourceVersion\":\"8\"},\"status\":{"
				"\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}}\n"}},
	},
	{
		.name = "wait for a value",
		.line = "wait pod p '--for=jsonpath={.status.phase}=Running'",
		.out = "pod/p condition met\n",
		.script = {{"GET " PODS "/p", 200, POD("Running")}},
	},
	{
		.name = "replace",
		.line = "replace -f -",
		.input = web_yaml,
		.out = "replicationcontroller/web replaced\n",
		.script = {{"PUT " RCS "/web?fieldManager=kubectl-replace" STRICT, 200, WEB("3")}},
	},
	{
		.name = "a secret of literals",
		.line = "create secret generic db --from-literal=user=shop --from-literal=pw=a=b",
		.out = "secret/db created\n",
		.script = {{"POST "
			    "/api/v1/namespaces/default/secrets?fieldManager=kubectl-create" STRICT,
			201, "{\"metadata\":{\"name\":\"db\"}}",
			.expects = "\"data\":{\"user\":\"c2hvcA==\",\"pw\":\"YT1i\"}"}},
	},
	{
		.name = "a secret that exists",
		.line = "create secret generic db",
		.status = 1,
		.err = "Error from server (AlreadyExists): secrets \"db\" already exists\n",
		.script = {{"POST "
			    "/api/v1/namespaces/default/secrets?fieldManager=kubectl-create" STRICT,
			409, STATUS(409, "AlreadyExists", "secrets \\\"db\\\" already exists")}},
	},
	{
		.name = "a registry's secret",
		.line = "create secret docker-registry gcr --docker-server=gcr.io "
			"--docker-username=u --docker-password=p "
			"--dry-run=client -o jsonpath={.type}/{.data}",
		.out = "kubernetes.io/dockerconfigjson/"
		       "{\".dockerconfigjson\":"
		       "\"eyJhdXRocyI6eyJnY3IuaW8iOnsidXNlcm5hbWUiOiJ1IiwicGFzc3dvcmQiOiJwIiwiYXV0a"
		       "CI6ImRUcH"
		       "cifX19\"}",
	},
	{
		.name = "a key that is none",
		.line = "create configmap x --from-literal=a/b=c",
		.status = 1,
		.err = "error: \"a/b\" is not a valid key: letters, digits, '-', '_' and '.' are "
		       "allowed, at most 253 of them "
		       "(key=FILE gives a file another key)\n",
	},
	{
		.name = "a config map, not sent",
		.line = "create cm x --from-literal=k=v --dry-run=client -o yaml",
		.out = "apiVersion: v1\ndata:\n  k: v\nkind: ConfigMap\nmetadata:\n  name: x\n",
	},
	{
		.name = "a namespace",
		.line = "create ns shop",
		.out = "namespace/shop created\n",
		.script = {{"POST /api/v1/namespaces?fieldManager=kubectl-create" STRICT, 201,
			"{\"metadata\":{\"name\":\"shop\"}}"}},
	},
};

static void run(const struct scene *scenes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		play(&scenes[i]);
}

static void applies(void **state)
{
	(void)state;
	run(apply_scenes, ARRAY_SIZE(apply_scenes));
}

static void deletes(void **state)
{
	(void)state;
	run(delete_scenes, ARRAY_SIZE(delete_scenes));
}

static void changes(void **state)
{
	(void)state;
	run(other_scenes, ARRAY_SIZE(other_scenes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applies),
		cmocka_unit_test(deletes),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
