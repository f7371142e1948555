/* SPDX-License-Identifier: Apache-2.0 */
/* A child gets what was named and nothing else (safety R6). */
#include "tests/unit/unit.h"

#include "runtime/base/spawn.h"

#include <signal.h>
#include <sys/wait.h>

/* Runs @argv with its standard output caught in @out. Returns the wait status. */
static int run(const char *const *argv, char *out, size_t size)
{
	struct spawn s = {.argv = argv};
	struct child c;
	struct err e = {0};
	int ends[2], status;
	ssize_t n, used = 0;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s.fds[s.n_fds++] = (struct spawn_fd){ends[1], 1};
	if (spawn(&s, &c, &e) < 0)
		fail_msg("%s", err_text(&e));
	(void)close(ends[1]);
	while ((n = read(ends[0], out + used, size - 1 - (size_t)used)) > 0)
		used += n;
	out[used] = '\0';
	(void)close(ends[0]);
	assert_int_equal(child_wait(&c, 5000, &status), 0);
	assert_int_equal(c.pidfd, -EBADF);
	return status;
}

static void only_named_descriptors_cross(void **state)
{
	static const char *const argv[] = {"/bin/ls", "/proc/self/fd", NULL};
	char out[256];
	/* Without O_CLOEXEC, as a careless library would leave it. */
	int stray = open("/", O_RDONLY | O_DIRECTORY), high = dup2(stray, 200);

	(void)state;
	assert_true(stray >= 0 && high == 200);
	assert_int_equal(run(argv, out, sizeof out), 0);
	/* 3 is ls's own descriptor of the directory that it lists. */
	assert_string_equal(out, "0\n1\n2\n3\n");
	(void)close(stray);
	(void)close(high);
}

static void environment_and_directory_are_fixed(void **state)
{
	static const char *const env_argv[] = {"/usr/bin/env", NULL};
	static const char *const pwd_argv[] = {"/bin/pwd", NULL};
	char out[512];

	(void)state;
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(run(env_argv, out, sizeof out), 0);
	assert_int_equal(strncmp(out, "PATH=", 5), 0);
	assert_null(strstr(out, "SECRET"));
	assert_int_equal(run(pwd_argv, out, sizeof out), 0);
	assert_string_equal(out, "/\n");
}

static void signals_are_default_again(void **state)
{
	static const char *const argv[] = {
		"/bin/grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status", NULL};
	char out[256];
	sigset_t all;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	assert_int_equal(run(argv, out, sizeof out), 0);
	assert_string_equal(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	(void)sigemptyset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

static void exec_failure_is_told(void **state)
{
	static const char *const argv[] = {"/no/such/program", NULL};
	struct spawn s = {.argv = argv};
	struct child c = {-1, -EBADF};
	struct err e = {0};

	(void)state;
	assert_int_equal(spawn(&s, &c, &e), -ENOENT);
	assert_string_equal(err_text(&e), "starting /no/such/program: No such file or directory");
	assert_int_equal(c.pid, -1);
}

static int become_nobody(const void *data)
{
	const uid_t *id = data;

	return setresgid(*id, *id, *id) < 0 || setresuid(*id, *id, *id) < 0 ? -errno : 0;
}

static int refuse(const void *data)
{
	(void)data;
	return -EXDEV;
}

/* prepare runs in the child, before the program, and can keep it from running. */
static void child_is_prepared(void **state)
{
	static const char *const argv[] = {"/usr/bin/id", "-u", NULL};
	const uid_t nobody = 65534;
	struct spawn s = {.argv = argv, .prepare = become_nobody, .prepare_data = &nobody};
	struct child c;
	struct err e = {0};
	char out[32] = "";
	int ends[2], status;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s.fds[s.n_fds++] = (struct spawn_fd){ends[1], 1};
	assert_int_equal(spawn(&s, &c, &e), 0);
	assert_int_equal(child_wait(&c, 5000, &status), 0);
	assert_int_equal(status, 0);
	assert_true(read(ends[0], out, sizeof out - 1) > 0);
	assert_string_equal(out, "65534\n");
	assert_int_not_equal(getuid(), nobody);
	s.prepare = refuse;
	assert_int_equal(spawn(&s, &c, &e), -EXDEV);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void waits_and_kills(void **state)
{
	static const char *const argv[] = {"/bin/sleep", "1000", NULL};
	struct spawn s = {.argv = argv};
	struct child c;
	int status = 0;

	(void)state;
	assert_int_equal(spawn(&s, &c, NULL), 0);
	assert_int_equal(child_wait(&c, 10, &status), -ETIMEDOUT);
	assert_true(c.pidfd >= 0);
	child_kill(&c);
	assert_int_equal(c.pidfd, -EBADF);
	child_kill(&c);
	assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_named_descriptors_cross),
		cmocka_unit_test(environment_and_directory_are_fixed),
		cmocka_unit_test(signals_are_default_again),
		cmocka_unit_test(exec_failure_is_told),
		cmocka_unit_test(child_is_prepared),
		cmocka_unit_test(waits_and_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
