/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle hooks of real containers: their place in a start and a stop, their failures, and the grace period. */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"
#include "runtime/shim/hook_request.h"

#include <signal.h>

#define SAY(text) "echo " text " >/proc/1/fd/1"
/* Says that it was asked to stop, and does; the shell hears a signal between two short sleeps. */
#define POLITE "trap 'echo term; exit 0' TERM; echo up; while :; do sleep 0.05; done"

static void set_exec(struct plan_handler *h, const char *script)
{
	h->kind = PLAN_HANDLER_EXEC;
	h->argv = xcalloc(4, sizeof *h->argv);
	h->argv[h->n_argv++] = xstrdup("/bin/sh");
	h->argv[h->n_argv++] = xstrdup("-c");
	h->argv[h->n_argv++] = xstrdup(script);
}

static struct plan_container *open_rig(struct rig *r, const char *script)
{
	struct plan_container *c;

	rig_open(r);
	c = rig_containers(r, 1);
	rig_script(c, "a", script);
	rig_env(c, (const char *const[]){"PATH=/bin", "SECRET", NULL});
	payload_add_env(r->payload, "a", "SECRET", "hidden");
	return c;
}

static uint64_t now_ms(void)
{
	return clock_now_ns(&clock_kernel) / NS_PER_MS;
}

/* Stops it and returns how many ms that took. */
static uint64_t stop(struct rig *r, uint64_t grace_ms)
{
	uint64_t at = now_ms();

	rig_stop(r, grace_ms * NS_PER_MS);
	return now_ms() - at;
}

static void assert_log(struct rig *r, unsigned run, const char *wanted)
{
	cleanup_free char *log = rig_log(r, "a", run);

	assert_string_equal(log, wanted);
}

static bool first_is_born(const struct pod_snapshot *s)
{
	return s->containers[0].pid > 0;
}

static void post_start_comes_before_running(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, POLITE);
	set_exec(&c->post_start, "sleep 0.3; " SAY("$SECRET"));
	rig_start(&r);
	rig_wait(&r, first_is_born, 10000);
	assert_int_equal(r.snap->containers[0].state, CONTAINER_WAITING);
	assert_string_equal(r.snap->containers[0].reason, "ContainerCreating");
	assert_string_equal(r.snap->containers[0].container_id, "a-0");
	assert_false(r.snap->containers[0].started);
	rig_wait(&r, rig_all_running, 10000);
	assert_true(r.snap->containers[0].started);
	assert_log(&r, 0, "up\nhidden\n");
	assert_true(stop(&r, 5000) < 2000);
	assert_log(&r, 0, "up\nhidden\nterm\n");
	assert_true(r.snap->containers[0].post_start_failed_at == 0);
	rig_close(&r);
}

static void post_start_that_fails_ends_the_container(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, "[ -n \"$SECRET\" ]; " POLITE);
	c->backoff.base_ns = 60 * NS_PER_SEC;
	set_exec(&c->post_start, "echo no good; exit 3");
	set_exec(&c->pre_stop, SAY("pre-stop"));
	rig_start(&r);
	rig_wait(&r, rig_first_backs_off, 10000);
	assert_int_equal(r.snap->containers[0].restart_count, 1);
	assert_string_equal(r.snap->containers[0].reason, "PostStartHookError");
	assert_string_equal(r.snap->containers[0].message, r.snap->containers[0].last->message);
	assert_non_null(
		strstr(r.snap->containers[0].message, "Exec lifecycle hook ([/bin/sh -c echo no "
						      "good; exit 3]) for Container \"a\" in Pod "
						      "\"pod_default("));
	assert_non_null(
		strstr(r.snap->containers[0].message, "exited with 3: , message: \"no good\\n\""));
	assert_true(r.snap->containers[0].post_start_failed_at > 0);
	assert_log(&r, 1, "up\npre-stop\nterm\n");
	(void)stop(&r, 0);
	rig_close(&r);
}

