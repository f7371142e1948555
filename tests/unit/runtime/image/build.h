/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds compressed blobs, and runs the programs that image tests need.
 */
#ifndef TESTS_UNIT_RUNTIME_IMAGE_BUILD_H
#define TESTS_UNIT_RUNTIME_IMAGE_BUILD_H

#include "tests/unit/runtime/image/tar_build.h"

#include "runtime/base/json.h"
#include "runtime/base/spawn.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

/* ---- compression ---------------------------------------------------------------------------------- */

BUILDS void gzip_add(struct str *out, const void *bytes, size_t n)
{
	struct isal_zstream z;
	size_t room = n + n / 8 + 1024;
	cleanup_free unsigned char *buf = xmalloc(room);

	isal_deflate_stateless_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = (uint8_t *)(uintptr_t)bytes;
	z.avail_in = (uint32_t)n;
	z.next_out = buf;
	z.avail_out = (uint32_t)room;
	assert_int_equal(isal_deflate_stateless(&z), COMP_OK);
	str_addn(out, buf, z.total_out);
}

BUILDS void zstd_add(struct str *out, const void *bytes, size_t n)
{
	size_t room = ZSTD_compressBound(n);
	cleanup_free unsigned char *buf = xmalloc(room);
	size_t got = ZSTD_compress(buf, room, bytes, n, 3);

	assert_false(ZSTD_isError(got));
	str_addn(out, buf, got);
}

/* ---- programs ------------------------------------------------------------------------------------- */

/* The berth-unpack that was built with this test (a sanitizer build may have no programs of its own). */
BUILDS char *unpack_program(void)
{
	static const char *const ups[] = {
		"/../../../../berth-unpack", "/../../../../../berth-unpack"};
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	assert_true(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(ups); i++) {
		cleanup_free char *path = xasprintf("%s%s", self, ups[i]);
		char *real = realpath(path, NULL);

		if (real)
			return real;
	}
	fail_msg("berth-unpack is not built beside %s", self);
	return NULL;
}

/* Runs a program to its end. Returns the wait status. */
BUILDS int run_program(const char *const *argv)
{
	struct spawn s = {.argv = argv};
	struct child c;
	struct err e = {0};
	int status = -1;

	if (spawn(&s, &c, &e) < 0)
		fail_msg("%s", err_text(&e));
	assert_int_equal(child_wait(&c, 60000, &status), 0);
	return status;
}

#endif
