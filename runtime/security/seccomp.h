/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls a container may make: OCI linux.seccomp (safety R13).
 *
 * The default profile is on for every container that does not ask otherwise. It allows what the default
 * profile of Docker and containerd allows (the set of 2025: without io_uring, AF_VSOCK and new
 * namespaces), and less: only calls of the native architecture. On x86-64, 32-bit (int 0x80) and x32
 * calls kill the process. A filter for three architectures is three times as long, and building, checking
 * and loading it was most of what a profile cost at each start (tests/bench/seccomp measures it).
 * Source: seccomp(2); OCI config-linux.md "seccomp".
 */
#ifndef RUNTIME_SECURITY_SECCOMP_H
#define RUNTIME_SECURITY_SECCOMP_H

#include "runtime/base/err.h"

#include <jansson.h>
#include <stdint.h>

enum { SECCOMP_PROFILE_BYTES_MAX = 1 << 20 };

/**
 * The default profile for a container with the capabilities @caps (caps.h): some calls are allowed only to those
 * who have a capability that they need.
 * Returns: a new reference, never NULL.
 */
json_t *seccomp_default(uint64_t caps);

/**
 * A profile of the host's administrator (seccompProfile type Localhost), in the OCI form.
 * @path: absolute, of a regular file of at most 1 MiB.
 * Returns: 0 and a new reference, or with a message that says where: -EINVAL (an empty or relative path, not
 * a regular file, a word that OCI does not have, Docker's archMap form), -EBADMSG (no JSON), -EFBIG, -errno.
 * Never "no profile": what cannot be read must not run unconfined.
 */
int seccomp_localhost(const char *path, json_t **ret, struct err *e);

#endif
