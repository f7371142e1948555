/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that mean no good, or know no better (safety R17, P17, T28, T29): slow, many, large, half-open. The health of
 * the server is asked meanwhile. The clock is ours, so that deadlines cost no time.
 */
#include "tests/unit/agent/api/client.h"

#include "agent/api/server.h"

#include <grp.h>
#include <sys/wait.h>

static uint64_t skipped_ns, frozen_ns;

static uint64_t skipping_now(void *data)
{
	return (frozen_ns ? frozen_ns : clock_kernel.now_ns(data)) + skipped_ns;
}

static uint64_t skipping_wall(void *data)
{
	return clock_kernel.wall_ns(data) + skipped_ns;
}

static const struct clock skipping = {skipping_now, skipping_wall, NULL};

/* As server_up, with a clock that can be moved and a second user who may not come in. */
static int up(void **state)
{
	struct server *s = xcalloc(1, sizeof *s);
	cleanup_free char *path = NULL;
	struct api_options o = {0};
	struct err e = {0};

	skipped_ns = frozen_ns = 0;
	scratch_open(&s->dir);
	path = xasprintf("%s/store.db", s->dir.path);
	assert_true(sd_event_new(&s->loop) >= 0);
	assert_int_equal(store_open(path, &skipping, &s->store, &e), 0);
	o = (struct api_options){.loop = s->loop, .store = s->store, .clock = &skipping};
	o.root_fd = s->dir.fd;
	o.listen_fd = api_bind(s->dir.fd, "berth.sock", 0, &e);
	assert_true(o.listen_fd >= 0);
	assert_int_equal(api_new(&o, &s->api, &e), 0);
	*state = s;
	return 0;
}

static int down(void **state)
{
	server_down(*state);
	free(*state);
	return 0;
}

static void turns(struct server *s, int n)
{
	while (n-- > 0)
		turn(s);
}

/* Moves the clock; a timer of the loop sleeps by the real one, so what it does is called. */
static void pass_time(struct server *s, uint64_t ns)
{
	skipped_ns += ns;
	server_sweep(s->api);
	turns(s, 10);
}

static bool is_closed(struct server *s, int fd)
{
	char c;

	for (int i = 0; i < 50; i++) {
		ssize_t n = recv(fd, &c, 1, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
		turn(s);
	}
	return false;
}

static void is_healthy(struct server *s)
{
	uint64_t start = clock_kernel.now_ns(NULL);
	cleanup_answer struct answer a = get(s, "/healthz");

	assert_int_equal(a.code, 200);
	assert_true(clock_kernel.now_ns(NULL) - start < 100 * NS_PER_MS);
}

static void large_things_are_refused(void **state)
{
	static const struct {
		const char *name;
		size_t line, header, fields, body;
		unsigned code;
	} cases[] = {
		{"a long line", 5000, 0, 0, 0, 414},
		{"a longer line than any", 20000, 0, 0, 0, 400},
		{"a large header", 10, 17000, 0, 0, 431},
		{"many fields", 10, 0, 70, 0, 431},
		{"a large body", 10, 0, 0, (1 << 20) + 1, 413},
		{"the largest of each", 3900, 15000, 50, 1 << 20, 0},
	};
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *line = xcalloc(1, cases[i].line + 1);
		cleanup_free char *field = xcalloc(1, cases[i].header + 1);
		cleanup_free char *body = xcalloc(1, cases[i].body + 1);
		cleanup_free char *path = NULL;
		cleanup_str struct str headers = {0};
		cleanup_answer struct answer a = {0};

		memset(line, 'a', cases[i].line);
		memset(field, 'b', cases[i].header);
		memset(body, ' ', cases[i].body);
		path = xasprintf(PODS "?labelSelector=%s", line);
		str_add(&headers, "X-Large: ");
		str_addf(&headers, "%s\r\n", field);
		for (size_t k = 0; k < cases[i].fields; k++)
			str_addf(&headers, "X-%zu: 1\r\n", k);
		a = request(s, "POST", path, headers.p, body);
		if (cases[i].code ? a.code != cases[i].code : a.code == 413 || a.code > 422)
			fail_msg("case \"%s\": %u %.200s", cases[i].name, a.code, a.body);
		assert_case(json_str(a.json, "message") != NULL, cases[i].name);
	}
	is_healthy(s);
}

