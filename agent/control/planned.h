/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which image layers running pods stand on. Their plans say it, not their images' references: a tag may stand for another
 * image by now.
 */
#ifndef AGENT_CONTROL_PLANNED_H
#define AGENT_CONTROL_PLANNED_H

#include "runtime/base/err.h"

struct layer_names {
	char **names; /* as in struct image: relative to the image store */
	size_t n, cap;
};
void layer_names_add(struct layer_names *l, const char *name);
void layer_names_done(struct layer_names *l);
#define cleanup_layer_names __attribute__((cleanup(layer_names_done)))

/**
 * Adds the layers of the plan in @pods_fd/@uid/plan.json. A pod without a plan has none.
 * Returns: 0, or -errno when there is a plan that cannot be read: then nothing may be removed.
 */
int planned_layers(int pods_fd, const char *uid, struct layer_names *l, struct err *e);

#endif
