/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three kinds of patches, and the patch that `apply` makes: applying it must give what was wanted.
 */
#include "agent/spec/spec.h"
#include "tests/unit/unit.h"

static json_t *parsed(const char *text)
{
	json_t *j = NULL;
	struct err e;
	if (json_parse(sv(text), &j, &e) < 0)
		fail_msg("%s: %s", text, err_text(&e));
	return j;
}

#define POD(spec) "{\"spec\":{" spec "}}"
static const struct {
	enum patch_type type;
	const char *current, *patch, *out; /* out: sorted keys, or '!' and the error */
} cases[] = {
	/* RFC 7386, appendix A, those on objects */
	{PATCH_MERGE, "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
	{PATCH_MERGE, "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
	{PATCH_MERGE, "{\"a\":\"b\"}", "{\"a\":null}", "{}"},
	{PATCH_MERGE, "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
	{PATCH_MERGE, "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
	{PATCH_MERGE, "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
		"{\"a\":{\"b\":\"d\"}}"},
	{PATCH_MERGE, "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
	{PATCH_MERGE, "{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}"},
	{PATCH_MERGE, "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
	{PATCH_MERGE, "{}", "[]", "!a patch of this type is an object"},
	/* RFC 6902, appendix A */
	{PATCH_JSON, "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
		"{\"baz\":\"qux\",\"foo\":\"bar\"}"},
	{PATCH_JSON, "{\"foo\":[1,3]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":2}]",
		"{\"foo\":[1,2,3]}"},
	{PATCH_JSON, "{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}"},
	{PATCH_JSON, "{\"foo\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
		"{\"foo\":[1,3]}"},
	{PATCH_JSON, "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":2}]",
		"{\"a\":2}"},
	{PATCH_JSON,
		"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
		"[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
		"{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}"},
	{PATCH_JSON, "{\"foo\":[1,2,3,4]}",
		"[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
		"{\"foo\":[1,3,4,2]}"},
	{PATCH_JSON, "{\"a\":{\"b\":[1]}}",
		"[{\"op\":\"copy\",\"from\":\"/a/b\",\"path\":\"/c\"},{\"op\":\"add\",\"path\":\"/"
		"c/-\","
		"\"value\":2}]",
		"{\"a\":{\"b\":[1]},\"c\":[1,2]}"},
	{PATCH_JSON, "{\"a/b\":1,\"m~n\":2}",
		"[{\"op\":\"test\",\"path\":\"/a~1b\",\"value\":1},{\"op\":\"remove\",\"path\":"
		"\"/m~0n\"}]",
		"{\"a/b\":1}"},
	{PATCH_JSON, "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]",
		"!JSON patch, operation 0: test \"/a\": the value is another one"},
	{PATCH_JSON, "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":2}]",
		"!JSON patch, operation 0: add \"/b/c\": there is no such place, or no value"},
	{PATCH_JSON, "{\"a\":[]}", "[{\"op\":\"add\",\"path\":\"/a/01\",\"value\":2}]",
		"!JSON patch, operation 0: add \"/a/01\": there is no such place, or no value"},
	{PATCH_JSON, "{\"a\":{}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]",
		"!JSON patch, operation 0: move \"/a/b\": there is no such place, or no value"},
	{PATCH_JSON, "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":1}]",
		"!the patch leaves no object"},
	{PATCH_JSON, "{}", "[{\"op\":\"frob\",\"path\":\"\"}]",
		"!JSON patch, operation 0: op is add, remove, replace, move, copy or test, not "
		"\"frob\""},
	{PATCH_JSON, "{}", "{}", "!a JSON patch is a list of operations"},
	/* strategic */
	{PATCH_STRATEGIC, POD("\"containers\":[{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\"}]"),
		POD("\"containers\":[{\"name\":\"b\",\"image\":\"y\"},{\"name\":\"c\"}]"),
		POD("\"containers\":[{\"image\":\"x\",\"name\":\"a\"},{\"image\":\"y\",\"name\":"
		    "\"b\"},"
		    "{\"name\":\"c\"}]")},
	{PATCH_STRATEGIC, POD("\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]"),
		POD("\"containers\":[{\"name\":\"a\",\"$patch\":\"delete\"}]"),
		POD("\"containers\":[{\"name\":\"b\"}]")},
	{PATCH_STRATEGIC, POD("\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]"),
		POD("\"containers\":[{\"$patch\":\"replace\"},{\"name\":\"z\"}]"),
		POD("\"containers\":[{\"name\":\"z\"}]")},
	{PATCH_STRATEGIC, POD("\"securityContext\":{\"runAsUser\":1,\"fsGroup\":2}"),
		POD("\"securityContext\":{\"$patch\":\"replace\",\"fsGroup\":3}"),
		POD("\"securityContext\":{\"fsGroup\":3}")},
	{PATCH_STRATEGIC, POD("\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]"),
		POD("\"volumes\":[{\"name\":\"v\",\"$retainKeys\":[\"name\",\"secret\"],\"secret\":"
		    "{"
		    "\"secretName\":\"s\"}}]"),
		POD("\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}]")},
	{PATCH_STRATEGIC, "{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}",
		"{\"metadata\":{\"finalizers\":[\"c\"],\"$deleteFromPrimitiveList/"
		"finalizers\":[\"a\"]}}",
		"{\"metadata\":{\"finalizers\":[\"b\",\"c\"]}}"},
	{PATCH_STRATEGIC,
		POD("\"containers\":[{\"name\":\"a\"},{\"name\":\"s\"},{\"name\":\"b\"}]"),
		POD("\"$setElementOrder/containers\":[{\"name\":\"n\"},{\"name\":\"b\"},{\"name\":"
		    "\"a\"}],\"containers\":[{\"name\":\"n\"}]"),
		POD("\"containers\":[{\"name\":\"n\"},{\"name\":\"s\"},{\"name\":\"b\"},{\"name\":"
		    "\"a\"}]")},
	{PATCH_STRATEGIC, POD("\"containers\":[{\"name\":\"a\",\"args\":[\"1\",\"2\"]}]"),
		POD("\"containers\":[{\"name\":\"a\",\"args\":[\"3\"]}]"),
		POD("\"containers\":[{\"args\":[\"3\"],\"name\":\"a\"}]")},
	{PATCH_STRATEGIC, "{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}}",
		"{\"metadata\":{\"labels\":{\"a\":null,\"c\":\"3\"}}}",
		"{\"metadata\":{\"labels\":{\"b\":\"2\",\"c\":\"3\"}}}"},
	{PATCH_STRATEGIC, POD("\"containers\":[]"), POD("\"containers\":[{\"image\":\"x\"}]"),
		"!patch: each item of \"containers\" needs its key \"name\""},
	{PATCH_STRATEGIC, "{}", "{\"$patch\":\"frob\"}",
		"!patch: $patch is merge, replace or delete, not \"frob\""},
};

