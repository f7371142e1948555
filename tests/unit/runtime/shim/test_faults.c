/* SPDX-License-Identifier: Apache-2.0 */
/* A runtime that hangs, fails, dies or lies (P10): an answer in time, in words, and nothing left behind. */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"

#include <signal.h>

/* $verb and $pidfile are set before; @real runs the true runtime with the same arguments. */
static const char head[] =
	"#!/bin/sh\n"
	"for a; do case $prev in --pid-file) pidfile=$a;; --bundle) bundle=$a;; esac; prev=$a\n"
	"case $a in run|exec|delete) [ \"$verb\" ] || verb=$a;; esac; done\n"
	"[ $verb = delete ] && exec /usr/sbin/runc \"$@\"\n";

static const struct {
	const char *name, *script;
	const char *text; /* in the message */
	int at_most_ms;
} modes[] = {
	{"exit 1 and no word", "exit 1", "exit code 1", 20000},
	{"hangs", "sleep 1000", "too long", 20000},
	{"hangs and ignores TERM", "trap '' TERM; sleep 1000", "too long", 20000},
	{"is killed", "kill -9 $$", "signal 9", 20000},
	{"stops itself", "kill -STOP $$", "too long", 20000},
	{"lies: nothing started, no pid-file", "exit 0", "pid-file", 20000},
	{"lies: an empty pid-file", ": >$pidfile; exit 0", "pid-file", 20000},
	{"lies: no number", "echo 12x >$pidfile; exit 0", "pid-file", 20000},
	{"lies: a number too big", "echo 99999999999 >$pidfile; exit 0", "pid-file", 20000},
	{"lies: a stranger", "echo 1 >$pidfile; exit 0", "pid-file", 20000},
	{"lies: its own pid", "echo $$ >$pidfile; exit 0", "pid-file", 20000},
	{"pid-file is a link", "ln -s /proc/1/stat $pidfile; exit 0", "pid-file", 20000},
	{"pid-file is a FIFO", "mkfifo $pidfile; exit 0", "pid-file", 20000},
	{"floods its standard error", "head -c 20000000 /dev/zero >&2; exit 3", "exit code 3",
		6000},
	{"a word in its log",
		"for a; do [ \"$p\" = --log ] && l=$a; p=$a; done;"
		"echo '{\"level\":\"error\",\"msg\":\"no such thing\"}' >$l; exit 1",
		"no such thing", 20000},
	{"garbage in its log",
		"for a; do [ \"$p\" = --log ] && l=$a; p=$a; done;"
		"head -c 100000 /dev/urandom >$l; exit 1",
		"exit code 1", 20000},
	{"fails after success", "/usr/sbin/runc \"$@\"; exit 1", "exit code 1", 20000},
	{"no program at all", NULL, "running", 20000},
};

static void use(struct rig *r, const char *script)
{
	cleanup_free char *text = script ? xasprintf("%s%s\n", head, script) : NULL;

	free(r->plan->runtime);
	r->plan->runtime = xasprintf("%s/runc", r->dir.path);
	r->plan->runtime_timeout_ns = NS_PER_SEC;
	if (text)
		assert_int_equal(
			fs_write_atomic(r->dir.fd, "runc", text, strlen(text), 0755, FS_NO_SYNC),
			0);
}

static void start_fails_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct rig r;
		struct plan_container *c;
		uint64_t from;

		rig_open(&r);
		use(&r, modes[i].script);
		c = rig_containers(&r, 1);
		rig_script(c, "a", "sleep 1000");
		c->restart_policy = PLAN_RESTART_NEVER;
		from = clock_now_ns(&clock_kernel);
		rig_start(&r);
		rig_wait(&r, rig_first_terminated, 20000);
		assert_case((clock_now_ns(&clock_kernel) - from) / NS_PER_MS <
				    (uint64_t)modes[i].at_most_ms,
			modes[i].name);
		assert_case(streq(r.snap->containers[0].reason, "StartError"), modes[i].name);
		if (!strstr(r.snap->containers[0].message, modes[i].text))
			fail_msg("case \"%s\": %s", modes[i].name, r.snap->containers[0].message);
		rig_stop(&r, 0);
		rig_close(&r);
	}
}

