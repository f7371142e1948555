/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a terminal comes from the runtime: it connects to a socket of ours and sends the master, before it ends.
 * For this folder only.
 */
#ifndef RUNTIME_SHIM_CONSOLE_H
#define RUNTIME_SHIM_CONSOLE_H

/** A socket @name in @dir_fd that listens for it. Returns: a descriptor the caller closes, or -errno. */
int console_listen(int dir_fd, const char *name);

/**
 * Takes the master; the runtime has ended, so it is here or never comes.
 * Returns: a descriptor that does not wait, the caller's; -EAGAIN: none came; -EBADMSG, -errno.
 */
int console_take(int listen_fd);

#endif
