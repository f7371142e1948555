/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Updates: what may not change, the two halves of an object, generations, Scale; and the lookup of kinds.
 */
#include "agent/spec/spec.h"
#include "tests/unit/unit.h"

#define POD(spec)                                                                                  \
	"{\"metadata\":{\"name\":\"p\",\"namespace\":\"d\",\"uid\":\"u\"},\"spec\":{" spec "}}"
#define META(more) "{\"metadata\":{\"name\":\"p\"," more "},\"spec\":{}}"

static json_t *parsed(const char *text)
{
	json_t *j = NULL;
	if (json_parse(sv(text), &j, NULL) < 0)
		fail_msg("%s", text);
	return j;
}

#define FROZEN                                                                                     \
	": Forbidden: may not change after creation, only images may; delete the pod and create "  \
	"it anew\n"
static const struct {
	const char *kind, *old, *new, *out;
} cases[] = {
	{"po", POD("\"containers\":[{\"name\":\"c\",\"image\":\"1\"}]"),
		POD("\"containers\":[{\"name\":\"c\",\"image\":\"2\"}]"), ""},
	{"po", POD("\"containers\":[{\"name\":\"c\",\"command\":[\"a\"]}],\"hostname\":\"h\""),
		POD("\"containers\":[{\"name\":\"c\",\"command\":[\"b\"]}],\"hostname\":\"g\""),
		"spec.containers[0].command" FROZEN "spec.hostname" FROZEN},
	{"po", POD("\"containers\":[{\"name\":\"c\"}]"),
		POD("\"containers\":[{\"name\":\"c\"},{\"name\":\"d\"}]"),
		"spec.containers" FROZEN},
	{"po", POD("\"hostNetwork\":false"), POD(""), ""},
	{"po", POD("\"securityContext\":{\"runAsUser\":1}"),
		POD("\"securityContext\":{\"runAsUser\":2}"),
		"spec.securityContext.runAsUser" FROZEN},
	{"po", POD("\"tolerations\":[{\"key\":\"a\"}]"),
		POD("\"tolerations\":[{\"key\":\"b\"},{\"key\":\"a\"}]"), ""},
	{"po", POD("\"tolerations\":[{\"key\":\"a\"}]"), POD("\"tolerations\":[{\"key\":\"b\"}]"),
		"spec.tolerations: Forbidden: existing toleration can not be modified except its "
		"tolerationSeconds\n"},
	{"po", POD(""), POD("\"activeDeadlineSeconds\":30"), ""},
	{"po", POD("\"activeDeadlineSeconds\":30"), POD("\"activeDeadlineSeconds\":10"), ""},
	{"po", POD("\"activeDeadlineSeconds\":30"), POD("\"activeDeadlineSeconds\":31"),
		"spec.activeDeadlineSeconds: Invalid value: 31: must be less than or equal to "
		"previous value\n"},
	{"po", POD("\"activeDeadlineSeconds\":30"), POD(""),
		"spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive "
		"integer to nil value\n"},
	{"po", META("\"labels\":{\"a\":\"b\"}"), META("\"labels\":{\"a\":\"c\"}"), ""},
	{"po", META("\"uid\":\"1\""), META("\"uid\":\"2\""),
		"metadata.uid: Invalid value: \"2\": field is immutable\n"},
	{"po", META("\"deletionTimestamp\":\"x\",\"finalizers\":[\"a/b\"]"),
		META("\"finalizers\":[\"a/b\",\"c/d\"]"),
		"metadata.finalizers: Forbidden: no new finalizers can be added if the object is "
		"being "
		"deleted\n"},
	{"rc", META("\"labels\":{}"),
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"replicas\":3,\"selector\":{\"a\":\"b\"}"
		"}}",
		""},
	{"secret", "{\"type\":\"Opaque\",\"data\":{\"a\":\"\"}}",
		"{\"type\":\"kubernetes.io/tls\",\"data\":{\"a\":\"eA==\"}}",
		"type: Invalid value: \"kubernetes.io/tls\": field is immutable\n"},
	{"secret", "{\"immutable\":true,\"data\":{\"a\":\"\"}}", "{\"data\":{\"a\":\"eA==\"}}",
		"data: Forbidden: field is immutable when `immutable` is set\n"
		"immutable: Forbidden: field is immutable when `immutable` is set\n"},
	{"cm", "{\"data\":{\"a\":\"\"}}", "{\"data\":{\"a\":\"b\"},\"immutable\":true}", ""},
};

static void test_updates(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *old = parsed(cases[i].old), *new = parsed(cases[i].new);
		cleanup_problems struct problems p = {0};
		cleanup_str struct str out = {0};
		spec_validate_update(kind_by_word(cases[i].kind), old, new, &p);
		for (size_t j = 0; j < p.n; j++)
			str_addf(&out, "%s: %s\n", p.items[j].path, p.items[j].message);
		assert_string_equal(out.p ? out.p : "", cases[i].out);
	}
}

