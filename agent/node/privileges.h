/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What berthd gives up and asks for at its start (safety.md, section 5.4).
 */
#ifndef AGENT_NODE_PRIVILEGES_H
#define AGENT_NODE_PRIVILEGES_H

#include "runtime/base/err.h"

#include <stdbool.h>

/**
 * No core dumps, not readable through /proc by others, umask 077, as many descriptors as are allowed, and without the
 * capabilities that no container gets by default.
 * @keep_all: keep those too, so that privileged containers have every capability.
 * Returns: 0, or -errno with a message.
 */
int privileges_settle(bool keep_all, struct err *e);

#endif
