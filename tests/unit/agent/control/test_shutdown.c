/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets how much of the time that a machine has to go down. */
#include "tests/unit/unit.h"

#include "agent/control/shutdown.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"

#define S NS_PER_SEC

static void share_of_the_time(void **state)
{
	static const struct {
		const char *name;
		struct shutdown_item items[5];
		size_t n;
		int64_t priority;
		uint64_t left_ns, wanted_ns;
	} cases[] = {
		{"alone, there is time", {{0, 5 * S}}, 1, 0, 30 * S, 5 * S},
		{"alone, there is none", {{0, 30 * S}}, 1, 0, 4 * S, 4 * S},
		{"side by side: the slowest counts", {{0, 5 * S}, {0, 9 * S}, {0, 1 * S}}, 3, 0,
			30 * S, 9 * S},
		{"all get theirs", {{0, 5 * S}, {10, 5 * S}}, 2, 0, 10 * S, 5 * S},
		{"by what they want", {{0, 30 * S}, {10, 10 * S}}, 2, 0, 4 * S, 3 * S},
		{"the last takes what is left", {{10, 10 * S}}, 1, 10, 1 * S, 1 * S},
		{"each priority once", {{0, 2 * S}, {0, 2 * S}, {5, 2 * S}, {5, 2 * S}}, 4, 0,
			2 * S, 1 * S},
		{"lower ones are no more", {{-5, 30 * S}, {0, 2 * S}}, 2, 0, 2 * S, 2 * S},
		{"nothing is left", {{0, 2 * S}}, 1, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t got = shutdown_share(
			cases[i].items, cases[i].n, cases[i].priority, cases[i].left_ns);
		if (got != cases[i].wanted_ns)
			fail_msg("%s: %.3f s", cases[i].name, (double)got / 1e9);
	}
}

static void priority_of_a_pod(void **state)
{
	static const struct {
		const char *spec;
		int64_t priority;
	} cases[] = {
		{"{}", 0},
		{"{\"priority\":-7}", -7},
		{"{\"priority\":1000,\"priorityClassName\":\"of-the-shop\"}", 1000},
		{"{\"priorityClassName\":\"system-cluster-critical\"}", 2000000000},
		{"{\"priorityClassName\":\"system-node-critical\"}", 2000001000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *spec = NULL;
		assert_int_equal(json_parse(sv(cases[i].spec), &spec, NULL), 0);
		cleanup_json json_t *pod = json_pack("{s:O}", "spec", spec);
		assert_true(pod_priority(pod) == cases[i].priority);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(share_of_the_time),
		cmocka_unit_test(priority_of_a_pod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
