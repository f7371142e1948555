/* SPDX-License-Identifier: Apache-2.0 */
/* Pods to plans: each case is what a pod says and what the plan must hold at a path. */
#include "tests/unit/agent/control/objects.h"

#include "agent/control/compile.h"
#include "agent/spec/spec.h"
#include "runtime/security/caps.h"

static char *entrypoint[] = {(char[]){"/entry"}, NULL}, *cmd[] = {(char[]){"serve"}, NULL};
static char *image_env[] = {(char[]){"LANG=C"}, NULL}, *none[] = {NULL};
static char *layers[] = {(char[]){"l/b/fs"}, (char[]){"l/a/fs"}, NULL};

static struct image test_image(void)
{
	return (struct image){.ref = (char *)(uintptr_t) "docker.io/library/i:latest",
		.id = (char *)(uintptr_t) "sha256:1",
		.layers = layers,
		.n_layers = 2,
		.config = {.entrypoint = entrypoint,
			.cmd = cmd,
			.env = image_env,
			.volumes = none,
			.user = (char *)(uintptr_t) "app",
			.working_dir = (char *)(uintptr_t) "/srv",
			.stop_signal = (char *)(uintptr_t) "SIGQUIT"}};
}

/* The pod with the spec's members in @spec and one container with those in @container, as the API has it. */
static json_t *make_pod(const char *spec, const char *container)
{
	cleanup_free char *text =
		xasprintf("{'apiVersion':'v1','kind':'Pod','metadata':{'name':'p','namespace':'"
			  "shop','uid':'u'},"
			  "'spec':{%s%s'containers':[{'name':'c','image':'i'%s%s}]}}",
			spec, spec[0] ? "," : "", container[0] ? "," : "", container);
	cleanup_problems struct problems problems = {0};
	json_t *pod = quoted(text);

	if (!spec_admit(kind_by_name("v1", "Pod"), pod, FIELD_STRICT, &problems)) {
		cleanup_free char *why = problems_text(&problems, "Pod", "p");
		fail_msg("%s", why);
	}
	/* Only the server sets it; the schema has taken it out. */
	json_put_str(json_map(pod, "metadata"), "uid", "u");
	return pod;
}

static int compile(const json_t *pod, struct plan **ret, json_t **ret_payload, struct err *e)
{
	const struct image image = test_image();
	const struct lookup l = objects_lookup(pod);
	const struct compile_node node = {.runtime = "/usr/sbin/runc",
		.image_dir = "/images",
		.cgroup_base = "berth",
		.logs_dir = "/logs",
		.resolv_conf = "nameserver 192.0.2.53\nsearch lan\noptions ndots:1\n",
		.seccomp_dir = "/seccomp",
		.memory_bytes = 8ull << 30,
		.pids_max = 4915,
		.caps = caps_all(),
		.oom_score_floor = -1000};
	struct compile_container containers[4];

	for (size_t i = 0; i < ARRAY_SIZE(containers); i++)
		containers[i] =
			(struct compile_container){.image = &image, .base_restarts = (uint32_t)i};
	const struct compile_input in = {
		.node = &node, .lookup = &l, .containers = containers, .deadline_wall_ns = 77};
	return compile_pod(&in, ret, ret_payload, e);
}

/* "a.0.b" below @j. */
static const json_t *at_path(const json_t *j, const char *path)
{
	struct sv rest = sv(path);

	while (rest.n && j) {
		struct sv part = sv_cut(&rest, '.');
		cleanup_free char *key = xstrndup(part.p, part.n);
		uint64_t i;
		j = parse_u64(part, &i) == 0 ? json_array_get(j, i) : json_object_get(j, key);
	}
	return j;
}

