/* SPDX-License-Identifier: Apache-2.0 */
/* A free port of loopback, and waiting until somebody listens there. */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_PORT_H
#define TESTS_UNIT_RUNTIME_IMAGE_PORT_H

#include "tests/unit/runtime/image/build.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

BUILDS int free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	(void)close(fd);
	return ntohs(a.sin_port);
}

BUILDS void wait_for_port(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port)};

	for (int tries = 0; tries < 200; tries++) {
		cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
			return;
		(void)poll(NULL, 0, 50);
	}
	fail_msg("docker-registry does not listen");
}

#endif
