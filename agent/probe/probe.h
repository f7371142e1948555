/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe of one container: when it is asked next, and what its answers in a row mean. Pure: it is told what is seen
 * and what was answered, with the time, and says what follows.
 * Source: the kubelet's prober worker. Beyond it: the first question of a run does not wait for a tick, and until a
 * container is ready for the first time it is asked again sooner than each period (250 ms, doubling), without being
 * said to be unhealthy more often.
 */
#ifndef AGENT_PROBE_PROBE_H
#define AGENT_PROBE_PROBE_H

#include "agent/probe/wire.h"

enum probe_type { PROBE_STARTUP, PROBE_LIVENESS, PROBE_READINESS, PROBE_TYPE_MAX };
/** "Startup", "Liveness", "Readiness" */
extern const char *const probe_type_names[];

struct probe_times {
	uint64_t initial_delay_ns, period_ns, timeout_ns;
	uint32_t success_threshold, failure_threshold;
};

/* What is known of the container now. */
struct probe_view {
	const char *run; /* the id of its run; NULL: it has not run yet */
	bool running;
	bool started;	     /* nothing holds its liveness and readiness probes back (any more) */
	bool ending;	     /* its pod has been told to end */
	bool adopted;	     /* the run was there before this agent … */
	bool was_ready;	     /* … and was ready, as was said last */
	uint64_t started_ns; /* CLOCK_BOOTTIME: when the run began */
};

enum probe_effect {
	PROBE_NO_EFFECT,
	PROBE_TURNED, /* ready has changed; the startup probe has passed */
	PROBE_LOST,   /* a liveness or startup probe has failed for good: restart the container */
};

struct probe_worker {
	enum probe_type type;
	struct probe_times times;
	uint32_t seed; /* spreads probes over time */
	/* Its own from here on. */
	char *run;
	bool active;  /* there is something to ask now */
	bool on_hold; /* lost: no more questions to this run */
	bool asking;
	bool ok;       /* readiness: ready; startup: passed */
	bool ever_ok;  /* in this run */
	bool off_beat; /* the question under way is not one of the period's */
	enum probe_result last;
	uint32_t in_row;  /* how often .last came in a row */
	uint32_t n_soon;  /* questions asked off the beat */
	uint64_t beat_ns; /* the period's next */
	uint64_t due_ns;
};

/** {0} with type, times and seed is a new one. Releases what it holds. */
void probe_worker_done(struct probe_worker *w);

/** After each change of what is seen. Returns: true when .ok has changed, or a question under way is obsolete (.asking false). */
bool probe_worker_see(struct probe_worker *w, const struct probe_view *v, uint64_t now_ns);

/** When to ask next; UINT64_MAX: not before something changes. */
uint64_t probe_worker_due(const struct probe_worker *w);

/** The question is asked now. */
void probe_worker_ask(struct probe_worker *w, uint64_t now_ns);

/** It has been answered. @ret_said: whether people are to be told of what is not a success. */
enum probe_effect probe_worker_answer(
	struct probe_worker *w, enum probe_result result, uint64_t now_ns, bool *ret_said);

#endif
