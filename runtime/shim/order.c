/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is told to start and to stop next: no clock, no state. Must hold: items are in the plan's order, init containers
 * first.
 */
#include "runtime/shim/order.h"

void order_start(const struct order_item *items, size_t n, enum order_verb *ret)
{
	bool held = false; /* by an init container that has not let the next ones go */

	for (size_t i = 0; i < n; i++) {
		bool turn = items[i].state == ORDER_WAITS && !held;

		ret[i] = turn ? ORDER_GO : ORDER_LEAVE;
		held = held || (items[i].init && !items[i].passed);
	}
}

void order_end(const struct order_item *items, size_t n, enum order_verb *ret)
{
	bool behind = false; /* something that a sidecar outlives is still there */

	for (size_t i = n; i-- > 0;) {
		bool there = items[i].state != ORDER_ENDED;

		ret[i] = there && !items[i].sidecar ? ORDER_STOP : ORDER_LEAVE;
		behind = behind || (there && !items[i].sidecar);
	}
	for (size_t i = n; i-- > 0 && !behind;) {
		behind = items[i].state != ORDER_ENDED;
		if (behind)
			ret[i] = ORDER_STOP;
	}
}

bool order_is_over(const struct order_item *items, size_t n)
{
	bool mains = false;

	for (size_t i = 0; i < n; i++) {
		bool ended = items[i].state == ORDER_ENDED;

		if (items[i].init && !items[i].sidecar && ended && !items[i].passed)
			return true;
		mains = mains || (!items[i].init && !ended);
	}
	return !mains;
}

bool order_is_empty(const struct order_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (items[i].state != ORDER_ENDED)
			return false;
	return true;
}
