/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decode, default and validate on whole objects: each case is an object, and all problems and warnings that
 * must come out of it, in order.
 */
#include "agent/spec/spec.h"
#include "tests/unit/agent/spec/objects.h"
#include "tests/unit/unit.h"

static const struct {
	const char *in, *out;
} cases[] = {
	{ONE(""), ""},
	/* decoding */
	{ONE(",\"imagePulPolicy\":\"Always\""),
		"spec.containers[0].imagePulPolicy: unknown field "
		"\"spec.containers[0].imagePulPolicy\"; did you mean \"imagePullPolicy\"?\n"},
	{WITH("\"restartpolicy\":\"Never\""),
		"spec.restartpolicy: unknown field \"spec.restartpolicy\"; did you mean "
		"\"restartPolicy\"?\n"},
	{ONE(",\"env\":[{\"name\":\"A\",\"value\":1}]"),
		"spec.containers[0].env[0].value: Invalid type: must be a string, not a number: "
		"put it "
		"in quotes\n"},
	{WITH("\"hostNetwork\":\"yes\""), "spec.hostNetwork: Invalid type: must be true or false, "
					  "not a string: write it without quotes\n"},
	{POD("\"containers\":{}"), "spec.containers: Invalid type: must be a list, not an object: "
				   "start each item with \"- \"\n"},
	{ONE(",\"resources\":{\"limits\":{\"cpu\":\"many\"}}"),
		"spec.containers[0].resources.limits[cpu]: Invalid value: \"many\": a quantity is "
		"a "
		"number with an optional unit, like \"500m\", \"64Mi\" or \"2\"\n"},
	{SECRET("\"data\":{\"k\":\"no base64!\"}"), "data[k]: Invalid value: \"…\": must be "
						    "base64; write plain text under stringData (a "
						    "Secret) or data (a ConfigMap)\n"},
	/* support */
	{ONE(",\"stdin\":false,\"tty\":false,\"lifecycle\":null"), ""},
	{ONE(",\"ports\":[{\"containerPort\":80,\"hostPort\":80}]"),
		"spec.containers[0].ports[0].hostPort: Forbidden: berth does not forward ports of "
		"the "
		"host yet; they come with Services\n"},
	{POD("\"hostNetwork\":true,\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{"
	     "\"containerPort\":80,\"hostPort\":80}]}]"),
		""},
	{WITH("\"hostUsers\":false"),
		"spec.hostUsers: Forbidden: berth does not make user namespaces yet\n"},
	{WITH("\"hostUsers\":true"), ""},
	{WITH("\"subdomain\":\"web\""),
		"warning: spec.subdomain: has no effect: there is no DNS for "
		"pods yet; /etc/hosts has the full name\n"},
	{WITH("\"volumes\":[{\"name\":\"v\",\"gitRepo\":{\"repository\":\"x\"}}]"),
		"spec.volumes[0].gitRepo: Forbidden: never: it ran git as root; clone in an init "
		"container into an emptyDir\n"},
	{WITH("\"nodeSelector\":{\"kubernetes.io/os\":\"linux\"}"), ""},
	{WITH("\"nodeSelector\":{\"disk\":\"ssd!\"}"),
		"spec.nodeSelector: Invalid value: \"ssd!\": a valid label must be an empty string "
		"or "
		"consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
		"an "
		"alphanumeric character\n"},
	{WITH("\"securityContext\":{\"seccompProfile\":{\"type\":\"Localhost\"}}"),
		"spec.securityContext.seccompProfile.localhostProfile: Required value: must be set "
		"when "
		"`type` is Localhost\n"},
	{WITH("\"securityContext\":{\"seccompProfile\":{\"type\":\"Localhost\","
	      "\"localhostProfile\":"
	      "\"../x\"}}"),
		"spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"../x\": "
		"must not "
		"contain '..'\n"},
	{WITH("\"securityContext\":{\"seccompProfile\":{\"type\":\"Unconfined\","
	      "\"localhostProfile\":"
	      "\"x\"}}"),
		"spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"x\": can "
		"only be "
		"set when `type` is Localhost\n"},
	{ONE(",\"lifecycle\":{\"stopSignal\":\"SIGUSR1\"}"), ""},
	{ONE(",\"lifecycle\":{\"stopSignal\":\"USR1\",\"preStop\":{\"sleep\":{\"seconds\":1}}}"),
		"spec.containers[0].lifecycle.stopSignal: Unsupported value: \"USR1\": supported "
		"values: "
		"\"SIGABRT\", \"SIGALRM\", \"SIGCONT\", \"SIGHUP\", \"SIGINT\", \"SIGIO\", "
		"\"SIGKILL\", "
		"\"SIGPIPE\", \"SIGPWR\", \"SIGQUIT\", \"SIGTERM\", \"SIGUSR1\", \"SIGUSR2\", "
		"\"SIGWINCH\"\n"},
	{WITH("\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"sizeLimit\":\"1Gi\"}}]"),
		"warning: spec.volumes[0].emptyDir.sizeLimit: has no effect: is not enforced on "
		"disk "
		"yet; it is with medium Memory\n"},
	{WITH("\"volumes\":[{\"name\":\"v\",\"emptyDir\":{\"sizeLimit\":\"1Gi\",\"medium\":"
	      "\"Memory\"}}]"),
		""},
	/* validation */
	{ONE(",\"livenessProbe\":{\"exec\":{\"command\":[\"true\"]}}"), ""},
	{ONE(",\"ports\":[{\"name\":\"web\",\"containerPort\":80}],\"readinessProbe\":{\"httpGet\":"
	     "{\"port\":\"web\"},\"successThreshold\":2},\"startupProbe\":{\"grpc\":{\"port\":9}}"),
		""},
	{ONE(",\"livenessProbe\":{\"httpGet\":{\"port\":\"web\"},\"successThreshold\":2}"),
		"spec.containers[0].livenessProbe.httpGet.port: Invalid value: \"web\": no port of "
		"this container has this name\nspec.containers[0].livenessProbe.successThreshold: "
		"Invalid value: 2: must be 1\n"},
	{ONE(",\"readinessProbe\":{\"tcpSocket\":{\"port\":80,\"host\":\"10.0.0.1\"},"
	     "\"terminationGracePeriodSeconds\":3}"),
		"spec.containers[0].readinessProbe.tcpSocket.host: Forbidden: a probe asks its own "
		"pod and nobody else; take it out, and name a virtual host in httpHeaders as "
		"Host\nspec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid "
		"value: 3: must not be set for readinessProbes\n"},
	{ONE(",\"startupProbe\":{\"periodSeconds\":5}"),
		"spec.containers[0].startupProbe: Required value: must specify a handler type\n"},
	{ONE(",\"startupProbe\":{\"exec\":{\"command\":[\"a\"]},\"tcpSocket\":{\"port\":1}}"),
		"spec.containers[0].startupProbe.tcpSocket: Forbidden: may not specify more than 1 "
		"of them, and exec is there\n"},
	{ONE(",\"lifecycle\":{\"preStop\":{}}"), "spec.containers[0].lifecycle.preStop: Required "
						 "value: must specify a handler type\n"},
	{ONE(",\"lifecycle\":{\"preStop\":{\"exec\":{},\"sleep\":{\"seconds\":1}}}"),
		"spec.containers[0].lifecycle.preStop.exec.command: Required value\n"
		"spec.containers[0].lifecycle.preStop.sleep: Forbidden: may not specify more than "
		"1 of them, and exec is there\n"},
	{ONE(",\"lifecycle\":{\"preStop\":{\"sleep\":{\"seconds\":31}}}"),
		"spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be "
		"non-negative and less than terminationGracePeriodSeconds (30)\n"},
	{ONE(",\"lifecycle\":{\"postStart\":{\"sleep\":{\"seconds\":0}},\"preStop\":{\"sleep\":{"
	     "\"seconds\":30}}}"),
		""},
	{ONE(",\"lifecycle\":{\"postStart\":{\"httpGet\":{\"port\":0,\"scheme\":\"FTP\","
	     "\"httpHeaders\":[{\"name\":\"X A\",\"value\":\"a\\nb\"}]}}}"),
		"spec.containers[0].lifecycle.postStart.httpGet.port: Invalid value: 0: must be "
		"between 1 and 65535, inclusive\n"
		"spec.containers[0].lifecycle.postStart.httpGet.scheme: Unsupported value: "
		"\"FTP\": supported values: \"HTTP\", \"HTTPS\"\n"
		"spec.containers[0].lifecycle.postStart.httpGet.httpHeaders[0].name: Invalid "
		"value: "
		"\"X A\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. "
		"'X-Header-Name')\n"
		"spec.containers[0].lifecycle.postStart.httpGet.httpHeaders[0].value: Invalid "
		"value: \"a\\nb\": must not contain control characters\n"},
	{ONE(",\"ports\":[{\"name\":\"web\",\"containerPort\":80}],"
	     "\"lifecycle\":{\"postStart\":{\"httpGet\":{\"port\":\"web\"}},"
	     "\"preStop\":{\"tcpSocket\":{\"port\":\"wep\"}}}"),
		"spec.containers[0].lifecycle.preStop.tcpSocket.port: Invalid value: \"wep\": no "
		"port of this container has this name\n"},
	{POD("\"initContainers\":[{\"name\":\"i\",\"image\":\"i\",\"lifecycle\":{\"preStop\":{"
	     "\"exec\":{\"command\":[\"true\"]}}}}],\"containers\":[{\"name\":\"c\",\"image\":"
	     "\"i\"}]"),
		"spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers "
		"without restartPolicy=Always\n"},
	{POD("\"containers\":[{\"name\":\"Web\"}]"),
		"spec.containers[0].name: Invalid value: \"Web\": a lowercase RFC 1123 label must "
		"consist of lower case alphanumeric characters or '-', must start and end with an "
		"alphanumeric character, and have no more than 63 characters\n"
		"spec.containers[0].image: Required value\n"},
	{POD(""), "spec.containers: Required value\n"},
	{ONE(",\"imagePullPolicy\":\"Sometimes\""),
		"spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported "
		"values: \"Always\", \"IfNotPresent\", \"Never\"\n"},
	{ONE("},{\"name\":\"c\",\"image\":\"i\""),
		"spec.containers[1].name: Duplicate value: \"c\"\n"},
	{ONE(",\"volumeMounts\":[{\"name\":\"v\",\"mountPath\":\"/a\"}]"),
		"spec.containers[0].volumeMounts[0].name: Not found: \"v\"\n"},
	{POD("\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"volumeMounts\":[{\"name\":\"v\","
	     "\"mountPath\":\"/a\"},{\"name\":\"v\",\"mountPath\":\"/a/\"}]}],\"volumes\":[{"
	     "\"name\":\"v\"}]"),
		"spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/a/\": must be "
		"unique\n"},
	{ONE(",\"resources\":{\"requests\":{\"cpu\":2},\"limits\":{\"cpu\":\"1500m\"}}"),
		"spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or "
		"equal to cpu limit of 1500m\n"},
	{ONE(",\"env\":[{\"name\":\"A\",\"valueFrom\":{}}]"),
		"spec.containers[0].env[0].valueFrom: Required value: must specify one of "
		"fieldRef, "
		"resourceFieldRef, configMapKeyRef or secretKeyRef\n"},
	{ONE(",\"securityContext\":{\"runAsUser\":2147483648}"),
		"spec.containers[0].securityContext.runAsUser: Invalid value: 2147483648: must be "
		"between 0 and 2147483647, inclusive\n"},
	{ONE(",\"securityContext\":{\"capabilities\":{\"add\":[\"CAP_NET_ADMIN\"]}}"),
		"spec.containers[0].securityContext.capabilities.add[0]: Invalid value: "
		"\"CAP_NET_ADMIN\": must be a capability without CAP_ in front, like "
		"\"NET_ADMIN\"; did "
		"you mean \"NET_ADMIN\"?\n"},
	/* restarts */
	{ONE(",\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"Restart\","
	     "\"exitCodes\":{\"operator\":\"In\",\"values\":[42]}}]"),
		""},
	{ONE(",\"restartPolicyRules\":[{\"action\":\"RestartAllContainers\","
	     "\"exitCodes\":{\"operator\":\"NotIn\",\"values\":[0]}}]"),
		"spec.containers[0].restartPolicy: Required value: must specify restartPolicy when "
		"restart rules are used\n"},
	{ONE(",\"restartPolicy\":\"Never\",\"restartPolicyRules\":[{\"action\":\"Stop\"}]"),
		"spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"Stop\": "
		"supported values: \"Restart\", \"RestartAllContainers\"\n"
		"spec.containers[0].restartPolicyRules[0].exitCodes: Required value\n"},
	{WITH("\"initContainers\":[{\"name\":\"i\",\"image\":\"i:1\",\"restartPolicy\":"
	      "\"Always\"}],\"activeDeadlineSeconds\":5"),
		""},
	{WITH("\"initContainers\":[{\"name\":\"i\",\"image\":\"i:1\",\"lifecycle\":{"
	      "\"stopSignal\":\"SIGINT\"}}]"),
		"spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers "
		"without restartPolicy=Always\n"},
	{WITH("\"activeDeadlineSeconds\":0"),
		"spec.activeDeadlineSeconds: Invalid value: 0: must be greater than 0\n"},
	{META("\"namespace\":\"d\""),
		"metadata.name: Required value: name or generateName is required\n"},
	{META("\"generateName\":\"web-\""), "metadata.namespace: Required value\n"},
	{SECRET("\"type\":\"kubernetes.io/tls\",\"stringData\":{\"tls.crt\":\"x\"}"),
		"data[tls.key]: Required value: a secret of type kubernetes.io/tls has this key\n"},
	{SECRET("\"data\":{\"../x\":\"\"}"),
		"data[../x]: Invalid value: \"../x\": a key may not be '.' or start with '..'\n"},
	{ONE(",\"env\":[{\"name\":\"A\",\"value\":\"1\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":"
	     "\"metadata.name\"}}}]"),
		"spec.containers[0].env[0].valueFrom: Forbidden: may not be specified when `value` "
		"is not empty\n"},
	{ONE(",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata."
	     "labels['a b']\"}}}]"),
		"spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "
		"\"metadata.labels['a b']\": supported values: \"metadata.name\", "
		"\"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", "
		"\"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", "
		"\"status.podIP\", \"status.podIPs\"\n"},
	{ONE(",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata."
	     "labels['a']\",\"apiVersion\":\"v2\"}}}]"),
		"spec.containers[0].env[0].valueFrom.fieldRef.apiVersion: Unsupported value: "
		"\"v2\": supported values: \"v1\"\n"},
	{ONE(",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"resourceFieldRef\":{\"resource\":\"limits."
	     "disk\",\"divisor\":\"3\",\"containerName\":\"z\"}}}]"),
		"spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "
		"\"limits.disk\": supported values: \"limits.cpu\", \"limits.memory\", "
		"\"requests.cpu\", \"requests.memory\"\n"
		"spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Unsupported value: "
		"\"3\": supported values: \"0\", \"1\", \"1k\", \"1M\", \"1G\", \"1T\", \"1P\", "
		"\"1E\", \"1Ki\", \"1Mi\", \"1Gi\", \"1Ti\", \"1Pi\", \"1Ei\"\n"
		"spec.containers[0].env[0].valueFrom.resourceFieldRef.containerName: Not found: "
		"\"z\"\n"},
	{ONE(",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":"
	     "\"a/b\"},\"configMapKeyRef\":{\"name\":\"m\",\"key\":\"k\"}}}]"),
		"spec.containers[0].env[0].valueFrom.secretKeyRef.key: Invalid value: \"a/b\": a "
		"valid config key must consist of alphanumeric characters, '-', '_' or '.'\n"
		"spec.containers[0].env[0].valueFrom.configMapKeyRef: Forbidden: may not specify "
		"more than 1 of them, and secretKeyRef is there\n"},
	{WITH("\"volumes\":[{\"name\":\"v\",\"downwardAPI\":{\"items\":[{\"path\":\"a\","
	      "\"resourceFieldRef\":{\"resource\":\"limits.cpu\"}},{\"path\":\"a\",\"fieldRef\":{"
	      "\"fieldPath\":\"status.podIP\"}}]}}]"),
		"spec.volumes[0].downwardAPI.items[0].resourceFieldRef.containerName: Required "
		"value: a volume does not know which container is meant\n"
		"spec.volumes[0].downwardAPI.items[1].fieldRef.fieldPath: Unsupported value: "
		"\"status.podIP\": supported values: \"metadata.name\", \"metadata.namespace\", "
		"\"metadata.uid\", \"metadata.labels\", \"metadata.annotations\"\n"
		"spec.volumes[0].downwardAPI.items[1].path: Duplicate value: \"a\"\n"},
	{WITH("\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\",\"defaultMode\":512}},"
	      "{\"name\":\"v\"}]"),
		"spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between "
		"0 and 0777 (octal), both inclusive; in YAML 0400 is octal, in JSON it is 256\n"
		"spec.volumes[1].name: Duplicate value: \"v\"\n"},
	{ONE(",\"securityContext\":{\"privileged\":true,\"allowPrivilegeEscalation\":false,"
	     "\"capabilities\":{\"add\":[\"SYS_ADMIN\"]}}"),
		"spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: "
		"false: cannot be false when `privileged` is true\n"
		"spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: "
		"false: cannot be false when SYS_ADMIN is added\n"},
	{ONE(",\"ports\":[{\"containerPort\":80,\"name\":\"a\"},{\"containerPort\":0,\"name\":"
	     "\"a\"}]"),
		"spec.containers[0].ports[1].containerPort: Invalid value: 0: must be between 1 "
		"and 65535, inclusive\n"
		"spec.containers[0].ports[1].name: Duplicate value: \"a\"\n"},
	{ONE(",\"resources\":{\"limits\":{\"memory\":\"100m\",\"ephemeral-storage\":\"1Gi\","
	     "\"hugepages-2Mi\":1,\"nvidia.com/gpu\":1,\"gpu\":1,\"cpu\":-1}}"),
		"spec.containers[0].resources.limits[ephemeral-storage]: Forbidden: berth does not "
		"limit disk space yet; take it out\n"
		"spec.containers[0].resources.limits[hugepages-2Mi]: Forbidden: berth does not "
		"limit huge pages\n"
		"spec.containers[0].resources.limits[nvidia.com/gpu]: Forbidden: berth has no "
		"devices to give\n"
		"spec.containers[0].resources.limits[gpu]: Unsupported value: \"gpu\": supported "
		"values: \"cpu\", \"memory\"\n"
		"spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be greater "
		"than or equal to 0\n"
		"spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be "
		"greater than or equal to 0\n"
		"warning: spec.containers[0].resources.limits[memory]: fractional byte value 100m: "
		"did you mean \"Mi\" in place of \"m\"?\n"
		"warning: spec.containers[0].resources.requests[memory]: fractional byte value "
		"100m: did you mean \"Mi\" in place of \"m\"?\n"},
	{WITH("\"hostPID\":true,\"shareProcessNamespace\":true,\"dnsPolicy\":\"None\","
	      "\"serviceAccountName\":\"default\",\"serviceAccount\":\"other\""),
		"spec.shareProcessNamespace: Invalid value: true: cannot be set together with "
		"hostPID\n"
		"spec.dnsConfig.nameservers: Required value: must provide at least one DNS "
		"nameserver when `dnsPolicy` is None\n"
		"spec.serviceAccount: Invalid value: \"other\": must be the same as "
		"serviceAccountName\n"
		"warning: spec.serviceAccount: has no effect: berth has no service accounts: no "
		"token is mounted, no rights are given\n"},
	{WITH("\"terminationGracePeriodSeconds\":-1,\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\","
	      "\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\"]}"),
		"spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or "
		"equal to 0\n"
		"spec.dnsConfig.nameservers: Too many: 4: must have at most 3 items\n"},
	{WITH("\"affinity\":{\"podAntiAffinity\":{"
	      "\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":1,"
	      "\"podAffinityTerm\":{\"topologyKey\":\"k\",\"labelSelector\":{\"matchExpressions\":["
	      "{\"key\":\"a\",\"operator\":\"In\"},{\"key\":\"a\",\"operator\":\"Exists\","
	      "\"values\":[\"x\"]}]}}}]}}"),
		"spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
		"podAffinityTerm.labelSelector.matchExpressions[0].values: Required value: must be "
		"specified when `operator` is 'In' or 'NotIn'\n"
		"spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
		"podAffinityTerm.labelSelector.matchExpressions[1].values: Forbidden: may not be "
		"specified when `operator` is 'Exists' or 'DoesNotExist'\n"
		"warning: "
		"spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution: "
		"has no effect: there is one node, nothing to prefer\n"},
	{META("\"name\":\"p\",\"namespace\":\"d\",\"creationTimestamp\":\"yesterday\",\"labels\":{"
	      "\"-a\":\"b\"},\"annotations\":{\"A/b/c\":\"\"},\"finalizers\":[\"/"
	      "\"],\"managedFields\":[{}],\"selfLink\":\"x\""),
		"metadata.creationTimestamp: Invalid value: \"yesterday\": a time is written as "
		"\"2026-01-31T12:00:00Z\"\n"
		"metadata.labels: Invalid value: \"-a\": name part must start and end with an "
		"alphanumeric character\n"
		"metadata.annotations: Invalid value: \"A/b/c\": there may be one '/' only\n"
		"metadata.finalizers[0]: Invalid value: \"/\": prefix part must be non-empty\n"},
	{SECRET("\"type\":\"kubernetes.io/basic-auth\""),
		"data[username]: Required value: a secret of type kubernetes.io/basic-auth has "
		"this key\n"},
	{SECRET("\"type\":\"kubernetes.io/basic-auth\",\"stringData\":{\"password\":\"x\"}"), ""},
	{SECRET("\"type\":\"kubernetes.io/"
		"dockerconfigjson\",\"stringData\":{\".dockerconfigjson\":\"[]\"}"),
		"data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": must be a "
		"JSON object, as in ~/.docker/config.json\n"},
	{SECRET("\"type\":\"kubernetes.io/service-account-token\""),
		"type: Forbidden: berth issues no service account tokens\n"},
	{SECRET("\"type\":\"example.com/mine\""), ""},
	{"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"m\",\"namespace\":"
	 "\"d\"},\"data\":{\"a\":\"\"},\"binaryData\":{\"a\":\"\"}}",
		"data[a]: Invalid value: \"a\": duplicate of key present in binaryData\n"},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"e\",\"namespace\":"
	 "\"d\"},\"involvedObject\":{\"namespace\":\"x\"},\"eventTime\":\"2026-01-01T00:00:00."
	 "1Z\"}",
		"involvedObject.namespace: Invalid value: \"x\": does not match event.namespace\n"},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a.b\","
	 "\"namespace\":\"d\"}}",
		"metadata.name: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of "
		"lower case alphanumeric characters or '-', must start and end with an "
		"alphanumeric character, and have no more than 63 characters\n"
		"metadata.namespace: Forbidden: not allowed on this type\n"},
	{RC("\"selector\":{\"a\":\"b\"},\"template\":{\"metadata\":{\"labels\":{\"a\":\"c\"}},"
	    "\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":"
	    "\"i\"}]}}"),
		"spec.template.metadata.labels: Invalid value: {…}: `selector` does not match "
		"template "
		"`labels`\n"
		"spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: "
		"\"Always\"\n"},
};

