/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that work for the shim: forked with all of its memory, ended when the work is done, killed at a deadline.
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_JOB_H
#define RUNTIME_SHIM_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct shim;
struct err;

/* Why a child's work failed, as it says through its report pipe. */
struct failure {
	char reason[40]; /* "CreateContainerConfigError" …; "" with no failure */
	char text[400];
};

/* A child that works for the shim; reaped by reap.c, killed at its deadline. */
struct job {
	struct job *next;
	pid_t pid;	      /* 0: not running */
	int report_fd;	      /* read end; a failure, or nothing */
	uint64_t deadline_ns; /* monotonic */
	bool timed_out;
	void *data;
	void (*ended)(struct shim *s, struct job *j, int status, const struct failure *f);
};

/**
 * Forks. In the child: returns 0, and j->report_fd is the end to report on; it ends by job_done(), job_fail() or exec.
 * In the shim: returns the pid; @j (whose data and ended are set) is the job's until ended() is called. -errno.
 */
int job_start(struct shim *s, struct job *j, uint64_t timeout_ns);

/** In the child: reports why it cannot go on, and ends. */
_Noreturn void job_fail(int report_fd, const char *reason, const struct err *e);
/** In the child: the work is done. */
_Noreturn void job_done(void);

/** The child of @j has been reaped with @status: hears its report and calls ended(). */
void job_end(struct shim *s, struct job *j, int status);

/** Kills those whose time is over. */
void job_deadlines(struct shim *s, uint64_t now_ns);

#endif
