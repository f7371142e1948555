/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_BASE_VERSION_H
#define RUNTIME_BASE_VERSION_H

/* What git calls this build, and the Kubernetes release whose API it follows. */
extern const char *const berth_version;
#define KUBERNETES_MAJOR "1"
#define KUBERNETES_MINOR "35"

#endif
