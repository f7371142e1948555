/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages over SOCK_SEQPACKET. A descriptor that arrives is owned at once: every way out closes
 * what the caller does not get.
 */
#include "runtime/base/msg.h"

#include <stdint.h>
#include <sys/socket.h>

void msg_fds_done(struct msg_fds *fds)
{
	for (size_t i = 0; i < fds->n; i++)
		if (fds->fd[i] >= 0)
			(void)close(fds->fd[i]);
	fds->n = 0;
}

union control {
	char bytes[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
	struct cmsghdr align;
};

int msg_send(int sock, const void *bytes, size_t n, const struct msg_fds *fds)
{
	/* sendmsg reads through iov_base; the type is not const for readv's sake. */
	struct iovec iov = {(void *)(uintptr_t)bytes, n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;
	ssize_t sent;

	if (n > MSG_BYTES_MAX)
		return -EMSGSIZE;
	if (fds && fds->n) {
		struct cmsghdr *c = &control.align;

		memset(&control, 0, sizeof control);
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * fds->n);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fds->n);
		memcpy(CMSG_DATA(c), fds->fd, sizeof(int) * fds->n);
	}
	do
		sent = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static void collect_fds(struct msghdr *m, struct msg_fds *fds)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds->fd + fds->n, CMSG_DATA(c), n * sizeof(int));
		fds->n += n;
	}
}

ssize_t msg_recv(int sock, void *buf, size_t size, struct msg_fds *ret_fds)
{
	cleanup_msg_fds struct msg_fds fds = {.n = 0};
	struct iovec iov = {buf, size};
	union control control;
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes,
	};
	ssize_t got;

	do
		got = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	collect_fds(&m, &fds);
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || (fds.n && !ret_fds))
		return -EBADMSG;
	if (ret_fds) {
		*ret_fds = fds;
		fds.n = 0;
	}
	return got;
}
