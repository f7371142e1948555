/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references, as people write them and as registries want them.
 */
#ifndef RUNTIME_IMAGE_REF_H
#define RUNTIME_IMAGE_REF_H

#include "runtime/base/err.h"

/* All strings are owned. Of tag and digest at least one is there; with a digest the tag is a label only. */
struct image_ref {
	char *domain; /* "docker.io", "registry.example:5000": where a name without a host lives is docker.io */
	char *path;   /* "library/nginx" */
	char *tag;    /* "latest", or NULL when a digest was given without a tag */
	char *digest; /* "sha256:" and 64 hex digits, or NULL */
};
void image_ref_done(struct image_ref *ref);
#define cleanup_image_ref __attribute__((cleanup(image_ref_done)))

/**
 * Parses and normalises @text: "nginx" is docker.io/library/nginx:latest.
 * Returns: 0, or -EINVAL with a message that says what is wrong; *ret is written on success only.
 * Source: the grammar of the distribution project ("reference"), and its familiar-name rules.
 */
int image_ref_parse(const char *text, struct image_ref *ret, struct err *e);

/** The normalised text: DOMAIN/PATH[:TAG][@DIGEST]. Owned by the caller. */
char *image_ref_text(const struct image_ref *ref);
/** DOMAIN/PATH alone. Owned by the caller. */
char *image_ref_name(const struct image_ref *ref);

#endif
