/* SPDX-License-Identifier: Apache-2.0 */
/* What is on disk when a run has ended, with no agent to ask for it. */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/plan/death.h"

#include <unistd.h>

/* Waits for the record of an end. The caller frees it. */
static struct death *wait_death(const struct rig *r, const char *container, uint32_t attempt)
{
	char name[DEATH_NAME_SIZE];
	cleanup_free char *path = NULL, *text = NULL;
	struct death *d = NULL;
	struct err e = {0};

	death_file_name(container, attempt, name);
	path = xasprintf("state/" DEATH_DIR "/%s", name);
	for (int i = 0; i < 1000 && fs_read(r->dir.fd, path, DEATH_FILE_MAX, &text, NULL) < 0; i++)
		(void)usleep(10000);
	assert_non_null(text);
	if (death_parse(sv(text), &d, &e) < 0)
		fail_msg("%s: %s", name, err_text(&e));
	return d;
}

static void a_crash(void **state)
{
	CLEANUP(death_free) struct death *first = NULL, *second = NULL;
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	c[0].backoff.base_ns = 5 * NS_PER_SEC;
	rig_script(&c[0], "a", "echo begin; printf 'last \\377 words' >&2; exit 3");
	rig_start(&r);
	second = wait_death(&r, "a", 1);
	first = wait_death(&r, "a", 0);
	assert_string_equal(first->id, "a-0");
	assert_string_equal(first->reason, "Error");
	assert_int_equal(first->exit_code, 3);
	assert_int_equal(first->run, 0);
	assert_int_equal(first->crashes, 1);
	assert_int_equal(first->next, DEATH_NEXT_RESTART);
	assert_int_equal(first->next_at, 0);
	/* Two streams: either may stand first. */
	assert_non_null(strstr(first->log_tail, "begin\n"));
	assert_non_null(strstr(first->log_tail, "last \xef\xbf\xbd words"));
	assert_true(first->finished_at >= first->started_at && first->ran_ns > 0);
	assert_int_equal(second->run, 1);
	assert_int_equal(second->crashes, 2);
	assert_true(second->next_at >= second->finished_at);
	assert_int_equal((second->next_at - second->finished_at + NS_PER_SEC / 2) / NS_PER_SEC, 5);
	rig_stop(&r, 0);
	rig_close(&r);
}

static void out_of_memory(void **state)
{
	CLEANUP(death_free) struct death *d = NULL;
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	c[0].limits.memory_max_bytes = 16 << 20;
	c[0].restart_policy = PLAN_RESTART_NEVER;
	rig_script(&c[0], "a", "x=0123456789; while :; do x=$x$x; done");
	rig_start(&r);
	d = wait_death(&r, "a", 0);
	assert_true(d->oom_killed);
	assert_string_equal(d->reason, "OOMKilled");
	assert_true(d->oom_kills > 0);
	assert_int_equal(d->memory_limit_bytes, 16 << 20);
	assert_true(d->memory_peak_bytes > 12 << 20 && d->memory_peak_bytes <= 16 << 20);
	assert_int_equal(d->next, DEATH_NEXT_NONE);
	rig_wait(&r, rig_all_terminated, 10000);
	rig_stop(&r, 0);
	rig_close(&r);
}

/* What the runtime refuses has an end too, of a run that never began; one that was stopped says that it was told. */
static void no_start_and_a_stop(void **state)
{
	CLEANUP(death_free) struct death *broken = NULL, *stopped = NULL;
	char program[] = "/no/such/program", *argv[] = {program};
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	c[0].backoff.base_ns = 600 * NS_PER_SEC;
	rig_script(&c[0], "broken", "");
	free(c[0].argv[0]);
	c[0].argv[0] = xstrdup(argv[0]);
	rig_script(&c[1], "fine", "sleep 1000");
	rig_start(&r);
	broken = wait_death(&r, "broken", 0);
	assert_string_equal(broken->reason, "StartError");
	assert_non_null(strstr(broken->message, program));
	assert_int_equal(broken->started_at, 0);
	assert_null(broken->log_tail);
	rig_stop(&r, 0);
	stopped = wait_death(&r, "fine", 0);
	assert_true(stopped->told);
	assert_int_equal(stopped->next, DEATH_NEXT_NONE);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_crash),
		RIG_TEST(out_of_memory),
		RIG_TEST(no_start_and_a_stop),
	};

	if (!rig_usable())
		return 77; /* skipped: needs root, runc and busybox-static */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
