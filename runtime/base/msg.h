/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages over SOCK_SEQPACKET: one JSON object each, with descriptors beside it (agent and shim,
 * agent and unpacker).
 */
#ifndef RUNTIME_BASE_MSG_H
#define RUNTIME_BASE_MSG_H

#include "runtime/base/err.h"

enum { MSG_BYTES_MAX = 128 << 10, MSG_FDS_MAX = 8 };

struct msg_fds {
	int fd[MSG_FDS_MAX];
	size_t n;
};

/** Closes those that are left. */
void msg_fds_done(struct msg_fds *fds);
#define cleanup_msg_fds __attribute__((cleanup(msg_fds_done)))

/**
 * Sends one message of @n bytes (at most MSG_BYTES_MAX) and @fds (NULL: none; they stay the
 * caller's).
 * Returns: 0, -EAGAIN when a non-blocking socket is full, or -errno. Never raises SIGPIPE.
 */
int msg_send(int sock, const void *bytes, size_t n, const struct msg_fds *fds);

/**
 * Receives one message into @buf. Descriptors beyond MSG_FDS_MAX, or a message cut short, are an
 * error (-EBADMSG) and closed.  @ret_fds: the caller's; NULL: none are expected and any that come
 * are an error.
 * Returns: its length, 0 at the end of the stream, or -errno (-EAGAIN: nothing there).
 */
ssize_t msg_recv(int sock, void *buf, size_t size, struct msg_fds *ret_fds);

#endif
