/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "runtime/runc/runc.h"

#include <sys/stat.h>

static const struct runc all = {
	.program = "/usr/sbin/runc",
	.root = "/p/runc",
	.log = "/p/log",
	.id = "web-0",
	.bundle = "/p/b",
	.pid_file = "/p/pid",
	.process = "/p/process.json",
	.console_socket = "/p/sock",
	.preserve_fds = "2",
};

static const struct {
	enum runc_verb verb;
	const char *line;
} lines[] = {
	{RUNC_RUN, "/usr/sbin/runc --root /p/runc --log /p/log --log-format json run --detach "
		   "--bundle /p/b "
		   "--pid-file /p/pid --console-socket /p/sock web-0"},
	{RUNC_CREATE,
		"/usr/sbin/runc --root /p/runc --log /p/log --log-format json create --bundle /p/b "
		"--pid-file /p/pid --console-socket /p/sock web-0"},
	{RUNC_START, "/usr/sbin/runc --root /p/runc --log /p/log --log-format json start web-0"},
	{RUNC_EXEC, "/usr/sbin/runc --root /p/runc --log /p/log --log-format json exec --detach "
		    "--process "
		    "/p/process.json --pid-file /p/pid --console-socket /p/sock --preserve-fds 2 "
		    "web-0"},
	{RUNC_DELETE, "/usr/sbin/runc --root /p/runc --log /p/log --log-format json delete web-0"},
};

static char *join(const char *const *argv)
{
	struct str s = {0};

	for (; *argv; argv++)
		str_addf(&s, "%s%s", s.n ? " " : "", *argv);
	return str_take(&s);
}

static void argvs(void **state)
{
	struct runc no_console = all;
	const char *argv[RUNC_ARGV_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		cleanup_free char *line = NULL;
		size_t n = runc_argv(lines[i].verb, &all, argv);

		assert_true(n < RUNC_ARGV_MAX);
		assert_null(argv[n]);
		line = join(argv);
		assert_string_equal(line, lines[i].line);
	}
	no_console.console_socket = NULL;
	(void)runc_argv(RUNC_EXEC, &no_console, argv);
	for (size_t i = 0; argv[i]; i++)
		assert_string_not_equal(argv[i], "--console-socket");
}

static const struct {
	const char *text;
	int r;
	pid_t pid;
} pids[] = {
	{"1", 0, 1},
	{"4194304", 0, 4194304},
	{"17\n", 0, 17},
	{"", -EBADMSG, 0},
	{"0", -EBADMSG, 0},
	{"-1", -EBADMSG, 0},
	{"+1", -EBADMSG, 0},
	{"1 2", -EBADMSG, 0},
	{"4194305", -EBADMSG, 0},
	{"12x", -EBADMSG, 0},
	{"0x10", -EBADMSG, 0},
	{"99999999999999999999", -EBADMSG, 0},
	{"1\n\n2", -EBADMSG, 0},
	{"00000000000000000000000000000000000000000000000001", -EBADMSG, 0},
};

static void pid_files(void **state)
{
	struct scratch dir;

	(void)state;
	scratch_open(&dir);
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pid_t pid = -7;

		assert_int_equal(fs_write_atomic(dir.fd, "pid", pids[i].text, strlen(pids[i].text),
					 0600, FS_NO_SYNC),
			0);
		assert_case(runc_pid(dir.fd, "pid", &pid) == pids[i].r, pids[i].text);
		assert_case(pid == (pids[i].r ? -7 : pids[i].pid), pids[i].text);
	}
	assert_int_equal(runc_pid(dir.fd, "none", &(pid_t){0}), -ENOENT);
	assert_int_equal(symlinkat("pid", dir.fd, "link"), 0);
	assert_int_equal(runc_pid(dir.fd, "link", &(pid_t){0}), -ELOOP);
	assert_int_equal(mkfifoat(dir.fd, "fifo", 0600), 0);
	assert_int_equal(runc_pid(dir.fd, "fifo", &(pid_t){0}), -EBADMSG);
	scratch_close(&dir);
}

static const struct {
	const char *log, *error;
} logs[] = {
	{"", ""},
	{"garbage\n{\n", ""},
	{"{\"level\":\"warning\",\"msg\":\"w\"}\n", ""},
	{"{\"level\":\"error\",\"msg\":\"runc run failed: x\",\"time\":\"t\"}\n",
		"runc run failed: x"},
	{"{\"level\":\"error\",\"msg\":\"a\"}\n{\"level\":\"fatal\",\"msg\":\"b\"}", "b"},
	{"{\"level\":\"error\",\"msg\":\"two\\nlines\\u001b[31m\"}\n", "two lines [31m"},
	{"{\"level\":\"error\",\"msg\":\"this one is longer than the room for it\"}\n",
		"this one is longer than"},
	{"{\"level\":\"error\",\"msg\":5}\n", ""},
};

static void errors(void **state)
{
	struct scratch dir;

	(void)state;
	scratch_open(&dir);
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		char buf[24], from_file[24];

		assert_string_equal(
			runc_error_text(sv(logs[i].log), buf, sizeof buf), logs[i].error);
		assert_int_equal(fs_write_atomic(dir.fd, "log", logs[i].log, strlen(logs[i].log),
					 0600, FS_NO_SYNC),
			0);
		assert_string_equal(runc_error(dir.fd, "log", from_file, sizeof from_file), buf);
	}
	assert_string_equal(runc_error(dir.fd, "none", (char[8]){"x"}, 8), "");
	scratch_close(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(argvs),
		cmocka_unit_test(pid_files),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
