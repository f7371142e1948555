/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar stream, written: ustar with GNU's extensions for what is too long or too large for it, which every tar reads
 * (busybox's passes over pax headers).
 */
#ifndef RUNTIME_TAR_TAR_WRITE_H
#define RUNTIME_TAR_TAR_WRITE_H

#include "runtime/base/str.h"
#include "runtime/tar/tar.h"

/**
 * Adds the header of @entry to @out; size_bytes bytes of contents follow, then tar_pad_bytes() zeros. Extended attributes
 * are left out, and a time before 1970 is 1970.
 */
void tar_put(struct str *out, const struct tar_entry *entry);
/** How many zeros follow contents of @size_bytes. */
size_t tar_pad_bytes(uint64_t size_bytes);
/** The end of the stream. */
void tar_put_end(struct str *out);

#endif
