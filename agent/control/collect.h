/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The garbage collector: dependents follow their owners, marked objects go when nothing holds them,
 * namespaces go with their last object.
 * Source: Kubernetes docs "Garbage Collection", "Owners and Dependents".
 */
#ifndef AGENT_CONTROL_COLLECT_H
#define AGENT_CONTROL_COLLECT_H

#include "agent/control/reconcile.h"

/**
 * Looks at one object that was made, changed or marked: deletes it when all its owners are gone;
 * when it is marked, sends its dependents the way its finalizers say (or a namespace's contents),
 * and takes it out when they have gone. Pods are marked here and taken out by their worker.
 * Returns: 0 (also when it is not there), or -errno: call again later.
 */
int collect_object(const struct reconcile *ctx, const struct kind *kind, const char *ns,
	const char *name, struct err *e);

/**
 * An object has gone: its dependents are looked at, and what waited for it: owners marked
 * "foregroundDeletion", a namespace that ends.  @last: the object as it was.
 */
int collect_after(const struct reconcile *ctx, const json_t *last, struct err *e);

#endif