static const struct {
	const char *spec, *container, *path, *value; /* value NULL: not in the plan */
} compilations[] = {
	{"", "", "log_dir", "'/logs/shop_p_u'"},
	{"", "", "hostname", "'p'"},
	{"'hostname':'h'", "", "hostname", "'h'"},
	{"", "", "resolv_conf", "'nameserver 192.0.2.53\\nsearch lan\\noptions ndots:1\\n'"},
	{"'dnsPolicy':'None','dnsConfig':{'nameservers':['192.0.2.1'],'options':[{'name':"
	 "'ndots','value':'2'}]}",
		"", "resolv_conf", "'nameserver 192.0.2.1\\noptions ndots:2\\n'"},
	{"'terminationGracePeriodSeconds':5", "", "grace_ns", "5000000000"},
	{"", "", "limits.pids_max", "4915"},
	/* what it runs */
	{"", "", "containers.0.argv", "['/entry','serve']"},
	{"", "'args':['x']", "containers.0.argv", "['/entry','x']"},
	{"", "'command':['sh']", "containers.0.argv", "['sh']"},
	{"", "'command':['sh'],'args':['$(A)'],'env':[{'name':'A','value':'1'}]",
		"containers.0.argv", "['sh','1']"},
	{"", "", "containers.0.cwd", "'/srv'"},
	{"", "'workingDir':'/w'", "containers.0.cwd", "'/w'"},
	{"", "'env':[{'name':'LANG','value':'de'}]", "containers.0.env.0", "'LANG=de'"},
	{"",
		"'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'keys','key':'word'"
		"}}}]",
		"containers.0.env.1", "'W'"},
	{"", "", "containers.0.layers", "['l/b/fs','l/a/fs']"},
	/* hooks */
	{"", "", "containers.0.pre_stop", NULL},
	{"", "'lifecycle':{'postStart':{'exec':{'command':['a','b']}}}", "containers.0.post_start",
		"{'kind':'exec','argv':['a','b']}"},
	{"", "'lifecycle':{'preStop':{'sleep':{'seconds':3}}}", "containers.0.pre_stop",
		"{'kind':'sleep','sleep_ns':3000000000}"},
	{"",
		"'ports':[{'name':'http','containerPort':8080}],"
		"'lifecycle':{'preStop':{'httpGet':{'port':'http','path':'bye','scheme':'HTTPS',"
		"'httpHeaders':[{'name':'A','value':'b: c'}]}}}",
		"containers.0.pre_stop",
		"{'kind':'http','host':'10.88.0.7','port':8080,'path':'/bye','https':true,"
		"'headers':['A: b: c']}"},
	{"", "'lifecycle':{'preStop':{'tcpSocket':{'port':81,'host':'192.0.2.1'}}}",
		"containers.0.pre_stop", "{'kind':'tcp','host':'192.0.2.1','port':81}"},
	{"", "", "containers.0.stop_signal", "3"},
	/* as whom */
	{"", "", "containers.0.user.image_user", "'app'"},
	{"'securityContext':{'runAsUser':7,'fsGroup':9,'supplementalGroups':[3,4]}", "",
		"containers.0.user.run_as_user", "7"},
	{"'securityContext':{'runAsUser':7}", "'securityContext':{'runAsUser':8}",
		"containers.0.user.run_as_user", "8"},
	{"'securityContext':{'fsGroup':9}", "", "fs_group", "9"},
	{"'securityContext':{'supplementalGroups':[3,4]}", "", "supplemental_groups", "[3,4]"},
	{"", "'securityContext':{'allowPrivilegeEscalation':false}", "containers.0.no_new_privs",
		"true"},
	{"", "'securityContext':{'capabilities':{'drop':['ALL']}}", "containers.0.caps", NULL},
	{"", "'securityContext':{'capabilities':{'drop':['ALL'],'add':['CHOWN']}}",
		"containers.0.caps", "1"},
	{"", "'securityContext':{'privileged':true}", "containers.0.seccomp", "'Unconfined'"},
	/* how much */
	{"", "'resources':{'limits':{'memory':'64Mi','cpu':'500m'}}",
		"containers.0.limits.memory_max_bytes", "67108864"},
	{"", "'resources':{'limits':{'memory':'64Mi','cpu':'500m'}}", "limits.memory_max_bytes",
		"67108864"},
	{"", "'resources':{'limits':{'cpu':'500m'}}", "containers.0.limits.cpu_quota_us", "50000"},
	{"", "'resources':{'requests':{'cpu':'250m'}}", "containers.0.limits.cpu_shares", "256"},
	{"", "'resources':{'limits':{'memory':'64Mi','cpu':'500m'}}", "containers.0.oom_score_adj",
		"-997"},
	{"", "", "containers.0.oom_score_adj", "1000"},
	{"", "'resources':{'requests':{'memory':'4Gi'}}", "containers.0.oom_score_adj", "500"},
	/* volumes */
	{"'volumes':[{'name':'v','secret':{'secretName':'keys'}}]",
		"'volumeMounts':[{'name':'v','mountPath':'/s'}]", "containers.0.mounts.0.read_only",
		"true"},
	{"'volumes':[{'name':'v','emptyDir':{'medium':'Memory','sizeLimit':'1Mi'}}]", "",
		"volumes.0.size_bytes", "1048576"},
	{"'volumes':[{'name':'v','hostPath':{'path':'/h','type':'Directory'}}]", "",
		"volumes.0.host_type", "'Directory'"},
	{"'volumes':[{'name':'v','emptyDir':{}}]",
		"'volumeMounts':[{'name':'v','mountPath':'/e','subPath':'a'}]",
		"containers.0.mounts.0.sub_path", "'a'"},
	/* restarts */
	{"'restartPolicy':'Never'", "", "containers.0.restart_policy", "'Never'"},
	{"'initContainers':[{'name':'i','image':'i'}]", "", "containers.0.init", "true"},
	{"'initContainers':[{'name':'i','image':'i'}]", "", "containers.0.restart_policy",
		"'OnFailure'"},
	{"'initContainers':[{'name':'i','image':'i'}]", "", "containers.1.base_restarts", "1"},
	{"'initContainers':[{'name':'i','image':'i'}]", "", "containers.0.sidecar", NULL},
	{"'initContainers':[{'name':'i','image':'i','restartPolicy':'Always'}]", "",
		"containers.0.sidecar", "true"},
	{"'initContainers':[{'name':'i','image':'i','restartPolicy':'Always'}],'restartPolicy':"
	 "'Never'",
		"", "containers.0.restart_policy", NULL},
	{"'initContainers':[{'name':'i','image':'i','restartPolicy':'Never'}]", "",
		"containers.0.restart_policy", "'Never'"},
	{"", "'restartPolicy':'OnFailure'", "containers.0.restart_policy", "'OnFailure'"},
	{"",
		"'restartPolicy':'Never','restartPolicyRules':[{'action':'Restart','exitCodes':{"
		"'operator':'In','values':[42,43]}}]",
		"containers.0.rules", "[{'action':'restart','codes':[42,43]}]"},
	{"",
		"'restartPolicy':'Never','restartPolicyRules':[{'action':'RestartAllContainers',"
		"'exitCodes':{'operator':'NotIn','values':[0]}}]",
		"containers.0.rules", "[{'action':'restart_all','op':'not_in','codes':[0]}]"},
	{"", "", "deadline_wall_ns", "77"},
	{"", "'lifecycle':{'stopSignal':'SIGUSR1'}", "containers.0.stop_signal", "10"},
	/* sidecars count beside the others, init containers beside the sidecars before them */
	{"'initContainers':[{'name':'s','image':'i','restartPolicy':'Always','resources':{'limits'"
	 ":{'memory':'8Mi'}}},{'name':'i','image':'i','resources':{'limits':{'memory':'64Mi'}}}]",
		"'resources':{'limits':{'memory':'32Mi'}}", "limits.memory_max_bytes", "75497472"},
	{"'initContainers':[{'name':'i','image':'i','resources':{'limits':{'memory':'64Mi'}}},{"
	 "'name':'s','image':'i','restartPolicy':'Always','resources':{'limits':{'memory':'8Mi'}}"
	 "}]",
		"'resources':{'limits':{'memory':'32Mi'}}", "limits.memory_max_bytes", "67108864"},
};

