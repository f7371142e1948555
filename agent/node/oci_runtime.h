/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which OCI runtime is installed, and what is known to be wrong with that version (safety R5).
 */
#ifndef AGENT_NODE_OCI_RUNTIME_H
#define AGENT_NODE_OCI_RUNTIME_H

#include "runtime/base/json.h"

/* What `runc --version` says. */
struct oci_runtime {
	char name[32];	   /* "runc", "crun" */
	char version[64];  /* "1.1.5+ds1" */
	char packaged[96]; /* the distribution's version, "1.1.5+ds1-1+deb12u1", or "" */
};

/** Reads the text of `RUNTIME --version`.  Returns: 0, or -EINVAL. Pure. */
int oci_runtime_parse(struct sv text, struct oci_runtime *ret, struct err *e);

/**
 * Runs `@path --version` (at most 5 s) and checks the binary: owned by root, writable by nobody
 * else.
 * Returns: 0; -ENOENT (not installed); -EPERM (somebody could replace it); -ETIMEDOUT; -errno, with
 * a message that says
 * what to do.
 */
int oci_runtime_probe(const char *path, struct oci_runtime *ret, struct err *e);

/** Is it new enough to run pods?  Returns: 0, or -EOPNOTSUPP naming the hole and the version to install. */
int oci_runtime_floor(const struct oci_runtime *r, struct err *e);

/**
 * One row for each known hole: {"name":"CVE-…","status":"ok|warning|error","message":"fixed
 * …|neutralised by R2: …|open"} appended to @findings.
 */
void oci_runtime_findings(const struct oci_runtime *r, json_t *findings);

/** Appends one row of findings. */
void finding_add(json_t *findings, const char *name, const char *status, const char *format, ...)
	PRINTF_LIKE(4, 5);

#endif
