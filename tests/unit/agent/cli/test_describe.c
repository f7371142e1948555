/* SPDX-License-Identifier: Apache-2.0 */
/* `berth describe` : the whole text, laid out as kubectl lays it out. */
#include "tests/unit/agent/cli/scene.h"

#define NS "GET /api/v1/namespaces/default/"
#define EVENTS "?fieldSelector=involvedObject.name%3D"

static const char pod[] =
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"namespace\":"
	"\"default\",\"uid\":\"u\","
	"\"labels\":{\"b\":\"2\",\"app\":\"web\"},\"ownerReferences\":[{\"kind\":"
	"\"ReplicationController\",\"name\":\"web\","
	"\"controller\":true}]},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"web\","
	"\"image\":\"i:1\",\"command\":"
	"[\"sh\",\"-c\"],\"ports\":[{\"containerPort\":8000},{\"containerPort\":53,\"protocol\":"
	"\"UDP\"}],\"resources\":{"
	"\"limits\":{\"memory\":\"64Mi\"}},\"env\":[{\"name\":\"A\",\"value\":\"1\"},{\"name\":"
	"\"S\",\"valueFrom\":{"
	"\"secretKeyRef\":{\"name\":\"db\",\"key\":\"pw\"}}}],\"volumeMounts\":[{\"name\":\"s\","
	"\"mountPath\":\"/s\","
	"\"readOnly\":true}]}],\"volumes\":[{\"name\":\"s\",\"secret\":{\"secretName\":\"ssl\"}}]},"
	"\"status\":{\"phase\":"
	"\"Running\",\"podIP\":\"10.88.0.2\",\"podIPs\":[{\"ip\":\"10.88.0.2\"}],\"hostIP\":\"10.0."
	"0.1\",\"qosClass\":"
	"\"Burstable\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}],"
	"\"containerStatuses\":[{\"name\":\"web\","
	"\"containerID\":\"runc://"
	"1\",\"imageID\":\"sha256:1\",\"ready\":true,\"restartCount\":1,\"state\":{\"waiting\":{"
	"\"reason\":\"CrashLoopBackOff\",\"message\":\"back-off "
	"10s\"}},\"lastState\":{\"terminated\":{\"exitCode\":137,"
	"\"signal\":9,\"reason\":\"Error\",\"startedAt\":\"2026-11-22T20:28:01Z\",\"finishedAt\":"
	"\"2026-11-22T20:29:01Z\"}}"
	"}]}}";

static const char pod_text[] = "Name:         p\n"
			       "Namespace:    default\n"

			       "Node:         n/10.0.0.1\n"
			       "Labels:       app=web\n"
			       "              b=2\n"
			       "Annotations:  <none>\n"
			       "Status:       Running\n"
			       "IP:           10.88.0.2\n"
			       "IPs:\n"
			       "  IP:           10.88.0.2\n"
			       "Controlled By:  ReplicationController/web\n"
			       "Containers:\n"
			       "  web:\n"
			       "    Container ID:  runc://1\n"
			       "    Image:         i:1\n"
			       "    Image ID:      sha256:1\n"
			       "    Ports:         8000/TCP, 53/UDP\n"
			       "    Host Ports:    0/TCP, 0/UDP\n"
			       "    Command:\n"
			       "      sh\n"
			       "      -c\n"
			       "    State:          Waiting\n"
			       "      Reason:       CrashLoopBackOff\n"
			       "      Message:      back-off 10s\n"
			       "    Last State:     Terminated\n"
			       "      Reason:       Error\n"
			       "      Exit Code:    137\n"
			       "      Signal:       9\n"
			       "      Started:      Sun, 22 Nov 2026 20:28:01 +0000\n"
			       "      Finished:     Sun, 22 Nov 2026 20:29:01 +0000\n"
			       "    Ready:          True\n"
			       "    Restart Count:  1\n"
			       "    Limits:\n"
			       "      memory:  64Mi\n"
			       "    Environment:\n"
			       "      A:  1\n"
			       "      S:  <set to the key 'pw' in secret 'db'>  Optional: false\n"
			       "    Mounts:\n"
			       "      /s from s (ro)\n"
			       "Conditions:\n"
			       "  Type    Status\n"
			       "  Ready   True \n"
			       "Volumes:\n"
			       "  s:\n"
			       "    Type:        Secret (a volume populated by a Secret)\n"
			       "    SecretName:  ssl\n"
			       "    Optional:    false\n"
			       "QoS Class:       Burstable\n"
			       "Node-Selectors:  <none>\n"
			       "Tolerations:     <none>\n"
			       "Events:          <none>\n";

static const struct scene scenes[] = {
	{
		.name = "a pod",
		.line = "describe pod p",
		.out = pod_text,
		.script = {{NS "pods/p", 200, pod},
			{NS "events" EVENTS "p%2CinvolvedObject.uid%3Du", 200, "{\"items\":[]}"}},
	},
	{
		.name = "a secret: sizes only",
		.line = "describe secret s",
		.out = "Name:         s\nNamespace:    default\nLabels:       <none>\nAnnotations: "
		       " <none>\n\nType:  "
		       "kubernetes.io/tls\n\nData\n====\ntls.crt:  4 bytes\ntls.key:  6 bytes\n",
		.script = {{NS "secrets/s", 200,
			"{\"kind\":\"Secret\",\"type\":\"kubernetes.io/"
			"tls\",\"metadata\":{\"name\":\"s\",\"namespace\":\"default\"},"
			"\"data\":{\"tls.key\":\"c2VjcmV0\",\"tls.crt\":\"YWJjZA==\"}}"}},
	},
	{
		.name = "a name's beginning",
		.line = "describe pods we",
		.status = 1,
		.out = "",
		.err = "Error from server (NotFound): pods \"we\" not found\n",
		.script = {{NS "pods/we", 404,
				   "{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":"
				   "\"pods \\\"we\\\" not found\"}"},
			{NS "pods", 200, "{\"items\":[{\"metadata\":{\"name\":\"other\"}}]}"}},
	},
};

static void plays(void **state)
{
	(void)state;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		play(&scenes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(plays)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
