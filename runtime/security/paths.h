/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of /proc and /sys that a container must not see, or not write: OCI linux.maskedPaths and
 * linux.readonlyPaths. A privileged container, and one with procMount: Unmasked, has neither list.
 * Source: the lists that Docker, containerd and CRI-O share; CVE-2023 class of host leaks by
 * powercap and thermal files.
 */
#ifndef RUNTIME_SECURITY_PATHS_H
#define RUNTIME_SECURITY_PATHS_H

#include <jansson.h>

/** New arrays of strings, never NULL. A path that this kernel lacks is passed over by the runtime. */
json_t *paths_masked(void);
json_t *paths_readonly(void);

#endif
