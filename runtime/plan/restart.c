/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restart decisions: no clock, no state, so that a table tests all of it.
 */
#include "runtime/plan/restart.h"

static bool fits(const struct plan_rule *rule, int exit_code)
{
	bool listed = false;

	for (size_t i = 0; i < rule->n_codes; i++)
		listed = listed || rule->codes[i] == exit_code;
	return listed == (rule->op == PLAN_RULE_IN);
}

enum restart_verdict restart_verdict(const struct restart_terms *t, int exit_code)
{
	const struct plan_rule *rule = NULL;

	for (size_t i = 0; !rule && i < t->n_rules; i++)
		if (fits(&t->rules[i], exit_code))
			rule = &t->rules[i];
	if (rule && rule->action == PLAN_RULE_RESTART_ALL)
		return RESTART_ALL;
	if (t->to_end && exit_code == 0)
		return RESTART_NO;
	if (rule)
		return RESTART_YES;
	if (t->policy == PLAN_RESTART_NEVER)
		return RESTART_NO;
	return t->policy == PLAN_RESTART_ALWAYS || exit_code ? RESTART_YES : RESTART_NO;
}

uint32_t restart_count(const struct plan_backoff *b, uint32_t crashes, uint64_t run_ns)
{
	if (run_ns >= b->reset_ns || crashes == UINT32_MAX)
		return 1;
	return crashes + 1;
}

/* Without jitter. */
static uint64_t delay_ns(const struct plan_backoff *b, uint32_t crashes)
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

uint64_t restart_delay_ns(const struct plan_backoff *b, uint32_t crashes, uint32_t chance)
{
	uint64_t delay = delay_ns(b, crashes);
	uint64_t most = delay / 100 * b->jitter_percent;

	return delay + (most >> 16) * (chance >> 16);
}