/* Its policy holds: with Never it is not started again. */
static void post_start_of_a_container_without_programs(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, POLITE);
	c->restart_policy = PLAN_RESTART_NEVER;
	c->post_start.kind = PLAN_HANDLER_EXEC;
	c->post_start.argv = xcalloc(2, sizeof *c->post_start.argv);
	c->post_start.argv[c->post_start.n_argv++] = xstrdup("/no/such");
	rig_start(&r);
	rig_wait(&r, rig_first_terminated, 10000);
	assert_int_equal(r.snap->containers[0].restart_count, 0);
	assert_non_null(
		strstr(r.snap->containers[0].message, "\"/no/such\": stat /no/such: no such "
						      "file or directory"));
	(void)stop(&r, 0);
	rig_close(&r);
}

static void pre_stop_comes_before_the_signal(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, POLITE);
	set_exec(&c->pre_stop, "sleep 0.3; " SAY("pre-stop"));
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	assert_true(stop(&r, 5000) < 2500);
	assert_log(&r, 0, "up\npre-stop\nterm\n");
	rig_close(&r);
}

/* Without an agent: a system's shutdown. */
static void pre_stop_needs_no_agent(void **state)
{
	struct plan_container *c;
	struct rig r;
	int status;

	(void)state;
	c = open_rig(&r, POLITE);
	set_exec(&c->pre_stop, SAY("pre-stop"));
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	rig_disconnect(&r);
	assert_int_equal(kill(r.shim.pid, SIGTERM), 0);
	assert_int_equal(child_wait(&r.shim, 10000, &status), 0);
	assert_log(&r, 0, "up\npre-stop\nterm\n");
	rig_close(&r);
}

/* It hangs: at the end of the grace the signal comes all the same, and two seconds. */
static void pre_stop_that_hangs(void **state)
{
	struct plan_container *c;
	struct rig r;
	uint64_t took;

	(void)state;
	c = open_rig(&r, "trap 'echo term' TERM; echo up; while :; do sleep 0.05; done");
	set_exec(&c->pre_stop, "sleep 1000");
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	took = stop(&r, 500);
	assert_true(took >= 2500 && took < 4500);
	assert_log(&r, 0, "up\nterm\n");
	assert_int_equal(r.snap->containers[0].signal, SIGKILL);
	assert_true(r.snap->containers[0].pre_stop_failed_at == 0);
	rig_close(&r);
}

static void pre_stop_that_fails(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, POLITE);
	set_exec(&c->pre_stop, "exit 3");
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	assert_true(stop(&r, 5000) < 2500);
	assert_log(&r, 0, "up\nterm\n");
	assert_true(r.snap->containers[0].pre_stop_failed_at > 0);
	rig_close(&r);
}

/* One that ends the container itself has not failed, though it dies with it. */
static void pre_stop_that_ends_the_container(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, POLITE);
	set_exec(&c->pre_stop, "kill 1; sleep 1000");
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	assert_true(stop(&r, 10000) < 2500);
	assert_log(&r, 0, "up\nterm\n");
	assert_true(r.snap->containers[0].pre_stop_failed_at == 0);
	rig_close(&r);
}

/* A resident that is there is used: no start of the runtime stands in the way of a stop. */
static void pre_stop_by_the_resident(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "true"};
	struct link_message m = {.type = LINK_PROBE,
		.id = 1,
		.container = (char *)(uintptr_t) "a",
		.argv = argv,
		.n_argv = 1,
		.timeout_ns = 5 * NS_PER_SEC};
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, POLITE);
	set_exec(&c->pre_stop, "cat /proc/$PPID/comm >/proc/1/fd/1");
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	rig_send(&r, &m, NULL);
	assert_null(rig_reply(&r, LINK_PROBE, 5000)->error);
	(void)stop(&r, 5000);
	assert_log(&r, 0, "up\nberth-runner\nterm\n");
	rig_close(&r);
}

static void pre_stop_at_a_restart(void **state)
{
	struct link_message m = {.type = LINK_RESTART,
		.container = (char *)(uintptr_t) "a",
		.grace_ns = 5 * NS_PER_SEC};
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, POLITE);
	set_exec(&c->pre_stop, SAY("pre-stop"));
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	rig_send(&r, &m, NULL);
	rig_wait(&r, rig_first_restarted, 10000);
	assert_log(&r, 0, "up\npre-stop\nterm\n");
	rig_wait_log(&r, "a", 1, "up\n");
	(void)stop(&r, 5000);
	assert_log(&r, 1, "up\npre-stop\nterm\n");
	rig_close(&r);
}

