/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registry credentials: which of them a pull may show to anybody.
 */
#ifndef RUNTIME_IMAGE_AUTH_H
#define RUNTIME_IMAGE_AUTH_H

#include "runtime/image/ref.h"

/**
 * Makes the auth file for one pull: the entries of @node_json (the operator's own file; whole) and, for the reference's
 * registry, the best entry of @pod_json (pull secrets of the pod). Of the latter nothing else gets in, so that a
 * registry can never be sent another one's password (safety R16).
 * An entry fits when its key, without scheme and "/v1/", is the registry or a prefix of the repository at a
 * slash; "*" stands for one label of the host. The longest fits best. Both may be NULL.
 * Returns: 0 and {"auths": {…}} owned by the caller, or -EINVAL when the JSON is none.
 * Source: Kubernetes docs, "Images", interpretation of config.json.
 */
int auth_compose(const char *node_json, const char *pod_json, const struct image_ref *ref,
	char **ret, struct err *e);

#endif
