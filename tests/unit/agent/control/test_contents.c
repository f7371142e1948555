/* SPDX-License-Identifier: Apache-2.0 */
/* Files of secret, configMap, downwardAPI and projected volumes, with modes; and what a pod refers to. */
#include "tests/unit/agent/control/objects.h"

#include "agent/control/contents.h"
#include "runtime/volume/fileset.h"

/* "volume/path(mode)=bytes" lines; bytes as text up to the first NUL. */
static char *shown(const json_t *payload)
{
	struct str out = {0};
	const char *volume, *path;
	json_t *files, *file;

	json_object_foreach (json_map(payload, "files"), volume, files) {
		if (!json_object_size(files))
			str_addf(&out, "%s/\n", volume);
		json_object_foreach (files, path, file) {
			cleanup_free void *bytes = NULL;
			size_t n = 0;
			assert_int_equal(
				base64_decode(sv(json_str_or(file, "data", "")), &bytes, &n), 0);
			cleanup_free char *text = xstrndup(bytes, n);
			str_addf(&out, "%s/%s(%o)=%s\n", volume, path,
				(unsigned)json_int(file, "mode", 0), text);
		}
	}
	return str_take(&out);
}

static void builds(void **state)
{
	static const struct {
		const char *volume;
		int r;
		const char *files; /* or the message */
	} cases[] = {
		{"{'name':'v','emptyDir':{}}", 0, ""},
		{"{'name':'v','secret':{'secretName':'keys','defaultMode':256}}", 0,
			"v/user(400)=bob\nv/word(400)=hush\nv/nul(400)=a\n"},
		{"{'name':'v','secret':{'secretName':'keys','defaultMode':420,'items':[{'key':'"
		 "word',"
		 "'path':'in/pass','mode':288}]}}",
			0, "v/in/pass(440)=hush\n"},
		{"{'name':'v','configMap':{'name':'settings','items':[{'key':'size','path':'s'}]}}",
			0, "v/s(644)=3\n"},
		{"{'name':'v','downwardAPI':{'items':[{'path':'n','fieldRef':{'fieldPath':"
		 "'metadata.name'}},{'path':'m','mode':256,'resourceFieldRef':{'containerName':'c',"
		 "'resource':'limits.memory','divisor':'1Mi'}}]}}",
			0, "v/n(644)=p\nv/m(400)=64\n"},
		{"{'name':'v','projected':{'defaultMode':384,'sources':[{'secret':{'name':'keys',"
		 "'items':[{'key':'word','path':'w'}]}},{'configMap':{'name':'settings','items':"
		 "[{'key':'size','path':'s'}]}},{'downwardAPI':{'items':[{'path':'n','fieldRef':"
		 "{'fieldPath':'metadata.namespace'}}]}}]}}",
			0, "v/w(600)=hush\nv/s(600)=3\nv/n(600)=shop\n"},
		{"{'name':'v','secret':{'secretName':'none'}}", -ENOENT,
			"volume \"v\": secret \"none\" not found"},
		{"{'name':'v','secret':{'secretName':'none','optional':true}}", 0, "v/\n"},
		{"{'name':'v','configMap':{'name':'settings','items':[{'key':'x','path':'x'}]}}",
			-ENOENT, "volume \"v\": key \"x\" not found in configmap \"settings\""},
		{"{'name':'v','configMap':{'name':'settings','optional':true,'items':[{'key':'x',"
		 "'path':'x'},{'key':'size','path':'s'}]}}",
			0, "v/s(644)=3\n"},
		{"{'name':'v','configMap':{'name':'settings'}}", -EINVAL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text =
			xasprintf("{'metadata':{'name':'p','namespace':'shop'},'spec':{'containers'"
				  ":[{'name':'c',"
				  "'resources':{'limits':{'memory':'64Mi'}}}],'volumes':[%s]}}",
				cases[i].volume);
		cleanup_json json_t *pod = quoted(text), *payload = payload_new();
		const struct lookup l = objects_lookup(pod);
		struct err e = {0};
		int r = contents_build(&l, payload, &e);
		cleanup_free char *files = shown(payload);
		assert_case(r == cases[i].r, cases[i].volume);
		if (cases[i].files)
			assert_string_equal(r < 0 ? err_text(&e) : files, cases[i].files);
	}
}

static void note(void *data, const char *kind, const char *name)
{
	str_addf(data, "%s/%s ", kind, name);
}

static void tells_what_is_referred_to(void **state)
{
	cleanup_json json_t *pod = quoted(
		"{'metadata':{'name':'p'},'spec':{'volumes':[{'name':'a','secret':{'secretName':'"
		"s1'}},"
		"{'name':'b','configMap':{'name':'c1'}},{'name':'c','projected':{'sources':[{'"
		"secret':"
		"{'name':'s2'}},{'downwardAPI':{}}]}},{'name':'d','emptyDir':{}}],'initContainers':"
		"[{'name':'i','envFrom':[{'secretRef':{'name':'s3'}}]}],'containers':[{'name':'c',"
		"'env':[{'name':'X','valueFrom':{'configMapKeyRef':{'name':'c2','key':'k'}}},"
		"{'name':'Y','value':'1'}]}]}}");
	cleanup_str struct str out = {0};

	(void)state;
	contents_each_source(pod, note, &out);
	assert_string_equal(
		out.p, "Secret/s1 ConfigMap/c1 Secret/s2 Pod/p Secret/s3 ConfigMap/c2 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds),
		cmocka_unit_test(tells_what_is_referred_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
