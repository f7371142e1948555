/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel parameters a pod may set (safety R12): an exact list of those that belong to its own
 * network or IPC namespace, so that nothing of the host can be reached.
 * Source: Kubernetes "Using sysctls", namespaced ones; kernel Documentation/admin-guide/sysctl/.
 */
#ifndef RUNTIME_SECURITY_SYSCTL_H
#define RUNTIME_SECURITY_SYSCTL_H

#include "runtime/base/err.h"

#include <stdbool.h>

/**
 * May a pod set @name (dots or slashes) to @value?
 * @host_net, @host_ipc: the pod uses the host's namespace, where nothing may be set.
 * Value: 1 to 64 of [A-Za-z0-9 ._-].
 * Returns: 0, or with a message: -EINVAL (an unknown name, with the nearest one; a bad value), -EPERM
 * (the namespace is the host's).
 */
int sysctl_check(const char *name, const char *value, bool host_net, bool host_ipc, struct err *e);

#endif
