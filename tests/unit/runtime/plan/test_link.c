/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *text;
	int r;
} cases[] = {
	{"{\"type\":\"sandbox\"}", 0},
	{"{\"type\":\"start\"}", 0},
	{"{\"type\":\"stop\",\"grace_ns\":5}", 0},
	{"{\"type\":\"stop\"}", 0},
	{"{\"type\":\"restart\",\"container\":\"a\"}", 0},
	{"{\"type\":\"exec\",\"container\":\"a\",\"id\":3,\"argv\":[\"ls\",\"-l\"],\"tty\":true}",
		0},
	{"{\"type\":\"exec\",\"id\":3,\"ended\":true,\"exit_code\":1}", 0},
	{"{\"type\":\"exec-kill\",\"id\":3}", 0},
	{"{\"type\":\"status\",\"status\":{\"seq\":1,\"phase\":\"running\",\"containers\":[{"
	 "\"name\":\"a\","
	 "\"state\":\"terminated\",\"reason\":\"Error\",\"exit_code\":1,\"last\":{\"exit_code\":"
	 "137,"
	 "\"signal\":9,\"oom_killed\":true}}]}}",
		0},
	{"{\"type\":\"error\",\"error\":\"x\"}", 0},
	{"{\"type\":\"probe\",\"container\":\"a\",\"id\":4,\"argv\":[\"true\"],\"timeout_ns\":5}",
		0},
	{"{\"type\":\"probe\",\"id\":4,\"exit_code\":1,\"output\":\"no\"}", 0},
	{"{\"type\":\"probe\",\"id\":4,\"timed_out\":true,\"error\":\"late\"}", 0},
	{"{\"type\":\"attach\",\"container\":\"a\",\"id\":5,\"stdin\":true}", 0},
	{"{\"type\":\"attach\",\"id\":5,\"ended\":true}", 0},
	{"{\"type\":\"attach\",\"container\":\"a\"}", -EINVAL},
	{"{\"type\":\"detach\",\"id\":5,\"stdin\":true}", 0},
	{"{\"type\":\"detach\",\"id\":5,\"port\":80}", -EINVAL},
	{"{\"type\":\"dial\",\"id\":6,\"port\":80}", 0},
	{"{\"type\":\"dial\",\"id\":6,\"error\":\"Connection refused\"}", 0},
	{"{\"type\":\"dial\",\"port\":80}", -EINVAL},
	{"{\"type\":\"probe\",\"container\":\"a\",\"argv\":[\"true\"]}", -EINVAL},
	{"{\"type\":\"probe\",\"id\":4,\"tty\":true}", -EINVAL},
	{"", -EBADMSG},
	{"{", -EBADMSG},
	{"{} x", -EBADMSG},
	{"[]", -EINVAL},
	{"{}", -EINVAL},
	{"{\"type\":\"halt\"}", -EINVAL},
	{"{\"type\":\"start\",\"grace_ns\":5}", -EINVAL},
	{"{\"type\":\"upgrade\"}", 0},
	{"{\"type\":\"upgrade\",\"error\":\"busy\"}", 0},
	{"{\"type\":\"upgrade\",\"container\":\"a\"}", -EINVAL},
	{"{\"type\":\"restart\"}", -EINVAL},
	{"{\"type\":\"exec\",\"argv\":[\"ls\"]}", -EINVAL},
	{"{\"type\":\"exec\",\"id\":1,\"argv\":\"ls\"}", -EINVAL},
	{"{\"type\":\"exec\",\"id\":1,\"grace_ns\":1}", -EINVAL},
	{"{\"type\":\"status\"}", -EINVAL},
	{"{\"type\":\"status\",\"status\":{\"seq\":1}}", -EINVAL},
	{"{\"type\":\"start\",\"type\":\"stop\"}", -EBADMSG},
};

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_link_message struct link_message m = {0};
		struct err e = {0};
		int r = link_decode(sv(cases[i].text), &m, &e);

		if (r != cases[i].r)
			fail_msg("row %zu: %d (%s)", i, r, e.msg);
		if (r == 0) {
			cleanup_free char *text = link_encode(&m);

			assert_string_equal(text, cases[i].text);
		}
	}
}

/* Agent and shim may be of two builds: what only the newer knows is passed over, at every depth. */
static void test_members_of_a_later_build(void **state)
{
	cleanup_link_message struct link_message m = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(link_decode(sv("{\"type\":\"start\",\"later\":5}"), &m, &e), 0);
	assert_int_equal(m.type, LINK_START);
	link_message_done(&m);
	assert_int_equal(
		link_decode(sv("{\"type\":\"status\",\"status\":{\"seq\":1,\"phase\":\"running\","
			       "\"later\":{},\"containers\":[{\"name\":\"a\",\"state\":\"running\","
			       "\"later\":1}]}}"),
			&m, &e),
		0);
	assert_int_equal(m.status->n_containers, 1);
}

static void test_snapshot_values(void **state)
{
	cleanup_link_message struct link_message m = {0};

	(void)state;
	assert_int_equal(link_decode(sv(cases[8].text), &m, NULL), 0);
	assert_int_equal(m.status->seq, 1);
	assert_int_equal(m.status->phase, POD_RUNNING);
	assert_int_equal(m.status->containers[0].state, CONTAINER_TERMINATED);
	assert_int_equal(m.status->containers[0].last->exit_code, 137);
	assert_true(m.status->containers[0].last->oom_killed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_members_of_a_later_build),
		cmocka_unit_test(test_snapshot_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
