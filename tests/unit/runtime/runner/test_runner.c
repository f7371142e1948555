/* SPDX-License-Identifier: Apache-2.0 */
/* The real berth-runner on its socket, without a container around it: what it runs, tells, kills and leaves. */
#include "tests/unit/unit.h"

#include "runtime/base/spawn.h"
#include "runtime/runner/wire.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

struct resident {
	struct child child;
	int sock;
	char bytes[sizeof(struct runner_head) + RUNNER_OUTPUT_MAX];
	struct runner_answer answer;
};

static const char *program(void)
{
	const char *path = getenv("BERTH_RUNNER");

	return path ? path : "build/berth-runner";
}

static int open_runner(void **state)
{
	static struct resident r;
	cleanup_free char *path = realpath(program(), NULL);
	cleanup_close int file = open(path, O_PATH | O_CLOEXEC);
	static const char *const env[] = {"PATH=/usr/bin:/bin", "SECRET=hidden", NULL};
	const char *argv[] = {"/proc/self/fd/3", NULL};
	struct spawn s = {.argv = argv, .env = env, .n_fds = 2};
	int ends[2];
	struct err e = {0};

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	s.fds[0] = (struct spawn_fd){file, RUNNER_FD_PROGRAM};
	s.fds[1] = (struct spawn_fd){ends[1], RUNNER_FD_SOCKET};
	if (spawn(&s, &r.child, &e) < 0)
		fail_msg("%s", err_text(&e));
	(void)close(ends[1]);
	r.sock = ends[0];
	*state = &r;
	return 0;
}

static int close_runner(void **state)
{
	struct resident *r = *state;
	int status;

	if (r->sock >= 0)
		(void)close(take_fd(r->sock));
	if (r->child.pidfd >= 0 && child_wait(&r->child, 5000, &status) < 0) {
		child_kill(&r->child);
		return -1;
	}
	return 0;
}

static void ask(struct resident *r, enum runner_verb verb, uint64_t id, const char *const *argv)
{
	static char buf[RUNNER_REQUEST_MAX];
	size_t n = 0;
	ssize_t size;

	while (argv && argv[n])
		n++;
	size = runner_request(verb, id, (char *const *)(uintptr_t)argv, n, buf);
	assert_true(size > 0);
	assert_int_equal(send(r->sock, buf, (size_t)size, 0), size);
}

static void run(struct resident *r, uint64_t id, const char *script)
{
	ask(r, RUNNER_RUN, id, (const char *const[]){"/bin/sh", "-c", script, NULL});
}

static const struct runner_answer *hear(struct resident *r)
{
	struct pollfd p = {.fd = r->sock, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, 5000) != 1)
		fail_msg("no answer");
	n = recv(r->sock, r->bytes, sizeof r->bytes, 0);
	assert_true(n > 0);
	assert_int_equal(runner_answer_read(r->bytes, (size_t)n, &r->answer), 0);
	return &r->answer;
}

static void assert_answer(struct resident *r, uint64_t id, bool failed, int code, const char *text)
{
	const struct runner_answer *a = hear(r);
	cleanup_free char *output = xstrndup(a->output.p, a->output.n);

	assert_string_equal(output, text);
	assert_int_equal(a->id, id);
	assert_int_equal(a->failed, failed);
	assert_int_equal(a->exit_code, code);
}

static void tells_code_and_output(void **state)
{
	struct resident *r = *state;

	run(r, 1, "echo out; echo err >&2; echo $SECRET; exit 3");
	assert_answer(r, 1, false, 3, "out\nerr\nhidden\n");
	ask(r, RUNNER_RUN, 2, (const char *const[]){"true", NULL});
	assert_answer(r, 2, false, 0, "");
	run(r, 3, "kill -USR1 $$");
	assert_answer(r, 3, false, 128 + SIGUSR1, "");
	run(r, 4, "exec >&- 2>&-; exit 5");
	assert_answer(r, 4, false, 5, "");
}

static void tells_what_cannot_run(void **state)
{
	struct resident *r = *state;

	ask(r, RUNNER_RUN, 1, (const char *const[]){"no-such", NULL});
	assert_answer(r, 1, true, 0, "exec: \"no-such\": executable file not found in $PATH");
	ask(r, RUNNER_RUN, 2, (const char *const[]){"/no/such", NULL});
	assert_answer(r, 2, true, 0, "exec: \"/no/such\": no such file or directory");
	ask(r, RUNNER_RUN, 3, (const char *const[]){"/etc/passwd", NULL});
	assert_answer(r, 3, true, 0, "exec: \"/etc/passwd\": permission denied");
	ask(r, RUNNER_RUN, 4, (const char *const[]){"", NULL});
	(void)hear(r);
	assert_true(r->answer.failed);
}

/* R6: of the runner's descriptors none gets to a command; signals and session are its own. */
static void hands_on_nothing(void **state)
{
	struct resident *r = *state;

	run(r, 1, "cd /proc/self/fd; echo *");
	assert_answer(r, 1, false, 0, "0 1 2 3\n"); /* 3 is the directory that the shell reads */
	run(r, 2, "readlink /proc/self/fd/0; grep -E '^Sig(Blk|Ign)' /proc/self/status | cut -f2");
	assert_answer(r, 2, false, 0, "/dev/null\n0000000000000000\n0000000000000000\n");
	run(r, 3, "set -- $(cut -d' ' -f1,5,6 /proc/$$/stat); [ $1 = $2 ] && [ $1 = $3 ]");
	assert_answer(r, 3, false, 0, "");
}

