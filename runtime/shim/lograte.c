/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token bucket with two marks. Must hold: no fraction of a byte is lost between two looks, however often they come.
 */
#include "runtime/shim/lograte.h"

#include "runtime/base/clock.h"

enum { ROOM_MIN = 4096 };

static int64_t whole(const struct log_rate *r)
{
	return r->per_sec > ROOM_MIN ? (int64_t)r->per_sec : ROOM_MIN;
}

static void refill(struct log_rate *r, uint64_t now_ns)
{
	int64_t missing = whole(r) - r->room;
	double came = r->at_ns ? (double)(now_ns - r->at_ns) * (double)r->per_sec / NS_PER_SEC
			       : (double)missing;

	if (came >= (double)missing) {
		r->room = whole(r);
		r->at_ns = now_ns;
		return;
	}
	r->room += (int64_t)came;
	r->at_ns += (uint64_t)((double)(int64_t)came * NS_PER_SEC / (double)r->per_sec);
}

bool log_rate_admits(struct log_rate *r, uint64_t now_ns)
{
	if (!r->per_sec)
		return true;
	refill(r, now_ns);
	if (r->room <= 0)
		r->over = true;
	else if (r->room >= whole(r) / 2)
		r->over = false;
	return !r->over;
}

void log_rate_take(struct log_rate *r, size_t n_bytes)
{
	if (r->per_sec)
		r->room -= (int64_t)n_bytes;
}

uint64_t log_rate_due(const struct log_rate *r)
{
	int64_t missing = whole(r) / 2 - r->room;

	if (!r->per_sec || (!r->over && r->room > 0) || missing <= 0)
		return 0;
	return r->at_ns + (uint64_t)((double)missing * NS_PER_SEC / (double)r->per_sec) + 1;
}
