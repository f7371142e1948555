/* SPDX-License-Identifier: Apache-2.0 */
/* A pod on a real runtime: start, crash, back-off, stop, and nothing left behind. */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"

#include <signal.h>
#include <sys/wait.h>

static void two_containers_run_and_stop(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	rig_script(&c[0], "web",
		"echo hello; hostname; cat /etc/hosts; cat /etc/resolv.conf; id -u; sleep 1000");
	rig_script(&c[1], "nginx", "echo other >&2; sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_assert_no_mounts(&r);
	assert_string_equal(r.snap->containers[0].container_id, "web-0");
	rig_wait_log(&r, "web", 0,
		"hello\npod-host\n127.0.0.1 localhost\n10.0.0.1 pod-host\nnameserver "
		"10.0.0.53\n0\n");
	rig_wait_log(&r, "nginx", 0, "other\n");
	rig_stop(&r, 200 * NS_PER_MS);
	assert_int_equal(r.snap->containers[0].state, CONTAINER_TERMINATED);
	rig_close(&r);
}

static int64_t neighbour_pid(const struct rig *r)
{
	return r->snap->containers[1].pid;
}

static bool twice_restarted(const struct pod_snapshot *s)
{
	return s->containers[0].state == CONTAINER_RUNNING && s->containers[0].restart_count == 2;
}

/* A crash: back at once, alone; the second waits; what is over is removed. */
static void a_crash_restarts_one(void **state)
{
	struct rig r;
	struct plan_container *c;
	int64_t neighbour;
	cleanup_free char *path = NULL;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	c[0].backoff.base_ns = 600 * NS_PER_MS;
	rig_script(&c[0], "a", "echo run; touch /mark; ls /; sleep 1000");
	rig_script(&c[1], "b", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	neighbour = neighbour_pid(&r);
	assert_int_equal(kill(r.snap->containers[0].pid, SIGKILL), 0);
	rig_wait(&r, rig_first_restarted, 10000);
	assert_int_equal(r.snap->containers[0].restart_count, 1);
	assert_string_equal(r.snap->containers[0].container_id, "a-1");
	assert_int_equal(r.snap->containers[0].last->exit_code, 137);
	assert_int_equal(r.snap->containers[0].last->signal, 9);
	assert_string_equal(r.snap->containers[0].last->reason, "Error");
	assert_string_equal(r.snap->containers[0].last->container_id, "a-0");
	assert_true(
		r.snap->containers[0].last->finished_at >= r.snap->containers[0].last->started_at);

	rig_wait_log(&r, "a", 1, "run\nbin\ndev\netc\nmark\nproc\nsys\ntmp\n");
	assert_int_equal(kill(r.snap->containers[0].pid, SIGKILL), 0);
	rig_wait(&r, rig_first_backs_off, 10000);
	assert_string_equal(r.snap->containers[0].reason, "CrashLoopBackOff");
	assert_int_equal(r.snap->containers[0].restart_count, 1);
	rig_wait(&r, twice_restarted, 10000);
	assert_int_equal(neighbour_pid(&r), neighbour);
	path = xasprintf("%s/%s/a-0", RIG_CGROUP, r.uid);
	for (int i = 0; i < 300 && rig_cgroup_exists(path); i++)
		(void)usleep(10000);
	assert_false(rig_cgroup_exists(path));
	rig_stop(&r, 0);
	rig_close(&r);
}

static void the_agent_may_be_away(void **state)
{
	struct rig r;
	pid_t pid;

	(void)state;
	rig_open(&r);
	rig_script(rig_containers(&r, 1), "a", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	pid = r.snap->containers[0].pid;
	rig_disconnect(&r);
	assert_int_equal(kill(pid, SIGKILL), 0);
	(void)usleep(500000);
	rig_connect(&r);
	rig_wait(&r, rig_first_restarted, 10000);
	assert_int_equal(r.snap->containers[0].restart_count, 1);
	assert_int_not_equal(r.snap->containers[0].pid, pid);
	rig_stop(&r, 0);
	rig_close(&r);
}

static const struct {
	const char *name, *script;
	int signal, exit_code, signal_seen;
	int at_most_ms;
} stops[] = {
	{"a clean stop", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done", 15, 3, 0,
		10000},
	{"another signal", "trap 'exit 4' USR1; echo up; while :; do sleep 0.05; done", 10, 4, 0,
		10000},
	{"TERM ignored", "trap '' TERM; echo up; while :; do sleep 0.05; done", 15, 137, 9, 10000},
	{"a fork that stays",
		"trap '' TERM; sleep 1000 & trap 'exit 0' TERM; echo up; while :; do sleep 0.05; "
		"done",
		15, 0, 0, 10000},
};

static void stopping(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
		struct rig r;
		struct plan_container *c;
		uint64_t from;

		rig_open(&r);
		c = rig_containers(&r, 1);
		rig_script(c, "a", stops[i].script);
		c->stop_signal = stops[i].signal;
		rig_start(&r);
		rig_wait(&r, rig_all_running, 10000);
		rig_wait_log(&r, "a", 0, "up\n");
		from = clock_now_ns(&clock_kernel);
		rig_stop(&r, 2 * NS_PER_SEC);
		assert_case(r.snap->containers[0].exit_code == stops[i].exit_code, stops[i].name);
		assert_case(r.snap->containers[0].signal == stops[i].signal_seen, stops[i].name);
		assert_case((clock_now_ns(&clock_kernel) - from) / NS_PER_MS <
				    (uint64_t)stops[i].at_most_ms,
			stops[i].name);
		rig_close(&r);
	}
}

/* At a system's shutdown everybody gets SIGTERM; nothing is started again. */
static void sigterm_stops_the_pod(void **state)
{
	struct rig r;
	struct plan_container *c;
	int status;

	(void)state;
	rig_open(&r);
	r.plan->grace_ns = 5 * NS_PER_SEC;
	c = rig_containers(&r, 1);
	rig_script(c, "a", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_wait_log(&r, "a", 0, "up\n");
	assert_int_equal(kill(r.shim.pid, SIGTERM), 0);
	rig_wait(&r, rig_first_terminated, 10000);
	assert_int_equal(r.snap->containers[0].exit_code, 7);
	assert_int_equal(child_wait(&r.shim, 10000, &status), 0);
	assert_int_equal(status, 0);
	rig_close(&r);
}

static const struct {
	const char *name;
	enum plan_restart policy;
	const char *script;
	bool restarts;
	int exit_code;
	const char *reason;
} policies[] = {
	{"Never, success", PLAN_RESTART_NEVER, "exit 0", false, 0, "Completed"},
	{"Never, failure", PLAN_RESTART_NEVER, "exit 9", false, 9, "Error"},
	{"OnFailure, success", PLAN_RESTART_ON_FAILURE, "exit 0", false, 0, "Completed"},
	{"OnFailure, failure", PLAN_RESTART_ON_FAILURE, "exit 9", true, 9, "Error"},
	{"Always, success", PLAN_RESTART_ALWAYS, "exit 0", true, 0, "Completed"},
};

static void restart_policies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct rig r;
		struct plan_container *c;

		rig_open(&r);
		c = rig_containers(&r, 1);
		c->restart_policy = policies[i].policy;
		rig_script(c, "a", policies[i].script);
		rig_start(&r);
		if (policies[i].restarts) {
			rig_wait(&r, rig_first_backs_off, 10000);
			assert_case(r.snap->containers[0].restart_count == 1, policies[i].name);
			assert_case(r.snap->containers[0].last->exit_code == policies[i].exit_code,
				policies[i].name);
		} else {
			rig_wait(&r, rig_first_terminated, 10000);
			assert_case(r.snap->containers[0].exit_code == policies[i].exit_code,
				policies[i].name);
			assert_case(streq(r.snap->containers[0].reason, policies[i].reason),
				policies[i].name);
			assert_case(r.snap->containers[0].restart_count == 0, policies[i].name);
		}
		rig_stop(&r, 0);
		rig_close(&r);
	}
}

static void init_containers_go_first(void **state)
{
	struct rig r;
	struct plan_container *c;
	struct plan_volume *v;

	(void)state;
	rig_open(&r);
	v = plan_add_volumes(r.plan, 1);
	v->name = xstrdup("shared");
	v->kind = PLAN_VOLUME_EMPTY_DIR;
	c = rig_containers(&r, 3);
	rig_script(&c[0], "first", "sleep 0.2; echo one >>/shared/order");
	rig_script(&c[1], "second", "echo two >>/shared/order");
	rig_script(&c[2], "app", "cat /shared/order; sleep 1000");
	for (int i = 0; i < 3; i++) {
		struct plan_mount *m = plan_add_mounts(&c[i], 1);

		m->volume = xstrdup("shared");
		m->path = xstrdup("/shared");
		c[i].init = i < 2;
	}
	rig_start(&r);
	while (!r.snap || r.snap->containers[2].state != CONTAINER_RUNNING) {
		rig_wait(&r, rig_first_terminated, 10000);
		rig_wait(&r, rig_first_terminated, 10000);
		if (r.snap->containers[2].state != CONTAINER_RUNNING) {
			snapshot_free(take(r.snap));
		}
	}
	assert_string_equal(r.snap->containers[0].reason, "Completed");
	assert_string_equal(r.snap->containers[1].reason, "Completed");
	rig_wait_log(&r, "app", 0, "one\ntwo\n");
	rig_stop(&r, 0);
	rig_close(&r);
}

static void a_failed_init_container_keeps_the_others_waiting(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 2);
	rig_script(&c[0], "first", "exit 5");
	rig_script(&c[1], "app", "sleep 1000");
	c[0].init = true;
	c[0].restart_policy = PLAN_RESTART_NEVER;
	rig_start(&r);
	rig_wait(&r, rig_first_terminated, 10000);
	assert_int_equal(r.snap->containers[0].exit_code, 5);
	assert_int_equal(r.snap->containers[1].state, CONTAINER_WAITING);
	rig_stop(&r, 0);
	rig_close(&r);
}

