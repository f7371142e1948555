/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that ask over the network: one run of berth-probe in the pod's network namespace. For this folder only. */
#ifndef RUNTIME_SHIM_HOOK_REQUEST_H
#define RUNTIME_SHIM_HOOK_REQUEST_H

#include "runtime/base/str.h"
#include "runtime/plan/handler.h"

struct container;
struct hook_job;

/** @fault: NULL when there was an answer. */
typedef void (*hook_request_fn)(struct container *c, const char *fault);

/** @fn is called once, not from in here, unless it is forgotten before. 0 and a handle, or -errno. */
int hook_request(struct container *c, const struct plan_handler *h, uint64_t timeout_ns,
	hook_request_fn fn, struct hook_job **ret);
/** Ends it; @fn is not called. */
void hook_request_forget(struct hook_job *j);

/** What berth-probe is asked. Owned by the caller. For tests. */
char *hook_request_text(const struct plan_handler *h, uint64_t timeout_ns);
/**
 * What it answered: NULL when the hook has done its work, else why not (owned by the caller). Of an HTTP request any
 * answer is one, as for the kubelet: the status is not judged.
 */
char *hook_request_fault(struct sv answer);

#endif