static void compiles(void **state)
{

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(compilations); i++) {
		cleanup_json json_t *pod =
			make_pod(compilations[i].spec, compilations[i].container);
		CLEANUP(plan_free) struct plan *plan = NULL;
		cleanup_json json_t *payload = NULL;
		struct err e = {0};
		if (compile(pod, &plan, &payload, &e) < 0)
			fail_msg("%s: %s", compilations[i].path, err_text(&e));
		cleanup_json json_t *j = plan_encode(plan);
		const json_t *found = at_path(j, compilations[i].path);
		cleanup_free char *got =
			found ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
		for (char *p = got; p && *p; p++)
			*p = *p == '"' ? '\'' : *p;
		if (!streq(got, compilations[i].value))
			fail_msg("case %zu, %s: %s instead of %s", i, compilations[i].path,
				got ? got : "nothing",
				compilations[i].value ? compilations[i].value : "nothing");
	}
}

static void keeps_secrets_out_of_the_plan(void **state)
{
	cleanup_json json_t *pod = make_pod(
		"'volumes':[{'name':'v','secret':{'secretName':'keys'}}]",
		"'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'keys','key':'word'}}},"
		"{'name':'U','value':'x-$(W)'}]");
	CLEANUP(plan_free) struct plan *plan = NULL;
	cleanup_json json_t *payload = NULL;

	(void)state;
	assert_int_equal(compile(pod, &plan, &payload, NULL), 0);
	cleanup_json json_t *j = plan_encode(plan);
	cleanup_free char *text = json_text(j);
	assert_null(strstr(text, "hush"));
	assert_null(strstr(text, "aHVzaA"));
	assert_string_equal(json_str(json_at(payload, "env", "c", NULL), "U"), "x-hush");
	assert_non_null(json_at(payload, "files", "v", "word", NULL));
}

