/* SPDX-License-Identifier: Apache-2.0 */
/* Scope-bound release, handing over, growing. */
#include "tests/unit/unit.h"

static int freed;

static void count_free(int *p)
{
	freed += p != NULL;
	free(p);
}
DEFINE_CLEANUP(int, count_free);

static int *made(bool keep)
{
	CLEANUP(count_free) int *p = xcalloc(1, sizeof *p);

	return keep ? take(p) : NULL;
}

static void releases_unless_taken(void **state)
{
	int *p;

	(void)state;
	assert_null(made(false));
	assert_int_equal(freed, 1);
	p = made(true);
	assert_non_null(p);
	assert_int_equal(freed, 1);
	free(p);
}

static void closes_and_hands_over(void **state)
{
	int kept;

	(void)state;
	{
		cleanup_close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		kept = fd;
	}
	assert_int_equal(fcntl(kept, F_GETFD), -1);
	{
		cleanup_close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		kept = take_fd(fd);
		assert_int_equal(fd, -EBADF);
	}
	assert_int_equal(fcntl(kept, F_GETFD), FD_CLOEXEC);
	(void)close(kept);
}

static void arrays_grow(void **state)
{
	size_t *a = NULL, cap = 0;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		GROW(a, i + 1, cap);
		a[i] = i;
	}
	assert_true(cap >= 1000 && cap < 2100);
	assert_int_equal(a[999], 999);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(releases_unless_taken),
		cmocka_unit_test(closes_and_hands_over),
		cmocka_unit_test(arrays_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
