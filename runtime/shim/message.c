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

char *message_of_run(const struct container *c, int exit_code)
{
	size_t max = MESSAGES_MAX / c->shim->n_containers;
	char path[CONTAINER_ID_MAX + 16], bytes[MESSAGE_MAX];
	cleanup_close int fd = -EBADF;
	ssize_t n = 0;

	if (max > sizeof bytes)
		max = sizeof bytes;
	(void)snprintf(path, sizeof path, "etc/term-%s", c->id);
	fd = c->has_message ? openat(c->shim->private_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
			    : -1;
	if (fd >= 0)
		n = read(fd, bytes, max);
	if (n <= 0 && exit_code && c->message_policy == PLAN_MESSAGE_FALLBACK_TO_LOGS)
		n = (ssize_t)log_tail(&c->log, bytes, max < 2048 ? max : 2048);
	return n > 0 ? message_text(bytes, (size_t)n) : NULL;
}
