/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaults that depend on other fields: the .fill functions of the schema tables. Private to agent/spec.
 */
#ifndef AGENT_SPEC_DEFAULT_H
#define AGENT_SPEC_DEFAULT_H

#include "runtime/base/json.h"

/** imagePullPolicy by the image's tag; requests from limits. */
void default_container(json_t *container);
/** serviceAccountName from its obsolete twin; host ports of a pod on the node's network. */
void default_pod_spec(json_t *spec);
/** A volume that names no source is an emptyDir. */
void default_volume(json_t *volume);
/** selector and labels from the template's labels. */
void default_replication_controller(json_t *rc);
/** The label that selectors of namespaces go by. */
void default_namespace(json_t *ns);
/** stringData goes into data. */
void default_secret(json_t *secret);

#endif
