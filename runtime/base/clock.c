/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's clocks, and RFC 3339 times to and from text (UTC only on the way out, as Kubernetes
 * writes metav1.Time).
 */
#include "runtime/base/clock.h"

#include "runtime/base/str.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static uint64_t boot_ns(void *data)
{
	(void)data;
	return read_clock(CLOCK_BOOTTIME);
}

static uint64_t real_ns(void *data)
{
	(void)data;
	return read_clock(CLOCK_REALTIME);
}

const struct clock clock_kernel = {boot_ns, real_ns, NULL};

static size_t write_seconds(uint64_t wall_ns, char out[RFC3339_SIZE])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_SEC);
	struct tm tm;

	(void)gmtime_r(&seconds, &tm);
	return strftime(out, RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
}

char *rfc3339(uint64_t wall_ns, char out[RFC3339_SIZE])
{
	size_t n = write_seconds(wall_ns, out);

	(void)snprintf(out + n, RFC3339_SIZE - n, "Z");
	return out;
}

char *rfc3339_nano(uint64_t wall_ns, char out[RFC3339_SIZE])
{
	size_t n = write_seconds(wall_ns, out);

	(void)snprintf(out + n, RFC3339_SIZE - n, ".%09uZ", (unsigned)(wall_ns % NS_PER_SEC));
	return out;
}

/* Reads exactly @digits digits at *@at. */
static int read_digits(struct sv *s, size_t digits, int *ret)
{
	uint64_t value;

	if (s->n < digits || parse_u64((struct sv){s->p, digits}, &value) < 0)
		return -EINVAL;
	*s = (struct sv){s->p + digits, s->n - digits};
	*ret = (int)value;
	return 0;
}

static int read_char(struct sv *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return -EINVAL;
	*s = (struct sv){s->p + 1, s->n - 1};
	return 0;
}

static int read_fraction(struct sv *s, uint64_t *ret_ns)
{
	uint64_t scale = NS_PER_SEC, ns = 0;
	size_t n = 0;

	if (read_char(s, '.') < 0)
		return 0;
	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
		if (n == 9)
			return -EINVAL;
		scale /= 10;
		ns += (uint64_t)(s->p[n] - '0') * scale;
	}
	*s = (struct sv){s->p + n, s->n - n};
	*ret_ns = ns;
	return n ? 0 : -EINVAL;
}

static int read_offset(struct sv *s, int *ret_seconds)
{
	int sign, hours, minutes;

	if (read_char(s, 'Z') == 0)
		return 0;
	sign = read_char(s, '+') == 0 ? 1 : read_char(s, '-') == 0 ? -1 : 0;
	if (!sign || read_digits(s, 2, &hours) < 0 || read_char(s, ':') < 0 ||
		read_digits(s, 2, &minutes) < 0 || hours > 23 || minutes > 59)
		return -EINVAL;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int rfc3339_parse(const char *text, uint64_t *ret_wall_ns)
{
	struct sv s = sv(text);
	struct tm tm = {0};
	uint64_t ns = 0;
	int offset = 0;
	time_t t;

	if (read_digits(&s, 4, &tm.tm_year) < 0 || read_char(&s, '-') < 0 ||
		read_digits(&s, 2, &tm.tm_mon) < 0 || read_char(&s, '-') < 0 ||
		read_digits(&s, 2, &tm.tm_mday) < 0 || read_char(&s, 'T') < 0 ||
		read_digits(&s, 2, &tm.tm_hour) < 0 || read_char(&s, ':') < 0 ||
		read_digits(&s, 2, &tm.tm_min) < 0 || read_char(&s, ':') < 0 ||
		read_digits(&s, 2, &tm.tm_sec) < 0 || read_fraction(&s, &ns) < 0 ||
		read_offset(&s, &offset) < 0 || s.n)
		return -EINVAL;
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
		tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	t = timegm(&tm) - offset;
	if (t < 0)
		return -EINVAL;
	*ret_wall_ns = (uint64_t)t * NS_PER_SEC + ns;
	return 0;
}
