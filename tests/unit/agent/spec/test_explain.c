/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is generated from the tables: explain, OpenAPI, and the support matrix, which must be what is checked in.
 * The tables themselves: every field has its word of documentation and, if not honoured, a reason.
 */
#include "agent/spec/schema.h"
#include "tests/unit/unit.h"

static void test_explain(void **state)
{
	(void)state;
	static const struct {
		const char *kind, *path, *has;
	} rows[] = {{"pod", "", "KIND:       Pod\nVERSION:    v1\n\nDESCRIPTION:\n"},
		{"po", "spec.containers", "FIELD: containers <[]Container>\n"},
		{"po", "spec.containers",
			"  image\t<string> -required-\n    Image reference.\n    berth: "
			"honoured\n"},
		{"po", "spec.containers.livenessProbe.httpGet",
			"    Path to ask for.\n    berth: honoured\n"},
		{"po", "spec.containers.volumeDevices", "berth: refused, as what it belongs to\n"},
		{"po", "spec.hostUsers",
			"    berth: refused but for true: berth does not make user"},
		{"po", "status.phase", "    berth: reported\n"},
		{"rc", "spec.replicas", "  default: 1\n"},
		{"po", "spec.restartPolicy",
			"  enum: Always, OnFailure, Never\n  default: Always\n"},
		{"scale", "spec", "GROUP:      autoscaling\nKIND:       Scale\n"}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err e;
		cleanup_str struct str out = {0};
		assert_int_equal(
			spec_explain(kind_by_word(rows[i].kind), rows[i].path, false, &out, &e), 0);
		if (!strstr(out.p, rows[i].has))
			fail_msg("%s.%s: no \"%s\" in:\n%s", rows[i].kind, rows[i].path,
				rows[i].has, out.p);
	}
	struct err e;
	cleanup_str struct str out = {0};
	assert_int_equal(
		spec_explain(kind_by_word("pod"), "spec.container", false, &out, &e), -ENOENT);
	assert_string_equal(err_text(&e),
		"field \"container\" does not exist in PodSpec; did you mean \"containers\"?");
	assert_int_equal(spec_explain(kind_by_word("pod"), "", true, &out, &e), 0);
	assert_non_null(
		strstr(out.p, "\n      env\t<[]EnvVar>\n        name\t<string> -required-\n"));
}

static void check_type(const struct type *t, unsigned depth)
{
	assert_true(depth < 16); /* the tables have no cycles */
	assert_true(t->name && t->doc && *t->doc);
	for (const struct field *f = t->fields; f->name; f++) {
		if (!f->doc || !*f->doc || (f->support != HONOURED && !f->why) ||
			(f->type == OBJECT) != (f->of != NULL) || (f->key && !(f->flags & LIST)))
			fail_msg("%s.%s: the row is not whole", t->name, f->name);
		for (const struct field *g = t->fields; g != f; g++)
			if (streq(f->name, g->name))
				fail_msg("%s.%s stands there twice", t->name, f->name);
		if (f->key && !type_field(f->of, f->key))
			fail_msg("%s.%s: its items have no %s", t->name, f->name, f->key);
		if (f->of)
			check_type(f->of, depth + 1);
	}
}

static void test_tables_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; kinds[i]; i++)
		check_type(kinds[i]->type, 0);
	check_type(&type_scale, 0);
	check_type(&type_delete_options, 0);
}

static void test_openapi(void **state)
{
	(void)state;
	cleanup_json json_t *doc = spec_openapi("", "v1");
	const json_t *schemas = json_at(doc, "components", "schemas", NULL);
	const json_t *spec = json_object_get(schemas, "io.k8s.api.core.v1.PodSpec");
	const json_t *list = json_at(spec, "properties", "containers", NULL);
	assert_string_equal(json_str(list, "x-kubernetes-patch-merge-key"), "name");
	assert_string_equal(json_str(list, "x-kubernetes-patch-strategy"), "merge");
	const json_t *patch =
		json_at(doc, "paths", "/api/v1/namespaces/{namespace}/pods/{name}", "patch", NULL);
	assert_string_equal(
		json_str(json_object_get(patch, "x-kubernetes-group-version-kind"), "kind"), "Pod");
	assert_non_null(json_at(doc, "paths", "/api/v1/nodes/{name}", NULL));
	/* Every reference leads somewhere. */
	cleanup_free char *text = json_text(doc);
	for (const char *p = text; (p = strstr(p, "\"$ref\":\"#/components/schemas/"));) {
		p += strlen("\"$ref\":\"#/components/schemas/");
		cleanup_free char *name = xstrndup(p, strcspn(p, "\""));
		if (!json_object_get(schemas, name))
			fail_msg("%s is not among the schemas", name);
	}
	cleanup_json json_t *scale = spec_openapi("autoscaling", "v1");
	assert_non_null(scale);
	assert_null(spec_openapi("apps", "v1"));
}

static void test_support_matrix_is_current(void **state)
{
	(void)state;
	static const char path[] = "agent/spec/SUPPORT.md";
	cleanup_str struct str out = {0};
	cleanup_free char *file = NULL;
	spec_support_matrix(&out);
	if (getenv("GOLDEN_WRITE")) {
		cleanup_close int dir = open("agent/spec", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(
			fs_write_atomic(dir, "SUPPORT.md", out.p, out.n, 0644, FS_NO_SYNC), 0);
	}
	assert_int_equal(fs_read(AT_FDCWD, path, 1 << 20, &file, NULL), 0);
	if (!streq(file, out.p))
		fail_msg("%s is not what the tables say: run `make golden`", path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_tables_are_whole),
		cmocka_unit_test(test_openapi),
		cmocka_unit_test(test_support_matrix_is_current),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
