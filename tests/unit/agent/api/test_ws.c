/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "agent/api/ws.h"
#include "runtime/base/str.h"

#include <sys/types.h>

/* What was sent, and how many bytes the socket still takes. */
struct wire {
	struct str sent;
	size_t room;
};

static ssize_t no_input(void *data, void *buf, size_t n)
{
	(void)data;
	(void)buf;
	(void)n;
	return -EAGAIN;
}

static ssize_t take_bytes(void *data, const void *bytes, size_t n)
{
	struct wire *w = data;

	n = n < w->room ? n : w->room;
	if (n == 0)
		return -EAGAIN;
	w->room -= n;
	str_addn(&w->sent, bytes, n);
	return (ssize_t)n;
}

static void no_part(void *data, unsigned channel, const uint8_t *bytes, size_t n, bool end)
{
	(void)data;
	(void)channel;
	(void)bytes;
	(void)n;
	(void)end;
}

/* The close frame must come behind every message that was queued before it, also over a full socket. */
static void closes_behind_messages(void **state)
{
	static const char expected[] = "\x82\x04\x01one\x82\x04\x03two\x88\x02\x03\xe8";

	(void)state;
	for (size_t first = 0; first < sizeof expected - 1; first++) {
		struct wire wire = {.room = first};
		struct ws_calls calls = {
			.recv = no_input, .send = take_bytes, .part = no_part, .data = &wire};
		struct ws *w = ws_new(&calls);

		ws_queue(w, WS_STDOUT, "one", 3);
		ws_queue(w, WS_ERROR, "two", 3);
		ws_close(w, 1000);
		assert_int_equal(ws_write(w), 0);
		wire.room = SIZE_MAX;
		assert_true(ws_wants_write(w));
		assert_int_equal(ws_write(w), 0);
		assert_int_equal(wire.sent.n, sizeof expected - 1);
		assert_memory_equal(wire.sent.p, expected, sizeof expected - 1);
		str_done(&wire.sent);
		ws_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(closes_behind_messages)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
