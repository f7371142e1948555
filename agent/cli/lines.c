/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line assembly for streams from the agent. Whole lines inside a piece are handed on without being copied.
 */
#include "agent/cli/lines.h"

int lines_feed(struct lines *l, struct sv piece)
{
	int r = 0;

	while (piece.n && r == 0) {
		const char *end = memchr(piece.p, '\n', piece.n);
		size_t n = end ? (size_t)(end - piece.p) : piece.n;

		if (!end || l->rest.n)
			str_addn(&l->rest, piece.p, n);
		if (!end)
			return 0;
		r = l->on_line(l->data,
			l->rest.n ? (struct sv){l->rest.p, l->rest.n} : (struct sv){piece.p, n});
		str_clear(&l->rest);
		piece = (struct sv){end + 1, piece.n - n - 1};
	}
	return r < 0 ? r : 0;
}

int lines_end(struct lines *l)
{
	int r = l->rest.n ? l->on_line(l->data, (struct sv){l->rest.p, l->rest.n}) : 0;

	str_done(&l->rest);
	return r;
}
