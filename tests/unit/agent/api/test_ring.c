/* SPDX-License-Identifier: Apache-2.0 */
/* The ring against a plain count of bytes, and at descriptors that take little, nothing, or no more. */
#include "tests/unit/unit.h"

#include "agent/api/ring.h"

#include <signal.h>
#include <sys/socket.h>

static uint8_t nth(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

/* Pieces of odd sizes in and out: every byte once, in order, over many times round. */
static void bytes_pass(void **state)
{
	struct ring r = {0};
	size_t put = 0, got = 0, step = 1;
	int ends[2];

	(void)state;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	while (got < 20 * RING_BYTES) {
		uint8_t in[5000], out[7000];
		size_t n = step++ % sizeof in;
		ssize_t m;

		if (n > ring_room(&r))
			n = ring_room(&r);
		for (size_t i = 0; i < n; i++)
			in[i] = nth(put++);
		ring_put(&r, in, n);
		assert_true(ring_write(&r, ends[0]) == 0 || r.n > 0);
		m = read(ends[1], out, step % 3 ? sizeof out : 100);
		for (ssize_t i = 0; i < m; i++)
			assert_int_equal(out[i], nth(got++));
	}
	assert_int_equal(ring_room(&r), RING_BYTES - r.n);
	(void)close(ends[1]);
	ring_put(&r, "x", 1);
	assert_int_equal(ring_write(&r, ends[0]), -EPIPE);
	(void)close(ends[0]);
	ring_done(&r);
	assert_int_equal(ring_room(&r), RING_BYTES);
}

static void a_pipe_that_is_full(void **state)
{
	static const uint8_t zeros[RING_BYTES];
	struct ring r = {0};
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(ring_write(&r, ends[1]), 0);
	ring_put(&r, zeros, RING_BYTES);
	assert_int_equal(ring_write(&r, ends[1]), 0);
	ring_put(&r, zeros, 1);
	assert_int_equal(ring_write(&r, ends[1]), -EAGAIN);
	assert_int_equal(r.n, 1);
	(void)close(ends[0]);
	assert_int_equal(ring_write(&r, ends[1]), -EPIPE);
	(void)close(ends[1]);
	ring_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_pass),
		cmocka_unit_test(a_pipe_that_is_full),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
