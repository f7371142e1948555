/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/base/err.h"
#include "runtime/security/sysctl.h"

#define LONG64 "1234567890123456789012345678901234567890123456789012345678901234"

static void checks(void **state)
{
	static const struct {
		const char *name, *value;
		bool host_net, host_ipc;
		int r;
		const char *says;
	} cases[] = {
		{"net.core.somaxconn", "1024", false, false, 0, ""},
		{"net/core/somaxconn", "1024", false, false, 0, ""},
		{"net.core.somaxconn", "1024", false, true, 0, ""},
		{"net.core.somaxconn", "1024", true, false, -EPERM, "hostNetwork"},
		{"kernel.shmmax", "1", true, false, 0, ""},
		{"kernel.shmmax", "1", false, true, -EPERM, "hostIPC"},
		{"net.ipv4.ip_local_port_range", "1024 65000", false, false, 0, ""},
		{"net.ipv4.tcp_rmem", LONG64, false, false, 0, ""},
		{"net.ipv4.tcp_rmem", LONG64 "5", false, false, -EINVAL, "1 to 64"},
		{"net.ipv4.tcp_rmem", "", false, false, -EINVAL, "1 to 64"},
		{"net.ipv4.tcp_rmem", "1\n2", false, false, -EINVAL, "1 to 64"},
		{"net.ipv4.tcp_rmem", "1\t2", false, false, -EINVAL, "1 to 64"},
		/* CVE-2022-0811: what came after the '+' became another setting. */
		{"kernel.shm_rmid_forced", "1+kernel.core_pattern=|/x", false, false, -EINVAL,
			"1 to 64"},
		{"kernel.core_pattern", "x", false, false, -EINVAL, "may not be set"},
		{"kernel.shmma", "1", false, false, -EINVAL, "did you mean \"kernel.shmmax\""},
		{"net.ipv4.conf.all.route_localnet", "1", false, false, -EINVAL, "may not be set"},
		{"vm.overcommit_memory", "1", false, false, -EINVAL, "may not be set"},
		{"net.core.somaxconn.", "1", false, false, -EINVAL, "may not be set"},
		{"net.core.somaxconn/../../kernel/core_pattern", "1", false, false, -EINVAL, ""},
		{"../kernel/shmmax", "1", false, false, -EINVAL, ""},
		{"", "1", false, false, -EINVAL, ""},
		{LONG64 LONG64 LONG64, "1", false, false, -EINVAL, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = {0};

		assert_int_equal(sysctl_check(cases[i].name, cases[i].value, cases[i].host_net,
					 cases[i].host_ipc, &e),
			cases[i].r);
		assert_non_null(strstr(e.msg, cases[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(checks)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
