/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a container's process is: numbers out of the image's USER, its passwd and group files, and what
 * the pod says (safety R9, R10).
 *
 * Judged anew at every start, restart and exec, in the composed rootfs, because a container may have written
 * to its /etc/passwd since. The files are a stranger's: opened inside the rootfs only, without blocking, regular
 * ones of at most 1 MiB, 10 000 lines and 4 KiB a line. A number is strict decimal, 0 … 2^31-1; a word that
 * starts with a digit or '-' is never looked up by name.
 */
#ifndef RUNTIME_SECURITY_USERS_H
#define RUNTIME_SECURITY_USERS_H

#include "runtime/base/err.h"
#include "runtime/plan/plan.h"

#include <jansson.h>
#include <stdint.h>

enum { USERS_ID_MAX = INT32_MAX };

struct user_ids {
	uint32_t uid, gid;
	uint32_t *groups; /* owned; the primary gid first (safety R9), each once */
	size_t n_groups;
};

void user_ids_done(struct user_ids *u);
#define cleanup_user_ids __attribute__((cleanup(user_ids_done)))

/* The part of the pod that decides. */
struct users_request {
	const struct plan_user *user;
	const int64_t *groups; /* the pod's supplementalGroups */
	size_t n_groups;
	int64_t fs_group; /* or PLAN_NONE */
};

/**
 * Resolve @q in the root file system @rootfs_fd.
 * uid: run_as_user, else the image's USER (a number, or a name of its passwd), else 0.
 * gid: run_as_group, else the ":group" of USER when USER decided the uid, else the primary group of that
 * uid in passwd, else 0.
 * groups: the gid, the groups that list the user by name, the pod's, the fs_group.
 * Returns: 0 and numbers that the caller releases with user_ids_done(), or with a message that names the file
 * and the word: -EINVAL (no number, too big, a file that is none), -ENOENT (no such name in the image),
 * -EPERM (run_as_non_root and the number is 0), -errno of open or read.
 * Source: Kubernetes SecurityContext; OCI image config "User"; OCI config.md "process.user".
 */
int users_resolve(
	int rootfs_fd, const struct users_request *q, struct user_ids *ret, struct err *e);

/** OCI process.user, without umask. Returns: a new reference, never NULL. */
json_t *users_json(const struct user_ids *u);

#endif
