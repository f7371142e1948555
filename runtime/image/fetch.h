/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skopeo: its argument lists, the user and the mount namespace that it runs in, and what its complaints mean.
 */
#ifndef RUNTIME_IMAGE_FETCH_H
#define RUNTIME_IMAGE_FETCH_H

#include "runtime/image/capture.h"
#include "runtime/image/manifest.h"
#include "runtime/image/store_internal.h"

/* The three questions that a pull has, in this order. */
enum fetch_verb {
	FETCH_MANIFEST, /* the raw manifest or index, to standard output */
	FETCH_CONFIG,	/* the raw config, to standard output */
	FETCH_LAYERS,	/* blobs into STAGING/blobs/sha256, those that are not there yet */
};

struct fetch {
	const struct image_store *store;
	int auth_fd, registries_fd,
		policy_fd; /* memfds; the latter two -EBADF for skopeo's defaults */
	int staging_fd;	   /* the one directory that skopeo may write to */
	uint64_t file_max; /* bytes of the longest blob */
};

/**
 * Opens what every skopeo of one pull shares. Reads the files that the store's options name.
 * @auth_json: NULL or a docker config.json, see auth.h. @staging_fd: borrowed; it is given to the user that skopeo runs as.
 */
int fetch_open(const struct image_store *store, const struct image_ref *ref, const char *auth_json,
	int staging_fd, struct fetch *ret, struct err *e);
void fetch_close(struct fetch *f);

/** Starts skopeo on @source ("docker://…").  Returns as capture_start does. */
int fetch_start(const struct fetch *f, enum fetch_verb verb, const char *source, int epoll_fd,
	struct capture **ret, struct err *e);

/**
 * Makes the error of a skopeo that failed: the registry's own words, without skopeo's wrapping.
 * Returns: -ENOENT (no such image or tag), -EACCES (credentials), -EHOSTUNREACH (no answer), -EIO.
 */
int fetch_explain(struct sv complaint, const char *ref, struct err *e);

#endif