/* Chunked, so that no length gives it away. */
static void a_body_without_end(void **state)
{
	struct server *s = *state;
	cleanup_free char *block = xcalloc(1, 65537);
	int fd = dial(s);
	static const char head[] =
		"POST " PODS " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

	memset(block, ' ', 65536);
	send_text(s, fd, head, sizeof head - 1);
	for (int i = 0; i < 400; i++) {
		send_text(s, fd, "10000\r\n", 7);
		send_text(s, fd, block, 65536);
		send_text(s, fd, "\r\n", 2);
	}
	assert_true(is_closed(s, fd));
	(void)close(fd);
	is_healthy(s);
}

static void slow_headers_are_cut(void **state)
{
	struct server *s = *state;
	int fds[200];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(s);
		send_text(s, fds[i], i % 2 ? "GET /api" : "GET /api HTTP/1.1\r\nX-A", 8);
		turn(s);
	}
	is_healthy(s);
	/* A byte now and then does not help. */
	pass_time(s, 3 * NS_PER_SEC);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		send_text(s, fds[i], "x", 1);
	is_healthy(s);
	pass_time(s, 3 * NS_PER_SEC);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		assert_true(is_closed(s, fds[i]));
		(void)close(fds[i]);
	}
	is_healthy(s);
}

static void slow_bodies_are_cut(void **state)
{
	struct server *s = *state;
	int fd = dial(s);
	static const char head[] =
		"POST " PODS " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{";

	send_text(s, fd, head, sizeof head - 1);
	turns(s, 10);
	pass_time(s, 4 * NS_PER_SEC);
	send_text(s, fd, " ", 1);
	assert_false(is_closed(s, fd));
	pass_time(s, 4 * NS_PER_SEC);
	assert_true(is_closed(s, fd));
	(void)close(fd);
}

static void idle_connections_end(void **state)
{
	struct server *s = *state;
	cleanup_str struct str in = {0};
	cleanup_answer struct answer a = {0}, b = {0};
	int fd = dial(s);
	static const char text[] = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";

	send_text(s, fd, text, sizeof text - 1);
	a = read_answer(s, fd, &in);
	pass_time(s, 100 * NS_PER_SEC);
	/* Kept for the next request … */
	send_text(s, fd, text, sizeof text - 1);
	b = read_answer(s, fd, &in);
	assert_int_equal(b.code, 200);
	/* … but not for ever. */
	pass_time(s, 121 * NS_PER_SEC);
	assert_true(is_closed(s, fd));
	(void)close(fd);
}

/* One user holds all it may: newcomers take the place of those who ask for nothing. */
static void many_connections(void **state)
{
	struct server *s = *state;
	int fds[600];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(s);
		if (i % 8 == 0)
			turns(s, 2);
		if (i % 100 == 99)
			is_healthy(s);
	}
	is_healthy(s);
	assert_true(is_closed(s, fds[0]));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		(void)close(fds[i]);
	turns(s, 50);
	is_healthy(s);
}

/* All of them watch: nothing can be taken away, the next is told. */
static void many_watches(void **state)
{
	static const char text[] = "GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n";
	struct server *s = *state;
	cleanup_str struct str in = {0};
	int fds[257];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(s);
		send_text(s, fds[i], text, sizeof text - 1);
		turns(s, 6);
	}
	assert_true(pump_until(s, fds[256], &in, "\r\n\r\n"));
	assert_memory_equal(in.p, "HTTP/1.1 429 ", 13);
	assert_non_null(strstr(in.p, "TooManyRequests"));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		(void)close(fds[i]);
	turns(s, 600);
	is_healthy(s);
}

static void too_many_requests(void **state)
{
	struct server *s = *state;
	cleanup_str struct str in = {0};
	unsigned refused = 0;
	int fd = dial(s);
	static const char text[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

	frozen_ns = clock_kernel.now_ns(NULL);
	for (int i = 0; i < 2500 && refused == 0; i++) {
		cleanup_answer struct answer a = {0};

		send_text(s, fd, text, sizeof text - 1);
		a = read_answer(s, fd, &in);
		refused += a.code == 429 && strstr(a.head, "\r\nRetry-After: 1\r\n");
	}
	(void)close(fd);
	assert_int_equal(refused, 1);
	skipped_ns += 10 * NS_PER_SEC;
	is_healthy(s);
}

static void garbage(void **state)
{
	static const char *const texts[] = {
		"\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"\x16\x03\x01\x02",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET /api/v1/pods HTTP/1.1\r\n\r\n",
		"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"POST /api/v1/pods HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
		"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET http://other/version HTTP/1.1\r\nHost: x\r\n\r\n",
	};
	struct server *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_str struct str in = {0};
		int fd = dial(s);

		send_text(s, fd, texts[i], strlen(texts[i]));
		for (int k = 0; k < 20; k++)
			(void)pump(s, fd, &in);
		(void)close(fd);
		if (in.n > 0 && strstr(in.p, " 200 "))
			fail_msg("case %zu: %s", i, in.p);
		is_healthy(s);
	}
}

