/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Label and field selectors: what they match, and what is refused.
 */
#include "agent/spec/selector.h"
#include "agent/spec/spec.h"
#include "tests/unit/unit.h"

static void test_labels(void **state)
{
	(void)state;
	static const struct {
		const char *selector;
		bool matches; /* {"app":"web","tier":"front","n":"5"} */
	} rows[] = {{"", true}, {NULL, true}, {"app=web", true}, {"app==web", true},
		{" app = web , tier = front ", true}, {"app!=web", false}, {"app=db", false},
		{"app=web,tier=back", false}, {"nope!=x", true}, {"app", true}, {"nope", false},
		{"!nope", true}, {"!app", false}, {"app in (web,db)", true},
		{"app in ( db )", false}, {"app notin (db)", true}, {"app notin (web)", false},
		{"nope notin (x)", true}, {"n>4", true}, {"n>5", false}, {"n<6", true},
		{"app>4", false}, {"a.b/c", false}, {"app=", false}, {"nope=", false}};
	cleanup_json json_t *labels = NULL;
	assert_int_equal(
		json_parse(sv("{\"app\":\"web\",\"tier\":\"front\",\"n\":\"5\"}"), &labels, NULL),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(selector_free) struct selector *s = NULL;
		struct err e = {0};
		const char *name = rows[i].selector ? rows[i].selector : "(none)";
		assert_case(label_selector_parse(rows[i].selector, &s, &e) == 0, name);
		assert_case(label_selector_match(s, labels) == rows[i].matches, name);
	}
	assert_true(label_selector_match(NULL, labels));
}

static void test_bad_labels(void **state)
{
	(void)state;
	static const char *const rows[] = {"=", "a=b,", ",", "a b", "a in", "a in b", "a in (b",
		"a in b)", "a!b", "!", "a=b c=d", "a=b;c", "-a", "a=b/c", "a>b", "a=\"b\"", "()",
		"a,,b"};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct selector *s = NULL;
		struct err e = {0};
		assert_case(label_selector_parse(rows[i], &s, &e) == -EINVAL, rows[i]);
		assert_case(strstr(err_text(&e), rows[i]), rows[i]);
	}
}

static void test_objects(void **state)
{
	(void)state;
	static const struct {
		const char *selector;
		bool matches; /* {"a":"1"} */
	} rows[] = {{"{\"matchLabels\":{\"a\":\"1\"}}", true},
		{"{\"matchLabels\":{\"a\":\"2\"}}", false}, {"{}", true},
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"1\"]}]}",
			true},
		{"{\"matchExpressions\":[{\"key\":\"b\",\"operator\":\"DoesNotExist\"}]}", true},
		{"{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\",\"values\":[\"1\"]}]"
		 "}",
			false}};
	cleanup_json json_t *labels = json_pack("{s:s}", "a", "1");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(selector_free) struct selector *s = NULL;
		cleanup_json json_t *object = NULL;
		assert_int_equal(json_parse(sv(rows[i].selector), &object, NULL), 0);
		assert_int_equal(label_selector_of_object(object, &s, NULL), 0);
		assert_case(label_selector_match(s, labels) == rows[i].matches, rows[i].selector);
	}
	CLEANUP(selector_free) struct selector *map = label_selector_of_map(labels);
	assert_true(label_selector_match(map, labels));
	assert_false(label_selector_match(map, NULL));
	/* An empty map selects nothing: a controller must never take all pods. */
	CLEANUP(selector_free) struct selector *none = label_selector_of_map(NULL);
	assert_false(label_selector_match(none, labels));
	struct selector *bad = NULL;
	cleanup_json json_t *object = NULL;
	assert_int_equal(
		json_parse(sv("{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Is\"}]}"),
			&object, NULL),
		0);
	assert_int_equal(label_selector_of_object(object, &bad, NULL), -EINVAL);
}

static void test_fields(void **state)
{
	(void)state;
	static const struct {
		const char *selector;
		int r;
		bool matches;
	} rows[] = {{"", 0, true}, {"metadata.name=p", 0, true}, {"metadata.name==p", 0, true},
		{"metadata.name!=p", 0, false}, {"status.phase=Running,spec.nodeName=n", 0, true},
		{"status.phase!=Succeeded,status.phase!=Failed", 0, true},
		{"spec.nodeName=", 0, false}, {"status.podIP=", 0, true},
		{"spec.hostNetwork=false", 0, true}, {"spec.containers=x", -EINVAL, false},
		{"metadata.name", -EINVAL, false}, {"type=Normal", -EINVAL, false}};
	cleanup_json json_t *pod = NULL;
	assert_int_equal(
		json_parse(sv("{\"metadata\":{\"name\":\"p\"},\"spec\":{\"nodeName\":\"n\"},"
			      "\"status\":{\"phase\":\"Running\"}}"),
			&pod, NULL),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(selector_free) struct selector *s = NULL;
		struct err e;
		assert_case(field_selector_parse(kind_by_word("po"), rows[i].selector, &s, &e) ==
				    rows[i].r,
			rows[i].selector);
		if (rows[i].r == 0)
			assert_case(
				field_selector_match(s, pod) == rows[i].matches, rows[i].selector);
	}
	CLEANUP(selector_free) struct selector *s = NULL;
	struct err e;
	assert_int_equal(
		field_selector_parse(kind_by_word("po"), "metadata.name=x,status.phase!=y", &s, &e),
		0);
	assert_string_equal(selector_wants(s, "metadata.name"), "x");
	assert_null(selector_wants(s, "status.phase"));
	CLEANUP(selector_free) struct selector *events = NULL;
	cleanup_json json_t *event = json_pack("{s:{s:s},s:{s:s}}", "involvedObject", "name", "p",
		"source", "component", "berthd");
	assert_int_equal(field_selector_parse(kind_by_word("ev"),
				 "involvedObject.name=p,source=berthd", &events, &e),
		0);
	assert_true(field_selector_match(events, event));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_bad_labels),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
