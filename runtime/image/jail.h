/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jail of berth-unpack (safety R14): a child that can reach one directory, its open descriptors, and nothing else.
 */
#ifndef RUNTIME_IMAGE_JAIL_H
#define RUNTIME_IMAGE_JAIL_H

#include "runtime/base/spawn.h"

#include <stdint.h>

struct jail {
	uint64_t memory_bytes; /* address space; 0: no limit */
	uint64_t file_bytes;   /* longest file that may be written */
	unsigned cpu_seconds;
};

/**
 * Forks a child into new user (every id maps to itself), mount, network, IPC, PID, UTS and cgroup namespaces,
 * with @root_fd as its working directory (and the caller's, too).  Needs root, and a host that allows user namespaces.
 * Returns: 1 in the parent (*ret is the child), 0 in the child, -errno with a message in the parent.
 */
int jail_fork(int root_fd, struct child *ret, struct err *e);

/**
 * In the child: makes the working directory the root, gives up capabilities that unpacking does not need, sets limits,
 * landlock (where the kernel has it) and the system call filter. There is no way back.
 * Descriptors are the caller's affair. Returns: 0, or -errno with a message.
 */
int jail_enter(const struct jail *jail, struct err *e);

#endif