static char *said(const struct problems *p)
{
	struct str out = {0};
	for (size_t i = 0; i < p->n; i++)
		str_addf(&out, "%s: %s\n", p->items[i].path, p->items[i].message);
	for (size_t i = 0; i < p->n_warnings; i++)
		str_addf(&out, "warning: %s\n", p->warnings[i]);
	return str_take(&out);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *object = NULL;
		struct err e;
		const struct kind *k;
		cleanup_problems struct problems p = {0};
		assert_int_equal(json_parse(sv(cases[i].in), &object, &e), 0);
		assert_int_equal(kind_of(object, &k, &e), 0);
		bool ok = spec_admit(k, object, FIELD_STRICT, &p);
		cleanup_free char *text = said(&p);
		if (strcmp(text, cases[i].out) != 0)
			print_error("case %zu: %s\n", i, cases[i].in);
		assert_string_equal(text, cases[i].out);
		assert_int_equal(ok, p.n == 0);
	}
}

static json_t *admitted(const char *text)
{
	struct err e;
	const struct kind *k;
	json_t *object;
	cleanup_problems struct problems p = {0};
	assert_int_equal(json_parse(sv(text), &object, &e), 0);
	assert_int_equal(kind_of(object, &k, &e), 0);
	spec_admit(k, object, FIELD_STRICT, &p);
	cleanup_free char *text_of = said(&p);
	assert_string_equal(text_of, "");
	return object;
}

