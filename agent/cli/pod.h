/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod and container that `logs` and `exec` are about.
 */
#ifndef AGENT_CLI_POD_H
#define AGENT_CLI_POD_H

#include "agent/cli/cli.h"

/**
 * The pod that @text names: `web-5fx2k`, `pod/web-5fx2k`, or one of the pods of `rc/web` (a running one first; with a
 * note when there are several).
 * Returns: a new reference, or NULL (told).
 */
json_t *pod_find(struct cli *c, const char *text, bool quiet);
/** Every pod that a label selector finds, as an array. NULL: told. */
json_t *pods_find(struct cli *c, const char *selector);

/**
 * The container meant: @wanted, or the pod's default (annotation kubectl.kubernetes.io/default-container, else the
 * first), with a note on standard error when there are several.
 * Returns: borrowed from the pod or @wanted; NULL: there is none of that name (told).
 */
const char *container_find(struct cli *c, const json_t *pod, const char *wanted, bool quiet);

/** The container @name of the pod, of any sort. Borrowed; NULL: there is none. */
const json_t *container_spec(const json_t *pod, const char *name);

/** All of a pod's containers: init containers first. Each call of @each may fail; the status is or-ed. */
int containers_each(const json_t *pod, int (*each)(void *data, const char *name), void *data);

#endif
