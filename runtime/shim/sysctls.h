/* SPDX-License-Identifier: Apache-2.0 */
/* The pod's kernel parameters. For this folder only. */
#ifndef RUNTIME_SHIM_SYSCTLS_H
#define RUNTIME_SHIM_SYSCTLS_H

#include "runtime/plan/plan.h"

/**
 * Sets the plan's sysctls in the namespaces of the calling process, which must be the pod's.
 * Returns: 0, or -errno with a message that names the parameter: as sysctl_check(), or the kernel's word.
 */
int sysctls_apply(const struct plan *p, struct err *e);

#endif
