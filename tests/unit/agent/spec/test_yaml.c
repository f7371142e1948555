/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML: what scalars mean, what is refused and where, lines of fields, and writing.
 */
#include "agent/spec/yaml.h"
#include "tests/unit/unit.h"

static const struct {
	const char *in, *out; /* the documents as JSON, or the error's text behind '!' */
} cases[] = {
	{"", "[]"},
	{"---\n---\n", "[]"},
	{"a: 1\n---\nb: 2\n---\n# nothing\n", "[{\"a\":1},{\"b\":2}]"},
	{"a: [yes, No, on, OFF, true, y, n, \"yes\", 'no']",
		"[{\"a\":[true,false,true,false,true,true,false,\"yes\",\"no\"]}]"},
	{"a: [0400, 0o17, 0x1F, 0b101, -010, +5, 1_000, 08, 007]",
		"[{\"a\":[256,15,31,5,-8,5,1000,8,7]}]"},
	{"a: [1.5, 1e3, 3.0, .5, 5., -.5, 1.2.3, 1:30, 2001-01-01, 0x, 1e, ., -, +]",
		"[{\"a\":[1.5,1000,3,0.5,5,-0.5,\"1.2.3\",\"1:30\",\"2001-01-01\",\"0x\",\"1e\",\"."
		"\","
		"\"-\",\"+\"]}]"},
	{"a: [~, null, NULL, , \"\"]",
		"!line 1, column 20: did not find expected node content while "
		"parsing a flow node"},
	{"a:\nb: ~\nc: 'x'\n", "[{\"a\":null,\"b\":null,\"c\":\"x\"}]"},
	{"1: a\ntrue: b\nyes: c\n", "!line 3, column 1: key \"true\" is there already"},
	{"1: a\n1.5: b\nno: c\n", "[{\"1\":\"a\",\"1.5\":\"b\",\"false\":\"c\"}]"},
	{"a: .inf", "!line 1, column 4: a number must be finite"},
	{"a: 9223372036854775807", "[{\"a\":9223372036854775807}]"},
	{"a: 9223372036854775808", "[{\"a\":9.2233720368547758e18}]"},
	{"a: &x [1, 2]\nb: *x\n", "[{\"a\":[1,2],\"b\":[1,2]}]"},
	{"a: *y\n", "!line 1, column 4: unknown anchor 'y' referenced"},
	{"a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
		"[{\"a\":{\"b\":1,\"c\":2},\"d\":{\"c\":3,\"b\":1}}]"},
	{"<<: 1\n", "!line 1, column 1: \"<<\" takes a mapping or a list of mappings"},
	{"a: !!str 1\n", "!line 1, column 4: tags are not accepted (tag:yaml.org,2002:str)"},
	{"a: 1\na: 2\n", "!line 2, column 1: key \"a\" is there already"},
	{"a:\n\t- 1\n",
		"!line 2, column 1: found character that cannot start any token while scanning "
		"for the next token (a tab? YAML is indented by spaces; or a text to be put in "
		"quotes?)"},
	{"a: b: c\n", "!line 1, column 5: mapping values are not allowed in this context"},
	{"a: [1\n", "!line 2, column 1: did not find expected ',' or ']' while parsing a flow "
		    "sequence"},
	/* KYAML: flow style, comments, trailing commas */
	{"---\n{\n  apiVersion: \"v1\", # a comment\n  ports: [{ containerPort: 80, },],\n}\n",
		"[{\"apiVersion\":\"v1\",\"ports\":[{\"containerPort\":80}]}]"},
	{"{\"a\": \"\\ud83d\\ude00\"}", "[{\"a\":\"😀\"}]"},
	{"{\"a\":1,\n\t\"b\":2}", "[{\"a\":1,\"b\":2}]"},
	{"{\"a\": [2.0, 1e3, -0.0, 2.5], \"b\": 3.0}", "[{\"a\":[2,1000,0,2.5],\"b\":3}]"},
	{"a: |\n  x\n  y\nb: >-\n  x\n  y\n", "[{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}]"},
	{"a: 'x\\0'\nb: \"\\0\"\n", "!line 2, column 4: a text may not contain NUL bytes"},
	{"\xff", "!byte 0: invalid leading UTF-8 octet"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *all = NULL;
		struct err e = {0};
		int r = yaml_parse_all(sv(cases[i].in), &all, &e);
		cleanup_free char *text =
			r < 0 ? xasprintf("!%s", err_text(&e)) : json_dumps(all, JSON_COMPACT);
		assert_string_equal(text, cases[i].out);
	}
}

