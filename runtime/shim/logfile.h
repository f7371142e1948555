/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a container's log: N.log for run N, N.log.TIME for what was rotated away (safety R20).
 */
#ifndef RUNTIME_SHIM_LOGFILE_H
#define RUNTIME_SHIM_LOGFILE_H

#include <stdint.h>

/**
 * Creates N.log in @dir_fd for appending, new. One that is there already is set aside first.
 * Returns: a descriptor, or -errno.
 */
int logfile_create(int dir_fd, uint32_t run, uint64_t now_wall_ns);

/** Sets N.log aside, creates a new one, and removes the oldest of run N beyond @max_files in all. Fd or -errno. */
int logfile_rotate(int dir_fd, uint32_t run, uint32_t max_files, uint64_t now_wall_ns);

/**
 * Removes the files of old runs: of @run and the runs before it @runs are kept, and of those before it only as many of the
 * newest as take at most @max_bytes together (0: any).  0 or -errno.
 */
int logfile_forget(int dir_fd, uint32_t run, uint32_t runs, uint64_t max_bytes);

#endif