/* One bad start, then a good one: it runs, and what the bad one left goes. */
static void a_second_try_succeeds(void **state)
{
	struct rig r;
	cleanup_free char *script = NULL, *path = NULL;

	(void)state;
	rig_open(&r);
	script = xasprintf("[ -e %s/once ] && exec /usr/sbin/runc \"$@\"; : >%s/once;"
			   "/usr/sbin/runc \"$@\" & sleep 0.03; kill -9 $!; kill -9 $$",
		r.dir.path, r.dir.path);
	use(&r, script);
	r.plan->runtime_timeout_ns = 20 * NS_PER_SEC;
	rig_script(rig_containers(&r, 1), "a", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_first_restarted, 20000);
	assert_string_equal(r.snap->containers[0].last->reason, "StartError");
	path = xasprintf("%s/%s/a-0", RIG_CGROUP, r.uid);
	for (int i = 0; i < 500 && rig_cgroup_exists(path); i++)
		(void)usleep(10000);
	assert_false(rig_cgroup_exists(path));
	rig_stop(&r, 0);
	rig_close(&r);
}

/* delete hangs: the end of the pod comes all the same (the runtime has 10 s). */
static void delete_fails(void **state)
{
	struct rig r;
	static const char script[] =
		"#!/bin/sh\ncase \"$*\" in *delete*) exit 0;; esac\nexec /usr/sbin/runc \"$@\"\n";

	(void)state;
	rig_open(&r);
	use(&r, NULL);
	r.plan->runtime_timeout_ns = 20 * NS_PER_SEC;
	assert_int_equal(
		fs_write_atomic(r.dir.fd, "runc", script, sizeof script - 1, 0755, FS_NO_SYNC), 0);
	rig_script(rig_containers(&r, 1), "a", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	rig_stop(&r, 0);
	rig_close(&r);
}

static void a_stop_while_the_runtime_hangs(void **state)
{
	struct rig r;
	uint64_t from;

	(void)state;
	rig_open(&r);
	use(&r, "sleep 1000");
	r.plan->runtime_timeout_ns = 60 * NS_PER_SEC;
	rig_script(rig_containers(&r, 1), "a", "sleep 1000");
	rig_start(&r);
	(void)usleep(300000);
	from = clock_now_ns(&clock_kernel);
	rig_stop(&r, 300 * NS_PER_MS);
	assert_true(clock_now_ns(&clock_kernel) - from < 20 * NS_PER_SEC);
	rig_close(&r);
}

/* What the agent says may be anything. */
static void bad_messages(void **state)
{
	static const char *const bad[] = {"", "{", "null", "{\"type\":\"status\"}",
		"{\"type\":\"start\"}", "{\"type\":\"files\"}",
		"{\"type\":\"restart\",\"container\":\"zz\"}", "\xff\xfe",
		"{\"type\":\"exec\",\"id\":1}", "{\"type\":\"sandbox\"}"};
	struct rig r;

	(void)state;
	rig_open(&r);
	rig_script(rig_containers(&r, 1), "a", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	for (size_t i = 1; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(msg_send(r.sock, bad[i], strlen(bad[i]), NULL), 0);
		(void)rig_reply(&r, strstr(bad[i], "exec") ? LINK_EXEC : LINK_ERROR, 5000);
		assert_non_null(r.reply.error);
	}
	rig_stop(&r, 0);
	rig_close(&r);
}

static void a_missing_layer_is_told(void **state)
{
	struct rig r;
	struct plan_container *c;

	(void)state;
	rig_open(&r);
	c = rig_containers(&r, 1);
	rig_script(c, "a", "true");
	free(c->layers[0]);
	c->layers[0] = xstrdup("layers/none");
	rig_spawn(&r);
	rig_wait(&r, rig_has_message, 5000);
	assert_non_null(strstr(r.snap->message, "layers/none"));
	rig_stop(&r, 0);
	rig_close(&r);
}

static void an_incomplete_payload_is_told(void **state)
{
	struct rig r;
	struct plan_volume *v;

	(void)state;
	rig_open(&r);
	v = plan_add_volumes(r.plan, 1);
	v->name = xstrdup("ssl");
	v->kind = PLAN_VOLUME_FILES;
	rig_script(rig_containers(&r, 1), "a", "sleep 1000");
	rig_start(&r);
	rig_wait(&r, rig_has_message, 5000);
	assert_non_null(strstr(r.snap->message, "ssl"));
	/* A better one mends it. */
	payload_add_volume(r.payload, "ssl");
	rig_send_start(&r);
	rig_wait(&r, rig_all_running, 10000);
	assert_null(r.snap->message);
	rig_stop(&r, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(start_fails_in_words),
		RIG_TEST(a_second_try_succeeds),
		RIG_TEST(delete_fails),
		RIG_TEST(a_stop_while_the_runtime_hangs),
		RIG_TEST(bad_messages),
		RIG_TEST(a_missing_layer_is_told),
		RIG_TEST(an_incomplete_payload_is_told),
	};

	if (!rig_usable()) {
		(void)fprintf(stderr, "skipped: needs root, runc and busybox-static\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
