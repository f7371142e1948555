/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth's own annotations: what is admitted, with which words the rest is refused, and what the reader makes of them.
 */
#include "agent/spec/annotations.h"
#include "agent/spec/spec.h"
#include "runtime/base/clock.h"
#include "tests/unit/agent/spec/objects.h"
#include "tests/unit/unit.h"

#define ANNOTATED(key, text)                                                                       \
	META("\"name\":\"p\",\"namespace\":\"d\",\"annotations\":{\"" key "\":\"" text "\"}")

/* The first problem, or "". */
static const struct {
	const char *in, *out;
} cases[] = {
	{ANNOTATED("berth.dev/backoff", "base=1s,factor=2,cap=30s,reset=10m,jitter=10%"), ""},
	{ANNOTATED("backoff.berth.dev/c", "base = 500ms , cap=1h"), ""},
	{ANNOTATED("berth.dev/standby", "true"), ""},
	{ANNOTATED("berth.dev/log", "max-size=1Mi,max-files=3,policy=drop,rate=64Ki,runs=3"), ""},
	{ANNOTATED("example.org/backoff", "anything"), ""},
	{ANNOTATED("notberth.dev/backoff", "anything"), ""},
	{ANNOTATED("backoff.berth.dev/d", "base=1s"),
		"metadata.annotations[backoff.berth.dev/d]: Not found: container \"d\""},
	{ANNOTATED("berth.dev/backoff", "bass=1s"),
		"metadata.annotations[berth.dev/backoff]: Invalid value: \"bass=1s\": unknown key "
		"\"bass\", did you mean \"base\"?; the keys are base, factor, cap, reset, jitter"},
	{ANNOTATED("berth.dev/backoff", "base=1"),
		"metadata.annotations[berth.dev/backoff]: Invalid value: \"base=1\": base must be "
		"a duration like \"500ms\", \"10s\" or \"5m\", 100ms to 24h"},
	{ANNOTATED("berth.dev/backoff", "base=1ms"),
		"metadata.annotations[berth.dev/backoff]: Invalid value: \"base=1ms\": base must "
		"be a duration like \"500ms\", \"10s\" or \"5m\", 100ms to 24h"},
	{ANNOTATED("berth.dev/backoff", "jitter=10"),
		"metadata.annotations[berth.dev/backoff]: Invalid value: \"jitter=10\": jitter "
		"must be a percentage like \"10%\", 0% to 100%"},
	{ANNOTATED("berth.dev/backoff", "factor=0"),
		"metadata.annotations[berth.dev/backoff]: Invalid value: \"factor=0\": factor must "
		"be a whole number, 1 to 100"},
	{ANNOTATED("berth.dev/backoff", "base=1s,base=2s"),
		"metadata.annotations[berth.dev/backoff]: Invalid value: \"base=1s,base=2s\": base "
		"is there twice"},
	{ANNOTATED("berth.dev/backoff", " "),
		"metadata.annotations[berth.dev/backoff]: Invalid value: \" \": must be "
		"key=value,key=value"},
	{ANNOTATED("berth.dev/standby", "yes"),
		"metadata.annotations[berth.dev/standby]: Invalid value: \"yes\": must be "
		"\"true\" or \"false\""},
	{ANNOTATED("log.berth.dev/c", "policy=lose"),
		"metadata.annotations[log.berth.dev/c]: Invalid value: \"policy=lose\": policy "
		"must be one of \"block\", \"drop\""},
	{ANNOTATED("berth.dev/backof", "base=1s"),
		"metadata.annotations: Invalid value: \"berth.dev/backof\": berth does not know "
		"this annotation of its own; did you mean \"berth.dev/backoff\"?"},
	{ANNOTATED("Backoff.Berth.Dev/c", "base=1s"),
		"metadata.annotations: Invalid value: \"Backoff.Berth.Dev/c\": berth does not know "
		"this annotation of its own"},
	{RC("\"selector\":{\"a\":\"b\"},\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"},"
	    "\"annotations\":{\"berth.dev/backoff\":\"base=x\"}},\"spec\":{\"containers\":[{"
	    "\"name\":\"c\",\"image\":\"i\"}]}}"),
		"spec.template.metadata.annotations[berth.dev/backoff]: Invalid value: \"base=x\": "
		"base must be a duration like \"500ms\", \"10s\" or \"5m\", 100ms to 24h"},
	{"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\",\"namespace\":"
	 "\"d\",\"annotations\":{\"berth.dev/backoff\":\"base=1s\"}}}",
		"metadata.annotations: Invalid value: \"berth.dev/backoff\": is for pods; of a "
		"controller it belongs below spec.template"},
};

static void admission(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_problems struct problems problems = {0};
		cleanup_json json_t *j = NULL;
		cleanup_free char *text = NULL;
		const struct kind *k;

		assert_int_equal(json_parse(sv(cases[i].in), &j, NULL), 0);
		assert_int_equal(kind_of(j, &k, NULL), 0);
		spec_decode(k, j, FIELD_STRICT, &problems);
		spec_default(k, j);
		spec_validate(k, j, &problems);
		text = problems.n ? xasprintf("%s: %s", problems.items[0].path,
					    problems.items[0].message)
				  : xstrdup("");
		if (!streq(text, cases[i].out))
			fail_msg("case %zu: %s", i, text);
	}
}

static void reading(void **state)
{
	cleanup_json json_t *pod = NULL;

	(void)state;
	assert_int_equal(
		json_parse(sv("{\"metadata\":{\"annotations\":{"
			      "\"berth.dev/backoff\":\"base=1s,cap=30s,jitter=5%\","
			      "\"backoff.berth.dev/web\":\"cap=2m\",\"standby.berth.dev/web\":"
			      "\"true\",\"berth.dev/log\":\"policy=drop,max-size=1Mi\"}}}"),
			&pod, NULL),
		0);
	assert_int_equal(annotation_get(pod, "backoff", "web", "base", 7), NS_PER_SEC);
	assert_int_equal(annotation_get(pod, "backoff", "web", "cap", 7), 120 * NS_PER_SEC);
	assert_int_equal(annotation_get(pod, "backoff", "db", "cap", 7), 30 * NS_PER_SEC);
	assert_int_equal(annotation_get(pod, "backoff", NULL, "jitter", 7), 5);
	assert_int_equal(annotation_get(pod, "backoff", "db", "factor", 7), 7);
	assert_int_equal(annotation_get(pod, "backoff", "db", "nosuch", 7), 7);
	assert_int_equal(annotation_get(pod, "standby", "web", "", 0), 1);
	assert_int_equal(annotation_get(pod, "standby", "db", "", 0), 0);
	assert_int_equal(annotation_get(pod, "log", "db", "policy", 0), 1);
	assert_int_equal(annotation_get(pod, "log", "db", "max-size", 0), 1 << 20);
	assert_int_equal(annotation_get(NULL, "backoff", "db", "base", 7), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admission),
		cmocka_unit_test(reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
