/* SPDX-License-Identifier: Apache-2.0 */
/* Put, get, remove, and removal while iterating. */
#include "tests/unit/unit.h"

#include "runtime/base/map.h"

static void keeps_what_was_put(void **state)
{
	struct map m = {0};
	int one = 1, two = 2;

	(void)state;
	assert_null(map_get(&m, "a"));
	assert_null(map_put(&m, "a", &one));
	assert_ptr_equal(map_put(&m, "a", &two), &one);
	assert_ptr_equal(map_get(&m, "a"), &two);
	assert_int_equal(map_count(&m), 1);
	assert_ptr_equal(map_remove(&m, "a"), &two);
	assert_null(map_remove(&m, "a"));
	map_done(&m);
}

static void iterates_and_removes(void **state)
{
	struct map m = {0};
	char keys[1000][8];
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		(void)snprintf(keys[i], sizeof keys[i], "k%zu", i);
		assert_null(map_put(&m, keys[i], keys[i]));
	}
	for (struct map_item *i = map_first(&m), *next; i; i = next) {
		next = map_next(i);
		assert_string_equal(map_key(i), keys[seen]);
		assert_ptr_equal(map_value(i), keys[seen]);
		if (seen++ % 2)
			assert_non_null(map_remove(&m, map_key(i)));
	}
	assert_int_equal(seen, ARRAY_SIZE(keys));
	assert_int_equal(map_count(&m), ARRAY_SIZE(keys) / 2);
	map_done(&m);
	assert_int_equal(map_count(&m), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_was_put),
		cmocka_unit_test(iterates_and_removes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
