/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a container's log may grow: a second's worth at once, then as much as comes back with time. Once it is used up
 * nothing is admitted until half of it has come back, so that a flood is cut into few long gaps. Pure.
 */
#ifndef RUNTIME_SHIM_LOGRATE_H
#define RUNTIME_SHIM_LOGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_rate {
	uint64_t per_sec; /* bytes; 0: any */
	int64_t room;
	uint64_t at_ns; /* when room was right; 0: not begun */
	bool over;
};

/** May a line begin? A line that has begun may take more than there is. */
bool log_rate_admits(struct log_rate *r, uint64_t now_ns);
void log_rate_take(struct log_rate *r, size_t n_bytes);
/** When a line may begin again, on the clock of log_rate_admits(); 0: now. */
uint64_t log_rate_due(const struct log_rate *r);

#endif