static void test_limits(void **state)
{
	(void)state;
	struct err e;
	json_t *all;
	/* a billion laughs */
	cleanup_str struct str bomb = {0};
	str_add(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 12; i++)
		str_addf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i,
			i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_int_equal(yaml_parse_all(sv(bomb.p), &all, &e), -E2BIG);
	cleanup_str struct str deep = {0};
	for (int i = 0; i < 100000; i++)
		str_add(&deep, "[");
	assert_int_equal(yaml_parse_all(sv(deep.p), &all, &e), -E2BIG);
	cleanup_str struct str many = {0};
	for (int i = 0; i < YAML_DOCUMENTS_MAX + 1; i++)
		str_add(&many, "--- 1\n");
	assert_int_equal(yaml_parse_all(sv(many.p), &all, &e), -E2BIG);
	assert_int_equal(yaml_parse_one(sv("a: 1\n--- 2\n"), &all, &e), -EBADMSG);
}

static void test_lines(void **state)
{
	(void)state;
	static const char text[] = "# web\n"
				   "---\n"
				   "---\n"
				   "a: 1\n"
				   "---\n"
				   "spec:\n"
				   "  labels: {a.b/c: d}\n"
				   "  containers:\n"
				   "  - name: x\n"
				   "    env:\n"
				   "    - {name: A}\n"
				   "    - name: B\n"
				   "  - name: y\n"
				   "    imag: z\n";
	static const struct {
		size_t document;
		const char *path;
		unsigned line;
	} rows[] = {{0, "a", 4}, {0, "nope", 4}, {1, "", 6}, {1, "spec", 6},
		{1, "spec.containers", 8}, {1, "spec.containers[0]", 9},
		{1, "spec.containers[0].env[1].name", 12}, {1, "spec.containers[1].imag", 14},
		{1, "spec.containers[1].image", 13}, {1, "spec.labels[a.b/c]", 7}, {2, "a", 0}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(
			yaml_line_of(sv(text), rows[i].document, rows[i].path), rows[i].line);
}

static void test_write(void **state)
{
	(void)state;
	cleanup_json json_t *j = NULL;
	struct err e;
	assert_int_equal(
		json_parse(
			sv("{\"kind\":\"Pod\",\"a\":[{\"b\":1,\"c\":\"yes\"},\"x: y\"],\"n\":"
			   "\"0400\",\"m\":\"a\\nb\\n\",\"e\":{},\"l\":[],\"t\":true,\"z\":null}"),
			&j, &e),
		0);
	cleanup_str struct str out = {0};
	yaml_write(&out, j);
	assert_string_equal(out.p,
		"a:\n- b: 1\n  c: \"yes\"\n- 'x: y'\ne: {}\nkind: Pod\nl: []\nm: |\n  a\n"
		"  b\n\"n\": \"0400\"\nt: true\nz: null\n");
	cleanup_json json_t *back = NULL;
	assert_int_equal(yaml_parse_one(sv(out.p), &back, &e), 0);
	assert_true(json_equal(j, back));
}

/* As kubectl 1.32 prints them. */
static void test_quoting(void **state)
{
	static const struct {
		const char *text, *yaml;
	} rows[] = {
		{"2026-11-22T23:39:25Z", "\"2026-11-22T23:39:25Z\"\n"},
		{"2026-11-22", "\"2026-11-22\"\n"},
		{"2026-1-2 10:00:00", "\"2026-1-2 10:00:00\"\n"},
		{"2026-11-22x", "2026-11-22x\n"},
		{"202-11-22", "202-11-22\n"},
		{"12:30", "\"12:30\"\n"},
		{"8000:30:5.5", "\"8000:30:5.5\"\n"},
		{"12:90", "12:90\n"},
		{"a:30", "a:30\n"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_str struct str out = {0};
		cleanup_json json_t *j = json_string(rows[i].text);
		yaml_write(&out, j);
		assert_string_equal(out.p, rows[i].yaml);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_quoting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
