/* SPDX-License-Identifier: Apache-2.0 */
/* Which networks are taken, and that an address is given once and comes back late. */
#include "tests/unit/unit.h"

#include "runtime/net/pool.h"

static void reads_networks(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint32_t network;
		unsigned prefix;
	} cases[] = {
		{"10.88.0.0/16", 0, 0x0a580000, 16},
		{"10.200.3.0/24", 0, 0x0ac80300, 24},
		{"0.0.0.0/0", 0, 0, 0},
		{"10.88.0.1/16", -EINVAL, 0, 0},
		{"10.88.0.0", -EINVAL, 0, 0},
		{"10.88.0.0/33", -EINVAL, 0, 0},
		{"10.88.0.0/", -EINVAL, 0, 0},
		{"10.88.0/16", -EINVAL, 0, 0},
		{"::1/64", -EINVAL, 0, 0},
		{"", -EINVAL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t network = 0;
		unsigned prefix = 0;
		struct err e = {0};
		int r = cidr_parse(cases[i].text, &network, &prefix, &e);
		assert_case(r == cases[i].r, cases[i].text);
		assert_case(network == cases[i].network, cases[i].text);
		assert_case(prefix == cases[i].prefix, cases[i].text);
		assert_case((r < 0) == (e.msg[0] != '\0'), cases[i].text);
	}
}

static void refuses_sizes(void **state)
{
	CLEANUP(pool_free) struct pool *p = NULL;

	(void)state;
	assert_int_equal(pool_new("10.0.0.0/8", &p, NULL), -EINVAL);
	assert_int_equal(pool_new("10.0.0.0/30", &p, NULL), -EINVAL);
	assert_null(p);
}

static void gives_each_once(void **state)
{
	CLEANUP(pool_free) struct pool *p = NULL;
	uint32_t a = 0;
	char text[POOL_TEXT];

	(void)state;
	assert_int_equal(pool_new("10.201.7.0/29", &p, NULL), 0);
	assert_int_equal(pool_available(p), 5);
	assert_string_equal(address_text(pool_gateway(p), text), "10.201.7.1");
	for (unsigned i = 2; i < 7; i++) {
		assert_int_equal(pool_alloc(p, &a), 0);
		assert_int_equal(a, pool_network(p) + i);
	}
	assert_int_equal(pool_alloc(p, &a), -ENOSPC);
	pool_release(p, pool_network(p) + 4);
	pool_release(p, pool_network(p) + 4);
	pool_release(p, pool_gateway(p));
	assert_int_equal(pool_available(p), 1);
	assert_int_equal(pool_alloc(p, &a), 0);
	assert_int_equal(a, pool_network(p) + 4);
}

static void comes_back_late(void **state)
{
	CLEANUP(pool_free) struct pool *p = NULL;
	uint32_t first = 0, next = 0;

	(void)state;
	assert_int_equal(pool_new("10.201.7.0/24", &p, NULL), 0);
	assert_int_equal(pool_alloc(p, &first), 0);
	pool_release(p, first);
	assert_int_equal(pool_alloc(p, &next), 0);
	assert_int_not_equal(next, first);
}

static void takes_what_pods_may_have(void **state)
{
	CLEANUP(pool_free) struct pool *p = NULL;
	uint32_t a = 0;

	(void)state;
	assert_int_equal(pool_new("10.88.0.0/16", &p, NULL), 0);
	assert_int_equal(address_parse("10.88.3.4", &a), 0);
	assert_int_equal(pool_take(p, a), 0);
	assert_int_equal(pool_take(p, a), -EBUSY);
	assert_int_equal(pool_take(p, pool_gateway(p)), -ERANGE);
	assert_int_equal(pool_take(p, pool_network(p) + 0xffff), -ERANGE);
	assert_int_equal(pool_take(p, pool_network(p) - 1), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_networks),
		cmocka_unit_test(refuses_sizes),
		cmocka_unit_test(gives_each_once),
		cmocka_unit_test(comes_back_late),
		cmocka_unit_test(takes_what_pods_may_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
