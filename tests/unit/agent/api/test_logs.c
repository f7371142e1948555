/* SPDX-License-Identifier: Apache-2.0 */
/* pods/log: options, tails over rotated files, following, and files that are not what they seem. */
#include "tests/unit/agent/api/client.h"

struct fixture {
	struct server s;
	char dir[256]; /* of the container's logs, below the scratch directory */
	int dir_fd;
};

#define TIME(n) "2026-11-22T20:28:" n ".000000000Z "

static void put_file(struct fixture *f, const char *name, const char *text)
{
	cleanup_close int fd =
		openat(f->dir_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

static int up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof *f);
	cleanup_answer struct answer a = {0};

	server_up(&f->s);
	make_pod(&f->s, "web", "x");
	a = get(&f->s, PODS "/web");
	(void)snprintf(f->dir, sizeof f->dir, "var/log/pods/default_web_%s/c",
		json_str(json_map(a.json, "metadata"), "uid"));
	f->dir_fd = fs_open_dir(f->s.dir.fd, f->dir, 0700);
	assert_true(f->dir_fd >= 0);
	*state = f;
	return 0;
}

static int down(void **state)
{
	struct fixture *f = *state;

	(void)close(f->dir_fd);
	server_down(&f->s);
	free(f);
	return 0;
}

static void set_state(struct fixture *f, const char *text)
{
	cleanup_json json_t *pod = NULL, *status = NULL;
	const struct kind *pods = kind_by_resource("", "v1", "pods");

	assert_int_equal(json_parse(sv(text), &status, NULL), 0);
	assert_int_equal(store_get(f->s.store, pods, "default", "web", &pod, NULL), 0);
	json_put(json_sub(pod, "status"), "containerStatuses", json_incref(status));
	assert_int_equal(store_update(f->s.store, pods, pod, STORE_NORMAL, NULL), 0);
}

#define RUNNING(n)                                                                                 \
	"[{\"name\":\"c\",\"restartCount\":" n ",\"state\":{\"running\":{}},\"lastState\":{}}]"
#define CRASHED(n)                                                                                 \
	"[{\"name\":\"c\",\"restartCount\":" n ",\"state\":{\"waiting\":{\"reason\":"              \
	"\"CrashLoopBackOff\"}},\"lastState\":{\"terminated\":{\"exitCode\":1}}}]"

#define ENDED(n)                                                                                   \
	"[{\"name\":\"c\",\"restartCount\":" n ",\"state\":{\"terminated\":{\"exitCode\":0}}}]"

static void options(void **state)
{
	static const struct {
		const char *name, *query;
		unsigned code;
		const char *body; /* all of it, or a part of a Status */
	} cases[] = {
		{"all", "", 200, "one\ntwo\nlong line\nerr\nlast\n"},
		{"tail", "?tailLines=2", 200, "err\nlast\n"},
		{"tail with a part", "?tailLines=3", 200, "long line\nerr\nlast\n"},
		{"tail of none", "?tailLines=0", 200, ""},
		{"tail of more", "?tailLines=99", 200, "one\ntwo\nlong line\nerr\nlast\n"},
		{"timestamps", "?timestamps=true&tailLines=1", 200, TIME("05") "last\n"},
		{"timestamps of a part", "?timestamps=true&tailLines=3&limitBytes=41", 200,
			TIME("02") "long line\n"},
		{"since", "?sinceTime=2026-11-22T20:28:04Z", 200, "err\nlast\n"},
		{"stderr", "?stream=Stderr", 200, "err\n"},
		{"limit", "?limitBytes=5", 200, "one\nt"},
		{"the container by name", "?container=c&tailLines=1", 200, "last\n"},
		{"another container", "?container=d", 400, "container d is not valid for pod web"},
		{"bad tail", "?tailLines=-1", 422, "tailLines"},
		{"no number", "?tailLines=all", 400, "must be a number"},
		{"bad limit", "?limitBytes=0", 422, "limitBytes"},
		{"two sinces", "?sinceSeconds=1&sinceTime=2026-11-22T20:28:04Z", 422,
			"at most one"},
		{"bad time", "?sinceTime=yesterday", 400, "RFC 3339"},
		{"bad stream", "?stream=stdout", 422, "Stdout or Stderr"},
		{"previous of the first run", "?previous=true", 400,
			"previous terminated container \\\"c\\\" in pod \\\"web\\\" not found"},
	};
	struct fixture *f = *state;

	put_file(f, "0.log", TIME("00") "stdout F one\n");
	put_file(f, "0.log", TIME("01") "stdout F two\n");
	put_file(f, "0.log", TIME("02") "stdout P long\n");
	put_file(f, "0.log", TIME("03") "stdout F  line\ngarbage\n");
	put_file(f, "0.log", TIME("04") "stderr F err\n");
	put_file(f, "0.log", TIME("05") "stdout F last\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *path = xasprintf(PODS "/web/log%s", cases[i].query);
		cleanup_answer struct answer a = get(&f->s, path);
		bool good = cases[i].code == 200 ? streq(a.body, cases[i].body)
						 : strstr(a.body, cases[i].body) != NULL;

		if (a.code != cases[i].code || !good)
			fail_msg("case \"%s\": %u %s", cases[i].name, a.code, a.body);
	}
}

