/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/cli/jsonpath.h"

/* Results as kubectl prints them for the same templates. */
static const char document[] =
	"{\"kind\":\"List\",\"items\":["
	"{\"metadata\":{\"name\":\"a\",\"labels\":{\"app.io/"
	"x\":\"1\"}},\"status\":{\"phase\":\"Running\",\"n\":3,\"ok\":true}},"
	"{\"metadata\":{\"name\":\"b\",\"labels\":{\"app.io/"
	"x\":\"2\"}},\"status\":{\"phase\":\"Failed\",\"n\":5}},"
	"{\"metadata\":{\"name\":\"c\"},\"status\":{\"phase\":\"Running\",\"n\":7,\"empty\":null}}]"
	"}";

static void evaluates(void **state)
{
	static const struct {
		const char *template, *out;
	} cases[] = {
		{"{.kind}", "List"},
		{"plain", "plain"},
		{"{.items[*].metadata.name}", "a b c"},
		{"{.items[0].metadata.name}", "a"},
		{"{.items[-1].metadata.name}", "c"},
		{"{.items[0:2].metadata.name}", "a b"},
		{"{.items[0,2].metadata.name}", "a c"},
		{"{.items[::2].metadata.name}", "a c"},
		{"{.items[5].metadata.name}", ""},
		{"{.nothing.at.all}", ""},
		{"{range .items[*]}{.metadata.name}{\"\\t\"}{.status.phase}{\"\\n\"}{end}",
			"a\tRunning\nb\tFailed\nc\tRunning\n"},
		{"{range .items[*]}[{.metadata.name}, {.status.n}] {end}", "[a, 3] [b, 5] [c, 7] "},
		{"{.items[?(@.status.phase==\"Running\")].metadata.name}", "a c"},
		{"{.items[?(@.status.phase!='Running')].metadata.name}", "b"},
		{"{.items[?(@.status.n>4)].metadata.name}", "b c"},
		{"{.items[?(@.status.n <= 5)].metadata.name}", "a b"},
		{"{.items[?(@.status.ok)].metadata.name}", "a"},
		{"{.items[?(@.status.ok==true)].metadata.name}", "a"},
		{"{.items[*].metadata.labels.app\\.io/x}", "1 2"},
		{"{.items[*].metadata.labels['app.io/x']}", "1 2"},
		{"{..name}", "a b c"},
		{"{range.items[*]}{.metadata.name}{end}", "abc"},
		{"{.items[0].status}", "{\"n\":3,\"ok\":true,\"phase\":\"Running\"}"},
		{"{.items[2].status.empty}", ""},
		{"{$.kind}-{@.kind}", "List-List"},
		{"{.items[*]['metadata.name']}", ""},
		{"{.items[*]['metadata','status']['name','phase']}",
			"a Running b Failed c Running"},
	};
	cleanup_json json_t *j = json_loads(document, 0, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(jsonpath_free) struct jsonpath *p = NULL;
		cleanup_str struct str out = {0};
		struct err e = {0};

		if (jsonpath_parse(cases[i].template, &p, &e) < 0)
			fail_msg("%s: %s", cases[i].template, e.msg);
		jsonpath_write(p, j, &out);
		if (strcmp(out.p ? out.p : "", cases[i].out) != 0)
			fail_msg("%s gives \"%s\", not \"%s\"", cases[i].template, out.p,
				cases[i].out);
	}
}

static void refuses(void **state)
{
	static const char *const cases[] = {"{.a", "{.items[}", "{.items[?(@.a==)]}",
		"{.items[?@.a]}", "{range .a}x", "{end}", "{\"open}", "{.a,.b}", "{.a[1:2:0]}",
		"{a}", "{.a[?(@.b==c)]}", "{.a[?(@.b", "{", "{.a['x}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(jsonpath_free) struct jsonpath *p = NULL;
		struct err e = {0};

		assert_case(jsonpath_parse(cases[i], &p, &e) == -EINVAL, cases[i]);
		assert_case(e.msg[0] != '\0', cases[i]);
	}
}

static void bare_paths(void **state)
{
	static const char *const forms[] = {
		".metadata.name", "metadata.name", "{.metadata.name}", "$.metadata.name"};
	cleanup_json json_t *j = json_loads("{\"metadata\":{\"name\":\"x\"}}", 0, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		CLEANUP(jsonpath_free) struct jsonpath *p = NULL;
		cleanup_json json_t *values = NULL;

		assert_int_equal(jsonpath_parse_path(forms[i], &p, NULL), 0);
		values = jsonpath_values(p, j);
		assert_string_equal(json_string_value(json_array_get(values, 0)), "x");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evaluates),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bare_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
