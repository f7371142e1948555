/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 both ways; nonsense is refused. */
#include "tests/unit/unit.h"

#include "runtime/base/clock.h"

static void writes_kubernetes_times(void **state)
{
	const uint64_t wall = 1795379281ull * NS_PER_SEC + 5;
	char out[RFC3339_SIZE];

	(void)state;
	assert_string_equal(rfc3339(wall, out), "2026-11-22T20:28:01Z");
	assert_string_equal(rfc3339_nano(wall, out), "2026-11-22T20:28:01.000000005Z");
}

static void reads_them_back(void **state)
{
	static const struct {
		const char *in;
		int r;
		uint64_t wall_ns;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0, 0},
		{"2026-11-22T20:28:01Z", 0, 1795379281ull * NS_PER_SEC},
		{"2026-11-22T20:28:01.5Z", 0, 1795379281ull * NS_PER_SEC + 500000000},
		{"2026-11-22T21:28:01+01:00", 0, 1795379281ull * NS_PER_SEC},
		{"2026-11-22T15:58:01.000000001-04:30", 0, 1795379281ull * NS_PER_SEC + 1},
		{"2026-11-22", -EINVAL, 0},
		{"2026-11-22T20:28:01", -EINVAL, 0},
		{"2026-13-22T20:28:01Z", -EINVAL, 0},
		{"2026-11-22T24:28:01Z", -EINVAL, 0},
		{"2026-11-22T20:28:01.Z", -EINVAL, 0},
		{"2026-11-22T20:28:01.1234567890Z", -EINVAL, 0},
		{"2026-11-22T20:28:01Zx", -EINVAL, 0},
		{"1969-11-22T20:28:01Z", -EINVAL, 0},
		{"1970-01-01T00:00:00+01:00", -EINVAL, 0},
		{"", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t wall_ns = 0;

		assert_case(rfc3339_parse(cases[i].in, &wall_ns) == cases[i].r, cases[i].in);
		assert_case(wall_ns == cases[i].wall_ns, cases[i].in);
	}
}

static void kernel_clocks_move(void **state)
{
	uint64_t before = clock_now_ns(&clock_kernel);

	(void)state;
	assert_true(clock_now_ns(&clock_kernel) >= before);
	assert_true(clock_wall_ns(&clock_kernel) > 1700000000ull * NS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_kubernetes_times),
		cmocka_unit_test(reads_them_back),
		cmocka_unit_test(kernel_clocks_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
