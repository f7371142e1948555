/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth describe`: one function for each kind writes lines with tabs; tabs.h lays them out. Layout and words are
 * kubectl's.
 * Source: k8s.io/kubectl pkg/describe.
 */
#ifndef AGENT_CLI_DESCRIBE_H
#define AGENT_CLI_DESCRIBE_H

#include "agent/cli/cli.h"
#include "agent/spec/spec.h"

struct description {
	struct cli *cli;
	const struct kind *kind;
	const json_t *object;
	struct str out; /* with tabs */
	unsigned level; /* two blanks each stand before a line */
};

/** One line: blanks of the level, the text, \n. */
void put(struct description *d, const char *format, ...) PRINTF_LIKE(2, 3);
/** `Title:\tvalue`; nothing when @value is NULL. */
void put_pair(struct description *d, const char *title, const char *value);
/** `Title:\ta=b` and further pairs below; `<none>` for an empty map. Annotations: "a: b", last-applied left out. */
void put_labels(struct description *d, const char *title, const json_t *map);
void put_annotations(struct description *d, const json_t *map);
/** `Title:\t` with the time, as kubectl writes it. */
void put_time(struct description *d, const char *title, const char *time);
/** The keys of a map (NULL: none), sorted. Returns: an array the caller frees; the keys are borrowed from the map. */
const char **sorted_keys(const json_t *map, size_t *ret_n);
/** "a=b,c=d", sorted; "<none>". */
char *labels_text(const json_t *map);

void describe_pod(struct description *d);
void describe_controller(struct description *d);
void describe_secret(struct description *d);
void describe_configmap(struct description *d);
void describe_namespace(struct description *d);
void describe_node(struct description *d);
void describe_other(struct description *d);

/** The containers of @spec's @list. @statuses: of the pod's status, or NULL (a template). */
void describe_containers(struct description *d, const char *title, const json_t *containers,
	const json_t *statuses, bool with_status);
void describe_volumes(struct description *d, const json_t *volumes, bool in_template);
/** Node-Selectors and Tolerations. */
void describe_placement(struct description *d, const json_t *spec);

#endif
