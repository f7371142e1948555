/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host has and lacks, for `berth check` and the first lines of the log.
 */
#ifndef AGENT_NODE_FINDINGS_H
#define AGENT_NODE_FINDINGS_H

#include "runtime/base/json.h"

struct cgroup_host;

/* All borrowed. */
struct findings_options {
	int root_fd;			   /* the root prefix: where state is kept */
	const char *runtime;		   /* path of the OCI runtime */
	const char *skopeo;		   /* path; NULL: /usr/bin/skopeo */
	const char *shim;		   /* path of berth-shim */
	const char *unpack;		   /* path of berth-unpack; NULL: not looked at */
	const struct cgroup_host *cgroups; /* NULL: none were found */
};

/**
 * Looks (some 10 ms: it asks the OCI runtime for its version).
 * Returns: a new array of {"name","status":"ok|warning|error","message"}: an error keeps pods from
 * running.
 */
json_t *findings(const struct findings_options *options);

#endif