static void refuses(void **state)
{
	static const struct {
		const char *spec, *container;
		int r;
		const char *says;
	} cases[] = {
		{"", "'env':[{'name':'W','valueFrom':{'secretKeyRef':{'name':'none','key':'w'}}}]",
			-ENOENT, "container \"c\": secret \"none\" not found"},
		{"'volumes':[{'name':'v','configMap':{'name':'none'}}]", "", -ENOENT,
			"volume \"v\": configmap \"none\" not found"},
		{"",
			"'args':['-p','$(W)'],'env':[{'name':'W','valueFrom':{'secretKeyRef':{'"
			"name':"
			"'keys','key':'word'}}}]",
			-EINVAL, "would hold the value of a secret"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *pod = make_pod(cases[i].spec, cases[i].container);
		struct plan *plan = NULL;
		json_t *payload = NULL;
		struct err e = {0};
		assert_int_equal(compile(pod, &plan, &payload, &e), cases[i].r);
		if (!strstr(err_text(&e), cases[i].says))
			fail_msg("\"%s\" lacks \"%s\"", err_text(&e), cases[i].says);
		assert_null(plan);
		assert_null(payload);
	}
}

static void knows_signals(void **state)
{
	static const struct {
		const char *text;
		int number;
	} cases[] = {{"SIGTERM", 15}, {"TERM", 15}, {"9", 9}, {"SIGQUIT", 3}, {"SIGRTMIN", 34},
		{"SIGRTMIN+3", 37}, {"RTMIN+30", 64}, {"RTMIN+31", 0}, {"65", 0}, {"SIG", 0},
		{"", 0}, {"TERMX", 0}, {"-1", 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_case(signal_number(cases[i].text) == cases[i].number, cases[i].text);
}

static void writes_hosts(void **state)
{
	cleanup_json json_t *pod = make_pod(
		"'subdomain':'sub','hostAliases':[{'ip':'192.0.2.9','hostnames':['a','b.c']}]", "");
	cleanup_free char *text = compile_hosts(pod, "10.88.0.7", "p");
	cleanup_free char *alone = compile_hosts(pod, "", "p");

	(void)state;
	assert_non_null(strstr(text, "127.0.0.1\tlocalhost\n"));
	assert_non_null(strstr(text, "10.88.0.7\tp.sub.shop.svc.cluster.local\tp\n"));
	assert_non_null(strstr(text, "192.0.2.9\ta\tb.c\n"));
	assert_null(strstr(alone, "svc.cluster.local"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiles),
		cmocka_unit_test(keeps_secrets_out_of_the_plan),
		cmocka_unit_test(refuses),
		cmocka_unit_test(knows_signals),
		cmocka_unit_test(writes_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
