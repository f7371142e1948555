/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories of an agent below its root prefix: made 0700, audited at each start (safety R29),
 * and owned by one agent at a time (promise P22).
 */
#ifndef AGENT_NODE_TREE_H
#define AGENT_NODE_TREE_H

#include "runtime/base/err.h"

struct tree {
	char *root; /* absolute, without links; "" for "/" */
	int root_fd;
	int lib_fd;	  /* var/lib/berth */
	int run_fd;	  /* run/berth */
	int manifests_fd; /* etc/berth/manifests */
	int lock_fd;
};

/**
 * Makes what is missing, refuses what others could write to, takes the lock.
 * @root: as the user gave it; NULL or "/": the machine's own.
 * Returns: 0; -EBUSY (another agent runs on this root: the message names its pid); -EPERM (wrong
 * owner or mode: the
 * message says which and the command that mends it); -errno.
 */
int tree_open(const char *root, struct tree *ret, struct err *e);

/** Closes the descriptors, which frees the lock. */
void tree_close(struct tree *t);

/** A path below the root: tree_path(t, "etc/berth") is "/etc/berth". Returns: owned by the caller. */
char *tree_path(const struct tree *t, const char *below);

#endif
