/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules between members that schema tables name (.rule). Private to agent/spec.
 */
#ifndef AGENT_SPEC_RULES_H
#define AGENT_SPEC_RULES_H

#include "agent/spec/walk.h"

/** berth's own annotations of a pod or of a template of pods. */
void rule_annotations(struct walk *w, const json_t *object);
void rule_container(struct walk *w, const json_t *container);
void rule_downward_file(struct walk *w, const json_t *file);
void rule_env_source(struct walk *w, const json_t *source);
void rule_env_var(struct walk *w, const json_t *var);
/** A port by name in @handler's action @kind must be one of @container's. NULL @handler: none. */
void rule_own_port(
	struct walk *w, const json_t *container, const json_t *handler, const char *kind);
void rule_probes(struct walk *w, const json_t *container);
void rule_lifecycle(struct walk *w, const json_t *lifecycle);
void rule_exit_codes(struct walk *w, const json_t *codes);
void rule_pod_spec(struct walk *w, const json_t *spec);
void rule_seccomp(struct walk *w, const json_t *profile);
void rule_security_context(struct walk *w, const json_t *context);

void rule_config_map(struct walk *w, const json_t *map);
void rule_event(struct walk *w, const json_t *event);
void rule_rc_spec(struct walk *w, const json_t *spec);
void rule_secret(struct walk *w, const json_t *secret);
void rule_selector_requirement(struct walk *w, const json_t *requirement);

#endif
