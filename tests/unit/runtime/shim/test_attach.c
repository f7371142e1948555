/* SPDX-License-Identifier: Apache-2.0 */
/* Containers with a terminal or an open stdin, those who attach to them, and connections to the pod's loopback. */
#include "tests/unit/runtime/shim/rig.h"

#include "runtime/base/clock.h"

#include <dirent.h>
#include <poll.h>
#include <sys/ioctl.h>

enum { TTY = 1, INPUT = 2, ONCE = 4 };

static void open_pod(struct rig *r, unsigned how, const char *script)
{
	struct plan_container *c;

	rig_open(r);
	c = rig_containers(r, 1);
	rig_script(c, "a", script);
	rig_env(c, (const char *const[]){"PATH=/bin", NULL});
	c->restart_policy = PLAN_RESTART_NEVER;
	c->tty = how & TTY;
	c->stdin = how & INPUT;
	c->stdin_once = how & ONCE;
	rig_start(r);
	rig_wait(r, rig_all_running, 10000);
}

static void close_pod(struct rig *r)
{
	rig_stop(r, 0);
	rig_close(r);
}

struct client {
	int out, err, in; /* in: what the shim handed over */
	const char *error;
};

static struct client attach(struct rig *r, uint64_t id, bool tty, bool input)
{
	struct link_message m = {.type = LINK_ATTACH,
		.id = id,
		.container = (char *)(uintptr_t) "a",
		.stdin = input};
	const struct link_message *answer;
	int out[2], err[2];
	struct msg_fds fds;
	struct client c = {.in = -1};

	assert_int_equal(
		pipe2(out, O_CLOEXEC | O_NONBLOCK) | pipe2(err, O_CLOEXEC | O_NONBLOCK), 0);
	fds = (struct msg_fds){{out[1], err[1]}, tty ? 1 : 2};
	rig_send(r, &m, &fds);
	(void)close(out[1]);
	(void)close(err[1]);
	answer = rig_reply(r, LINK_ATTACH, 10000);
	assert_int_equal(answer->id, id);
	c.out = out[0];
	c.err = err[0];
	c.error = answer->error;
	if (r->reply_fds.n) {
		c.in = r->reply_fds.fd[0];
		r->reply_fds.n = 0;
	}
	return c;
}

static void leave(struct client *c)
{
	(void)close(c->out);
	(void)close(c->err);
	if (c->in >= 0)
		(void)close(c->in);
}

static void detach(struct rig *r, uint64_t id, bool input_only)
{
	const struct link_message m = {.type = LINK_DETACH, .id = id, .stdin = input_only};

	rig_send(r, &m, NULL);
}

/* Reads until @wanted is in what came, or (NULL) until the end. */
static char *hear(int fd, const char *wanted)
{
	struct str s = {0};
	char buf[4096];

	for (int i = 0; i < 1000; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n = poll(&p, 1, 10) > 0 ? read(fd, buf, sizeof buf) : -1;

		if (n > 0)
			str_addn(&s, buf, (size_t)n);
		if (n == 0 || (wanted && s.n && strstr(s.p, wanted)))
			return str_take(&s);
	}
	fail_msg("waited for \"%s\", got \"%s\"", wanted ? wanted : "the end", s.p ? s.p : "");
	return NULL;
}

static void type(const struct client *c, const char *text)
{
	assert_int_equal(write(c->in, text, strlen(text)), (ssize_t)strlen(text));
}