static void nothing_yet(void **state)
{
	struct fixture *f = *state;
	cleanup_answer struct answer a = get(&f->s, PODS "/web/log"), b;

	assert_int_equal(a.code, 400);
	assert_non_null(strstr(a.body, "is waiting to start: ContainerCreating"));
	b = get(&f->s, PODS "/none/log");
	assert_int_equal(b.code, 404);
}

static void which_run(void **state)
{
	static const struct {
		const char *status, *query, *body;
	} cases[] = {
		{RUNNING("2"), "", "third\n"},
		{RUNNING("2"), "?previous=true", "second\n"},
		{CRASHED("2"), "", "third\n"},
		{CRASHED("2"), "?previous=true", "third\n"},
	};
	struct fixture *f = *state;

	put_file(f, "0.log", TIME("00") "stdout F first\n");
	put_file(f, "1.log", TIME("01") "stdout F second\n");
	put_file(f, "2.log", TIME("02") "stdout F third\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *path = xasprintf(PODS "/web/log%s", cases[i].query);
		cleanup_answer struct answer a = {0};

		set_state(f, cases[i].status);
		a = get(&f->s, path);
		assert_string_equal(a.body, cases[i].body);
	}
}

static void rotated_files_belong_to_the_log(void **state)
{
	struct fixture *f = *state;
	cleanup_answer struct answer all, tail;

	put_file(f, "0.log.20261122-202800.000000001", TIME("00") "stdout F a\n");
	put_file(f, "0.log.20261122-202801.000000001", TIME("01") "stdout F b\n");
	put_file(f, "0.log", TIME("02") "stdout F c\n");
	all = get(&f->s, PODS "/web/log");
	assert_string_equal(all.body, "a\nb\nc\n");
	tail = get(&f->s, PODS "/web/log?tailLines=2");
	assert_string_equal(tail.body, "b\nc\n");
}

static int follow(struct fixture *f, const char *query, struct str *in)
{
	cleanup_free char *text =
		xasprintf("GET " PODS "/web/log?follow=true%s HTTP/1.1\r\nHost: x\r\n\r\n", query);
	int fd = dial(&f->s);

	send_text(&f->s, fd, text, strlen(text));
	assert_true(pump_until(&f->s, fd, in, "\r\n\r\n"));
	return fd;
}

static void following_over_rotations_to_the_end(void **state)
{
	struct fixture *f = *state;
	cleanup_str struct str in = {0};
	cleanup_close int fd = -EBADF;

	set_state(f, RUNNING("0"));
	put_file(f, "0.log", TIME("00") "stdout F one\n");
	fd = follow(f, "", &in);
	assert_true(pump_until(&f->s, fd, &in, "one\n"));
	put_file(f, "0.log", TIME("01") "stdout F two\n");
	assert_true(pump_until(&f->s, fd, &in, "two\n"));
	/* Written, rotated, written again before anybody looked. */
	put_file(f, "0.log", TIME("02") "stdout F three\n");
	assert_int_equal(renameat(f->dir_fd, "0.log", f->dir_fd, "0.log.20261122-1"), 0);
	put_file(f, "0.log", TIME("03") "stdout F four\n");
	assert_int_equal(renameat(f->dir_fd, "0.log", f->dir_fd, "0.log.20261122-2"), 0);
	put_file(f, "0.log", TIME("04") "stdout F five\n");
	assert_true(pump_until(&f->s, fd, &in, "five\n"));
	assert_true(strstr(in.p, "three\n") < strstr(in.p, "four\n"));
	/* The run ends: what it wrote last is shown, then the answer ends. */
	put_file(f, "0.log", TIME("05") "stdout F bye\n");
	set_state(f, ENDED("0"));
	assert_true(pump_until(&f->s, fd, &in, "\r\n0\r\n\r\n"));
	assert_non_null(strstr(in.p, "bye\n"));
	assert_null(strstr(strstr(in.p, "five\n") + 1, "five\n"));
}

/* Over crashes, of which one is not seen at all, until the container is not started again. */
static void following_over_restarts(void **state)
{
	struct fixture *f = *state;
	cleanup_str struct str in = {0}, old = {0};
	cleanup_close int fd = -EBADF, other = -EBADF;

	set_state(f, RUNNING("0"));
	put_file(f, "0.log", TIME("00") "stdout F one\n");
	fd = follow(f, "&tailLines=0", &in);
	put_file(f, "0.log", TIME("01") "stdout F two\n");
	assert_true(pump_until(&f->s, fd, &in, "two\n"));
	assert_null(strstr(in.p, "one"));
	put_file(f, "0.log", TIME("02") "stdout P half\n");
	set_state(f, CRASHED("0"));
	put_file(f, "1.log", TIME("03") "stdout F of run 1\n");
	put_file(f, "2.log", TIME("04") "stdout F of run 2\n");
	assert_true(pump_until(&f->s, fd, &in, "of run 2\n"));
	assert_non_null(strstr(in.p, "half"));
	assert_true(strstr(in.p, "of run 1\n") < strstr(in.p, "of run 2\n"));
	/* Who asked for one run gets that run. */
	other = follow(f, "&berthRun=1", &old);
	set_state(f, RUNNING("2"));
	assert_true(pump_until(&f->s, other, &old, "\r\n0\r\n\r\n"));
	assert_non_null(strstr(old.p, "of run 1\n"));
	assert_null(strstr(old.p, "of run 2\n"));
	/* The last run comes and ends before anybody looks. */
	put_file(f, "3.log", TIME("05") "stdout F of run 3\n");
	set_state(f, ENDED("3"));
	assert_true(pump_until(&f->s, fd, &in, "\r\n0\r\n\r\n"));
	assert_non_null(strstr(in.p, "of run 3\n"));
}

