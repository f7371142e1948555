/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content digests: "sha256:" and 64 lower-case hex digits, nothing else (safety R16).
 */
#ifndef RUNTIME_IMAGE_DIGEST_H
#define RUNTIME_IMAGE_DIGEST_H

#include "runtime/base/str.h"

#include <nettle/sha2.h>

enum { DIGEST_HEX = 64, DIGEST_SIZE = 7 + DIGEST_HEX + 1 };

/* A digest as text; "" where there is none. Small enough to be copied. */
struct digest {
	char text[DIGEST_SIZE];
};

/** Reads a digest. Returns 0, or -EINVAL for anything but "sha256:[0-9a-f]{64}". */
int digest_parse(struct sv text, struct digest *ret);
/** The 64 hex digits behind "sha256:". Borrowed from @d. */
const char *digest_hex(const struct digest *d);
struct digest digest_of(const void *bytes, size_t n);
bool digest_eq(const struct digest *a, const struct digest *b);

/* A digest of bytes that come piece by piece. */
struct digest_stream {
	struct sha256_ctx ctx;
};
void digest_start(struct digest_stream *s);
void digest_add(struct digest_stream *s, const void *bytes, size_t n);
struct digest digest_end(struct digest_stream *s);

#endif