static void a_terminal(void **state)
{
	const struct winsize size = {.ws_row = 33, .ws_col = 111};
	cleanup_free char *first = NULL, *second = NULL, *log = NULL;
	struct client writer, reader;
	struct rig r;

	(void)state;
	open_pod(&r, TTY | INPUT, "tty; read x; echo got $x; read y; echo got $y; sleep 1000");
	writer = attach(&r, 1, true, true);
	reader = attach(&r, 2, true, false);
	assert_null(writer.error);
	assert_null(reader.error);
	assert_int_equal(ioctl(writer.in, TIOCSWINSZ, &size), 0);
	type(&writer, "one\n");
	first = hear(writer.out, "got one\r\n");
	free(hear(reader.out, "got one\r\n"));
	/* The writer goes, and the terminal stays. */
	detach(&r, 1, false);
	leave(&writer);
	writer = attach(&r, 3, true, true);
	assert_null(writer.error);
	type(&writer, "two\n");
	second = hear(reader.out, "got two\r\n");
	leave(&writer);
	leave(&reader);
	rig_disconnect(&r);
	rig_connect(&r);
	close_pod(&r);
}

/* Nobody is attached, and it does not wait for anybody. */
static void a_terminal_alone(void **state)
{
	cleanup_free char *log = NULL;
	struct rig r;

	(void)state;
	open_pod(&r, TTY,
		"tty; seq 1 50000; exec </dev/null >/dev/null 2>&1; sleep 0.2; echo again "
		">/dev/console");
	rig_wait(&r, rig_all_terminated, 20000);
	log = rig_log(&r, "a", 0);
	assert_memory_equal(log, "/dev/pts/0\r\n1\r\n", 15);
	assert_non_null(strstr(log, "\r\n50000\r\nagain\r\n"));
	close_pod(&r);
}

static void stdin_once(void **state)
{
	cleanup_free char *out = NULL, *err = NULL;
	struct client c, late;
	struct rig r;

	(void)state;
	open_pod(&r, INPUT | ONCE, "wc -c; echo bad >&2");
	c = attach(&r, 1, false, true);
	assert_null(c.error);
	type(&c, "12345");
	(void)close(c.in);
	c.in = -1;
	detach(&r, 1, true);
	assert_true(rig_reply(&r, LINK_ATTACH, 10000)->ended);
	out = hear(c.out, NULL);
	err = hear(c.err, NULL);
	assert_string_equal(out, "5\n");
	assert_string_equal(err, "bad\n");
	rig_wait(&r, rig_all_terminated, 10000);
	late = attach(&r, 2, false, false);
	assert_non_null(strstr(late.error, "not running"));
	leave(&late);
	leave(&c);
	close_pod(&r);
}

/* The agent dies with the client: the once-only input ends, one that stays is there for the next. */
static void a_lost_agent(void **state)
{
	struct client c;
	struct rig r;

	(void)state;
	open_pod(&r, INPUT, "read x; echo $x; read y; echo $y; sleep 1000");
	c = attach(&r, 1, false, true);
	type(&c, "one\n");
	free(hear(c.out, "one\n"));
	rig_disconnect(&r);
	leave(&c);
	rig_connect(&r);
	c = attach(&r, 1, false, true);
	assert_null(c.error);
	type(&c, "two\n");
	free(hear(c.out, "two\n"));
	leave(&c);
	close_pod(&r);

	open_pod(&r, INPUT | ONCE, "cat; exit 3");
	c = attach(&r, 1, false, true);
	rig_disconnect(&r);
	leave(&c);
	rig_connect(&r);
	rig_wait(&r, rig_all_terminated, 10000);
	assert_int_equal(r.snap->containers[0].exit_code, 3);
	close_pod(&r);
}

static void refusals(void **state)
{
	struct client first, second, third;
	struct rig r;

	(void)state;
	open_pod(&r, INPUT, "sleep 1000");
	first = attach(&r, 1, false, true);
	second = attach(&r, 2, false, true);
	assert_non_null(strstr(second.error, "somebody else"));
	leave(&second);
	third = attach(&r, 3, true, false);
	assert_non_null(strstr(third.error, "a pipe for each"));
	leave(&third);
	leave(&first);
	close_pod(&r);
	open_pod(&r, 0, "sleep 1000");
	first = attach(&r, 1, false, true);
	assert_non_null(strstr(first.error, "no standard input"));
	leave(&first);
	close_pod(&r);
}

