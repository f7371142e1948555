/* SPDX-License-Identifier: Apache-2.0 */
/* Messages keep their borders, descriptors are never lost. */
#include "tests/unit/unit.h"

#include "runtime/base/msg.h"

#include <sys/socket.h>

static size_t open_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void pair(int ends[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
}

static void borders_and_descriptors(void **state)
{
	struct msg_fds out = {{STDERR_FILENO, STDOUT_FILENO}, 2}, in = {.n = 0};
	size_t before;
	char buf[64];
	int ends[2];

	(void)state;
	before = open_fds();
	pair(ends);
	assert_int_equal(msg_send(ends[0], "one", 3, NULL), 0);
	assert_int_equal(msg_send(ends[0], "three", 5, &out), 0);
	assert_int_equal(msg_recv(ends[1], buf, sizeof buf, &in), 3);
	assert_int_equal(in.n, 0);
	assert_int_equal(msg_recv(ends[1], buf, sizeof buf, &in), 5);
	assert_int_equal(in.n, 2);
	assert_int_equal(fcntl(in.fd[0], F_GETFD), FD_CLOEXEC);
	msg_fds_done(&in);
	assert_int_equal(msg_recv(ends[1], buf, sizeof buf, NULL), -EAGAIN);
	(void)close(ends[0]);
	assert_int_equal(msg_recv(ends[1], buf, sizeof buf, NULL), 0);
	(void)close(ends[1]);
	assert_int_equal(open_fds(), before);
}

static void what_does_not_fit_is_refused_and_closed(void **state)
{
	struct msg_fds out = {{STDERR_FILENO}, 1}, in = {.n = 0};
	static char large[MSG_BYTES_MAX + 1];
	size_t before;
	char buf[4];
	int ends[2];

	(void)state;
	before = open_fds();
	pair(ends);
	assert_int_equal(msg_send(ends[0], large, sizeof large, NULL), -EMSGSIZE);
	assert_int_equal(msg_send(ends[0], "too long", 8, &out), 0);
	assert_int_equal(msg_recv(ends[1], buf, sizeof buf, &in), -EBADMSG);
	assert_int_equal(msg_send(ends[0], "fds", 3, &out), 0);
	assert_int_equal(msg_recv(ends[1], buf, sizeof buf, NULL), -EBADMSG);
	(void)close(ends[0]);
	(void)close(ends[1]);
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borders_and_descriptors),
		cmocka_unit_test(what_does_not_fit_is_refused_and_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
