/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config of an image: what to run, as whom, and which layers it is made of. Read by allow-list
 * (safety R11): any other member is not looked at, so that it can select nothing.
 */
#ifndef RUNTIME_IMAGE_CONFIG_H
#define RUNTIME_IMAGE_CONFIG_H

#include "runtime/base/err.h"
#include "runtime/base/json.h"

enum { IMAGE_LAYERS_MAX = 127, IMAGE_JSON_MAX = 4 << 20 };

/* All owned; the arrays end with NULL and are never NULL themselves after a successful decode. */
struct image_config {
	char **entrypoint;
	char **cmd;
	char **env;			   /* "NAME=value" */
	char **volumes;			   /* paths the image declares as volumes; sorted */
	char **diff_ids;		   /* "sha256:…", bottom first */
	char *user;			   /* "", "1000", "name", "name:group" */
	char *working_dir;		   /* "" or an absolute, clean path without ".." */
	char *stop_signal;		   /* "" or as written ("SIGQUIT", "3") */
	char *architecture, *os, *created; /* "" when absent */
};
void image_config_done(struct image_config *c);

/**
 * Decodes config bytes (OCI image-spec "Image Configuration", or docker's of the same shape).
 * Limits: IMAGE_JSON_MAX bytes, IMAGE_LAYERS_MAX layers, 1,024 env entries, strings without NUL.
 * Returns: 0, -E2BIG, -EBADMSG, or -EINVAL with the field named. *ret is written on success only.
 */
int image_config_decode(struct sv bytes, struct image_config *ret, struct err *e);

/**
 * Does the config fit its manifest and this machine? As many diffIDs as @n_layers; made for linux and for @arch
 * (Go's name), where it says so.  0, -EBADMSG, or -EINVAL.
 */
int image_config_check(
	const struct image_config *c, const char *arch, size_t n_layers, struct err *e);

/** The same as JSON (member names of the image-spec), for the store's record. New reference. */
json_t *image_config_encode(const struct image_config *c);
/** Back from image_config_encode. -EBADMSG. */
int image_config_from_json(const json_t *j, struct image_config *ret, struct err *e);

#endif
