/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a pod's secret, configMap, downwardAPI and projected volumes, put into the payload for the shim.
 * Source: Kubernetes docs "Volumes", "Projected Volumes".
 */
#ifndef AGENT_CONTROL_CONTENTS_H
#define AGENT_CONTROL_CONTENTS_H

#include "agent/control/lookup.h"

/**
 * Adds the files of every such volume of the pod to @payload (runtime/volume/fileset.h).
 * Returns: 0; -ENOENT when an object or key that is not optional is missing (a message that names volume and
 * object): to be tried again when it appears; -EINVAL.
 */
int contents_build(const struct lookup *l, json_t *payload, struct err *e);

/** Is @volume (of spec.volumes) one of them? */
bool contents_is_files(const json_t *volume);

/**
 * What the pod refers to: calls @fn with "Secret" or "ConfigMap" and a name, for volumes, env and envFrom of all containers;
 * with "Pod" and its own name when it shows fields of its own in files.
 */
void contents_each_source(
	const json_t *pod, void (*fn)(void *data, const char *kind, const char *name), void *data);

#endif
