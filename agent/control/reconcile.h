/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every reconciler is handed. A reconciler is called with the name of an object that may have
 * changed, reads what is wanted and what is from the store, and acts; called again with nothing
 * new, it does nothing.
 */
#ifndef AGENT_CONTROL_RECONCILE_H
#define AGENT_CONTROL_RECONCILE_H

#include "agent/status/recorder.h"
#include "agent/store/store.h"

struct briefs;

/* All borrowed. */
struct reconcile {
	struct store *store;
	struct recorder *recorder;
	const struct clock *clock;
	struct briefs *briefs; /* NULL: pods are read whole each time */
};

#endif