static void oom_is_told(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	rig_script(c, "a", "x=$(yes | head -c 100000000); echo $x");
	c->limits.memory_max_bytes = 16 << 20;
	c->restart_policy = PLAN_RESTART_NEVER;
	rig_start(&r);
	rig_wait(&r, rig_first_terminated, 20000);
	assert_string_equal(r.snap->containers[0].reason, "OOMKilled");
	assert_true(r.snap->containers[0].oom_killed);
	assert_int_not_equal(r.snap->containers[0].exit_code, 0);
	rig_stop(&r, 0);
	rig_close(&r);
}

static void messages_of_the_dead(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 4);
	rig_script(&c[0], "a", "printf 'bye \\377' >/dev/termination-log; exit 1");
	rig_script(&c[1], "b", "echo one; echo two; exit 1");
	/* Too much: of the file the end, of that the container's share of the pod's 12 KiB. */
	rig_script(&c[2], "c",
		"{ head -c 5000 /dev/zero | tr '\\0' x; head -c 4096 /dev/zero | tr '\\0' y; } "
		">/dev/termination-log");
	rig_script(&c[3], "d", "head -c 3000 /dev/zero | tr '\\0' z; exit 1");
	for (int i = 0; i < 4; i++)
		c[i].restart_policy = PLAN_RESTART_NEVER;
	c[3].termination_policy = PLAN_MESSAGE_FALLBACK_TO_LOGS;
	c[1].termination_policy = PLAN_MESSAGE_FALLBACK_TO_LOGS;
	free(c[1].termination_path);
	c[1].termination_path = xstrdup("/tmp/log");
	rig_start(&r);
	rig_wait(&r, rig_all_terminated, 10000);
	assert_string_equal(r.snap->containers[0].message, "bye \xef\xbf\xbd");
	assert_string_equal(r.snap->containers[1].message, "one\ntwo\n");
	assert_int_equal(strlen(r.snap->containers[2].message), 12288 / 4);
	assert_int_equal(strspn(r.snap->containers[2].message, "y"), 12288 / 4);
	assert_int_equal(strlen(r.snap->containers[3].message), 2048);
	rig_stop(&r, 0);
	rig_close(&r);
}

