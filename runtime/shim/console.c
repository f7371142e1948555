/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's --console-socket, our side of it.
 * Source: runc, docs/terminals.md ("detached new terminal").
 */
#include "runtime/shim/console.h"

#include "runtime/base/fs.h"
#include "runtime/base/msg.h"

#include <fcntl.h>
#include <sys/socket.h>

int console_listen(int dir_fd, const char *name)
{
	struct sockaddr_un address;
	cleanup_close int fd = -EBADF;
	int r = fs_socket_address(dir_fd, name, &address);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0)
		return -errno;
	return take_fd(fd);
}

int console_take(int listen_fd)
{
	cleanup_close int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	cleanup_msg_fds struct msg_fds fds = {.n = 0};
	char text[256]; /* the runtime's name of it, which does not matter */

	if (fd < 0)
		return -errno;
	if (msg_recv(fd, text, sizeof text, &fds) < 0 || fds.n != 1)
		return -EBADMSG;
	/* Of the open file, so that whoever it is handed on to does not wait either. */
	if (fcntl(fds.fd[0], F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return -errno;
	fds.n = 0;
	return fds.fd[0];
}
