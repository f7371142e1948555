/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks that schema tables name: each looks at one value (or one whole map) and says what is wrong with it.
 * Private to agent/spec.
 */
#ifndef AGENT_SPEC_CHECK_H
#define AGENT_SPEC_CHECK_H

#include "agent/spec/walk.h"

/* Names (check_name.c) */
bool is_dns_label(struct sv s);
bool is_dns_subdomain(struct sv s);
/* NULL, or what is wrong with it. */
const char *qualified_name_fault(struct sv s);
const char *label_value_fault(struct sv s);
void check_dns_label(struct walk *w, const json_t *value);
void check_dns_subdomain(struct walk *w, const json_t *value);
void check_search_domain(struct walk *w, const json_t *value);
void check_qualified_name(struct walk *w, const json_t *value);
void check_labels(struct walk *w, const json_t *map);
void check_annotations(struct walk *w, const json_t *map);
/** Of a key that annotation_is_own() (rules_annotations.c). */
void check_own_annotation(struct walk *w, const char *key);
void check_data_key(struct walk *w, const json_t *value);
void check_data_keys(struct walk *w, const json_t *map);
void check_port_name(struct walk *w, const json_t *value);
/** Of an IntOrString: a number was looked at already. */
void check_port(struct walk *w, const json_t *value);
void check_header_name(struct walk *w, const json_t *value);
void check_header_value(struct walk *w, const json_t *value);
void check_env_name(struct walk *w, const json_t *value);
void check_word(struct walk *w, const json_t *value);
void check_ip(struct walk *w, const json_t *value);
/** metadata of a whole object: name, generateName, namespace. */
void check_object_names(struct walk *w, const json_t *object);

/* Paths (check_path.c) */
/**
 * The path without empty and "." parts and with no "/" at its end: "//a/./b/" → "/a/b". "/" stays.
 * Returns: owned by the caller.
 */
char *path_clean(const char *path);
void check_mount_path(struct walk *w, const json_t *value);
void check_sub_path(struct walk *w, const json_t *value);
void check_relative_path(struct walk *w, const json_t *value);
void check_host_path(struct walk *w, const json_t *value);
void check_working_dir(struct walk *w, const json_t *value);

/* The rest (check_pod.c) */
void check_image(struct walk *w, const json_t *value);
void check_limits(struct walk *w, const json_t *map);
void check_requests(struct walk *w, const json_t *map);
void check_capability(struct walk *w, const json_t *value);
void check_sysctl_name(struct walk *w, const json_t *value);
void check_sysctl_value(struct walk *w, const json_t *value);
bool allow_size_limit(const struct walk *w, const json_t *value);
bool allow_host_port(const struct walk *w, const json_t *value);

#endif