static void a_command_that_is_not_there(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	rig_script(c, "a", "x");
	free(c->argv[0]);
	c->argv[0] = xstrdup("/no/such/program");
	c->restart_policy = PLAN_RESTART_NEVER;
	rig_start(&r);
	rig_wait(&r, rig_first_terminated, 10000);
	assert_string_equal(r.snap->containers[0].reason, "StartError");
	assert_int_equal(r.snap->containers[0].exit_code, 128);
	assert_non_null(strstr(r.snap->containers[0].message, "/no/such/program"));
	rig_stop(&r, 0);
	rig_close(&r);
}

static void root_is_refused_when_asked(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	rig_script(c, "a", "id -u");
	c->user.run_as_non_root = true;
	c->restart_policy = PLAN_RESTART_NEVER;
	rig_start(&r);
	rig_wait(&r, rig_first_waits_with_text, 10000);
	assert_string_equal(r.snap->containers[0].reason, "CreateContainerConfigError");
	rig_stop(&r, 0);
	rig_close(&r);
}

static bool ran_again(const struct pod_snapshot *s)
{
	return s->containers[0].restart_count == 1 && s->containers[0].state == CONTAINER_RUNNING;
}

static void the_agent_asks_for_a_restart(void **state)
{
	struct rig r;
	struct link_message m = {
		.type = LINK_RESTART, .container = (char[]){"a"}, .grace_ns = NS_PER_SEC};

	(void)state;
	rig_open(&r);
	rig_script(rig_containers(&r, 1), "a",
		"trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done");
	r.plan->containers[0].restart_policy = PLAN_RESTART_NEVER;
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_wait_log(&r, "a", 0, "up\n");
	rig_send(&r, &m, NULL);
	rig_wait(&r, ran_again, 10000);
	assert_int_equal(r.snap->containers[0].last->exit_code, 0);
	rig_stop(&r, 0);
	rig_close(&r);
}

