/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies made to cost time: what the loop pays for one, from its bytes to the answer that it is refused (or taken), is
 * bounded. Processor time of this thread, least of three, so that a busy machine does not count.
 */
#include "tests/unit/unit.h"

#include "agent/spec/spec.h"
#include "agent/spec/yaml.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"

#include <time.h>

/* As many of a thing as are taken; whatever fits into a body. */
enum { BODY = 1 << 20, TAKEN = JSON_OBJECT_NODES_MAX / 3 };

static double cpu_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* HEAD, then UNIT with a number in it as often as it fits, separated by SEP, then TAIL. */
static const struct {
	const char *name, *head, *unit, *tail, *sep;
	bool yaml;
} cases[] = {
	{"one text", "\"", "a", "\"", "", false},
	{"empty arrays", "[", "[]", "]", ",", false},
	{"numbers", "[", "1", "]", ",", false},
	{"empty objects in metadata", "{\"metadata\":{\"x\":[", "{}", "]}}", ",", false},
	{"unknown members", "{\"spec\":{", "\"k%zu\":0", "}}", ",", false},
	{"unknown members of a container",
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",",
		"\"k%zu\":0", "}]}}", ",", false},
	{"labels", "{\"metadata\":{\"name\":\"p\",\"labels\":{", "\"k%zu\":\"v\"", "}}}", ",",
		false},
	{"bad labels", "{\"metadata\":{\"name\":\"p\",\"labels\":{", "\"/%zu\":\"-\"", "}}}", ",",
		false},
	{"containers", "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[", "{}", "]}}",
		",", false},
	{"named containers", "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[",
		"{\"name\":\"c%zu\",\"image\":\"i\"}", "]}}", ",", false},
	{"environment",
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\",\"env\":[",
		"{\"name\":\"K%zu\",\"value\":\"$(K0)\"}", "]}]}}", ",", false},
	{"arguments",
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\",\"args\":[",
		"\"$(A)\"", "]}]}}", ",", false},
	{"volumes",
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\"}],\"volumes\":[",
		"{\"name\":\"v\",\"emptyDir\":{}}", "]}}", ",", false},
	{"tolerations",
		"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\","
		"\"image\":\"i\"}],\"tolerations\":[",
		"{\"key\":\"%zu\"}", "]}}", ",", false},
	{"finalizers", "{\"metadata\":{\"name\":\"p\",\"finalizers\":[", "\"a.b/c\"", "]}}", ",",
		false},
	{"escapes", "{\"metadata\":{\"name\":\"", "\\u0041", "\"}}", "", false},
	{"quotes", "{\"metadata\":{\"name\":\"", "\\\"", "\"}}", "", false},
	{"brackets that close nothing", "", "]", "", "", false},
	{"a number without end", "", "1", "", "", false},
	{"yaml items", "", "- 1\n", "", "", true},
	{"yaml members", "", "k%zu: 1\n", "", "", true},
	{"yaml flow", "[", "[]", "]", ",", true},
	{"yaml aliases", "a: &a [1,1,1,1,1,1,1,1]\nb: [", "*a", "]\n", ",", true},
	{"yaml quotes", "a: '", "''", "'\n", "", true},
	{"yaml comments", "", "#\n", "", "", true},
	{"yaml documents", "", "---\n", "", "", true},
};

static char *body_of(size_t i, size_t most)
{
	struct str s = {0};

	str_add(&s, cases[i].head);
	for (size_t k = 0; s.n < BODY - 256 && k < most; k++) {
		char unit[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(unit, sizeof unit, cases[i].unit, k);
#pragma GCC diagnostic pop
		if (k)
			str_add(&s, cases[i].sep);
		str_add(&s, unit);
	}
	str_add(&s, cases[i].tail);
	return str_take(&s);
}

static double cost(size_t i, const char *text)
{
	cleanup_problems struct problems p = {0};
	cleanup_json json_t *j = NULL;
	struct err e = {0};
	double began = cpu_ms();
	int r = cases[i].yaml ? yaml_parse_one(sv(text), &j, &e)
			      : json_parse_object(sv(text), &j, &e);

	if (r == 0 && json_is_object(j))
		(void)spec_admit(kind_by_name("v1", "Pod"), j, FIELD_STRICT, &p);
	json_drop(take(j));
	return cpu_ms() - began;
}

static double least_cost(size_t i, size_t most)
{
	cleanup_free char *text = body_of(i, most);
	double least = 1e9;

	for (int n = 0; n < 3; n++) {
		double ms = cost(i, text);

		least = ms < least ? ms : least;
	}
	return least;
}

/* Against one long text, which costs jansson about 10 ms on an idle machine: a busy one slows both. */
static void no_body_holds_the_loop_long(void **state)
{
	double plain = least_cost(0, SIZE_MAX), bound = 3 * plain;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double all = least_cost(i, SIZE_MAX), taken = least_cost(i, TAKEN);

		if (all > bound || taken > bound)
			fail_msg("%s: %.1f ms whole, %.1f ms as far as it is taken; a text of the "
				 "same size costs %.1f ms",
				cases[i].name, all, taken, plain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_body_holds_the_loop_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
