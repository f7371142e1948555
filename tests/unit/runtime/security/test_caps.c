/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/base/json.h"
#include "runtime/security/caps.h"

#include <linux/capability.h>
#include <sys/capability.h>

/* The words against libcap's own, which comes from the same kernel header by another way. */
static void words(void **state)
{
	(void)state;
	for (int c = 0; c <= CAP_LAST_CAP; c++) {
		char *lower = cap_to_name(c);
		char upper[32] = "";

		assert_non_null(caps_name(c));
		for (size_t i = 0; lower[i]; i++)
			upper[i] = (char)(lower[i] == '_' ? '_' : lower[i] - 'a' + 'A');
		assert_string_equal(caps_name(c), upper);
		assert_int_equal(caps_find(upper), c);
		(void)cap_free(lower);
	}
	assert_null(caps_name(CAP_LAST_CAP + 1));
	assert_null(caps_name(-1));
	assert_int_equal(caps_find("ALL"), -EINVAL);
	assert_int_equal(caps_find("chown"), -EINVAL);
	assert_int_equal(caps_find(""), -EINVAL);
	assert_true(caps_all() == CAPS_BIT(CAP_LAST_CAP + 1) - 1);
}

static void default_set(void **state)
{
	(void)state;
	assert_int_equal(__builtin_popcountll(caps_default()), 13);
	assert_false(caps_default() & CAPS_BIT(CAP_NET_RAW));
	assert_false(caps_default() & CAPS_BIT(CAP_SYS_ADMIN));
	assert_true(caps_default() & CAPS_BIT(CAP_NET_BIND_SERVICE));
}

#define B(name) CAPS_BIT(CAP_##name)

static void resolve(void **state)
{
	const uint64_t all = caps_all(), d = caps_default();
	const struct {
		const char *add[3], *drop[3];
		bool privileged;
		uint64_t available;
		int r;
		uint64_t set;
		const char *says;
	} cases[] = {
		{{0}, {0}, false, all, 0, d, ""},
		{{"NET_ADMIN"}, {0}, false, all, 0, d | B(NET_ADMIN), ""},
		{{"CAP_NET_ADMIN"}, {0}, false, all, 0, d | B(NET_ADMIN), ""},
		{{0}, {"CHOWN", "KILL"}, false, all, 0, d & ~B(CHOWN) & ~B(KILL), ""},
		{{0}, {"ALL"}, false, all, 0, 0, ""},
		{{"NET_BIND_SERVICE"}, {"ALL"}, false, all, 0, B(NET_BIND_SERVICE), ""},
		{{"ALL"}, {0}, false, all, 0, all, ""},
		{{"ALL"}, {"SYS_ADMIN"}, false, all, 0, all & ~B(SYS_ADMIN), ""},
		{{"CHOWN"}, {"CHOWN"}, false, all, 0, d & ~B(CHOWN), ""},
		/* What the host lacks: left out of a set, refused when it is asked for by name. */
		{{"ALL"}, {0}, false, all & ~B(SYS_RESOURCE), 0, all & ~B(SYS_RESOURCE), ""},
		{{0}, {0}, false, all & ~B(CHOWN), 0, d & ~B(CHOWN), ""},
		{{"SYS_RESOURCE"}, {0}, false, all & ~B(SYS_RESOURCE), -EPERM, 0, "SYS_RESOURCE"},
		{{"SYS_RESOURCE"}, {"SYS_RESOURCE"}, false, all & ~B(SYS_RESOURCE), 0, d, ""},
		{{0}, {"ALL"}, true, all & ~B(BPF), 0, all & ~B(BPF), ""},
		{{"NET_ADMN"}, {0}, false, all, -EINVAL, 0, "NET_ADMIN"},
		{{0}, {"NET_ADMN"}, true, all, -EINVAL, 0, "capabilities.drop"},
		{{"net_admin"}, {0}, false, all, -EINVAL, 0, "net_admin"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct caps_request q = {.add = cases[i].add,
			.drop = cases[i].drop,
			.privileged = cases[i].privileged,
			.available = cases[i].available};
		struct err e = {0};
		uint64_t set = 77;

		while (q.n_add < 3 && q.add[q.n_add])
			q.n_add++;
		while (q.n_drop < 3 && q.drop[q.n_drop])
			q.n_drop++;
		assert_int_equal(caps_resolve(&q, &set, &e), cases[i].r);
		assert_true(set == (cases[i].r == 0 ? cases[i].set : 77));
		assert_non_null(strstr(e.msg, cases[i].says));
	}
}

static void json(void **state)
{
	cleanup_json json_t *j = caps_json(B(CHOWN) | B(BPF));
	static const char *const filled[] = {"bounding", "effective", "permitted"};

	(void)state;
	assert_int_equal(json_object_size(j), 5);
	for (size_t i = 0; i < ARRAY_SIZE(filled); i++) {
		json_t *list = json_list(j, filled[i]);

		assert_int_equal(json_array_size(list), 2);
		assert_string_equal(json_string_value(json_array_get(list, 0)), "CAP_CHOWN");
		assert_string_equal(json_string_value(json_array_get(list, 1)), "CAP_BPF");
	}
	assert_int_equal(json_array_size(json_list(j, "inheritable")), 0);
	assert_int_equal(json_array_size(json_list(j, "ambient")), 0);
}

static void host(void **state)
{
	uint64_t set = 0;

	(void)state;
	assert_int_equal(caps_of_host(&set), 0);
	for (int c = 0; c <= CAP_LAST_CAP; c++)
		assert_int_equal((set & CAPS_BIT(c)) != 0, cap_get_bound((cap_value_t)c) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(default_set),
		cmocka_unit_test(resolve),
		cmocka_unit_test(json),
		cmocka_unit_test(host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