static void following_ends_with_the_pod(void **state)
{
	struct fixture *f = *state;
	cleanup_str struct str in = {0};
	cleanup_close int fd = -EBADF;

	put_file(f, "0.log", TIME("00") "stdout F one\n");
	fd = follow(f, "", &in);
	assert_true(pump_until(&f->s, fd, &in, "one"));
	assert_int_equal(store_delete(f->s.store, kind_by_resource("", "v1", "pods"), "default",
				 "web", NULL, NULL, NULL),
		0);
	assert_true(pump_until(&f->s, fd, &in, "\r\n0\r\n\r\n"));
}

static void runs_by_number(void **state)
{
	static const struct {
		const char *query;
		unsigned code;
		const char *body;
	} cases[] = {
		{"?berthRun=0", 200, "zero\n"},
		{"?berthRun=4", 200, "four\n"},
		{"?berthRun=3", 400, "no log of run 3 of container"},
		{"?berthRun=-1", 400, "no log of run -1"},
		{"?berthRun=x", 400, "must be a number"},
		{"?berthRun=0&previous=true", 422, "at most one of"},
		{"?previous=true", 200, "zero\n"},
	};
	struct fixture *f = *state;

	put_file(f, "0.log", TIME("00") "stdout F zero\n");
	put_file(f, "4.log", TIME("00") "stdout F four\n");
	set_state(f, RUNNING("4"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *path = xasprintf(PODS "/web/log%s", cases[i].query);
		cleanup_answer struct answer a = get(&f->s, path);

		if (a.code != cases[i].code || !strstr(a.body, cases[i].body))
			fail_msg("%s: %u %s", cases[i].query, a.code, a.body);
	}
}

/* safety T25 */
static void foreign_files_are_not_served(void **state)
{
	static const char *const kinds_of_files[] = {"link", "hard link", "fifo"};
	struct fixture *f = *state;

	put_file(f, "secret", "2026-11-22T20:28:00Z stdout F canary\n");
	for (size_t i = 0; i < ARRAY_SIZE(kinds_of_files); i++) {
		cleanup_answer struct answer a = {0};
		int r = i == 0	 ? symlinkat("secret", f->dir_fd, "0.log")
			: i == 1 ? linkat(f->dir_fd, "secret", f->dir_fd, "0.log", 0)
				 : mkfifoat(f->dir_fd, "0.log", 0600);

		assert_int_equal(r, 0);
		a = get(&f->s, PODS "/web/log");
		assert_case(a.code == 500 && !strstr(a.body, "canary"), kinds_of_files[i]);
		assert_int_equal(unlinkat(f->dir_fd, "0.log", 0), 0);
	}
}

static void much_is_read_in_pieces(void **state)
{
	struct fixture *f = *state;
	cleanup_answer struct answer a = {0}, tail = {0};
	cleanup_str struct str text = {0};

	for (unsigned i = 0; i < 100000; i++)
		str_addf(&text, TIME("00") "stdout F line %06u\n", i);
	put_file(f, "0.log", text.p);
	a = get(&f->s, PODS "/web/log");
	assert_int_equal(a.n, 100000 * strlen("line 000000\n"));
	assert_string_equal(a.body + a.n - strlen("line 099999\n"), "line 099999\n");
	tail = get(&f->s, PODS "/web/log?tailLines=50000");
	assert_memory_equal(tail.body, "line 050000\n", strlen("line 050000\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(options, up, down),
		cmocka_unit_test_setup_teardown(nothing_yet, up, down),
		cmocka_unit_test_setup_teardown(which_run, up, down),
		cmocka_unit_test_setup_teardown(rotated_files_belong_to_the_log, up, down),
		cmocka_unit_test_setup_teardown(following_over_rotations_to_the_end, up, down),
		cmocka_unit_test_setup_teardown(following_over_restarts, up, down),
		cmocka_unit_test_setup_teardown(following_ends_with_the_pod, up, down),
		cmocka_unit_test_setup_teardown(runs_by_number, up, down),
		cmocka_unit_test_setup_teardown(foreign_files_are_not_served, up, down),
		cmocka_unit_test_setup_teardown(much_is_read_in_pieces, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
