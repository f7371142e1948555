/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the image store: an image's record, a layer's layer.json. Pure: text in, structs out.
 */
#ifndef RUNTIME_IMAGE_RECORD_H
#define RUNTIME_IMAGE_RECORD_H

#include "runtime/image/store_internal.h"

/* What a record says; layers are found by the config's diffIDs. */
struct image_record {
	char *ref;
	struct digest id, digest;
	uint64_t loaded_wall_ns;
	struct image_config config;
};
void image_record_done(struct image_record *r);

/** Owned text. */
char *image_record_encode(const struct image_record *r);
/** -EBADMSG, -EINVAL. */
int image_record_decode(struct sv text, struct image_record *ret, struct err *e);
/** "HEX64.json", the name of the file in i/. Owned. */
char *record_name(const char *ref);

/** Reads berth-unpack's layer.json. -EBADMSG. */
int layer_decode(struct sv text, struct layer *ret, struct err *e);

#endif
