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

/* Length of the UTF-8 sequence at @p, 0: none that is valid (RFC 3629). */
static size_t sequence(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char first, last, low, high; /* of the first byte; of the second */
		size_t n;
	} rows[] = {
		{0x01, 0x7f, 0, 0, 1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (p[0] < rows[i].first || p[0] > rows[i].last)
			continue;
		if (rows[i].n > n || (rows[i].n > 1 && (p[1] < rows[i].low || p[1] > rows[i].high)))
			return 0;
		for (size_t k = 2; k < rows[i].n; k++)
			if (p[k] < 0x80 || p[k] > 0xbf)
				return 0;
		return rows[i].n;
	}
	return 0;
}

char *message_text(const char *bytes, size_t n)
{
	struct str text = {0};

	while (n) {
		size_t k = sequence((const unsigned char *)bytes, n);

		if (k)
			str_addn(&text, bytes, k);
		else
			str_add(&text, "\xef\xbf\xbd");
		bytes += k ? k : 1;
		n -= k ? k : 1;
	}
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
