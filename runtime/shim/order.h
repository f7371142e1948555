/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a pod's containers, at its start and at its end: pure, so that tables test all of it.
 *
 * Start: init containers one after another; one that runs to its end lets the next go when it has succeeded, a sidecar
 * when it has started. Then all others at once.
 * End: all at once but the sidecars; these one after another, the last first, each when everything behind it is gone.
 * Source: Kubernetes, "Init Containers", "Sidecar Containers".
 */
#ifndef RUNTIME_SHIM_ORDER_H
#define RUNTIME_SHIM_ORDER_H

#include <stdbool.h>
#include <stddef.h>

enum order_state {
	ORDER_WAITS, /* for its turn */
	ORDER_LIVES, /* is being started, runs, or is started again after a while */
	ORDER_ENDED, /* and is not started again */
	ORDER_STATE_MAX
};

struct order_item {
	enum order_state state;
	bool init, sidecar;
	bool passed; /* init: it has let the next ones go. It stays so when a sidecar crashes later */
};

enum order_verb { ORDER_LEAVE, ORDER_GO, ORDER_STOP };

/** What each of the @n containers is told while the pod is being started and kept. */
void order_start(const struct order_item *items, size_t n, enum order_verb *ret);

/** The same while the pod ends: who is to stop now. Told again and again until it has ended. */
void order_end(const struct order_item *items, size_t n, enum order_verb *ret);

/**
 * Is the pod's work over, so that its sidecars are to end, too? All containers but the init containers have ended,
 * or an init container has failed for good.
 */
bool order_is_over(const struct order_item *items, size_t n);

/** Has everything ended? */
bool order_is_empty(const struct order_item *items, size_t n);

#endif
