/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next attempt made ahead: used at a crash, seen by nobody before, given up when what it was made from changes, and
 * never in the way when it fails.
 */
#include "tests/unit/runtime/shim/rig.h"

#include "cgroups/members.h"
#include "cgroups/names.h"
#include "runtime/base/clock.h"

#include <signal.h>

static void open_pod(struct rig *r, const char *script)
{
	struct plan_container *c;

	rig_open(r);
	c = rig_containers(r, 1);
	rig_script(c, "a", script);
	rig_env(c, (const char *const[]){"PATH=/bin", "SECRET", NULL});
	c->standby = true;
}

static void set_secret(struct rig *r, const char *value)
{
	json_drop(r->payload);
	r->payload = payload_new();
	payload_add_env(r->payload, "a", "SECRET", value);
}

static int take_pid(pid_t pid, void *arg)
{
	*(pid_t *)arg = pid;
	return 0;
}

/* A process in the cgroup of attempt @id; 0: none. */
static pid_t process_of(const struct rig *r, const char *id)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	char path[CGROUP_PATH_MAX];
	pid_t pid = 0;

	assert_int_equal(cgroup_host_open(AT_FDCWD, &h), 0);
	assert_int_equal(cgroup_path(path, sizeof path, RIG_CGROUP, r->uid, id), 0);
	(void)cgroup_each_pid(&h, path, take_pid, &pid);
	cgroup_host_close(&h);
	return pid;
}

/* What waits for its start is the runtime's own program still. */
static bool waits(pid_t pid)
{
	cleanup_free char *path = xasprintf("/proc/%d/cmdline", pid), *text = NULL;
	size_t n = 0;

	return pid && fs_read(AT_FDCWD, path, 4096, &text, &n) == 0 && n > 9 &&
	       memmem(text, n, "init", 5) != NULL;
}

static pid_t wait_standby(const struct rig *r, const char *id)
{
	for (int i = 0; i < 100; i++) {
		pid_t pid = process_of(r, id);

		(void)usleep(100000);
		if (!waits(pid))
			continue;
		(void)usleep(300000); /* until the runtime has ended, and the shim knows it */
		return pid;
	}
	fail_msg("no standby %s within 10 s", id);
	return 0;
}

static void wait_gone(const struct rig *r, const char *id)
{
	cleanup_free char *path = xasprintf("%s/%s/%s", RIG_CGROUP, r->uid, id);

	for (int i = 0; i < 100 && rig_cgroup_exists(path); i++)
		(void)usleep(50000);
	assert_false(rig_cgroup_exists(path));
}

static bool runs_again(const struct pod_snapshot *s)
{
	const struct container_snapshot *c = &s->containers[0];

	return c->restart_count == 1 && c->state == CONTAINER_RUNNING;
}

static void crash(struct rig *r)
{
	assert_int_equal(kill(r->snap->containers[0].pid, SIGKILL), 0);
	rig_wait(r, runs_again, 10000);
	assert_int_equal(r->snap->containers[0].last->exit_code, 137);
}

static void assert_is(const struct rig *r, const char *id)
{
	assert_string_equal(r->snap->containers[0].container_id, id);
}

static const char fresh[] = "test -e /mark && echo old; touch /mark; echo $SECRET; exec sleep 1000";

static void test_a_crash(void **state)
{
	pid_t pid;
	struct rig r;

	(void)state;
	if (!rig_usable())
		skip();
	open_pod(&r, fresh);
	set_secret(&r, "one");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 20000);
	pid = wait_standby(&r, "a-1");
	rig_connect(&r);
	rig_wait(&r, rig_all_running, 10000);
	assert_int_equal(r.snap->n_containers, 1);
	assert_is(&r, "a-0");
	crash(&r);
	assert_is(&r, "a-1");
	assert_int_equal(r.snap->containers[0].pid, pid);
	rig_wait_log(&r, "a", 1, "one\n");
	wait_gone(&r, "a-0");
	/* The next but one is made as well. */
	(void)wait_standby(&r, "a-2");
	rig_stop(&r, 100 * NS_PER_MS);
	rig_close(&r);
}

