/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of exec probes: by the container's resident, and what happens when that dies, sleeps or lies (R6, R19). */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"
#include "runtime/runner/wire.h"

static void open_pod_with(struct rig *r, void (*change)(struct plan_container *c))
{
	struct plan_container *c;

	rig_open(r);
	c = rig_containers(r, 1);
	rig_script(c, "a", "until [ -e /tmp/end ]; do sleep 0.1; done");
	rig_env(c, (const char *const[]){"PATH=/bin", "SECRET", NULL});
	payload_add_env(r->payload, "a", "SECRET", "hidden");
	if (change)
		change(c);
	rig_start(r);
	rig_wait(r, rig_all_running, 10000);
}

static void close_pod(struct rig *r)
{
	rig_stop(r, 0);
	rig_close(r);
}

static void ask(struct rig *r, uint64_t id, const char *const *argv, uint64_t timeout_ms)
{
	struct link_message m = {.type = LINK_PROBE,
		.id = id,
		.container = (char *)(uintptr_t) "a",
		.argv = (char **)(uintptr_t)argv,
		.timeout_ns = timeout_ms * NS_PER_MS};

	while (argv[m.n_argv])
		m.n_argv++;
	rig_send(r, &m, NULL);
}

static void ask_shell(struct rig *r, uint64_t id, const char *script, uint64_t timeout_ms)
{
	ask(r, id, (const char *const[]){"/bin/sh", "-c", script, NULL}, timeout_ms);
}

static void assert_output(struct rig *r, const char *script, int code, const char *output)
{
	static uint64_t id = 1000;
	const struct link_message *m;

	ask_shell(r, ++id, script, 10000);
	m = rig_reply(r, LINK_PROBE, 15000);
	assert_int_equal(m->id, id);
	if (m->error)
		fail_msg("%s: %s", script, m->error);
	assert_string_equal(m->output ? m->output : "", output);
	assert_int_equal(m->exit_code, code);
}

static void as_user_1000(struct plan_container *c)
{
	c->user.run_as_user = 1000;
	c->user.run_as_group = 1001;
	c->cwd = xstrdup("/tmp");
	c->no_new_privs = true;
}

/* The soft limit of descriptors is left out: what an exec gets is a race inside runc 1.1 (its runtime raises its own). */
#define CONFINEMENT                                                                                \
	"id -u; id -g; pwd; echo $SECRET; umask; env; ulimit -Hn; "                                \
	"grep -E '^(Cap|NoNewPrivs|Seccomp:|Groups)' /proc/self/status; "                          \
	"cat /proc/self/cgroup /proc/self/oom_score_adj; ls /proc/self/fd"

/* By the resident or by the runtime: nobody can tell from inside (R8, R9). */
static void is_confined_as_any_exec(void **state)
{
	cleanup_free char *by_runner = NULL, *by_runtime = NULL;
	struct rig r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		rig_open(&r);
		if (i == 1) {
			free(r.plan->runner_program);
			r.plan->runner_program = NULL;
		}
		struct plan_container *c = rig_containers(&r, 1);
		rig_script(c, "a", "sleep 1000");
		rig_env(c, (const char *const[]){"PATH=/bin", "SECRET", NULL});
		payload_add_env(r.payload, "a", "SECRET", "hidden");
		as_user_1000(c);
		rig_start(&r);
		rig_wait(&r, rig_all_running, 10000);
		ask_shell(&r, 1, CONFINEMENT " | sed s/unit-[0-9]*-[0-9]*/UID/", 10000);
		const struct link_message *m = rig_reply(&r, LINK_PROBE, 15000);
		assert_null(m->error);
		*(i == 0 ? &by_runner : &by_runtime) = xstrdup(m->output);
		close_pod(&r);
	}
	assert_string_equal(by_runner, by_runtime);
	assert_non_null(strstr(by_runner, "1000\n1001\n/tmp\nhidden\n0022\n"));
	assert_non_null(strstr(by_runner, "CapEff:\t0000000000000000\n"));
	assert_non_null(strstr(by_runner, "NoNewPrivs:\t1\nSeccomp:\t2\n"));
	assert_non_null(strstr(by_runner, ":/\n"));
	assert_non_null(strstr(by_runner, "\n0\n1\n2\n3\n"));
}

static void answers(void **state)
{
	const struct link_message *m;
	struct rig r;

	(void)state;
	open_pod_with(&r, NULL);
	assert_output(&r, "cat /proc/$PPID/comm; exit 3", 3, "berth-runner\n");
	assert_output(&r, "exec >&- 2>&-; exit 4", 4, "");
	assert_output(&r, "printf 'a\\377b\\000c'; kill -9 $$", 137,
		"a\xef\xbf\xbd"
		"b\xef\xbf\xbd"
		"c");
	ask_shell(&r, 1, "head -c 100000 /dev/zero", 10000);
	m = rig_reply(&r, LINK_PROBE, 10000);
	assert_true(
		strlen(m->output) <= LINK_OUTPUT_MAX && strlen(m->output) > LINK_OUTPUT_MAX - 3);
	ask(&r, 2, (const char *const[]){"nosuch", NULL}, 1000);
	assert_string_equal(rig_reply(&r, LINK_PROBE, 10000)->error,
		"exec: \"nosuch\": executable file not found in $PATH");
	for (uint64_t id = 10; id < 40; id++) /* more than a resident takes at a time */
		ask_shell(&r, id, "sleep 0.3", 20000);
	for (uint64_t n = 10; n < 40; n++)
		assert_null(rig_reply(&r, LINK_PROBE, 20000)->error);
	close_pod(&r);
}

