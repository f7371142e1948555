/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside this folder only: the default seccomp profile as data (seccomp.h says what it is).
 */
#ifndef RUNTIME_SECURITY_SECCOMP_TABLE_H
#define RUNTIME_SECURITY_SECCOMP_TABLE_H

#include <stdint.h>

/* Calls that every container may make; ended by NULL. */
extern const char *const seccomp_always[];

/* Calls for those who have one of @caps; ended by a NULL name. */
struct seccomp_for_caps {
	const char *name;
	uint64_t caps; /* bit N = capability N */
};
extern const struct seccomp_for_caps seccomp_for_caps[];

/* Calls allowed with some arguments only; ended by a NULL name. Rows of one name are alternatives. */
struct seccomp_for_args {
	const char *name;
	const char *op; /* an OCI operator */
	uint64_t value, value_two;
	uint64_t unless_caps; /* who has one of these is not asked: seccomp_for_caps has a row */
};
/* All look at the first argument. */
extern const struct seccomp_for_args seccomp_for_args[];

#endif
