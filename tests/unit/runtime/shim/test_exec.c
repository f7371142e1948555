/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in a running container: codes, streams, terminals, and their end (R18, R19). */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"

#include <poll.h>
#include <signal.h>

struct command {
	int in, out, err;
};

static void ask(struct rig *r, struct link_message *m, const char *script, struct command *ret)
{
	char *argv[] = {
		(char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)script};
	int in[2], out[2], err[2];
	struct msg_fds fds = {.n = 0};

	m->type = LINK_EXEC;
	m->container = (char *)(uintptr_t) "a";
	m->argv = argv;
	m->n_argv = 3;
	if (!m->tty) {
		assert_int_equal(
			pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
		fds = (struct msg_fds){{in[0], out[1], err[1]}, 3};
		*ret = (struct command){in[1], out[0], err[0]};
	}
	rig_send(r, m, &fds);
	msg_fds_done(&fds);
	m->argv = NULL;
	m->n_argv = 0;
	m->container = NULL;
}

static char *read_all(int own_fd)
{
	char *text = NULL;
	struct str s = {0};
	char buf[4096];
	ssize_t n;

	(void)text;
	while ((n = read(own_fd, buf, sizeof buf)) > 0)
		str_addn(&s, buf, (size_t)n);
	(void)close(own_fd);
	return str_take(&s);
}

static void open_pod(struct rig *r)
{
	struct plan_container *c;

	rig_open(r);
	c = rig_containers(r, 1);
	rig_script(c, "a", "sleep 1000");
	c->user.run_as_user = 1000;
	rig_env(c, (const char *const[]){"PATH=/bin", "SECRET", NULL});
	payload_add_env(r->payload, "a", "SECRET", "hidden");
	rig_start(r);
	rig_wait(r, rig_all_running, 10000);
}

static void streams_and_code(void **state)
{
	struct rig r;
	struct command c;
	struct link_message m = {.id = 7};
	const struct link_message *answer;
	cleanup_free char *out = NULL, *err = NULL;

	(void)state;
	open_pod(&r);
	ask(&r, &m, "id -u; echo $SECRET; cat; echo bad >&2; exit 3", &c);
	answer = rig_reply(&r, LINK_EXEC, 10000);
	assert_int_equal(answer->id, 7);
	assert_true(answer->pid > 0);
	assert_int_equal(write(c.in, "typed\n", 6), 6);
	(void)close(c.in);
	answer = rig_reply(&r, LINK_EXEC, 10000);
	assert_true(answer->ended);
	assert_int_equal(answer->exit_code, 3);
	out = read_all(c.out);
	err = read_all(c.err);
	assert_string_equal(out, "1000\nhidden\ntyped\n");
	assert_string_equal(err, "bad\n");
	rig_stop(&r, 0);
	rig_close(&r);
}

static void a_terminal(void **state)
{
	struct rig r;
	struct command c = {0};
	struct link_message m = {.id = 8, .tty = true};
	const struct link_message *answer;
	cleanup_free char *out = NULL;
	int master;

	(void)state;
	open_pod(&r);
	ask(&r, &m, "tty; read x; echo got $x; exit 0", &c);
	answer = rig_reply(&r, LINK_EXEC, 10000);
	assert_true(answer->pid > 0);
	assert_int_equal(r.reply_fds.n, 1);
	master = r.reply_fds.fd[0];
	r.reply_fds.n = 0;
	assert_int_equal(write(master, "line\n", 5), 5);
	answer = rig_reply(&r, LINK_EXEC, 10000);
	assert_true(answer->ended);
	assert_int_equal(answer->exit_code, 0);
	out = read_all(master);
	assert_non_null(strstr(out, "/dev/pts/0"));
	assert_non_null(strstr(out, "got line"));
	rig_stop(&r, 0);
	rig_close(&r);
}

static bool gone(pid_t pid)
{
	for (int i = 0; i < 300; i++) {
		if (kill(pid, 0) < 0)
			return true;
		(void)usleep(10000);
	}
	return false;
}

static void close_all(struct command *c)
{
	(void)close(c->in);
	(void)close(c->out);
	(void)close(c->err);
}

/* The inner process is killed, not the runtime's (ground truth 4). */
static void endings(void **state)
{
	struct rig r;
	struct command c;
	struct link_message slow = {.id = 1, .timeout_ns = 300 * NS_PER_MS}, long_one = {.id = 2},
			    left = {.id = 3}, kill_it = {.type = LINK_EXEC_KILL, .id = 2};
	const struct link_message *answer;
	pid_t pid;

	(void)state;
	open_pod(&r);
	ask(&r, &slow, "sleep 1000", &c);
	pid = rig_reply(&r, LINK_EXEC, 10000)->pid;
	answer = rig_reply(&r, LINK_EXEC, 10000);
	assert_true(answer->ended);
	assert_int_equal(answer->exit_code, 137);
	assert_non_null(answer->error);
	assert_true(gone(pid));
	close_all(&c);

	ask(&r, &long_one, "sleep 1000", &c);
	(void)rig_reply(&r, LINK_EXEC, 10000);
	rig_send(&r, &kill_it, NULL);
	answer = rig_reply(&r, LINK_EXEC, 10000);
	assert_int_equal(answer->exit_code, 137);
	close_all(&c);

	ask(&r, &left, "sleep 1000", &c);
	pid = rig_reply(&r, LINK_EXEC, 10000)->pid;
	rig_disconnect(&r);
	assert_true(gone(pid));
	close_all(&c);
	rig_connect(&r);
	rig_stop(&r, 0);
	rig_close(&r);
}

static const struct {
	const char *name, *container, *program;
	uint64_t id;
	bool fds;
} refused[] = {
	{"no such container", "b", "/bin/sh", 1, true},
	{"no descriptors", "a", "/bin/sh", 2, false},
	{"no such program", "a", "/bin/nothing", 3, true},
	{"no id", "a", "/bin/sh", 0, true},
};

static void refusals(void **state)
{
	struct rig r;

	(void)state;
	open_pod(&r);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		char *argv[] = {(char *)(uintptr_t)refused[i].program};
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		struct msg_fds fds = {{null, null, null}, refused[i].fds ? 3 : 0};
		const struct link_message m = {.type = LINK_EXEC,
			.id = refused[i].id,
			.container = (char *)(uintptr_t)refused[i].container,
			.argv = argv,
			.n_argv = 1};
		const struct link_message *answer;

		rig_send(&r, &m, &fds);
		answer = rig_reply(&r, refused[i].id ? LINK_EXEC : LINK_ERROR, 10000);
		assert_case(answer->error != NULL, refused[i].name);
		assert_case(!answer->ended, refused[i].name);
		(void)close(null);
	}
	rig_stop(&r, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(streams_and_code),
		RIG_TEST(a_terminal),
		RIG_TEST(endings),
		RIG_TEST(refusals),
	};

	if (!rig_usable()) {
		(void)fprintf(stderr, "skipped: needs root, runc and busybox-static\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
