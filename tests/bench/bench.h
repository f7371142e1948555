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
	struct cgroup_host host;
	char *group;	  /* the one that this process is in */
	pid_t berthd;	  /* 0: not running */
	char *agent_root; /* its --root */
	char *agent_base; /* its top cgroup */
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
/** Start @argv and leave it running. */
pid_t run_beside(const char *const *argv, const char *const *env, int out_fd);
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

/** `runc delete` of a container that is ending. */
void runtime_delete(const struct bench *b, const char *state, const char *id);

/* ---- berthd below a root of its own ---- */

/** Load the OCI layout @layout into the image store below @dir; seconds. */
double load_seconds(const struct bench *b, const char *dir, const char *layout);

/** Start it with the image of the probe (ROOT/probe) loaded; wait until it is ready.  Nothing when it runs. */
void agent_start(struct bench *b);
/** Delete every pod, stop it, remove its cgroups. */
void agent_stop(struct bench *b);

/** One request; @body may be NULL. Returns: the answer, a new reference or NULL for none; *@ret_status the code. */
json_t *agent_call(const struct bench *b, const char *method, const char *path, const json_t *body,
	int *ret_status);

/** The same, not parsed: the whole answer of @ret_n bytes, to be freed. */
char *agent_ask(const struct bench *b, const char *method, const char *path, const json_t *body,
	size_t *ret_n, int *ret_status);

/* What a pod of the measurements looks like. */
struct pod_spec {
	const char *name;
	const char *verb;     /* of the probe */
	const char *argument; /* after the file, or NULL */
	const char *policy;   /* restartPolicy */
	int containers;
	const char *annotation, *value; /* NULL: none */
};
/**
 * Ask for it; dies unless it is accepted. Its probes write to ROOT/stamps/stamp.
 * Returns: its uid, to be freed.
 */
char *pod_create(const struct bench *b, const struct pod_spec *p);
/** Ask for the end of "PREFIX0" … "PREFIX(N-1)", without grace, and wait until all are gone. */
void pods_delete(const struct bench *b, const char *prefix, int n);
/** The shim of a pod; its containers' process. */
pid_t pod_shim(const struct bench *b, const char *uid);
pid_t pod_process(const struct bench *b, const char *uid);

/** Proportional share of memory in KiB; context switches of all threads, wanted and not. */
double process_pss_kib(pid_t pid);
uint64_t process_switches(pid_t pid);
/** Processor time of its main thread so far. */
double process_cpu_ms(pid_t pid);

/* ---- podman, for comparison ---- */

/** Ready to be asked, with the image of the probe loaded; false: not installed, or it does not work here. */
bool podman_open(const struct bench *b);
/** One command of it, without its name. Returns: the exit code. */
int podman(const struct bench *b, const char *const *args);

/* ---- the measurements: each prints its figures ---- */

void bench_seccomp(struct bench *b);
void bench_move(struct bench *b);
void bench_crash(struct bench *b);
void bench_restarts(struct bench *b);
void bench_peers(struct bench *b);
void bench_pod(struct bench *b);
void bench_memory(struct bench *b);
void bench_burst(struct bench *b);
void bench_idle(struct bench *b);
void bench_crashing(struct bench *b);
void bench_logs(struct bench *b);
void bench_probes(struct bench *b);
void bench_unpack(struct bench *b);

#endif
