/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log files of a container on disk: DIR/var/log/pods/NS_POD_UID/CONTAINER/N.log for run N, and N.log.TIME for what
 * was rotated away. Opened by safety R20: no link in any part, a regular file with one name.
 */
#ifndef AGENT_API_LOGFILES_H
#define AGENT_API_LOGFILES_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { LOGFILES_MAX = 32 };

struct logfile {
	int fd;
	ino_t ino;
	dev_t dev;
};

/* The files of one run, oldest first. */
struct logfiles {
	struct logfile files[LOGFILES_MAX];
	size_t n;
};
void logfiles_done(struct logfiles *l);

/** Opens the container's directory. Returns: an fd, -ENOENT, or -errno. */
int logfiles_dir(
	int root_fd, const char *ns, const char *pod, const char *uid, const char *container);

/** The newest run there is a file of, and the one before. Returns: how many of the two there are. */
size_t logfiles_runs(int dir_fd, uint32_t *ret_newest, uint32_t *ret_before);

/** Is there a file of @run? */
bool logfiles_has(int dir_fd, uint32_t run);
#define LOGFILES_NO_RUN UINT32_MAX
/** The first run after @run (LOGFILES_NO_RUN: of all) that there is a file of. Returns: whether there is one. */
bool logfiles_next(int dir_fd, uint32_t run, uint32_t *ret);

/**
 * Opens the files of @run, the newest LOGFILES_MAX.
 * @after: (may be NULL) only those behind this one; when it is not there any more, all.
 * Returns: 0, -ELOOP (something else than berth's own file stands there), or -errno.
 */
int logfiles_open(int dir_fd, uint32_t run, const struct logfile *after, struct logfiles *ret);

#endif