static void test_defaults(void **state)
{
	(void)state;
	cleanup_json json_t *pod =
		admitted(POD("\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{"
			     "\"containerPort\":1}],\"resources\":{\"limits\":{\"cpu\":0.5,"
			     "\"memory\":\"1024Ki\"}}}],"
			     "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}},{"
			     "\"name\":\"w\"}]"));
	cleanup_free char *text = json_canonical(json_object_get(pod, "spec"));
	assert_string_equal(text,
		"{\"containers\":[{\"image\":\"i\",\"imagePullPolicy\":\"Always\",\"name\":\"c\","
		"\"ports\":[{\"containerPort\":1,\"protocol\":\"TCP\"}],\"resources\":{\"limits\":{"
		"\"cpu\":\"500m\",\"memory\":\"1Mi\"},\"requests\":{\"cpu\":\"500m\",\"memory\":"
		"\"1Mi\"}},"
		"\"terminationMessagePath\":\"/dev/termination-log\",\"terminationMessagePolicy\":"
		"\"File\"}],\"dnsPolicy\":\"ClusterFirst\",\"restartPolicy\":\"Always\","
		"\"schedulerName\":"
		"\"default-scheduler\",\"securityContext\":{},\"terminationGracePeriodSeconds\":30,"
		"\"volumes\":[{\"name\":\"v\",\"secret\":{\"defaultMode\":420,\"secretName\":\"s\"}"
		"},{"
		"\"emptyDir\":{},\"name\":\"w\"}]}");
	cleanup_json json_t *rc =
		admitted(RC("\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}},"
			    "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i:2\"}]}}"));
	assert_int_equal(json_int(json_object_get(rc, "spec"), "replicas", 0), 1);
	assert_string_equal(json_str(json_at(rc, "spec", "selector", NULL), "a"), "b");
	assert_string_equal(json_str(json_at(rc, "metadata", "labels", NULL), "a"), "b");
	cleanup_json json_t *secret = admitted(
		SECRET("\"stringData\":{\"a\":\"b\"},\"data\":{\"a\":\"\",\"c\":\"eA\\n==\"}"));
	cleanup_free char *data = json_canonical(secret);
	assert_non_null(strstr(data, "\"data\":{\"a\":\"Yg==\",\"c\":\"eA==\"}"));
	assert_non_null(strstr(data, "\"type\":\"Opaque\""));
	assert_null(strstr(data, "stringData"));
}

