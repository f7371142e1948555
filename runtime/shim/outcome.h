/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run that has ended, in Kubernetes' words. Pure.
 */
#ifndef RUNTIME_SHIM_OUTCOME_H
#define RUNTIME_SHIM_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum {
	OUTCOME_NOT_STARTED = 128
}; /* exit code of a container that the runtime could not start (containerd) */

struct outcome {
	int32_t exit_code; /* 128 + signal when killed */
	int32_t signal;
	const char *reason; /* static: "Completed", "Error", "OOMKilled" */
};

/** @status: as waitpid gives it.  @oom_kills: of the container's cgroup in this run. */
struct outcome outcome_of(int status, uint64_t oom_kills);

#endif
