/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container says when it ends: its termination log, or the end of its output. A stranger's bytes: bounded
 * (R21) and made valid UTF-8, for they travel in JSON.
 */
#include "runtime/shim/message.h"
#include "runtime/base/fs.h"
#include "runtime/base/str.h"
#include "runtime/shim/shim.h"

#include <fcntl.h>

char *message_text(const char *bytes, size_t n)
{
	struct str text = {0};

	str_add_utf8(&text, bytes, n);
	return str_take(&text);
}

/* The end of the container's file, at most MESSAGE_MAX bytes. Returns: how many; 0: it said nothing. */
static size_t read_file(const struct container *c, char bytes[MESSAGE_MAX])
{
	char path[CONTAINER_ID_MAX + 16];
	cleanup_close int fd = -EBADF;
	off_t size;
	ssize_t n;

	(void)snprintf(path, sizeof path, "etc/term-%s", c->id);
	fd = c->has_message ? openat(c->shim->private_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
			    : -EBADF;
	size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	n = size < 0 ? 0
		     : pread(fd, bytes, MESSAGE_MAX, size > MESSAGE_MAX ? size - MESSAGE_MAX : 0);
	return n > 0 ? (size_t)n : 0;
}

/*
 * Source: kubelet: the last 4096 bytes of the file; with FallbackToLogsOnError, when it is empty and the container
 * failed, the last 2048 bytes or 80 lines of the log; of either the first share of the pod's 12 KiB.
 */
char *message_of_run(const struct container *c, int exit_code)
{
	enum { LOG_MAX = 2048 };
	size_t share = MESSAGES_MAX / c->shim->n_containers, n;
	char bytes[MESSAGE_MAX];

	n = read_file(c, bytes);
	if (n == 0 && exit_code && c->message_policy == PLAN_MESSAGE_FALLBACK_TO_LOGS)
		n = log_tail(&c->log, bytes, LOG_MAX + 1);
	return n ? message_text(bytes, n < share ? n : share) : NULL;
}
