/* SPDX-License-Identifier: Apache-2.0 */
/* A pod on a real runtime: start, crash, stop, and nothing left behind. */
#include "tests/unit/runtime/shim/rig.h"

#include <signal.h>

static void two_containers_run_and_stop(void **state)
{
	struct rig r;
	struct plan_container *c;
	cleanup_free char *log = NULL, *other = NULL;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	rig_script(&c[0], "web", "echo hello; hostname; cat /etc/hosts; id -u; sleep 1000");
	rig_script(&c[1], "nginx", "echo other >&2; sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	assert_string_equal(r.snap->containers[0].container_id, "web-0");
	rig_stop(&r, 200000000);
	assert_int_equal(r.snap->containers[0].state, CONTAINER_TERMINATED);
	log = rig_log(&r, "web", 0);
	assert_string_equal(log, "hello\npod-host\n127.0.0.1 localhost\n10.0.0.1 pod-host\n0\n");
	other = rig_log(&r, "nginx", 0);
	assert_string_equal(other, "other\n");
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_containers_run_and_stop),
	};

	if (!rig_usable()) {
		(void)fprintf(stderr, "skipped: needs root, runc and busybox-static\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
