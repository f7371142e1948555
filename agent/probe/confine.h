/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walls around berth-probe, which reads bytes of strangers (safety section 5).
 */
#ifndef AGENT_PROBE_CONFINE_H
#define AGENT_PROBE_CONFINE_H

#include "runtime/base/err.h"

/**
 * Gives up root for good: user and group 65534, no capability, no new privileges, no file, no program, no socket but
 * those of IP. Needs root, one thread, and what is needed of the file system to be loaded.
 * Returns: 0, or -errno with a message.
 */
int confine(struct err *e);

#endif
