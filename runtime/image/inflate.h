/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression of a layer, piece by piece: gzip (any number of members), zstd, or nothing. Which it is, its first
 * bytes say. Memory is fixed; what comes out is limited, so that a small layer cannot fill a disk.
 */
#ifndef RUNTIME_IMAGE_INFLATE_H
#define RUNTIME_IMAGE_INFLATE_H

#include "runtime/base/err.h"

#include <stdint.h>

/* safety.md section 4, "layer". */
struct inflate_limits {
	uint64_t out_bytes;   /* at most so much comes out */
	uint64_t ratio_after; /* from so many bytes on … */
	uint32_t ratio;	      /* … at most so many times what went in */
};
extern const struct inflate_limits inflate_limits_layer; /* 10 GiB; 100:1 after 64 MiB */

enum { INFLATE_ZSTD_WINDOW_LOG = 27 }; /* 128 MiB */

struct inflate_sink {
	int (*bytes)(void *data, const void *bytes, size_t n, struct err *e);
	void *data;
};

struct inflate;
/** @sink and @limits are copied. Returns: owned by the caller; NULL when there is no memory. */
struct inflate *inflate_new(const struct inflate_limits *limits, const struct inflate_sink *sink);
void inflate_free(struct inflate *own_inflate);
DEFINE_CLEANUP(struct inflate, inflate_free);

/** Takes the next @n bytes. 0, -EBADMSG (broken), -EFBIG (a limit), or the sink's error. */
int inflate_feed(struct inflate *inflate, const void *bytes, size_t n, struct err *e);
/** The input is over. -EBADMSG when it ended inside a member or frame. */
int inflate_finish(struct inflate *inflate, struct err *e);

#endif
