/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registry answers: a manifest (one image) or an index (one image for each platform). Sans-IO.
 * Callers hash the bytes before they hand them in (safety R16).
 */
#ifndef RUNTIME_IMAGE_MANIFEST_H
#define RUNTIME_IMAGE_MANIFEST_H

#include "runtime/image/config.h"
#include "runtime/image/digest.h"

enum manifest_type {
	MANIFEST_INVALID,
	MANIFEST_IMAGE, /* OCI image manifest, docker schema 2 */
	MANIFEST_INDEX, /* OCI index, docker manifest list */
	MANIFEST_TYPE_MAX,
};

struct descriptor {
	struct digest digest;
	uint64_t size_bytes;
};

struct manifest {
	struct descriptor config;
	struct descriptor *layers; /* bottom first */
	size_t n_layers;
};
void manifest_done(struct manifest *m);
#define cleanup_manifest __attribute__((cleanup(manifest_done)))

/* One entry of an index. Strings are owned; "" where the index says nothing. */
struct index_entry {
	struct descriptor descriptor;
	enum manifest_type type; /* what the entry says it points to */
	char *os, *architecture, *variant;
	char *ref_name; /* annotation org.opencontainers.image.ref.name, or containerd's io.containerd.image.name */
};
struct index {
	struct index_entry *entries;
	size_t n;
};
void index_done(struct index *x);
#define cleanup_index __attribute__((cleanup(index_done)))

/**
 * What the bytes are: by mediaType, and by shape. A document without mediaType is taken for the OCI type of its
 * shape; one with both `layers` and `manifests`, with a mediaType that its shape contradicts, or with
 * one that berth does not run (docker schema 1, helm charts, …) is refused.
 * Returns: a manifest_type, or -EINVAL, -EBADMSG, -E2BIG with a message.
 */
int manifest_type_of(struct sv bytes, struct err *e);

/** Decodes an image manifest. Foreign URLs, unknown layer types and more than 127 layers are -EINVAL. */
int manifest_decode(struct sv bytes, struct manifest *ret, struct err *e);

/** Decodes an index: at most 1,024 entries; entries of unknown type (attestations) are left out. */
int index_decode(struct sv bytes, struct index *ret, struct err *e);

/**
 * The entry for linux on @arch (Go's name). An entry without a platform is taken when there is only one.
 * For arm, the highest variant not above v7 is taken; arm64 prefers v8.
 * Returns: borrowed from @x, or NULL with -ENOENT and a message that lists what the index has.
 */
const struct index_entry *index_choose(const struct index *x, const char *arch, struct err *e);

#endif
