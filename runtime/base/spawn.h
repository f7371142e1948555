/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting another program (safety R6, R7): an argv array, a fixed environment, no descriptor but
 * those that are named, "/" as working directory, default signals, a session of its own.
 */
#ifndef RUNTIME_BASE_SPAWN_H
#define RUNTIME_BASE_SPAWN_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

enum { SPAWN_FDS_MAX = 8, SPAWN_PROCS_MAX = 16 };

struct spawn {
	const char *const *argv; /* ended by NULL; argv[0] is an absolute path */
	const char *const *env;	 /* ended by NULL; NULL: PATH and nothing else */
	/* Descriptor @fd becomes @as in the child. 0, 1 and 2 are /dev/null unless named. */
	struct spawn_fd {
		int fd, as;
	} fds[SPAWN_FDS_MAX];
	size_t n_fds;
	/* cgroup.procs files that the child writes itself into (v1: one a hierarchy). */
	const int *procs_fds;
	size_t n_procs_fds;
	int cgroup_fd;	   /* > 0: a v2 cgroup directory to be born in (CLONE_INTO_CGROUP) */
	bool keep_session; /* do not call setsid: the child keeps the caller's terminal */
	/*
	 * Called in the child after it has joined its cgroups, with the caller's descriptors still
	 * open: namespaces, user ids, limits. System calls only. Returns 0, or -errno: no exec.
	 */
	int (*prepare)(const void *data);
	const void *prepare_data;
};

struct child {
	pid_t pid;
	int pidfd; /* CLOEXEC; becomes readable when the child has ended */
};

/**
 * Starts the program.  @ret: the child; the caller reaps it and closes pidfd.
 * Returns: 0, or -errno with a message, also when exec itself failed (ENOENT: no such program).
 */
int spawn(const struct spawn *s, struct child *ret, struct err *e);

/**
 * Turns the calling process, a child that fork() made, into the program: for those who prepare something in
 * the child first. Descriptors, signals, session and directory as spawn() has them; cgroup_fd does not count.
 * @keep_fd: a CLOEXEC descriptor to report failures on, which moves to another number; NULL: none.
 * Returns: only on failure, -errno.
 */
int spawn_become(const struct spawn *s, int *keep_fd);

/**
 * Waits for the child to end, at most @timeout_ms (-1: for ever), reaps it and closes its pidfd.
 * Returns: 0 and the wait status (as waitpid's), -ETIMEDOUT (the child still runs, nothing was
 * closed), -errno.
 */
int child_wait(struct child *c, int timeout_ms, int *ret_status);

/** SIGKILL, wait, reap, close: for a child no longer wanted. A closed one is left alone. */
void child_kill(struct child *c);

#endif
