/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether, and when, a container that has ended is started again. Pure. The shim decides by it; the agent asks it what
 * a dead shim would have decided.
 * Source: Kubernetes, "Pod Lifecycle": container restart policy and rules (KEP-5307, KEP-5532); kubelet back-off.
 */
#ifndef RUNTIME_PLAN_RESTART_H
#define RUNTIME_PLAN_RESTART_H

#include "runtime/plan/plan.h"

enum restart_verdict {
	RESTART_NO,
	RESTART_YES,
	RESTART_ALL /* the whole pod's containers run again from the first init container */
};

/* What decides, of one container. */
struct restart_terms {
	enum plan_restart policy;
	bool to_end; /* an init container that is no sidecar: once it has succeeded it has done its work */
	const struct plan_rule *rules; /* the first that fits counts, before the policy */
	size_t n_rules;
};

/** What follows an end with @exit_code. */
enum restart_verdict restart_verdict(const struct restart_terms *t, int exit_code);

/**
 * How many ends in a row count, after one more run that lasted @run_ns.
 * @crashes: the count before it. Returns: 1 when the run was long enough to forget the earlier ones.
 */
uint32_t restart_count(const struct plan_backoff *b, uint32_t crashes, uint64_t run_ns);

/**
 * The delay before the next start, counted from the end of the run.
 * @crashes: as restart_count() gave it, >= 1.  @chance: any number; what the jitter is taken from.
 * Returns: ns: 0 for the first, then base, base*factor … cap, and up to jitter_percent of that more.
 */
uint64_t restart_delay_ns(const struct plan_backoff *b, uint32_t crashes, uint32_t chance);

#endif
