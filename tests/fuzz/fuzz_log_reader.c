/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRI logs: the first bytes say how they are read. In pieces of any size it must show the same, and a tail is a piece
 * of the whole.
 */
#include "agent/api/crilog.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void read_all(struct crilog *l, const char *bytes, size_t n, size_t piece, struct str *out)
{
	for (size_t at = 0; at < n; at += piece)
		crilog_feed(l, bytes + at, n - at < piece ? n - at : piece, out);
	crilog_end(l, out);
	crilog_done(l);
}

static void check_tail(const char *bytes, size_t n, uint64_t lines, size_t block)
{
	struct crilog_tail t;

	crilog_tail_begin(&t, lines, n);
	while (!t.done) {
		size_t part = t.at < block ? (size_t)t.at : block;

		crilog_tail_feed(&t, bytes + t.at - part, part);
	}
	assert(t.start <= n && t.found <= lines);
	assert(t.start == 0 || bytes[t.start - 1] == '\n' || t.start == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct crilog a = CRILOG_INIT, b = CRILOG_INIT;
	cleanup_str struct str whole = {0}, parts = {0};
	const char *bytes = (const char *)in + 3;

	if (n < 3)
		return 0;
	a.timestamps = b.timestamps = in[0] & 1;
	a.streams = b.streams = in[0] & 2 ? CRILOG_ALL : CRILOG_STDERR;
	if (in[0] & 4)
		a.limit_bytes = b.limit_bytes = in[1];
	n -= 3;
	read_all(&a, bytes, n, n + 1, &whole);
	read_all(&b, bytes, n, (size_t)in[2] + 1, &parts);
	if (n < CRILOG_ENTRY_MAX)
		assert(whole.n == parts.n &&
			(whole.n == 0 || memcmp(whole.p, parts.p, whole.n) == 0));
	check_tail(bytes, n, in[1], (size_t)in[2] + 1);
	return 0;
}
