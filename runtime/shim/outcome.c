/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit status to reason. Source: kubelet and containerd: OOMKilled when the kernel killed in the container and it
 * did not succeed all the same; then Completed or Error by the exit code.
 */
#include "runtime/shim/outcome.h"

#include <sys/wait.h>

struct outcome outcome_of(int status, uint64_t oom_kills)
{
	struct outcome o = {0};

	if (WIFSIGNALED(status)) {
		o.signal = WTERMSIG(status);
		o.exit_code = 128 + o.signal;
	} else {
		o.exit_code = WEXITSTATUS(status);
	}
	if (o.exit_code == 0)
		o.reason = "Completed";
	else
		o.reason = oom_kills ? "OOMKilled" : "Error";
	return o;
}