/* Without grace there is no hook; with an endless postStart hook a stop is heard at once. */
static void a_stop_does_not_wait_for_post_start(void **state)
{
	struct plan_container *c;
	struct rig r;

	(void)state;
	c = open_rig(&r, POLITE);
	set_exec(&c->post_start, "sleep 1000");
	set_exec(&c->pre_stop, SAY("pre-stop"));
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	assert_true(stop(&r, 5000) < 2500);
	assert_log(&r, 0, "up\npre-stop\nterm\n");
	rig_close(&r);

	c = open_rig(&r, POLITE);
	set_exec(&c->pre_stop, SAY("pre-stop"));
	rig_start(&r);
	rig_wait_log(&r, "a", 0, "up\n");
	assert_true(stop(&r, 0) < 1500);
	rig_close(&r);
}

static void sleeps(void **state)
{
	struct plan_container *c;
	struct rig r;
	uint64_t at, took;

	(void)state;
	c = open_rig(&r, POLITE);
	c->post_start = c->pre_stop =
		(struct plan_handler){.kind = PLAN_HANDLER_SLEEP, .sleep_ns = 500 * NS_PER_MS};
	rig_start(&r);
	rig_wait(&r, first_is_born, 10000);
	at = now_ms();
	rig_wait(&r, rig_all_running, 10000);
	assert_true(now_ms() - at >= 450);
	took = stop(&r, 5000);
	assert_true(took >= 500 && took < 2500);
	rig_close(&r);
}

static const char question[] =
	"{\"id\":1,\"kind\":\"http\",\"host\":\"10.0.0.1\",\"port\":80,\"timeout_ns\":5,"
	"\"path\":\"/x\",\"https\":true,\"headers\":[\"A: b\",\"User-Agent: "
	"kube-lifecycle/1.35\"],\"any_status\":true}";

static void asks_and_judges(void **state)
{
	static const struct {
		const char *answer, *fault;
	} cases[] = {
		{"{\"id\":1,\"result\":\"success\"}", NULL},
		{"{\"id\":1,\"result\":\"warning\",\"text\":\"moved\"}\n", NULL},
		{"{\"id\":1,\"result\":\"failure\",\"text\":\"refused\"}", "refused"},
		{"{\"id\":1,\"result\":\"error\"}", "it failed, and berth-probe does not say why"},
		{"{\"id\":1,\"result\":\"\\ud800\"}", "berth-probe gave no answer"},
		{"", "berth-probe gave no answer"},
		{"[]", "berth-probe gave no answer"},
	};
	char *headers[] = {(char *)(uintptr_t) "A: b"};
	struct plan_handler h = {.kind = PLAN_HANDLER_HTTP,
		.host = (char *)(uintptr_t) "10.0.0.1",
		.port = 80,
		.path = (char *)(uintptr_t) "/x",
		.https = true,
		.headers = headers,
		.n_headers = 1};
	cleanup_free char *text = hook_request_text(&h, 5);

	(void)state;
	assert_string_equal(text, question);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *fault = NULL;

		fault = hook_request_fault(sv(cases[i].answer));
		if (!streq(fault, cases[i].fault))
			fail_msg("row %zu: %s", i, fault ? fault : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_and_judges),
		RIG_TEST(post_start_comes_before_running),
		RIG_TEST(post_start_that_fails_ends_the_container),
		RIG_TEST(post_start_of_a_container_without_programs),
		RIG_TEST(pre_stop_comes_before_the_signal),
		RIG_TEST(pre_stop_needs_no_agent),
		RIG_TEST(pre_stop_that_hangs),
		RIG_TEST(pre_stop_that_fails),
		RIG_TEST(pre_stop_that_ends_the_container),
		RIG_TEST(pre_stop_by_the_resident),
		RIG_TEST(pre_stop_at_a_restart),
		RIG_TEST(a_stop_does_not_wait_for_post_start),
		RIG_TEST(sleeps),
	};

	return rig_usable() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
