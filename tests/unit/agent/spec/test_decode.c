/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no single case can show: limits of numbers and sizes, and values of the wrong type in every place.
 */
#include "agent/spec/spec.h"
#include "tests/unit/agent/spec/objects.h"
#include "tests/unit/unit.h"

/* A limit that a case cannot spell out: @n copies of @item in the list that @before opens and @after ends. */
static size_t problems_of_many(const char *before, const char *item, size_t n, const char *after)
{
	cleanup_str struct str text = {0};
	cleanup_json json_t *object = NULL;
	cleanup_problems struct problems p = {0};
	const struct kind *k = NULL;
	str_add(&text, before);
	for (size_t i = 0; i < n; i++)
		str_addf(&text, "%s%s", i ? "," : "", item);
	str_add(&text, after);
	assert_int_equal(json_parse(sv(text.p), &object, NULL), 0);
	assert_int_equal(kind_of(object, &k, NULL), 0);
	spec_admit(k, object, FIELD_STRICT, &p);
	return p.n;
}

static void test_limits(void **state)
{
	(void)state;
	static const char head[] =
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\","
		"\"namespace\":\"d\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\","
		"\"env\":[";
	assert_int_equal(problems_of_many(head, "{\"name\":\"A\"}", 1024, "]}]}}"), 0);
	assert_int_equal(problems_of_many(head, "{\"name\":\"A\"}", 1025, "]}]}}"), 1);
	/* 512 KiB of values */
	cleanup_free char *value = xcalloc(60000, 1);
	memset(value, 'x', 59999);
	cleanup_free char *item = xasprintf("{\"name\":\"A\",\"value\":\"%s\"}", value);
	assert_int_equal(problems_of_many(head, item, 8, "]}]}}"), 0);
	assert_int_equal(problems_of_many(head, item, 9, "]}]}}"), 1);
	static const char annotations[] = "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
					  "\"metadata\":{\"name\":\"p\",\"namespace\":"
					  "\"d\",\"annotations\":{\"a\":\"";
	assert_int_equal(problems_of_many(annotations, value, 4, "\"}}}"), 0);
	assert_int_equal(problems_of_many(annotations, value, 5, "\"}}}"), 2);
}

/* Every value of an object, one after another, by one of another type: a problem or not, but never the end. */
static size_t spoil(json_t *root, json_t *at, const struct kind *k)
{
	size_t n = 0, i;
	void *next;
	const char *key;
	json_t *value;
	json_t *const others[] = {
		json_integer(5), json_string("x"), json_array(), json_object(), json_true()};
	for (i = 0; i < json_array_size(at); i++)
		n += spoil(root, json_array_get(at, i), k);
	json_object_foreach_safe (at, next, key, value) {
		cleanup_json json_t *kept = json_incref(value);
		n += spoil(root, value, k);
		for (i = 0; i < ARRAY_SIZE(others); i++) {
			cleanup_problems struct problems p = {0};
			json_object_set(at, key, others[i]);
			cleanup_json json_t *object = json_deep_copy(root),
					    *old = json_deep_copy(root);
			spec_set_last_applied(object);
			spec_keep_status(k, old, object);
			spec_admit(k, object, FIELD_STRICT, &p);
			spec_validate_update(k, old, object, &p);
			spec_keep_spec(k, old, object);
			n++;
		}
		json_object_set(at, key, kept);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		json_decref(others[i]);
	return n;
}

static void test_wrong_types_everywhere(void **state)
{
	(void)state;
	static const char *const objects[] = {
		POD("\"hostNetwork\":true,\"containers\":[{\"name\":\"c\",\"image\":\"i\","
		    "\"ports\":[{"
		    "\"containerPort\":1,\"name\":\"p\"}],\"env\":[{\"name\":\"A\",\"valueFrom\":{"
		    "\"resourceFieldRef\":{\"resource\":\"limits.cpu\",\"divisor\":1}}},{\"name\":"
		    "\"B\","
		    "\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}}],"
		    "\"resources\":{"
		    "\"limits\":{\"cpu\":1},\"requests\":{\"cpu\":1}},\"volumeMounts\":[{\"name\":"
		    "\"v\","
		    "\"mountPath\":\"/"
		    "a\"}],\"securityContext\":{\"allowPrivilegeEscalation\":false,"
		    "\"capabilities\":{\"add\":[\"KILL\"]}}}],\"volumes\":[{\"name\":\"v\","
		    "\"projected\":{"
		    "\"sources\":[{\"secret\":{\"name\":\"s\",\"items\":[{\"key\":\"k\",\"path\":"
		    "\"p\"}]}}]}}],"
		    "\"dnsConfig\":{\"nameservers\":[\"1.1.1.1\"]},\"nodeSelector\":{\"a\":\"b\"},"
		    "\"securityContext\":{\"sysctls\":[{\"name\":\"kernel.sem\",\"value\":\"1\"}]},"
		    "\"tolerations\":[{\"key\":\"a\"}]"),
		RC("\"selector\":{\"a\":\"b\"},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}"
		   ","
		   "\"annotations\":{\"c\":\"d\"}},\"spec\":{\"containers\":[{\"name\":\"c\"}]}}"),
		SECRET("\"type\":\"kubernetes.io/"
		       "dockerconfigjson\",\"data\":{\".dockerconfigjson\":\"e30=\"},"
		       "\"stringData\":{\"a\":\"b\"},\"immutable\":true"),
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"n\","
		"\"labels\":{\"a\":"
		"\"b\"},\"finalizers\":[\"a/b\"],\"deletionTimestamp\":\"2026-01-01T00:00:00Z\","
		"\"ownerReferences\":[{\"uid\":\"u\"}]},\"status\":{\"phase\":\"Active\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"n\"},"
		"\"data\":{\"a\":"
		"\"b\"},\"binaryData\":{\"c\":\"\"}}",
		"{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"n\"},"
		"\"involvedObject\":{"
		"\"namespace\":\"a\"}}"};
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		cleanup_json json_t *object = NULL;
		const struct kind *k = NULL;
		assert_int_equal(json_parse(sv(objects[i]), &object, NULL), 0);
		assert_int_equal(kind_of(object, &k, NULL), 0);
		n += spoil(object, object, k);
	}
	assert_true(n > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_wrong_types_everywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
