/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantities against the documented canonical forms; durations; ages; percentages.
 */
#include "agent/spec/quantity.h"
#include "tests/unit/unit.h"

static const struct {
	const char *in, *out; /* out NULL: refused */
	int64_t units, milli;
} cases[] = {
	{"0", "0", 0, 0},
	{"1", "1", 1, 1000},
	{"0.5", "500m", 1, 500},
	{"1000m", "1", 1, 1000},
	{"1500m", "1500m", 2, 1500},
	{"100m", "100m", 1, 100},
	{"1024Mi", "1Gi", 1 << 30, 0},
	{"1.5Gi", "1536Mi", 1610612736, 0},
	{"1Ki", "1Ki", 1024, 1024000},
	{"512Ki", "512Ki", 524288, 524288000},
	{"1000Ki", "1000Ki", 1024000, 1024000000},
	{"0.5Ki", "512", 512, 512000},
	{"1k", "1k", 1000, 1000000},
	{"1000k", "1M", 1000000, 0},
	{"128974848", "128974848", 128974848, 0},
	{"129e6", "129e6", 129000000, 0},
	{"129M", "129M", 129000000, 0},
	{"123Mi", "123Mi", 128974848, 0},
	{"1E", "1E", 0, 0},
	{"1E3", "1e3", 1000, 1000000},
	{"12e6", "12e6", 12000000, 0},
	{"1e+3", "1e3", 1000, 0},
	{"1e-3", "1e-3", 1, 1},
	{"100n", "100n", 1, 1},
	{"0.1u", "100n", 1, 1},
	{"0.0000000001", "1n", 1, 1},
	{"1.0000000001", "1000000001n", 2, 1001},
	{"-1", "-1", -1, -1000},
	{"-1500m", "-1500m", -1, -1500},
	{"+1", "1", 1, 1000},
	{".5", "500m", 1, 500},
	{"5.", "5", 5, 5000},
	{"00012", "12", 12, 12000},
	{"9223372036854775807", "9223372036854775807", INT64_MAX, INT64_MAX},
	{"8Ei", NULL, 0, 0},
	{"7Ei", "7Ei", INT64_C(7) << 60, 0},
	{"9223372036854775808", NULL, 0, 0},
	{"10E", NULL, 0, 0},
	{"1e30", NULL, 0, 0},
	{"", NULL, 0, 0},
	{".", NULL, 0, 0},
	{"-", NULL, 0, 0},
	{"1KB", NULL, 0, 0},
	{"1 Gi", NULL, 0, 0},
	{"1gi", NULL, 0, 0},
	{"1K", NULL, 0, 0},
	{"abc", NULL, 0, 0},
	{"1e", NULL, 0, 0},
	{"1e3.5", NULL, 0, 0},
	{"0x10", NULL, 0, 0},
	{"1..5", NULL, 0, 0},
	{"1e+-3", NULL, 0, 0},
	{"1m1", NULL, 0, 0},
};

static void test_quantities(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct quantity q = {0};
		int r = quantity_parse(sv(cases[i].in), &q);
		assert_case((r == 0) == (cases[i].out != NULL), cases[i].in);
		if (r < 0)
			continue;
		cleanup_free char *text = quantity_text(q);
		assert_string_equal(text, cases[i].out);
		if (cases[i].units)
			assert_case(quantity_units(q) == cases[i].units, cases[i].in);
		if (cases[i].milli)
			assert_case(quantity_milli(q) == cases[i].milli, cases[i].in);
		/* The canonical form means the same. */
		struct quantity again;
		assert_int_equal(quantity_parse(sv(text), &again), 0);
		assert_int_equal(quantity_compare(q, again), 0);
	}
	assert_int_equal(quantity_parse(sv("1e30"), &(struct quantity){0}), -ERANGE);
}

static void test_json_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {{"{\"a\":1}", "1"}, {"{\"a\":0.1}", "100m"}, {"{\"a\":\"64Mi\"}", "64Mi"},
		{"{\"a\":1e3}", "1k"}, {"{\"a\":2.5e-1}", "250m"}, {"{\"a\":1e300}", NULL},
		{"{\"a\":true}", NULL}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_json json_t *j = NULL;
		struct quantity q;
		assert_int_equal(json_parse(sv(rows[i].in), &j, NULL), 0);
		int r = quantity_of(json_object_get(j, "a"), &q);
		assert_case((r == 0) == (rows[i].out != NULL), rows[i].in);
		cleanup_free char *text = r < 0 ? NULL : quantity_text(q);
		if (text)
			assert_string_equal(text, rows[i].out);
	}
	cleanup_json json_t *limits = NULL;
	assert_int_equal(
		json_parse(sv("{\"cpu\":\"1500m\",\"memory\":\"64Mi\"}"), &limits, NULL), 0);
	assert_int_equal(resource_milli(limits, "cpu", -1), 1500);
	assert_int_equal(resource_units(limits, "memory", -1), 64 << 20);
	assert_int_equal(resource_units(limits, "pids", -1), -1);
	assert_int_equal(resource_units(NULL, "pids", 7), 7);
}

static void test_durations(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		int r;
		uint64_t ns;
	} rows[] = {{"0", 0, 0}, {"1s", 0, 1000000000}, {"1h30m", 0, UINT64_C(5400000000000)},
		{"1.5s", 0, 1500000000}, {"300ms", 0, 300000000}, {"2us3ns", 0, 2003},
		{"4µs", 0, 4000}, {"", -EINVAL, 0}, {"5", -EINVAL, 0}, {"s", -EINVAL, 0},
		{"-1s", -EINVAL, 0}, {"1d", -EINVAL, 0}, {"1s x", -EINVAL, 0},
		{"9999999999h", -ERANGE, 0}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t ns = 0;
		assert_case(duration_parse(sv(rows[i].in), &ns) == rows[i].r, rows[i].in);
		assert_case(ns == rows[i].ns, rows[i].in);
	}
}

static void test_ages(void **state)
{
	(void)state;
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = {{0, "0s"}, {119, "119s"}, {120, "2m"}, {200, "3m20s"}, {600, "10m"},
		{10799, "179m"}, {10800, "3h"}, {12000, "3h20m"}, {28800, "8h"}, {172799, "47h"},
		{172800, "2d"}, {180000, "2d2h"}, {691200, "8d"}, {63072000, "2y"},
		{70000000, "2y80d"}, {252288000, "8y"}, {UINT64_MAX / 1000000000, "584y"}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[16];
		assert_string_equal(
			duration_human(rows[i].seconds * 1000000000, text), rows[i].text);
	}
}

static void test_percentages(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		int64_t total;
		bool up;
		int r;
		int64_t out;
	} rows[] = {{"[3]", 10, false, 0, 3}, {"[\"25%\"]", 10, false, 0, 2},
		{"[\"25%\"]", 10, true, 0, 3}, {"[\"0%\"]", 10, true, 0, 0},
		{"[\"100%\"]", 10, true, 0, 10}, {"[\"25\"]", 10, true, -EINVAL, 0},
		{"[\"-1%\"]", 10, true, -EINVAL, 0}, {"[true]", 10, true, -EINVAL, 0}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_json json_t *j = NULL;
		int64_t n = 0;
		assert_int_equal(json_parse(sv(rows[i].in), &j, NULL), 0);
		assert_case(int_or_percent(json_array_get(j, 0), rows[i].total, rows[i].up, &n) ==
				    rows[i].r,
			rows[i].in);
		assert_case(n == rows[i].out, rows[i].in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantities),
		cmocka_unit_test(test_json_numbers),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_percentages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
