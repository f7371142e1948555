/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one run of a container ended, with the evidence there was: the crash dossier. The shim writes one small file
 * for each end into the pod's directory, deaths/NAME-N.json (N: the attempt, never used twice), at the moment of the end and
 * synced, so that it is there though the agent was not; the agent serves it, and keeps it when the pod is gone.
 *
 * Names of files are made and read here, so that both sides agree. Times: wall ns.
 */
#ifndef RUNTIME_PLAN_DEATH_H
#define RUNTIME_PLAN_DEATH_H

#include "runtime/base/err.h"
#include "runtime/base/fs.h"
#include "runtime/base/str.h"

#include <jansson.h>

#define DEATH_DIR "deaths" /* in the pod's directory */

enum {
	DEATHS_KEPT = 10, /* of a container */
	DEATH_TAIL_MAX = 4096,
	DEATH_FILE_MAX = 64 << 10,
	DEATH_NAME_SIZE = 96,
};

enum death_next {
	DEATH_NEXT_NONE,    /* it is not started again */
	DEATH_NEXT_RESTART, /* it is, at next_at */
	DEATH_NEXT_ALL,	    /* with all others, from the first init container */
	DEATH_NEXT_MAX
};

/* Share of the last 10 s in hundredths of a percent, and all of the run in us. */
struct death_pressure {
	uint32_t some_avg10_centi, full_avg10_centi;
	uint64_t some_total_us, full_total_us;
};

struct death {
	char *container; /* its name */
	char *id;	 /* "NAME-N" */
	uint32_t attempt;
	uint32_t run;			  /* N of its log: `berth logs --run N` */
	uint64_t started_at, finished_at; /* started_at 0: it never ran */
	uint64_t ran_ns;		  /* on a clock that does not jump */
	int32_t exit_code, signal;	  /* signal 0: it ended by itself */
	char *reason;			  /* Completed, Error, OOMKilled … */
	char *message;			  /* its termination message, or why it could not start */
	char *cause;			  /* why the agent ended it (a liveness probe …); NULL */
	bool told;			  /* it had been asked to stop */
	bool oom_killed;		  /* the kernel killed in it for want of memory … */
	uint64_t oom_kills;		  /* … so many processes */
	uint64_t memory_peak_bytes;	  /* 0: not known */
	uint64_t memory_bytes;		  /* what was left charged to it at the end; 0: not known */
	uint64_t memory_limit_bytes;	  /* 0: none */
	struct death_pressure *cpu, *memory; /* NULL: this kernel does not tell */
	uint32_t crashes;		     /* ends in a row without a long run, this one too */
	char *log_tail;			     /* its last lines; NULL: none */
	enum death_next next;
	uint64_t next_at; /* 0: at once */
};

/** 0 and a death the caller frees, or -EINVAL with the member's path; from text also -EBADMSG. */
int death_decode(const json_t *j, struct death **ret, struct err *e);
int death_parse(struct sv text, struct death **ret, struct err *e);
/** A new reference, never NULL. */
json_t *death_encode(const struct death *d);
void death_free(struct death *own_d);
DEFINE_CLEANUP(struct death, death_free);

/** "NAME-N.json". @out: DEATH_NAME_SIZE bytes. */
void death_file_name(const char *container, uint32_t attempt, char *out);
/** Takes it apart: "web-1-12.json" is attempt 12 of web-1. @ret_container: part of @name. -EINVAL: no such name. */
int death_file_parse(const char *name, struct sv *ret_container, uint32_t *ret_attempt);

/**
 * Writes @d below @state_fd, and removes the oldest of its container beyond DEATHS_KEPT.
 * Returns: 0 or -errno; a death that could not be written leaves no part of a file.
 */
int death_write(int state_fd, const struct death *d, enum fs_sync sync);

#endif