static void takes_no_longer_than_it_may(void **state)
{
	const struct link_message *m;
	struct rig r;

	(void)state;
	open_pod_with(&r, NULL);
	ask_shell(&r, 1, "set -m; sleep 77 & sleep 78", 300);
	m = rig_reply(&r, LINK_PROBE, 5000);
	assert_true(m->timed_out);
	assert_non_null(m->error);
	assert_output(&r, "sleep 0.1; ps | grep -c 'sleep 7[78]'", 1, "0\n");
	close_pod(&r);
}

/* Killed from inside in the middle of a probe: the verdict is the second try's, and the next resident comes later. */
static void survives_its_resident(void **state)
{
	struct rig r;

	(void)state;
	open_pod_with(&r, NULL);
	assert_output(&r, "[ -e /tmp/x ] || { touch /tmp/x; kill -9 $PPID; sleep 60; }; echo twice",
		0, "twice\n");
	assert_output(&r, "ps | grep -c '[b]erth-runner'", 1, "0\n");
	(void)usleep(1100000);
	assert_output(&r, "cat /proc/$PPID/comm", 0, "berth-runner\n");
	close_pod(&r);
}

/* Stopped from inside: the shim keeps the time, and puts another in its place. */
static void outlasts_a_stopped_resident(void **state)
{
	const struct link_message *m;
	struct rig r;

	(void)state;
	open_pod_with(&r, NULL);
	assert_output(&r, "echo $PPID >/tmp/runner", 0, "");
	assert_output(&r, "(sleep 0.2; kill -STOP $(cat /tmp/runner)) & true", 0, "");
	(void)usleep(400000);
	ask_shell(&r, 1, "true", 300);
	m = rig_reply(&r, LINK_PROBE, 2000);
	assert_true(m->timed_out);
	(void)usleep(2200000);
	assert_output(&r, "echo works", 0, "works\n");
	close_pod(&r);
}

static void all_capabilities(struct plan_container *c)
{
	c->caps = UINT64_MAX >> 1;
	c->privileged = true;
}

/* The class of CVE-2019-5736: root in there, with every capability, cannot write the program that the host keeps. */
static void cannot_be_written(void **state)
{
	struct rig r;

	(void)state;
	open_pod_with(&r, all_capabilities);
	assert_output(&r,
		"p=$PPID; { echo x >/proc/$p/exe; } 2>&1 | grep -o 'Read-only.*'; cat "
		"/proc/$p/comm",
		0, "Read-only file system\nberth-runner\n");
	close_pod(&r);
}

static void ends_with_its_container(void **state)
{
	const struct link_message *m;
	struct rig r;

	(void)state;
	open_pod_with(&r, NULL);
	assert_output(&r, "true", 0, "");
	ask_shell(&r, 1, "touch /tmp/end; sleep 60", 30000);
	m = rig_reply(&r, LINK_PROBE, 5000);
	assert_non_null(m->error);
	rig_wait(&r, rig_first_restarted, 10000);
	assert_output(&r, "cat /proc/$PPID/comm", 0, "berth-runner\n");
	/* A line that breaks ends them, too; the pod goes on. */
	ask_shell(&r, 2, "sleep 66", 60000);
	rig_connect(&r);
	assert_output(&r, "sleep 0.2; ps | grep -c 'sleep 6[6]'", 1, "0\n");
	close_pod(&r);
}

/* A command may be dead before the runtime that started it can be waited for: its end is nobody else's. */
static void no_end_is_lost(void **state)
{
	enum { ROUNDS = 8, AT_ONCE = 8 };
	struct rig r;

	(void)state;
	rig_open(&r);
	free(r.plan->runner_program);
	r.plan->runner_program = NULL;
	rig_script(rig_containers(&r, 1), "a", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	for (uint64_t round = 0; round < ROUNDS; round++) {
		for (uint64_t i = 0; i < AT_ONCE; i++)
			ask(&r, 1 + round * AT_ONCE + i, (const char *const[]){"/bin/false", NULL},
				60000);
		for (uint64_t i = 0; i < AT_ONCE; i++) {
			const struct link_message *m = rig_reply(&r, LINK_PROBE, 60000);

			if (m->error)
				fail_msg("%llu: %s", (unsigned long long)m->id, m->error);
			assert_int_equal(m->exit_code, 1);
		}
	}
	close_pod(&r);
}

static void refuses(void **state)
{
	struct rig r;
	struct link_message m = {.type = LINK_PROBE, .id = 1};

	(void)state;
	open_pod_with(&r, NULL);
	ask(&r, 1, (const char *const[]){NULL}, 1000);
	assert_non_null(rig_reply(&r, LINK_PROBE, 1000)->error);
	ask(&r, 1, (const char *const[]){"true", NULL}, 0);
	assert_non_null(rig_reply(&r, LINK_PROBE, 1000)->error);
	rig_send(&r, &m, NULL);
	assert_non_null(rig_reply(&r, LINK_PROBE, 1000)->error);
	close_pod(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(answers),
		RIG_TEST(is_confined_as_any_exec),
		RIG_TEST(takes_no_longer_than_it_may),
		RIG_TEST(survives_its_resident),
		RIG_TEST(outlasts_a_stopped_resident),
		RIG_TEST(cannot_be_written),
		RIG_TEST(ends_with_its_container),
		RIG_TEST(no_end_is_lost),
		RIG_TEST(refuses),
	};

	return rig_usable() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