static void test_patches(void **state)
{
	(void)state;
	const struct kind *k = kind_by_word("pod");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};
		cleanup_json json_t *current = parsed(cases[i].current);
		cleanup_json json_t *patch = parsed(cases[i].patch);
		cleanup_json json_t *out = NULL;
		cleanup_free char *before = json_text(current), *patch_before = json_text(patch);
		int r = spec_patch(k, current, patch, cases[i].type, &out, &e);
		cleanup_free char *text =
			r < 0 ? xasprintf("!%s", err_text(&e)) : json_canonical(out);
		assert_string_equal(text, cases[i].out);
		cleanup_free char *after = json_text(current), *patch_after = json_text(patch);
		assert_string_equal(before, after);
		assert_string_equal(patch_before, patch_after);
	}
}

static void test_json_patch_bomb(void **state)
{
	(void)state;
	struct err e;
	cleanup_json json_t *current = parsed("{\"a\":[1,2,3,4,5,6,7,8]}");
	cleanup_json json_t *patch = json_array();
	json_t *out;
	for (int i = 0; i < 60; i++)
		json_push(patch, parsed("{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}"));
	assert_int_equal(
		spec_patch(kind_by_word("pod"), current, patch, PATCH_JSON, &out, &e), -E2BIG);
}

/* Lists longer than any that is valid are refused before they cost time. */
static void test_long_lists(void **state)
{
	(void)state;
	static const char *const members[] = {"containers", "$setElementOrder/containers",
		"$retainKeys", "$deleteFromPrimitiveList/x"};
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct err e;
		cleanup_json json_t *current = json_object(), *patch = json_object();
		json_t *list = json_array(), *out;
		for (int n = 0; n < 1025; n++)
			json_push(list, json_pack("{s:i}", "name", n));
		json_put(json_sub(patch, "spec"), members[i], list);
		json_put(current, "spec", json_object());
		assert_int_equal(
			spec_patch(kind_by_word("po"), current, patch, PATCH_STRATEGIC, &out, &e),
			-E2BIG);
	}
}

