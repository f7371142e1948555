/* SPDX-License-Identifier: Apache-2.0 */
/* In a child: what is given up is gone for it and for what it starts. */
#include "tests/unit/unit.h"

#include "agent/node/privileges.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int settled(bool keep_all)
{
	struct rlimit core;
	bool has_time;

	if (privileges_settle(keep_all, NULL) < 0)
		return 1;
	has_time = cap_get_bound(CAP_SYS_TIME) == 1;
	if (has_time != keep_all)
		return 2;
	if (cap_get_bound(CAP_SYS_ADMIN) != 1)
		return 3;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 4;
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
		return 5;
	return umask(0) == 077 ? 0 : 6;
}

static void gives_up_what_pods_are_not_for(void **state)
{
	(void)state;
	for (int keep_all = 0; keep_all < 2; keep_all++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(settled(keep_all));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(gives_up_what_pods_are_not_for)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
