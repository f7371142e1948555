/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Series of figures, and the lines that they end up in.
 */
#include "tests/bench/bench.h"

#include <math.h>
#include <stdarg.h>
#include <time.h>

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fprintf(stderr, "bench: ");
	(void)vfprintf(stderr, format, args);
	(void)fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)printf("  ");
	(void)vprintf(format, args);
	(void)printf("\n");
	va_end(args);
	(void)fflush(stdout);
}

uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void sleep_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

void series_add(struct series *s, double v)
{
	if (s->n == ARRAY_SIZE(s->v))
		die("a series of more than %zu figures", ARRAY_SIZE(s->v));
	s->v[s->n++] = v;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double series_at(struct series *s, double q)
{
	double at;
	size_t i;

	if (s->n == 0)
		die("a series without figures");
	qsort(s->v, s->n, sizeof *s->v, compare);
	at = q * (double)(s->n - 1);
	i = (size_t)at;
	if (i + 1 == s->n)
		return s->v[i];
	return s->v[i] + (at - floor(at)) * (s->v[i + 1] - s->v[i]);
}

void say_series(const char *name, struct series *s, const char *unit)
{
	say("%-34s median %8.2f %s  quartiles %.2f-%.2f  range %.2f-%.2f  n=%zu", name,
		series_at(s, 0.5), unit, series_at(s, 0.25), series_at(s, 0.75), series_at(s, 0),
		series_at(s, 1), s->n);
}

void say_figure(const char *name, double value, const char *unit, double limit)
{
	bool ok = limit < 0 ? value >= -limit : value <= limit;

	if (limit == 0)
		(void)printf("bench: %s %.3g %s budget=none ok\n", name, value, unit);
	else
		(void)printf("bench: %s %.3g %s budget=%s%g %s\n", name, value, unit,
			limit < 0 ? ">=" : "<=", fabs(limit), ok ? "ok" : "MISSED");
	(void)fflush(stdout);
}