static const struct {
	const char *was, *want, *is, *patch;
} applies[] = {
	/* nothing to do */
	{POD("\"nodeName\":\"a\""), POD("\"nodeName\":\"a\""),
		POD("\"nodeName\":\"a\",\"dnsPolicy\":\"Default\""), "{}"},
	/* a changed image; a variable that is no longer wanted; what others added stays */
	{POD("\"containers\":[{\"name\":\"a\",\"image\":\"1\",\"env\":[{\"name\":\"X\",\"value\":"
	     "\"1\"},"
	     "{\"name\":\"Y\",\"value\":\"2\"}]}]"),
		POD("\"containers\":[{\"name\":\"a\",\"image\":\"2\",\"env\":[{\"name\":\"Y\","
		    "\"value\":"
		    "\"2\"}]}]"),
		POD("\"containers\":[{\"name\":\"a\",\"image\":\"1\",\"imagePullPolicy\":"
		    "\"Always\","
		    "\"env\":[{\"name\":\"X\",\"value\":\"1\"},{\"name\":\"Y\",\"value\":\"2\"},{"
		    "\"name\":\"Z\",\"value\":\"3\"}]}]"),
		POD("\"$setElementOrder/containers\":[{\"name\":\"a\"}],\"containers\":[{"
		    "\"$setElementOrder/env\":[{\"name\":\"Y\"}],\"env\":[{\"$patch\":\"delete\","
		    "\"name\":\"X\"}],\"image\":\"2\",\"name\":\"a\"}]")},
	/* a label that went */
	{"{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\"}}}",
		"{\"metadata\":{\"labels\":{\"a\":\"1\"}}}",
		"{\"metadata\":{\"labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}}",
		"{\"metadata\":{\"labels\":{\"b\":null}}}"},
	/* one source of a volume for another */
	{POD("\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]"),
		POD("\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}]"),
		POD("\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]"),
		POD("\"$setElementOrder/"
		    "volumes\":[{\"name\":\"v\"}],\"volumes\":[{\"$retainKeys\":["
		    "\"name\",\"secret\"],\"emptyDir\":null,\"name\":\"v\",\"secret\":{"
		    "\"secretName\":\"s\"}}]")},
	/* the order alone */
	{POD("\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]"),
		POD("\"containers\":[{\"name\":\"b\"},{\"name\":\"a\"}]"),
		POD("\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]"),
		POD("\"$setElementOrder/containers\":[{\"name\":\"b\"},{\"name\":\"a\"}]")},
	{"{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}",
		"{\"metadata\":{\"finalizers\":[\"b\",\"c\"]}}",
		"{\"metadata\":{\"finalizers\":[\"a\",\"b\",\"x\"]}}",
		"{\"metadata\":{\"$deleteFromPrimitiveList/"
		"finalizers\":[\"a\"],\"finalizers\":[\"c\"]}}"},
	/* applied for the first time to an object that somebody created */
	{NULL, POD("\"hostname\":\"h\""), POD("\"hostname\":\"g\",\"subdomain\":\"s\""),
		POD("\"hostname\":\"h\"")},
	/* a list without key is replaced */
	{NULL, POD("\"tolerations\":[{\"key\":\"a\"}]"), POD("\"tolerations\":[{\"key\":\"b\"}]"),
		POD("\"tolerations\":[{\"key\":\"a\"}]")},
};

/* After the patch, a second apply has nothing to do. */
static void test_apply(void **state)
{
	(void)state;
	const struct kind *k = kind_by_word("pod");
	for (size_t i = 0; i < ARRAY_SIZE(applies); i++) {
		struct err e;
		cleanup_json json_t *was = applies[i].was ? parsed(applies[i].was) : NULL;
		cleanup_json json_t *want = parsed(applies[i].want);
		cleanup_json json_t *is = parsed(applies[i].is);
		cleanup_json json_t *patch = NULL, *now = NULL, *second = NULL;
		assert_int_equal(spec_apply_patch(k, was, want, is, &patch, &e), 0);
		cleanup_free char *text = json_canonical(patch);
		assert_string_equal(text, applies[i].patch);
		assert_int_equal(spec_patch(k, is, patch, PATCH_STRATEGIC, &now, &e), 0);
		assert_int_equal(spec_apply_patch(k, want, want, now, &second, &e), 0);
		cleanup_free char *none = json_canonical(second);
		assert_string_equal(none, "{}");
	}
}

static void test_last_applied(void **state)
{
	(void)state;
	cleanup_json json_t *j = parsed("{\"metadata\":{\"name\":\"a\"},\"kind\":\"Pod\"}");
	spec_set_last_applied(j);
	spec_set_last_applied(j); /* not into itself */
	assert_string_equal(json_str(json_at(j, "metadata", "annotations", NULL), LAST_APPLIED),
		"{\"kind\":\"Pod\",\"metadata\":{\"annotations\":{},\"name\":\"a\"}}\n");
}

static void test_types(void **state)
{
	(void)state;
	enum patch_type t;
	assert_int_equal(patch_type_of("application/merge-patch+json", &t), 0);
	assert_int_equal(t, PATCH_MERGE);
	assert_int_equal(patch_type_of("application/json-patch+json; charset=utf-8", &t), 0);
	assert_int_equal(t, PATCH_JSON);
	assert_int_equal(patch_type_of("application/json", &t), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patches),
		cmocka_unit_test(test_json_patch_bomb),
		cmocka_unit_test(test_long_lists),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_last_applied),
		cmocka_unit_test(test_types),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