static void test_halves(void **state)
{
	(void)state;
	const struct kind *k = kind_by_word("po");
	cleanup_json json_t *old = parsed("{\"metadata\":{\"name\":\"p\",\"uid\":\"u\","
					  "\"generation\":2,\"resourceVersion\":\"7\"},"
					  "\"spec\":{\"a\":1},\"status\":{\"phase\":\"Running\"}}");
	cleanup_json json_t *new = parsed(
		"{\"metadata\":{\"name\":\"p\",\"generation\":9,\"labels\":{\"x\":\"y\"},"
		"\"resourceVersion\":\"6\"},\"spec\":{\"a\":2},\"status\":{\"phase\":\"Failed\"}}");
	cleanup_json json_t *main = json_deep_copy(new), *status = json_deep_copy(new);
	spec_keep_status(k, old, main);
	cleanup_free char *text = json_canonical(main);
	assert_string_equal(text,
		"{\"metadata\":{\"generation\":2,\"labels\":{\"x\":\"y\"},\"name\":\"p\","
		"\"resourceVersion\":\"6\",\"uid\":\"u\"},\"spec\":{\"a\":2},\"status\":{\"phase\":"
		"\"Running\"}}");
	spec_keep_spec(k, old, status);
	cleanup_free char *other = json_canonical(status);
	assert_string_equal(other, "{\"metadata\":{\"generation\":2,\"name\":\"p\","
				   "\"resourceVersion\":\"6\",\"uid\":\"u\"},"
				   "\"spec\":{\"a\":1},\"status\":{\"phase\":\"Failed\"}}");
	/* a creation */
	spec_keep_status(k, NULL, new);
	cleanup_free char *created = json_canonical(new);
	assert_string_equal(created,
		"{\"metadata\":{\"labels\":{\"x\":\"y\"},\"name\":\"p\"},\"spec\":{\"a\":2}}");
	assert_true(spec_changed(k, old, main));
	assert_false(spec_changed(k, old, status));
}

static void test_scale(void **state)
{
	(void)state;
	cleanup_json json_t *rc = parsed("{\"metadata\":{\"name\":\"r\",\"namespace\":\"d\","
					 "\"uid\":\"u\",\"resourceVersion\":\"3\"},"
					 "\"spec\":{\"replicas\":2,\"selector\":{\"a\":\"b\",\"c\":"
					 "\"d\"}},\"status\":{\"replicas\":"
					 "1}}");
	cleanup_json json_t *scale = spec_scale_of(kind_by_word("rc"), rc);
	cleanup_free char *text = json_canonical(scale);
	assert_string_equal(text, "{\"apiVersion\":\"autoscaling/"
				  "v1\",\"kind\":\"Scale\",\"metadata\":{\"name\":\"r\","
				  "\"namespace\":\"d\",\"resourceVersion\":\"3\",\"uid\":\"u\"},"
				  "\"spec\":{\"replicas\":2},"
				  "\"status\":{\"replicas\":1,\"selector\":\"a=b,c=d\"}}");
	cleanup_problems struct problems p = {0};
	assert_true(spec_admit(kind_by_word("scale"), scale, FIELD_STRICT, &p));
	json_put_int(json_sub(scale, "spec"), "replicas", 5);
	spec_scale_put(kind_by_word("rc"), rc, scale);
	assert_int_equal(json_int(json_object_get(rc, "spec"), "replicas", 0), 5);
}

static void test_kinds(void **state)
{
	(void)state;
	static const struct {
		const char *object, *error;
	} rows[] = {{"{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}", NULL},
		{"{\"apiVersion\":\"autoscaling/v1\",\"kind\":\"Scale\"}", NULL},
		{"{\"apiVersion\":\"meta.k8s.io/v1\",\"kind\":\"DeleteOptions\"}", NULL},
		{"{\"apiVersion\":\"v1\",\"kind\":\"Service\"}",
			"berth does not serve kind Service yet; until then use the pods' own "
			"addresses"},
		{"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}",
			"berth does not serve kind Deployment yet; use a ReplicationController"},
		{"{\"apiVersion\":\"v2\",\"kind\":\"Pod\"}",
			"kind Pod is of apiVersion v1, not \"v2\""},
		{"{\"apiVersion\":\"v1\",\"kind\":\"Secrte\"}",
			"berth does not know kind \"Secrte\" of apiVersion \"v1\"; did you mean "
			"\"Secret\"?"},
		{"{\"kind\":\"Pod\"}",
			"apiVersion is not set: for kind Pod, say \"apiVersion: v1\""},
		{"{}", "kind is not set: say what it is, as \"kind: Pod\""},
		{"[]", "this is no object: an object has apiVersion and kind"}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_json json_t *object = parsed(rows[i].object);
		const struct kind *k;
		struct err e = {0};
		int r = kind_of(object, &k, &e);
		assert_case((r < 0) == (rows[i].error != NULL), rows[i].object);
		if (r < 0)
			assert_string_equal(err_text(&e), rows[i].error);
	}
	static const char *const words[] = {
		"po", "pod", "pods", "Pod", "rc", "cm", "ns", "no", "ev"};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_non_null(kind_by_word(words[i]));
	assert_null(kind_by_word("svc"));
	assert_null(kind_by_word(NULL));
	assert_ptr_equal(kind_by_resource("", "v1", "pods"), kind_by_word("po"));
	assert_null(kind_by_resource("apps", "v1", "pods"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
