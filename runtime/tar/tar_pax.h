/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a pax extended header: "27 path=some/long/name\n".
 */
#ifndef RUNTIME_TAR_TAR_PAX_H
#define RUNTIME_TAR_TAR_PAX_H

#include "runtime/base/str.h"
#include "runtime/tar/tar.h"

/* What extended headers say about the entry that follows. {0}: nothing. */
struct tar_extra {
	char *path, *link; /* NULL: the entry's own header counts */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size_bytes;
	uint32_t uid, gid;
	int64_t mtime_s;
	uint32_t mtime_ns;
	struct tar_xattr *xattrs;
	size_t n_xattrs, cap_xattrs;
};
void tar_extra_done(struct tar_extra *extra);

/**
 * Reads the records in @body into @extra. Records that describe what berth does not keep (access times, user names,
 * comments) are passed over; what would change where or how much is written (sparse maps) is refused.
 * Returns: 0, or -EBADMSG.  Source: POSIX pax, "pax Extended Header".
 */
int tar_pax_read(struct sv body, struct tar_extra *extra, struct err *e);

#endif
