/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the contents of a pod come from: secrets and configMaps of its namespace, and what the pod itself is. One seam
 * for environment.c and contents.c, so that both are tested without a store.
 */
#ifndef AGENT_CONTROL_LOOKUP_H
#define AGENT_CONTROL_LOOKUP_H

#include "runtime/base/json.h"

struct lookup {
	/* @kind: "Secret" or "ConfigMap". 0 and a new reference, -ENOENT, -errno. */
	int (*get)(void *data, const char *kind, const char *name, json_t **ret);
	void *data;
	const json_t *pod;
	const char *pod_ip, *host_ip, *node_name; /* "" when there is none */
	uint64_t cpus_milli, memory_bytes;	  /* of the node: limits that are not set */
};

/**
 * A named object.  @optional: -ENOENT is told without a message.
 * Returns: 0; -ENOENT `secret "x" not found`; -errno.
 */
int lookup_object(
	const struct lookup *l, const char *kind, const char *name, json_t **ret, struct err *e);

/**
 * The bytes at @key of a Secret (base64) or ConfigMap (data, then binaryData).
 * Returns: 0 and NUL-terminated bytes the caller frees; -ENOENT `key "k" not found in secret "x"`; -EINVAL.
 */
int lookup_bytes(const char *kind, const json_t *object, const char *key, char **ret_p,
	size_t *ret_n, struct err *e);

/** Calls @fn for each key of the object, in its order, until it returns non-zero. */
int lookup_each_key(
	const char *kind, const json_t *object, int (*fn)(void *data, const char *key), void *data);

/**
 * The value of fieldRef.fieldPath: metadata.name, .namespace, .uid, .labels, .annotations (whole, for files),
 * .labels['k'], spec.nodeName, spec.serviceAccountName, status.podIP(s), status.hostIP(s).
 * Returns: 0 and a string the caller frees; -EINVAL.
 * Source: Kubernetes docs "Downward API".
 */
int lookup_field(const struct lookup *l, const char *path, char **ret, struct err *e);

/**
 * The value of a resourceFieldRef; @container: the one it stands in, NULL in volumes.
 * Returns: 0 and a string the caller frees; -EINVAL.
 */
int lookup_resource(const struct lookup *l, const json_t *ref, const json_t *container, char **ret,
	struct err *e);

#endif
