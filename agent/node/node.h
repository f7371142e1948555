/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This machine as a Node object, and whether a pod has room on it.
 * Source: Kubernetes API reference, Node v1 core; "Node Status"; the kubelet's admission messages.
 */
#ifndef AGENT_NODE_NODE_H
#define AGENT_NODE_NODE_H

#include "runtime/base/json.h"

/* What the machine has. */
struct node_facts {
	char *name, *kernel, *os_image, *machine_id, *boot_id, *architecture;
	char *runtime_version; /* "runc://1.1.5" */
	char *address;	       /* of the host, to the pods and to others */
	uint64_t cpus_milli, memory_bytes, disk_bytes;
	uint64_t pods_max;
};
void node_facts_free(struct node_facts *own_f);
DEFINE_CLEANUP(struct node_facts, node_facts_free);

/**
 * Reads them.  @root_fd: "/" or a tree that stands for it.  @name: NULL: the host's name.
 * @runtime_version: "1.1.5", or NULL.  Returns: 0, or -errno.
 */
int node_facts_read(int root_fd, const char *name, const char *runtime_version,
	struct node_facts **ret, struct err *e);

/**
 * The Node object, labels and status included. @old: the one stored (keeps its metadata and transition times) or NULL.
 * @going_down: the machine is being shut down, so the node is not ready.
 */
json_t *node_object(
	const struct node_facts *f, const json_t *old, bool going_down, uint64_t now_wall_ns);

/* What the pods of this node have asked for. */
struct node_load {
	uint64_t cpu_milli, memory_bytes, pods;
};
/** Adds the requests of @pod. */
void node_load_add(struct node_load *l, const json_t *pod);

/**
 * May @pod run here?  Returns: 0, or -EAGAIN with the scheduler's sentence ("0/1 nodes are
 * available: 1 Insufficient memory. …") in @e.
 */
int node_admit(const struct node_facts *f, const struct node_load *l, const json_t *node,
	const json_t *pod, struct err *e);

#endif