/* What another user is told: in a child with these ids, asking for the version. */
static char *ask_as(struct server *s, uid_t uid, gid_t gid)
{
	struct str in = {0};
	int pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		static const char text[] = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
		struct sockaddr_un to = {.sun_family = AF_UNIX};
		char buf[4096];
		ssize_t n = -1;
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		(void)snprintf(to.sun_path, sizeof to.sun_path, "%s/run/berth.sock", s->dir.path);
		if (setgroups(1, &gid) < 0 || setgid(65533) < 0 || setuid(uid) < 0)
			_exit(1);
		if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
			n = snprintf(buf, sizeof buf, "%s", strerror(errno));
		else if (send(fd, text, sizeof text - 1, 0) > 0)
			n = recv(fd, buf, sizeof buf, 0);
		_exit(n > 0 && write(pair[1], buf, (size_t)n) == n ? 0 : 1);
	}
	(void)close(pair[1]);
	(void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 2000 && pump(s, pair[0], &in); i++)
		;
	(void)close(pair[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return str_take(&in);
}

/* A second door to the same store, in a directory of its own, as berthd makes it. */
static struct api *second_api(struct server *s, gid_t gid, int *ret_dir)
{
	struct api_options o = {.loop = s->loop, .store = s->store, .clock = &skipping, .gid = gid};
	struct api *a = NULL;
	struct err e = {0};

	assert_int_equal(chmod(s->dir.path, 0711), 0);
	*ret_dir = fs_open_dir(s->dir.fd, "run", 0700);
	assert_true(*ret_dir >= 0);
	o.root_fd = s->dir.fd;
	o.listen_fd = api_bind(*ret_dir, "berth.sock", gid, &e);
	assert_true(o.listen_fd >= 0);
	assert_int_equal(api_new(&o, &a, &e), 0);
	return a;
}

static unsigned mode_of(int dir_fd, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir_fd, name, &st, 0), 0);
	return st.st_mode & 0777;
}

/* The socket's mode keeps strangers out, and if it were open, the server would. */
static void strangers_are_refused(void **state)
{
	struct server *s = *state;
	cleanup_close int dir = -EBADF;
	CLEANUP(api_free) struct api *api = second_api(s, 0, &dir);
	cleanup_free char *closed = NULL, *refused = NULL;

	assert_int_equal(mode_of(dir, "berth.sock"), 0600);
	assert_int_equal(mode_of(dir, "."), 0700);
	closed = ask_as(s, 65534, 65534);
	assert_string_equal(closed, "Permission denied");
	/* The second wall. */
	assert_int_equal(fchmod(dir, 0711), 0);
	assert_int_equal(fchmodat(dir, "berth.sock", 0666, 0), 0);
	refused = ask_as(s, 65534, 65534);
	assert_memory_equal(refused, "HTTP/1.1 403 ", 13);
	assert_non_null(
		strstr(refused, "uid 65534 may not use the API of this node; allowed: root"));
	assert_non_null(strstr(refused, "onnection: close"));
}

static void members_of_the_group_come_in(void **state)
{
	struct server *s = *state;
	cleanup_close int dir = -EBADF;
	CLEANUP(api_free) struct api *api = second_api(s, 12345, &dir);
	cleanup_free char *member = NULL, *other = NULL;

	assert_int_equal(mode_of(dir, "berth.sock"), 0660);
	assert_int_equal(mode_of(dir, "."), 0710);
	member = ask_as(s, 65534, 12345);
	assert_memory_equal(member, "HTTP/1.1 200 ", 13);
	other = ask_as(s, 65534, 12346);
	assert_string_equal(other, "Permission denied");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(large_things_are_refused, up, down),
		cmocka_unit_test_setup_teardown(a_body_without_end, up, down),
		cmocka_unit_test_setup_teardown(slow_headers_are_cut, up, down),
		cmocka_unit_test_setup_teardown(slow_bodies_are_cut, up, down),
		cmocka_unit_test_setup_teardown(idle_connections_end, up, down),
		cmocka_unit_test_setup_teardown(many_connections, up, down),
		cmocka_unit_test_setup_teardown(many_watches, up, down),
		cmocka_unit_test_setup_teardown(too_many_requests, up, down),
		cmocka_unit_test_setup_teardown(garbage, up, down),
		cmocka_unit_test_setup_teardown(strangers_are_refused, up, down),
		cmocka_unit_test_setup_teardown(members_of_the_group_come_in, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
