/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns tar entries into files below one directory, by the rules of safety R15: it would hold even
 * without the jail around it.
 */
#ifndef RUNTIME_IMAGE_EXTRACT_H
#define RUNTIME_IMAGE_EXTRACT_H

#include "runtime/tar/tar.h"

enum { EXTRACT_ENTRIES_MAX = 1000000 };

struct extract_options {
	/*
	 * Marks a directory as opaque (trusted.overlay.opaque = "y"), which the jail may not do itself.
	 * @dir_fd is borrowed.
	 */
	int (*opaque)(void *data, int dir_fd, struct err *e);
	void *data;
};

struct extract_counts {
	uint64_t entries;
	uint64_t file_bytes; /* contents of files */
	uint64_t
		dropped_xattrs; /* those that are not kept: all but security.capability and user.* */
};

struct extract;
/** @root_fd: the layer's directory, empty; borrowed until extract_free.  umask must be 0. */
struct extract *extract_new(int root_fd, const struct extract_options *options);
void extract_free(struct extract *own_extract);
DEFINE_CLEANUP(struct extract, extract_free);

/** The sink to hand to tar_new; valid as long as @x. */
struct tar_sink extract_sink(struct extract *x);

/** Sets the times of directories, which are known only when all is in them. */
int extract_finish(struct extract *x, struct extract_counts *ret, struct err *e);

#endif
