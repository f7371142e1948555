/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the image store: an image's record, a layer's layer.json. Pure: text in, structs out.
 */
#ifndef RUNTIME_IMAGE_RECORD_H
#define RUNTIME_IMAGE_RECORD_H

#include "runtime/image/store_internal.h"

/* What a record says; layers are found by the config's diffIDs. */
struct record {
	char *ref;
	struct digest id, digest;
	uint64_t loaded_wall_ns;
	struct image_config config;
};
void record_done(struct record *r);

/** Owned text. */
char *record_encode(const struct record *r);
/** -EBADMSG, -EINVAL. */
int record_decode(struct sv text, struct record *ret, struct err *e);
/** "HEX64.json", the name of the file in i/. Owned. */
char *record_name(const char *ref);

/** Reads berth-unpack's layer.json. -EBADMSG. */
int layer_decode(struct sv text, struct layer *ret, struct err *e);

#endif
