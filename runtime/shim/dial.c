/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to the pod's own loopback, for port-forward. The shim lives in the pod's network namespace, and a socket
 * belongs to the one it was made in: it is made here, handed to the agent, and forgotten.
 * Source: containerd, internal/cri/server/sandbox_portforward_linux.go: IPv4 first, then IPv6.
 */
#include "runtime/shim/agent.h"
#include "runtime/shim/attach.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

/* A connection within one machine stands or is refused at once, unless the listener's queue is full. */
static int begin(int family, const struct sockaddr *address, socklen_t n)
{
	cleanup_close int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t size = sizeof error;

	if (fd < 0)
		return -errno;
	if (connect(fd, address, n) < 0 && errno != EINPROGRESS)
		return -errno;
	if (poll(&p, 1, 0) > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return error ? -error : take_fd(fd);
}

static int dial(uint16_t port)
{
	const struct sockaddr_in four = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in6 six = {.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = begin(AF_INET, (const struct sockaddr *)&four, sizeof four), r = fd;

	if (fd < 0)
		r = begin(AF_INET6, (const struct sockaddr *)&six, sizeof six);
	/* What IPv4 said is what people look for. */
	return r < 0 ? fd : r;
}

void dial_start(struct shim *s, const struct link_message *m)
{
	struct link_message answer = {.type = LINK_DIAL, .id = m->id};
	cleanup_msg_fds struct msg_fds fds = {.n = 0};
	cleanup_free char *text = NULL;
	int fd = m->port > 0 && m->port <= UINT16_MAX ? dial((uint16_t)m->port) : -EINVAL;

	if (fd < 0) {
		text = xasprintf(
			"connecting to localhost:%u in the pod: %s", m->port, strerror(-fd));
		answer.error = text;
	} else {
		fds = (struct msg_fds){{fd}, 1};
	}
	agent_send(s, &answer, &fds);
}
