/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities of a container: from what a pod asks to one final set (safety R8).
 *
 * A set is a uint64_t, bit N = capability N of linux/capability.h. The set becomes the process's bounding,
 * effective and permitted sets; inheritable and ambient are empty always, so that a non-root user ends
 * with none.
 * Source: Kubernetes API, Capabilities v1; capabilities(7); OCI config.md "process.capabilities".
 */
#ifndef RUNTIME_SECURITY_CAPS_H
#define RUNTIME_SECURITY_CAPS_H

#include "runtime/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define CAPS_BIT(cap) (UINT64_C(1) << (cap))

/**
 * What a container has that asks for nothing: the default set of Docker and containerd less NET_RAW
 * (safety R24; CRI-O and podman leave it out too).
 */
uint64_t caps_default(void);

/** Every capability that this berth knows. */
uint64_t caps_all(void);

/** Number of "NET_ADMIN", or "CAP_NET_ADMIN"; -EINVAL for another word ("ALL" is none). */
int caps_find(const char *name);

/** "CAP_NET_ADMIN"; NULL for a number that is not known. */
const char *caps_name(int cap);

struct caps_request {
	const char *const *add; /* names, or "ALL" */
	size_t n_add;
	const char *const *drop;
	size_t n_drop;
	bool privileged;    /* everything the host has; add and drop do not count */
	uint64_t available; /* what the host can give: caps_of_host() */
};

/**
 * The final set: the default one (nothing when "ALL" is dropped, everything when "ALL" is added),
 * with what is added, without what is dropped. "ALL" and privileged mean all that is @available.
 * Returns: 0, or with a message that names the word: -EINVAL for one that is no capability,
 * -EPERM for an added one that the host cannot give.
 */
int caps_resolve(const struct caps_request *q, uint64_t *ret, struct err *e);

/** The bounding set of this process: what can be handed on. 0 or -errno. */
int caps_of_host(uint64_t *ret);

/** OCI process.capabilities for @set. Returns: a new reference, never NULL. */
json_t *caps_json(uint64_t set);

#endif
