/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.json of what `docker save` writes. Sans-IO.
 */
#ifndef RUNTIME_IMAGE_ARCHIVE_H
#define RUNTIME_IMAGE_ARCHIVE_H

#include "runtime/image/config.h"

enum { ARCHIVE_IMAGES_MAX = 256, ARCHIVE_JSON_MAX = 1 << 20 };

/* One image of the archive. All owned; the lists end with NULL. Paths are relative to the archive. */
struct archive_image {
	char *config;
	char **layers; /* bottom first */
	char **refs;   /* as written: "nginx:1.25" */
};
struct archive {
	struct archive_image *images;
	size_t n;
};
void archive_done(struct archive *a);
#define cleanup_archive __attribute__((cleanup(archive_done)))

/** -EBADMSG, -E2BIG, -EINVAL. Paths are not judged: they are opened so that they cannot lead out. */
int archive_decode(struct sv bytes, struct archive *ret, struct err *e);

#endif
