/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a container that has ended is started again. Pure.
 * Source: Kubernetes, "Pod Lifecycle": container restart policy; kubelet back-off.
 */
#ifndef RUNTIME_SHIM_RESTART_H
#define RUNTIME_SHIM_RESTART_H

#include "runtime/plan/plan.h"

/**
 * Is a container started again that ended with @exit_code?
 * An init container that succeeded is not, whatever the policy; Always means OnFailure for it.
 */
bool restart_wanted(enum plan_restart policy, bool init, int exit_code);

/**
 * How many ends in a row count, after one more run that lasted @run_ns.
 * @crashes: the count before it. Returns: 1 when the run was long enough to forget the earlier ones.
 */
uint32_t restart_count(const struct plan_backoff *b, uint32_t crashes, uint64_t run_ns);

/**
 * The delay before the next start, counted from the end of the run.
 * @crashes: as restart_count() gave it, >= 1. Returns: ns: 0 for the first, then base, base*factor … cap.
 */
uint64_t restart_delay_ns(const struct plan_backoff *b, uint32_t crashes);

#endif