static void processes_are_shared_when_asked(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	r.plan->share_process_namespace = true;
	c = rig_containers(&r, 2);
	rig_script(&c[0], "a", "sleep 987");
	rig_script(&c[1], "b",
		"until ps | grep -q '[s]leep 987'; do sleep 0.05; done; echo seen; sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_wait_log(&r, "b", 0, "seen\n");
	assert_int_equal(kill(r.snap->containers[0].pid, SIGKILL), 0);
	rig_wait(&r, rig_first_restarted, 10000);
	rig_stop(&r, 0);
	rig_close(&r);
}

/* Exit codes of many short lives at once: each is heard, none is mixed up (P9). */
static void short_lives(void **state)
{
	enum { N = 24 };
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, N);
	for (int i = 0; i < N; i++) {
		cleanup_free char *name = xasprintf("c%d", i);
		cleanup_free char *script = xasprintf("echo %d; exit %d", i, i);

		rig_script(&c[i], name, script);
		c[i].restart_policy = PLAN_RESTART_NEVER;
	}
	rig_start(&r);
	rig_wait(&r, rig_all_terminated, 60000);
	for (int i = 0; i < N; i++) {
		cleanup_free char *text = xasprintf("%d\n", i);

		assert_int_equal(r.snap->containers[i].exit_code, i);
		assert_string_equal(r.snap->containers[i].reason, i ? "Error" : "Completed");
		rig_wait_log(&r, r.snap->containers[i].name, 0, text);
	}
	rig_stop(&r, 0);
	rig_close(&r);
}

static void namespaces_of_the_host(void **state)
{
	static const char *const names[] = {"net", "pid", "ipc", "uts"};
	cleanup_str struct str wanted = {0};
	struct rig r;

	(void)state;
	rig_open(&r);
	r.plan->host_network = r.plan->host_pid = r.plan->host_ipc = true;
	rig_script(rig_containers(&r, 1), "a",
		"for n in net pid ipc uts; do readlink /proc/self/ns/$n; done; sleep 1000");
	rig_start(&r);
	assert_int_equal(r.netns, -EBADF);
	rig_wait(&r, rig_all_running, 10000);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *path = xasprintf("/proc/self/ns/%s", names[i]);
		char link[64] = "";

		assert_true(readlink(path, link, sizeof link - 1) > 0);
		str_addf(&wanted, "%s\n", link);
	}
	rig_wait_log(&r, "a", 0, wanted.p);
	rig_stop(&r, 0);
	rig_close(&r);
}

static void limits_and_sysctls(void **state)
{
	struct rig r;
	struct plan_container *c;
	cleanup_free char *pod = NULL;

	(void)state;
	rig_open(&r);
	r.plan->limits.pids_max = 77;
	r.plan->sysctls = xcalloc(1, sizeof *r.plan->sysctls);
	r.plan->sysctls[0] = xstrdup("net.ipv4.ip_local_port_range=2000 3000");
	r.plan->n_sysctls = 1;
	c = rig_containers(&r, 1);
	c->limits.pids_max = 55;
	c->limits.memory_max_bytes = 64 << 20;
	rig_script(c, "a",
		"cat /proc/sys/net/ipv4/ip_local_port_range; cd /sys/fs/cgroup;"
		"cat pids/pids.max pids.max memory/memory.limit_in_bytes memory.max 2>/dev/null; "
		"sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_wait_log(&r, "a", 0, "2000\t3000\n55\n67108864\n");
	pod = xasprintf("%s/%s/a-0", RIG_CGROUP, r.uid);
	assert_true(rig_cgroup_exists(pod));
	rig_stop(&r, 0);
	rig_close(&r);
}

static void privileged(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	c->privileged = true;
	c->caps = UINT64_MAX >> 23;
	rig_script(c, "a",
		"grep Seccomp: /proc/self/status; mount -t tmpfs x /tmp && echo mounted; sleep "
		"1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_wait_log(&r, "a", 0, "Seccomp:\t0\nmounted\n");
	rig_stop(&r, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(two_containers_run_and_stop),
		RIG_TEST(a_crash_restarts_one),
		RIG_TEST(the_agent_may_be_away),
		RIG_TEST(stopping),
		RIG_TEST(sigterm_stops_the_pod),
		RIG_TEST(restart_policies),
		RIG_TEST(init_containers_go_first),
		RIG_TEST(a_failed_init_container_keeps_the_others_waiting),
		RIG_TEST(oom_is_told),
		RIG_TEST(messages_of_the_dead),
		RIG_TEST(a_command_that_is_not_there),
		RIG_TEST(root_is_refused_when_asked),
		RIG_TEST(the_agent_asks_for_a_restart),
		RIG_TEST(processes_are_shared_when_asked),
		RIG_TEST(short_lives),
		RIG_TEST(namespaces_of_the_host),
		RIG_TEST(limits_and_sysctls),
		RIG_TEST(privileged),
	};

	if (!rig_usable()) {
		(void)fprintf(stderr, "skipped: needs root, runc and busybox-static\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
