/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restart decisions: no clock, no state, so that a table tests all of it.
 */
#include "runtime/shim/restart.h"

bool restart_wanted(enum plan_restart policy, bool init, int exit_code)
{
	if (policy == PLAN_RESTART_NEVER)
		return false;
	if (policy == PLAN_RESTART_ON_FAILURE || init)
		return exit_code != 0;
	return true;
}

uint32_t restart_count(const struct plan_backoff *b, uint32_t crashes, uint64_t run_ns)
{
	if (run_ns >= b->reset_ns || crashes == UINT32_MAX)
		return 1;
	return crashes + 1;
}

uint64_t restart_delay_ns(const struct plan_backoff *b, uint32_t crashes)
{
	uint64_t delay = b->base_ns;

	if (crashes <= 1)
		return 0;
	for (uint32_t i = 2; i < crashes && delay < b->cap_ns; i++) {
		if (b->factor <= 1)
			break;
		if (delay > b->cap_ns / b->factor)
			return b->cap_ns;
		delay *= b->factor;
	}
	return delay < b->cap_ns ? delay : b->cap_ns;
}
