/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. Inside, time is uint64_t nanoseconds of CLOCK_BOOTTIME: it never jumps and counts
 * suspension. Wall time is for people only. Decision functions take `now` as an argument; what must
 * ask for the time itself takes a `const struct clock *`, so that tests own the clock.
 */
#ifndef RUNTIME_BASE_CLOCK_H
#define RUNTIME_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_MS 1000000ull
#define NS_PER_SEC 1000000000ull

struct clock {
	uint64_t (*now_ns)(void *data);	 /* CLOCK_BOOTTIME */
	uint64_t (*wall_ns)(void *data); /* CLOCK_REALTIME, since 1970 */
	void *data;
};
/* The kernel's clocks. */
extern const struct clock clock_kernel;

static inline uint64_t clock_now_ns(const struct clock *c)
{
	return c->now_ns(c->data);
}

static inline uint64_t clock_wall_ns(const struct clock *c)
{
	return c->wall_ns(c->data);
}

enum { RFC3339_SIZE = 36 };
/**
 * Writes a wall time as Kubernetes does: "2026-11-22T20:28:01Z", with 9 digits of nanoseconds
 * behind the seconds for rfc3339_nano (CRI log lines, "…01.123456789Z").
 * @out: RFC3339_SIZE bytes.  Returns: @out.
 */
char *rfc3339(uint64_t wall_ns, char out[RFC3339_SIZE]);
char *rfc3339_nano(uint64_t wall_ns, char out[RFC3339_SIZE]);
/** Reads either form, also with a fraction of 1-9 digits and an offset. 0, or -EINVAL. */
int rfc3339_parse(const char *text, uint64_t *ret_wall_ns);

#endif
