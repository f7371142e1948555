/* SPDX-License-Identifier: Apache-2.0 */
/* Fields and resources of a pod, keys of its objects, and what is said of those that are missing. */
#include "tests/unit/agent/control/objects.h"

static const char pod_text[] =
	"{'metadata':{'name':'web-1','namespace':'shop','uid':'u-1','labels':{'app':'web','tier':'"
	"a\\\"b'},"
	"'annotations':{'a/b':'1\\n2'}},'spec':{'containers':[{'name':'web','resources':{'limits':{"
	"'cpu':'1500m','memory':'64Mi'},'requests':{'cpu':'250m'}}},{'name':'bare'}]}}";

static void reads_fields(void **state)
{
	static const struct {
		const char *path, *value; /* NULL: refused */
	} cases[] = {
		{"metadata.name", "web-1"},
		{"metadata.namespace", "shop"},
		{"metadata.uid", "u-1"},
		{"metadata.labels", "app=\"web\"\ntier=\"a\\\"b\""},
		{"metadata.labels['app']", "web"},
		{"metadata.labels['none']", ""},
		{"metadata.annotations['a/b']", "1\n2"},
		{"spec.nodeName", "vm"},
		{"spec.serviceAccountName", "default"},
		{"status.podIP", "10.88.0.7"},
		{"status.podIPs", "10.88.0.7"},
		{"status.hostIP", "192.0.2.1"},
		{"metadata.labels[app]", NULL},
		{"metadata.labels['", NULL},
		{"metadata.generation", NULL},
		{"", NULL},
	};
	cleanup_json json_t *pod = quoted(pod_text);
	const struct lookup l = objects_lookup(pod);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *value = NULL;
		struct err e = {0};
		int r = lookup_field(&l, cases[i].path, &value, &e);
		assert_case(r == (cases[i].value ? 0 : -EINVAL), cases[i].path);
		if (r == 0)
			assert_string_equal(value, cases[i].value);
		else
			assert_case(strstr(err_text(&e), cases[i].path), cases[i].path);
	}
}

static void reads_resources(void **state)
{
	static const struct {
		const char *ref, *value;
		bool own; /* the container it stands in is "web" */
	} cases[] = {
		{"{'resource':'limits.cpu','divisor':'0'}", "2", true},
		{"{'resource':'limits.cpu','divisor':'1m'}", "1500", true},
		{"{'resource':'limits.memory','divisor':'1Mi'}", "64", true},
		{"{'resource':'limits.memory','divisor':'0'}", "67108864", true},
		{"{'resource':'requests.cpu','divisor':'1m'}", "250", true},
		{"{'resource':'requests.memory'}", "0", true},
		{"{'containerName':'bare','resource':'limits.cpu'}", "2", true},
		{"{'containerName':'bare','resource':'limits.memory','divisor':'1Gi'}", "8", false},
		{"{'containerName':'none','resource':'limits.cpu'}", NULL, true},
		{"{'resource':'limits.cpu'}", NULL, false},
		{"{'resource':'cpu'}", NULL, true},
	};
	cleanup_json json_t *pod = quoted(pod_text);
	const struct lookup l = objects_lookup(pod);
	const json_t *web = json_array_get(json_at(pod, "spec", "containers", NULL), 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *ref = quoted(cases[i].ref);
		cleanup_free char *value = NULL;
		int r = lookup_resource(&l, ref, cases[i].own ? web : NULL, &value, NULL);
		assert_case(r == (cases[i].value ? 0 : -EINVAL), cases[i].ref);
		if (r == 0)
			assert_string_equal(value, cases[i].value);
	}
}

static void reads_keys(void **state)
{
	static const struct {
		const char *kind, *name, *key;
		int r;
		const char *bytes;
		size_t n;
	} cases[] = {
		{"Secret", "keys", "word", 0, "hush", 4},
		{"Secret", "keys", "nul", 0, "a\0b", 3},
		{"Secret", "keys", "none", -ENOENT, "", 0},
		{"ConfigMap", "settings", "colour", 0, "blue", 4},
		{"ConfigMap", "settings", "raw", 0, "\0\xff", 2},
		{"ConfigMap", "settings", "none", -ENOENT, "", 0},
	};
	const struct lookup l = objects_lookup(NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *object = NULL;
		cleanup_free char *bytes = NULL;
		size_t n = 0;
		struct err e = {0};
		assert_int_equal(lookup_object(&l, cases[i].kind, cases[i].name, &object, &e), 0);
		int r = lookup_bytes(cases[i].kind, object, cases[i].key, &bytes, &n, &e);
		assert_case(r == cases[i].r, cases[i].key);
		assert_int_equal(n, cases[i].n);
		if (r == 0)
			assert_memory_equal(bytes, cases[i].bytes, n);
		else
			assert_non_null(strstr(err_text(&e), cases[i].name));
	}
}

static void names_what_is_missing(void **state)
{
	const struct lookup l = objects_lookup(NULL);
	json_t *object = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(lookup_object(&l, "Secret", "ssl-secret", &object, &e), -ENOENT);
	assert_string_equal(err_text(&e), "secret \"ssl-secret\" not found");
	assert_int_equal(lookup_object(&l, "ConfigMap", "x", &object, &e), -ENOENT);
	assert_string_equal(err_text(&e), "configmap \"x\" not found");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_fields),
		cmocka_unit_test(reads_resources),
		cmocka_unit_test(reads_keys),
		cmocka_unit_test(names_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