static void test_a_new_secret(void **state)
{
	cleanup_msg_fds struct msg_fds fds = {.n = 0};
	struct rig r;

	(void)state;
	if (!rig_usable())
		skip();
	open_pod(&r, fresh);
	set_secret(&r, "one");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 20000);
	(void)wait_standby(&r, "a-1");
	set_secret(&r, "two");
	fds = (struct msg_fds){{payload_seal(r.payload)}, 1};
	rig_send(&r, &(const struct link_message){.type = LINK_FILES}, &fds);
	wait_gone(&r, "a-1");
	(void)wait_standby(&r, "a-2");
	crash(&r);
	assert_is(&r, "a-2");
	rig_wait_log(&r, "a", 1, "two\n");
	rig_stop(&r, 100 * NS_PER_MS);
	rig_close(&r);
}

static void test_one_that_dies(void **state)
{
	struct rig r;

	(void)state;
	if (!rig_usable())
		skip();
	open_pod(&r, fresh);
	set_secret(&r, "one");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 20000);
	assert_int_equal(kill(wait_standby(&r, "a-1"), SIGKILL), 0);
	wait_gone(&r, "a-1");
	crash(&r);
	assert_is(&r, "a-2");
	rig_wait_log(&r, "a", 1, "one\n");
	rig_stop(&r, 100 * NS_PER_MS);
	rig_close(&r);
}

/* Killed in the moment in which it is started: it has been a run, or another one is. */
static void test_one_that_dies_at_its_start(void **state)
{
	pid_t pid;
	struct rig r;

	(void)state;
	if (!rig_usable())
		skip();
	open_pod(&r, fresh);
	set_secret(&r, "one");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 20000);
	pid = wait_standby(&r, "a-1");
	assert_int_equal(kill(r.snap->containers[0].pid, SIGKILL), 0);
	(void)usleep(2000);
	(void)kill(pid, SIGKILL);
	rig_wait(&r, rig_first_restarted, 30000);
	rig_stop(&r, 100 * NS_PER_MS);
	rig_close(&r);
}

static bool is_built(const struct pod_snapshot *s)
{
	return s->build != NULL;
}

static void test_an_upgrade(void **state)
{
	cleanup_close int program = open("build/berth-shim", O_RDONLY | O_CLOEXEC);
	struct rig r;

	(void)state;
	if (!rig_usable())
		skip();
	open_pod(&r, fresh);
	set_secret(&r, "one");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 20000);
	(void)wait_standby(&r, "a-1");
	rig_send(&r, &(const struct link_message){.type = LINK_UPGRADE},
		&(const struct msg_fds){{program}, 1});
	snapshot_free(take(r.snap));
	rig_wait(&r, is_built, 10000);
	crash(&r);
	assert_is(&r, "a-1");
	rig_wait_log(&r, "a", 1, "one\n");
	rig_stop(&r, 100 * NS_PER_MS);
	rig_close(&r);
}

/* A runtime that does not do what it should: the container is started all the same. */
static void test_runtimes_that_fail(void **state)
{
	static const struct {
		const char *name, *script, *id;
		bool made;
	} cases[] = {
		{"create fails", "case \"$*\" in *create*) exit 1;; esac", "a-2", false},
		{"create lies", "case \"$*\" in *create*) exit 0;; esac", "a-2", false},
		{"start fails", "case \"$*\" in *start*) exit 1;; esac", "a-2", true},
		{"start hangs", "case \"$*\" in *start*) sleep 1000;; esac", "a-2", true},
	};

	(void)state;
	if (!rig_usable())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text =
			xasprintf("#!/bin/sh\n%s\nexec /usr/sbin/runc \"$@\"\n", cases[i].script);
		struct rig r;

		open_pod(&r, fresh);
		set_secret(&r, "one");
		free(r.plan->runtime);
		r.plan->runtime = xasprintf("%s/runc", r.dir.path);
		r.plan->runtime_timeout_ns = NS_PER_SEC;
		assert_int_equal(
			fs_write_atomic(r.dir.fd, "runc", text, strlen(text), 0755, FS_NO_SYNC), 0);
		rig_start(&r);
		rig_wait(&r, rig_all_running, 20000);
		if (cases[i].made)
			(void)wait_standby(&r, "a-1");
		else
			(void)usleep(1500000);
		crash(&r);
		assert_case(streq(r.snap->containers[0].container_id, cases[i].id), cases[i].name);
		rig_stop(&r, 100 * NS_PER_MS);
		rig_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_a_crash),
		RIG_TEST(test_a_new_secret),
		RIG_TEST(test_one_that_dies),
		RIG_TEST(test_one_that_dies_at_its_start),
		RIG_TEST(test_an_upgrade),
		RIG_TEST(test_runtimes_that_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