static void test_unknown_fields_by_validation(void **state)
{
	(void)state;
	const struct kind *k = kind_by_word("pod");
	static const struct {
		enum field_validation fv;
		size_t problems, warnings;
	} rows[] = {{FIELD_STRICT, 1, 0}, {FIELD_WARN, 0, 1}, {FIELD_IGNORE, 0, 0}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_json json_t *object = NULL;
		cleanup_problems struct problems p = {0};
		assert_int_equal(json_parse(sv(WITH("\"nope\":1")), &object, NULL), 0);
		spec_admit(k, object, rows[i].fv, &p);
		assert_int_equal(p.n, rows[i].problems);
		assert_int_equal(p.n_warnings, rows[i].warnings);
		assert_null(json_at(object, "spec", "nope", NULL));
	}
}

static void test_status(void **state)
{
	(void)state;
	cleanup_problems struct problems p = {0};
	problems_add(&p, PROBLEM_REQUIRED, "spec.a", "Required value");
	problems_add(&p, PROBLEM_INVALID, "spec.b", "Invalid value: %d: no", 1);
	cleanup_json json_t *status = problems_status(&p, "", "Pod", "x");
	cleanup_free char *text = json_canonical(status);
	assert_string_equal(text,
		"{\"apiVersion\":\"v1\",\"code\":422,\"details\":{\"causes\":[{\"field\":\"spec."
		"a\","
		"\"message\":\"Required "
		"value\",\"reason\":\"FieldValueRequired\"},{\"field\":\"spec.b\","
		"\"message\":\"Invalid value: 1: "
		"no\",\"reason\":\"FieldValueInvalid\"}],\"kind\":\"Pod\","
		"\"name\":\"x\"},\"kind\":\"Status\",\"message\":\"Pod \\\"x\\\" is invalid: "
		"[spec.a: "
		"Required value, spec.b: Invalid value: 1: "
		"no]\",\"metadata\":{},\"reason\":\"Invalid\","
		"\"status\":\"Failure\"}");
}

static void test_texts(void **state)
{
	(void)state;
	cleanup_problems struct problems p = {0};
	problems_add(&p, PROBLEM_UNKNOWN, "spec.a", "unknown field \"spec.a\"");
	cleanup_free char *one = problems_text(&p, "Pod", "x");
	assert_string_equal(one, "strict decoding error: unknown field \"spec.a\"");
	assert_true(problems_in_decoding(&p));
	problems_add(&p, PROBLEM_REQUIRED, "spec.b", "Required value");
	cleanup_free char *two = problems_text(&p, "Pod", "x");
	assert_string_equal(
		two, "Pod \"x\" is invalid: [unknown field \"spec.a\", spec.b: Required value]");
	struct err e;
	assert_int_equal(problems_err(&p, "Pod", "x", &e), -EINVAL);
	assert_string_equal(err_api_reason(&e), "BadRequest");
	assert_string_equal(e.field, "spec.a");
	/* What comes in unbounded numbers is cut off. */
	for (int i = 0; i < 10000; i++) {
		problems_add(&p, PROBLEM_REQUIRED, "x", "y");
		problems_warn(&p, "z");
	}
	assert_true(p.n < 1000 && p.n_warnings < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_unknown_fields_by_validation),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
