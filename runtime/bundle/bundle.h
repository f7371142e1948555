/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a container of the plan to the config.json that an OCI runtime executes: step "bundled" of a pod's
 * life. Pure: the same input gives the same bytes (tests/golden).
 *
 * The list of mounts is a constant: proc, a fresh /dev with what belongs into it, sysfs, cgroups read-only. All else
 * that a pod mounts is in the rootfs already (safety R2), so that no runtime ever resolves a path that a user chose.
 * Nothing of an image or of labels and annotations gets in (R11); no hooks.
 * Source: OCI runtime-spec config.md, config-linux.md, v1.0.2.
 */
#ifndef RUNTIME_BUNDLE_BUNDLE_H
#define RUNTIME_BUNDLE_BUNDLE_H

#include "runtime/plan/plan.h"
#include "runtime/security/users.h"

/* From a path that berth made to one below /dev that R4 allows. */
struct bundle_bind {
	const char *source, *destination;
	bool read_only, exec;
};

/* Everything borrowed. */
struct bundle {
	const struct plan *plan;
	const struct plan_container *container;
	const char *rootfs;	 /* absolute */
	const char *cgroup_path; /* "/berth/UID/web-0" */
	const char *ns_dir;	 /* "/proc/123/ns": where the pod's namespaces are */
	const char *
		pid_ns; /* path of the shared pid namespace; NULL: one of its own, or the host's as planned */
	const struct bundle_bind *binds; /* into the fresh /dev: /dev/shm, the termination log */
	size_t n_binds;
	const struct user_ids *user;
	uint64_t caps;		  /* the plan's, as far as the host has them */
	int32_t oom_score_adj;	  /* the plan's, as far as the host allows */
	uint64_t nofile_max;	  /* most open files that can be given */
	const json_t *seccomp;	  /* linux.seccomp; NULL: unconfined */
	const json_t *secret_env; /* {"NAME":"VALUE"} of the payload; NULL: none */
	bool unified;		  /* cgroup v2 */
	bool no_swap;		  /* memory.swap.max is there: set it to 0 */
	const json_t *
		devices; /* privileged: linux.devices of the host, from bundle_host_devices(); NULL */
};

/** config.json. Returns: 0 and a new reference, or -EINVAL: a secret that the payload does not have, by name. */
int bundle_config(const struct bundle *b, json_t **ret, struct err *e);

/**
 * process.json for an exec: the process of a running container's config.json with other arguments, so that
 * user, groups, capabilities and no_new_privs are those that were judged at its start.
 * @env: "K=V" behind the container's; @cwd: NULL keeps the container's.
 * Returns: a new reference, or NULL when @config has no process.
 */
struct bundle_exec {
	char *const *argv;
	size_t n_argv;
	char *const *env;
	size_t n_env;
	const char *cwd;
	bool tty;
	uint32_t rows, columns;
};
json_t *bundle_exec(const json_t *config, const struct bundle_exec *x);

/** The device nodes of the directory @dev_fd and two levels below, without pts, shm and tty streams. New reference. */
json_t *bundle_host_devices(int dev_fd);

#endif