static void cuts_output(void **state)
{
	struct resident *r = *state;

	run(r, 1, "head -c 1000000 /dev/zero; exit 1");
	(void)hear(r);
	assert_int_equal(r->answer.exit_code, 1);
	assert_int_equal(r->answer.output.n, RUNNER_OUTPUT_MAX);
}

static void runs_side_by_side(void **state)
{
	struct resident *r = *state;

	for (uint64_t id = 1; id <= RUNNER_COMMANDS_MAX; id++)
		run(r, id, "sleep 100");
	run(r, 99, "true");
	(void)hear(r);
	assert_int_equal(r->answer.id, 99);
	assert_true(r->answer.failed);
	for (uint64_t id = 1; id <= RUNNER_COMMANDS_MAX; id++) {
		ask(r, RUNNER_KILL, id, NULL);
		(void)hear(r);
		assert_int_equal(r->answer.id, id);
		assert_int_equal(r->answer.exit_code, 128 + SIGKILL);
	}
	ask(r, RUNNER_KILL, 1, NULL);
	run(r, 100, "echo still here");
	assert_answer(r, 100, false, 0, "still here\n");
}

static pid_t read_pid(const char *path)
{
	for (int i = 0; i < 500; i++) {
		cleanup_free char *text = NULL;
		uint32_t pid;

		if (fs_read(AT_FDCWD, path, 32, &text, NULL) == 0 &&
			parse_u32_max(sv_trim(sv(text)), INT32_MAX, &pid) == 0)
			return (pid_t)pid;
		(void)usleep(10000);
	}
	fail_msg("%s was not written", path);
	return 0;
}

static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 500; i++) {
		cleanup_free char *path = xasprintf("/proc/%d/stat", pid), *text = NULL;

		if (fs_read(AT_FDCWD, path, 4096, &text, NULL) < 0 || strstr(text, ") Z "))
			return true;
		(void)usleep(10000);
	}
	return false;
}

/* A command that is killed takes those along that left its process group. */
static void kills_the_session(void **state)
{
	struct resident *r = *state;
	struct scratch dir;
	cleanup_free char *path = NULL, *script = NULL;
	pid_t member;

	scratch_open(&dir);
	path = xasprintf("%s/pid", dir.path);
	script = xasprintf("set -m; sleep 100 & echo $! >%s; wait", path);
	run(r, 1, script);
	member = read_pid(path);
	ask(r, RUNNER_KILL, 1, NULL);
	(void)hear(r);
	assert_int_equal(r->answer.exit_code, 128 + SIGKILL);
	assert_true(is_gone(member));
	scratch_close(&dir);
}

/* What a command leaves behind when it ends by itself lives on, and holds nothing up. */
static void leaves_daemons(void **state)
{
	struct resident *r = *state;
	struct scratch dir;
	cleanup_free char *path = NULL, *script = NULL;
	pid_t daemon;

	scratch_open(&dir);
	path = xasprintf("%s/pid", dir.path);
	script = xasprintf("sleep 100 & echo $! >%s; echo ready", path);
	run(r, 1, script);
	assert_answer(r, 1, false, 0, "ready\n");
	daemon = read_pid(path);
	assert_int_equal(kill(daemon, SIGKILL), 0);
	scratch_close(&dir);
}

static void ends_with_the_socket(void **state)
{
	struct resident *r = *state;
	struct scratch dir;
	cleanup_free char *path = NULL, *script = NULL;
	pid_t command;
	int status;

	scratch_open(&dir);
	path = xasprintf("%s/pid", dir.path);
	script = xasprintf("echo $$ >%s; exec sleep 100", path);
	run(r, 1, script);
	command = read_pid(path);
	(void)close(take_fd(r->sock));
	assert_int_equal(child_wait(&r->child, 5000, &status), 0);
	assert_true(is_gone(command));
	scratch_close(&dir);
}

/* Killed from outside, it takes the command it has to answer for along. */
static void takes_its_commands_along(void **state)
{
	struct resident *r = *state;
	struct scratch dir;
	cleanup_free char *path = NULL, *script = NULL;
	pid_t command;

	scratch_open(&dir);
	path = xasprintf("%s/pid", dir.path);
	script = xasprintf("echo $$ >%s; exec sleep 100", path);
	run(r, 1, script);
	command = read_pid(path);
	child_kill(&r->child);
	assert_true(is_gone(command));
	scratch_close(&dir);
}

static void passes_over_nonsense(void **state)
{
	struct resident *r = *state;

	assert_int_equal(send(r->sock, "nonsense", 8, 0), 8);
	run(r, 1, "echo here");
	assert_answer(r, 1, false, 0, "here\n");
}

#define RUNNER_TEST(test) cmocka_unit_test_setup_teardown(test, open_runner, close_runner)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNER_TEST(tells_code_and_output),
		RUNNER_TEST(tells_what_cannot_run),
		RUNNER_TEST(hands_on_nothing),
		RUNNER_TEST(cuts_output),
		RUNNER_TEST(runs_side_by_side),
		RUNNER_TEST(kills_the_session),
		RUNNER_TEST(leaves_daemons),
		RUNNER_TEST(ends_with_the_socket),
		RUNNER_TEST(takes_its_commands_along),
		RUNNER_TEST(passes_over_nonsense),
	};

	if (access(program(), X_OK) < 0)
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
