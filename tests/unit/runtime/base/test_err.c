/* SPDX-License-Identifier: Apache-2.0 */
/* Messages are prefixed on the way up, never lost, never overflowed. */
#include "tests/unit/unit.h"

#include "runtime/base/err.h"

static void wraps_and_keeps_the_inside(void **state)
{
	struct err e = {0};
	char long_text[600];

	(void)state;
	assert_int_equal(err_set(&e, -EINVAL, "port %d is taken", 80), -EINVAL);
	assert_int_equal(err_at(&e, "spec.ports[%d]", 0), -EINVAL);
	assert_int_equal(err_wrap(&e, -EINVAL, "service %s", "web"), -EINVAL);
	assert_string_equal(err_text(&e), "service web: port 80 is taken");
	assert_string_equal(e.field, "spec.ports[0]");
	assert_string_equal(err_api_reason(&e), "Invalid");
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	err_wrap(&e, -EINVAL, "%s", long_text);
	assert_non_null(strstr(err_text(&e), "service web: port 80 is taken"));
	assert_true(strlen(err_text(&e)) < sizeof e.msg);
}

static void speaks_for_a_bare_errno(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(err_wrap(&e, -ENOSPC, "writing the plan"), -ENOSPC);
	assert_string_equal(err_text(&e), "writing the plan: No space left on device");
	assert_int_equal(err_errno(&e, -EACCES, "opening %s", "x"), -EACCES);
	assert_string_equal(err_text(&e), "opening x: Permission denied");
	assert_string_equal(err_api_reason(&e), "Forbidden");
	err_reason(&e, "ErrImagePull");
	assert_string_equal(err_api_reason(&e), "ErrImagePull");
	assert_int_equal(err_set(NULL, -EIO, "nobody listens"), -EIO);
	assert_int_equal(err_wrap(NULL, -EIO, "nobody listens"), -EIO);
	assert_int_equal(err_at(NULL, "x"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps_and_keeps_the_inside),
		cmocka_unit_test(speaks_for_a_bare_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
