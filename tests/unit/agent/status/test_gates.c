/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of others: kept, and waited for. */
#include "agent/status/gates.h"
#include "tests/unit/unit.h"

#define GATES                                                                                      \
	"\"spec\":{\"readinessGates\":[{\"conditionType\":\"a/b\"},{\"conditionType\":\"c\"}]}"

static void test_what_is_waited_for(void **state)
{
	static const struct {
		const char *pod, *unmet;
	} cases[] = {
		{"{\"spec\":{}}", NULL},
		{"{" GATES "}",
			"corresponding condition of pod readiness gate \"a/b\" does not exist., "
			"corresponding condition of pod readiness gate \"c\" does not exist."},
		{"{" GATES ",\"status\":{\"conditions\":[{\"type\":\"a/b\",\"status\":\"True\"},"
		 "{\"type\":\"c\",\"status\":\"False\"}]}}",
			"the status of pod readiness gate \"c\" is not \"True\", but False"},
		{"{" GATES ",\"status\":{\"conditions\":[{\"type\":\"a/b\",\"status\":\"True\"},"
		 "{\"type\":\"c\",\"status\":\"True\"}]}}",
			NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_json json_t *pod = json_loads(cases[i].pod, 0, NULL);
		cleanup_free char *unmet = gates_unmet(pod);

		assert_non_null(pod);
		if (cases[i].unmet)
			assert_string_equal(unmet, cases[i].unmet);
		else
			assert_null(unmet);
	}
}

static void test_what_is_kept(void **state)
{
	cleanup_json json_t *pod = json_loads("{\"status\":{\"conditions\":[{\"type\":\"Ready\"},"
					      "{\"type\":\"a/b\"},{\"type\":\"Initialized\"}]}}",
		0, NULL);
	cleanup_json json_t *conditions = json_array();

	(void)state;
	gates_keep(pod, conditions);
	assert_int_equal(json_array_size(conditions), 1);
	assert_string_equal(json_str(json_array_get(conditions, 0), "type"), "a/b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_waited_for),
		cmocka_unit_test(test_what_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
