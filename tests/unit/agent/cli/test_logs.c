/* SPDX-License-Identifier: Apache-2.0 */
/* `berth logs` and `berth events` against canned answers. */
#include "tests/unit/agent/cli/scene.h"

#define PODS "GET /api/v1/namespaces/default/pods"
#define POD_JSON(name)                                                                             \
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name                                         \
	"\",\"namespace\":\"default\"},\"spec\":{\"initContainers\":[{\"name\":\"setup\"}],"       \
	"\"containers\":[{\"name\":\"web\"},{\"name\":\"nginx\"}]},\"status\":{\"phase\":"         \
	"\"Running\"}}"
#define LOG(name, query) PODS "/" name "/log?container=" query
#define TEXT .type = "text/plain"

static const struct scene scenes[] = {
	{
		.name = "the first container, with a notice",
		.line = "logs p",
		.out = "one\ntwo\n",
		.err = "Defaulted container \"web\" out of: web, nginx, setup (init)\n",
		.script = {{PODS "/p", 200, POD_JSON("p")},
			{LOG("p", "web"), 200, "one\ntwo\n", TEXT}},
	},
	{
		.name = "every parameter",
		.line = "logs p nginx --previous --tail=5 --since=90500ms --timestamps "
			"--limit-bytes=100 -f",
		.out = "x",
		.err = "",
		.script = {{PODS "/p", 200, POD_JSON("p")},
			{LOG("p", "nginx&follow=true&previous=true&timestamps=true&tailLines=5&"
				  "sinceSeconds=91&limitBytes=100"),
				200, "x", TEXT}},
	},
	{
		.name = "all containers, with prefixes",
		.line = "logs p --all-containers --prefix",
		.out = "[pod/p/setup] s\n[pod/p/web] w\n[pod/p/nginx] n1\n[pod/p/nginx] n2\n",
		.script = {{PODS "/p", 200, POD_JSON("p")}, {LOG("p", "setup"), 200, "s\n", TEXT},
			{LOG("p", "web"), 200, "w\n", TEXT},
			{LOG("p", "nginx"), 200, "n1\nn2", TEXT}},
	},
	{
		.name = "pods by labels, ten lines of each",
		.line = "logs -l app=web -c web",
		.out = "a\nb\n",
		.script = {{PODS "?labelSelector=app%3Dweb", 200,
				   "{\"items\":[" POD_JSON("a") "," POD_JSON("b") "]}"},
			{LOG("a", "web&tailLines=10"), 200, "a\n", TEXT},
			{LOG("b", "web&tailLines=10"), 200, "b\n", TEXT}},
	},
	{
		.name = "a controller stands for one of its pods",
		.line = "logs rc/web -c web",
		.out = "a\n",
		.err = "Found 2 pods, using pod/a\n",
		.script = {{"GET /api/v1/namespaces/default/replicationcontrollers/web", 200,
				   "{\"spec\":{\"selector\":{\"app\":\"web\"}}}"},
			{PODS "?labelSelector=app%3Dweb", 200,
				"{\"items\":[" POD_JSON("a") "," POD_JSON("b") "]}"},
			{LOG("a", "web"), 200, "a\n", TEXT}},
	},
	{
		.name = "following two at once, one of them refused",
		.line = "logs -f -l app=web -c web --prefix --tail=-1",
		.status = 1,
		.out = "[pod/a/web] a\n",
		.err = "Error from server (BadRequest): not started\n",
		.script = {{PODS "?labelSelector=app%3Dweb", 200,
				   "{\"items\":[" POD_JSON("a") "," POD_JSON("b") "]}"},
			{LOG("a", "web&follow=true"), 200, "a\n", TEXT},
			{LOG("b", "web&follow=true"), 400,
				"{\"kind\":\"Status\",\"reason\":\"BadRequest\",\"message\":\"not "
				"started\"}"}},
	},
	{.name = "both times",
		.line = "logs p --since=1m --since-time=2026-11-22T00:00:00Z",
		.status = 1},
	{.name = "no pod", .line = "logs", .status = 1},
	{
		.name = "no such container",
		.line = "logs p -c db",
		.status = 1,
		.err = "error: container db not found in pod p (it has: web, nginx, setup "
		       "(init))\n",
		.script = {{PODS "/p", 200, POD_JSON("p")}},
	},
	{
		.name = "events, in order, of one object",
		.line = "events --for pod/p -o custom-columns=R:.reason,N:.count",
		.out = "R         N\nPulled    <none>\nBackOff   3\n",
		.script = {{"GET /api/v1/namespaces/default/"
			    "events?fieldSelector=involvedObject.kind%3DPod%2CinvolvedObject.name%"
			    "3Dp",
			200,
			"{\"items\":[{\"reason\":\"BackOff\",\"count\":3,\"lastTimestamp\":\"2026-"
			"11-22T00:00:09Z\"},"
			"{\"reason\":\"Pulled\",\"lastTimestamp\":\"2026-11-22T00:00:01Z\"}]}"}},
	},
	{
		.name = "only warnings, there are none",
		.line = "events --types=Warning",
		.out = "",
		.err = "No events found in default namespace.\n",
		.script = {{"GET /api/v1/namespaces/default/events", 200,
			"{\"items\":[{\"type\":\"Normal\"}]}"}},
	},
};

static void plays(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		play(&scenes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(plays)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