/* A reader that reads nothing holds the container back; gone, it is no more in the way, and no byte is missing. */
static void a_reader_that_stalls(void **state)
{
	cleanup_free char *log = NULL;
	struct client c;
	struct rig r;

	(void)state;
	open_pod(&r, INPUT, "read x; seq 1 200000; sleep 1000");
	c = attach(&r, 1, false, true);
	type(&c, "go\n");
	free(hear(c.out, "\n100\n"));
	(void)usleep(200000);
	log = rig_log(&r, "a", 0);
	assert_null(strstr(log, "\n200000\n"));
	detach(&r, 1, false);
	leave(&c);
	for (int i = 0; i < 500 && !strstr(log, "\n200000\n"); i++) {
		(void)usleep(10000);
		free(log);
		log = rig_log(&r, "a", 0);
	}
	assert_non_null(strstr(log, "\n200000\n"));
	assert_int_equal(strlen(log), 1288895);
	close_pod(&r);
}

/* What it writes last reaches those who have not read so far. */
static void the_last_words(void **state)
{
	cleanup_free char *out = NULL;
	struct client c;
	struct rig r;

	(void)state;
	open_pod(&r, INPUT, "read x; seq 1 20000");
	c = attach(&r, 1, false, true);
	type(&c, "go\n");
	(void)usleep(300000);
	out = hear(c.out, NULL);
	assert_int_equal(strlen(out), 108894);
	assert_string_equal(out + strlen(out) - 7, "\n20000\n");
	leave(&c);
	close_pod(&r);
}

static unsigned fds_of(pid_t pid)
{
	cleanup_free char *path = xasprintf("/proc/%d/fd", pid);
	DIR *dir = opendir(path);
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

static void comes_and_goes(void **state)
{
	struct rig r;
	unsigned fds;

	(void)state;
	open_pod(&r, TTY | INPUT, "yes");
	fds = fds_of(r.shim.pid);
	for (uint64_t i = 1; i <= 300; i++) {
		struct client c = attach(&r, i, true, true);

		assert_null(c.error);
		leave(&c);
		detach(&r, i, false);
	}
	free(hear(attach(&r, 1000, true, false).out, "y\r\n"));
	detach(&r, 1000, false);
	(void)usleep(100000);
	assert_int_equal(fds_of(r.shim.pid), fds);
	close_pod(&r);
}

static void a_connection(void **state)
{
	struct link_message m = {.type = LINK_DIAL, .id = 5, .port = 8080};
	const struct link_message *answer;
	struct client c = {0};
	struct rig r;

	(void)state;
	open_pod(&r, 0, "nc -ll -p 8080 -e /bin/cat");
	for (int i = 0; i < 100; i++) {
		rig_send(&r, &m, NULL);
		answer = rig_reply(&r, LINK_DIAL, 10000);
		if (!answer->error)
			break;
		(void)usleep(20000);
	}
	assert_null(answer->error);
	assert_int_equal(r.reply_fds.n, 1);
	c.in = c.out = r.reply_fds.fd[0];
	r.reply_fds.n = 0;
	type(&c, "there and back\n");
	free(hear(c.out, "there and back\n"));
	(void)close(c.in);
	m.port = 8081;
	rig_send(&r, &m, NULL);
	answer = rig_reply(&r, LINK_DIAL, 10000);
	assert_non_null(strstr(answer->error, "localhost:8081"));
	assert_non_null(strstr(answer->error, "refused"));
	close_pod(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_terminal),
		RIG_TEST(a_terminal_alone),
		RIG_TEST(stdin_once),
		RIG_TEST(a_lost_agent),
		RIG_TEST(refusals),
		RIG_TEST(a_reader_that_stalls),
		RIG_TEST(the_last_words),
		RIG_TEST(comes_and_goes),
		RIG_TEST(a_connection),
	};

	if (!rig_usable()) {
		(void)fprintf(stderr, "skipped: needs root, runc and busybox-static\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
