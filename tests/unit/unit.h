/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every cmocka program includes, in the order that cmocka wants, and a scratch directory.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/fs.h"
#include "runtime/base/own.h"

#include <fcntl.h>

/* Asserts with the case's name in front when @condition is false. */
#define assert_case(condition, name)                                                               \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("case \"%s\": %s", (name), #condition);                           \
	} while (0)

/* A new directory in /tmp; scratch_close removes it with all it holds. */
struct scratch {
	char path[64];
	int fd;
};

static inline __attribute__((unused)) void scratch_open(struct scratch *s)
{
	(void)snprintf(s->path, sizeof s->path, "/tmp/berth-unit.XXXXXX");
	assert_non_null(mkdtemp(s->path));
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(s->fd >= 0);
}

static inline __attribute__((unused)) void scratch_close(struct scratch *s)
{
	cleanup_close int parent = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)close(s->fd);
	assert_int_equal(fs_remove_tree(parent, strrchr(s->path, '/') + 1), 0);
}

#endif
