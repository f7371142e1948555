/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar stream, read strictly: bytes go in, entries and their contents come out (sans-IO).
 *
 * Taken: ustar, GNU (long names), pax and the old V7 form. Refused (safety R15): sparse files, volumes
 * of a set, names with NUL, sizes on entries that have no contents, an entry named twice over, extended headers
 * above 1 MiB, a stream that ends in the middle.
 */
#ifndef RUNTIME_TAR_TAR_H
#define RUNTIME_TAR_TAR_H

#include "runtime/base/err.h"

#include <stdint.h>

enum {
	TAR_PATH_MAX = 4095,
	TAR_PAX_MAX = 1 << 20,
	TAR_XATTR_MAX = 64 << 10,
	TAR_XATTRS_MAX = 64,
};

enum tar_type { TAR_FILE, TAR_HARDLINK, TAR_SYMLINK, TAR_CHAR, TAR_BLOCK, TAR_DIR, TAR_FIFO };

struct tar_xattr {
	char *name;
	unsigned char *value;
	size_t n;
};

/* One entry; everything is borrowed for the time of the call. */
struct tar_entry {
	enum tar_type type;
	const char *path; /* as written: may be absolute, may have ".." in it */
	const char *link; /* target of a hard link or symlink; "" for others */
	uint32_t mode;	  /* permission bits and setuid, setgid, sticky: 07777 */
	uint32_t uid, gid;
	uint64_t size_bytes; /* contents that follow; 0 unless TAR_FILE */
	int64_t mtime_s;
	uint32_t mtime_ns; /* nanoseconds behind mtime_s, below a second */
	uint32_t dev_major, dev_minor;
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
};

/* Who hears of it. Each returns 0, or -errno with a message, which ends the reading. */
struct tar_sink {
	int (*entry)(void *data, const struct tar_entry *entry, struct err *e);
	/* Contents of the entry before, in order, @n > 0. */
	int (*bytes)(void *data, const void *bytes, size_t n, struct err *e);
	/* The entry's contents are complete (also when there were none). */
	int (*done)(void *data, struct err *e);
	void *data;
};

struct tar;
/** @sink is copied. Returns: owned by the caller. */
struct tar *tar_new(const struct tar_sink *sink);
void tar_free(struct tar *own_tar);
DEFINE_CLEANUP(struct tar, tar_free);

/** Takes the next @n bytes of the stream. Bytes behind the end mark are ignored. 0, -EBADMSG, or the sink's error. */
int tar_feed(struct tar *tar, const void *bytes, size_t n, struct err *e);
/** The stream is over. -EBADMSG when it ended inside an entry. */
int tar_finish(struct tar *tar, struct err *e);

#endif
