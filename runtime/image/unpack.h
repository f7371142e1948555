/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer: from the compressed stream to files, with both of its digests taken on the way.
 */
#ifndef RUNTIME_IMAGE_UNPACK_H
#define RUNTIME_IMAGE_UNPACK_H

#include "runtime/image/digest.h"
#include "runtime/image/extract.h"
#include "runtime/image/inflate.h"

struct unpack_job {
	int blob_fd;	   /* read to its end; borrowed */
	int root_fd;	   /* the empty directory it is unpacked into; borrowed */
	uint64_t size_max; /* a longer stream is an error; UINT64_MAX: any length */
	struct inflate_limits limits;
	struct extract_options options;
};

struct unpack_result {
	struct digest digest;  /* of the stream as it came */
	struct digest diff_id; /* of the tar archive in it */
	uint64_t in_bytes, out_bytes;
	struct extract_counts counts;
};

/**
 * Unpacks.  Returns: 0, or -EBADMSG (broken or refused), -EFBIG (a limit of safety.md section 4), -errno, each with
 * a message. What was written so far stays in the directory.
 */
int unpack(const struct unpack_job *job, struct unpack_result *ret, struct err *e);

#endif
