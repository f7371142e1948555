/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names in a layer: brought to one form, and read for what they mean to an overlay. Pure.
 */
#ifndef RUNTIME_IMAGE_LAYER_PATH_H
#define RUNTIME_IMAGE_LAYER_PATH_H

#include "runtime/base/err.h"

enum { LAYER_DEPTH_MAX = 128 };

/**
 * "./usr//bin/" and "/usr/bin" become "usr/bin"; "./" becomes "": the layer's own root.
 * Refused (safety R15): "..", more than 4,095 bytes, more than 128 parts, a directory part that is named
 * like a whiteout.
 * Returns: 0 and a new string, or -EBADMSG with a message that has the name in it.
 */
int layer_path_clean(const char *path, char **ret, struct err *e);

/** Splits a clean, non-empty path. Returns: the last part, borrowed; *ret_n is the length of the parent ("" has 0). */
const char *layer_path_split(const char *path, size_t *ret_n);

enum whiteout {
	WHITEOUT_NONE, /* an ordinary name */
	WHITEOUT_FILE, /* ".wh.NAME": NAME of the layers below is gone */
	WHITEOUT_OPAQUE, /* ".wh..wh..opq": everything of the layers below in this directory is gone */
	WHITEOUT_OTHER, /* ".wh..wh.…": bookkeeping of aufs; passed over */
};
/**
 * What a last part means. For WHITEOUT_FILE, *ret_name is the NAME (borrowed from @name).
 * Returns: an enum whiteout, or -EBADMSG when NAME is empty, "." or "..".
 * Source: OCI image-spec v1.1, layer.md, "Whiteouts".
 */
int layer_whiteout(const char *name, const char **ret_name, struct err *e);

#endif
