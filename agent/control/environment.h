/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of a container: the image's, then envFrom, then env, with $(NAME) replaced. A value that comes from
 * a Secret, or that was put together from one, is marked: it goes to the shim in the payload, never to disk.
 * Source: Kubernetes docs "Define Environment Variables", "Dependent Environment Variables".
 */
#ifndef AGENT_CONTROL_ENVIRONMENT_H
#define AGENT_CONTROL_ENVIRONMENT_H

#include "agent/control/lookup.h"

struct variable {
	char *name, *value;
	bool secret;
	bool from_image; /* $(NAME) does not see those of the image */
};

struct environment {
	struct variable *items;
	size_t n, cap;
};
void environment_done(struct environment *env);
#define cleanup_environment __attribute__((cleanup(environment_done)))

/**
 * @image_env: "NAME=value", ended by NULL, or NULL.
 * Returns: 0; -ENOENT when an object or key that is not optional is missing (a message that names it): to be tried
 * again when it appears; -EINVAL.
 */
int environment_resolve(const struct lookup *l, const json_t *container, char *const *image_env,
	struct environment *ret, struct err *e);

/** The value of @name, or NULL. Borrowed. */
const struct variable *environment_find(const struct environment *env, const char *name);

/** Sets it unless it is there. */
void environment_default(struct environment *env, const char *name, const char *value);

/**
 * @text with each $(NAME) that is known replaced; $$(NAME) stays as $(NAME).
 * @ret_secret: (may be NULL) set to true when a secret went in; never to false.
 * Returns: owned by the caller.
 */
char *environment_expand(const struct environment *env, const char *text, bool *ret_secret);

#endif
