/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the measurements share: series of figures, the lines they are reported in, a bare container run by the
 * runtime alone, berthd under a root of its own.
 *
 * A figure that has a budget is a ratio of two series taken in turns within one run, so that a slow minute of
 * the machine falls on both.  Any failure of a tool ends the program: a figure from half a run is none.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "cgroups/detect.h"
#include "runtime/base/err.h"
#include "runtime/base/str.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_REPS = 20 };

/** Everything that a measurement is handed. */
struct bench {
	const char *build; /* directory with the programs */
	const char *root;  /* scratch directory, on the disk that the store would be on */
	const char *tmpfs; /* scratch directory in memory */
	const char *runtime;
	int reps;
	pid_t berthd; /* 0: not running */
	struct cgroup_host host;
	char *group; /* the one that this process is in */
};

/* ---- figures ---- */

struct series {
	double v[512];
	size_t n;
};

void series_add(struct series *s, double v);
/** @q of 0 … 1: the quantile; 0.5 is the median. */
double series_at(struct series *s, double q);

/** "  NAME: median, quartiles, least and greatest", for people. */
void say_series(const char *name, struct series *s, const char *unit);
/** "bench: NAME VALUE UNIT budget=LIMIT ok|MISSED".  @limit < 0: at least -limit; 0: no budget. */
void say_figure(const char *name, double value, const char *unit, double limit);
void say(const char *format, ...) PRINTF_LIKE(1, 2);
/** Ends the program with a message. */
void die(const char *format, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

uint64_t now_ns(void);
void sleep_ms(unsigned ms);

/* ---- files in which a probe says when it began ---- */

/** Empty @path, made when missing, writable for any user. */
void stamp_reset(const char *path);
/** Wait until @n probes have written to @path, at most 30 s; the time of the last one in ns. */
uint64_t stamp_wait(const char *path, size_t n);

/* ---- running a program ---- */

/** Run @argv to its end with the runtime's plain environment; dies unless it exits with 0. */
void run_ok(const char *const *argv);
/** The same, the exit code being the result. */
int run(const char *const *argv);

/* ---- a container without berth ---- */

/** A bundle in @dir whose process is "probe once DIR/stamp", with @seccomp (consumed; NULL: none). */
void bundle_write(const struct bench *b, const char *dir, json_t *own_seccomp);
/**
 * `runc run` of it after @pause_ms of quiet; ms from fork to the probe's first instruction.
 * @warm: with the kernel's delay before a move begun beside it, as the shim does (cgroups/warm.h).
 */
double bundle_run(const struct bench *b, const char *dir, unsigned pause_ms, bool warm);

/* ---- the measurements: each prints its figures ---- */

void bench_seccomp(struct bench *b);
void bench_move(struct bench *b);

#endif
