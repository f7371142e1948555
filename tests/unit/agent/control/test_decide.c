/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's table: what is done next for every want and stage. */
#include "tests/unit/unit.h"

#include "agent/control/decide.h"

static const char *const action_names[POD_ACTION_MAX] = {
	[DO_NOTHING] = "nothing",
	[DO_ADMIT] = "admit",
	[DO_PULL] = "pull",
	[DO_LAUNCH] = "launch",
	[DO_CONNECT] = "connect",
	[DO_REFRESH] = "refresh",
	[DO_STOP] = "stop",
	[DO_BURY] = "bury",
	[DO_SETTLE] = "settle",
	[DO_DELETE] = "delete",
	[DO_FORGET] = "forget",
	[DO_EXPIRE] = "expire",
};

static void decides(void **state)
{
	static const struct {
		const char *name;
		struct pod_view view;
		enum pod_action action;
	} cases[] = {
		{"new", {.want = WANT_RUN, .stage = POD_PENDING, .images = true}, DO_ADMIT},
		{"no image", {.want = WANT_RUN, .stage = POD_PENDING, .admitted = true}, DO_PULL},
		{"ready",
			{.want = WANT_RUN, .stage = POD_PENDING, .admitted = true, .images = true},
			DO_LAUNCH},
		{"a secret changed before",
			{.want = WANT_RUN,
				.stage = POD_PENDING,
				.admitted = true,
				.images = true,
				.stale = true},
			DO_LAUNCH},
		{"no namespaces yet", {.want = WANT_RUN, .stage = POD_SPAWNED, .admitted = true},
			DO_NOTHING},
		{"namespaces",
			{.want = WANT_RUN, .stage = POD_SPAWNED, .admitted = true, .sandbox = true},
			DO_CONNECT},
		{"runs", {.want = WANT_RUN, .stage = POD_STARTED, .sandbox = true}, DO_NOTHING},
		{"runs, secret changed",
			{.want = WANT_RUN,
				.stage = POD_STARTED,
				.images = true,
				.sandbox = true,
				.stale = true},
			DO_REFRESH},
		{"runs, image changed, not there",
			{.want = WANT_RUN, .stage = POD_STARTED, .sandbox = true, .stale = true},
			DO_PULL},
		{"late before it ran",
			{.want = WANT_EXPIRE, .stage = POD_PENDING, .admitted = true}, DO_EXPIRE},
		{"found, silent", {.want = WANT_RUN, .stage = POD_ADOPTED}, DO_NOTHING},
		{"found, silent, not wanted",
			{.want = WANT_STOP, .stage = POD_ADOPTED, .sandbox = true}, DO_NOTHING},
		{"stops by itself", {.want = WANT_RUN, .stage = POD_LEAVING, .sandbox = true},
			DO_NOTHING},
		{"has ended and is found", {.want = WANT_REST, .stage = POD_PENDING}, DO_SETTLE},
		{"has ended and is wanted so", {.want = WANT_REST, .stage = POD_ENDED}, DO_NOTHING},
		{"containers have ended",
			{.want = WANT_REST, .stage = POD_STARTED, .sandbox = true}, DO_STOP},
		{"deleted before it ran", {.want = WANT_STOP, .stage = POD_PENDING}, DO_DELETE},
		{"deleted while it starts", {.want = WANT_STOP, .stage = POD_SPAWNED}, DO_STOP},
		{"deleted while it runs", {.want = WANT_STOP, .stage = POD_STARTED, .stale = true},
			DO_STOP},
		{"deleted again", {.want = WANT_STOP, .stage = POD_LEAVING}, DO_STOP},
		{"deleted after it ended", {.want = WANT_STOP, .stage = POD_ENDED}, DO_DELETE},
		{"no object, runs", {.want = WANT_GONE, .stage = POD_STARTED}, DO_STOP},
		{"no object, nothing left", {.want = WANT_GONE, .stage = POD_ENDED}, DO_FORGET},
		{"no object, never ran", {.want = WANT_GONE, .stage = POD_PENDING}, DO_FORGET},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum pod_action got = pod_decide(&cases[i].view);
		if (got != cases[i].action)
			fail_msg("\"%s\": %s instead of %s", cases[i].name, action_names[got],
				action_names[cases[i].action]);
	}
}

/* Whatever is known and wanted: a dead shim is cleared away before anything else, and nothing starts while a
 * pod is not wanted. */
static void holds_in_every_state(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		for (int want = 0; want < WANT_MAX; want++) {
			for (int stage = 0; stage < POD_STAGE_MAX; stage++) {
				const struct pod_view v = {(enum pod_want)want,
					(enum pod_stage)stage, bits & 1, bits & 2, bits & 4,
					bits & 8};
				enum pod_action a = pod_decide(&v);
				if (stage == POD_DYING)
					assert_int_equal(a, DO_BURY);
				if (want != WANT_RUN)
					assert_false(a == DO_ADMIT || a == DO_PULL ||
						     a == DO_LAUNCH || a == DO_CONNECT ||
						     a == DO_REFRESH);
				if (a == DO_DELETE || a == DO_FORGET)
					assert_true(stage == POD_PENDING || stage == POD_ENDED);
				if (want == WANT_RUN)
					assert_int_not_equal(a, DO_STOP);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(holds_in_every_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
