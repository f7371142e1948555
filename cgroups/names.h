/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a pod's groups are, as paths below the top of each hierarchy.
 *
 *   /<base>/<pod uid>/               the pod's limits; holds no process itself
 *   /<base>/<pod uid>/<container>/   one container, made by runc through linux.cgroupsPath
 *   /<base>-shims/<pod uid>/         the pod's shim, outside the pod's limits
 *
 * The shim has a tree of its own for two reasons: an OOM or a fork bomb in the pod must not
 * reach its supervisor, and killing /<base>/<pod uid> as one must hit every container and not
 * the shim that reports the exits.  With v2 it could not be beside the containers anyway: a
 * group that passes controllers to its children may hold no process.
 *
 * The groups stand at the top of the hierarchies on a systemd host too, as the kubelet's do with
 * its cgroupfs driver, and not below berthd's own unit: a delegated unit of systemd 252 starts its
 * main process in the unit's own group (DelegateSubgroup= came with 254), which v2 refuses once
 * that group has passed controllers down to pods; and stopping, restarting or upgrading the unit
 * must never touch a pod.  systemd does not remove groups that it did not make, and it cannot take
 * a controller away from the top while /<base> passes that controller down (the kernel says EBUSY).
 *
 * runc 1.1.5 with its cgroupfs driver takes linux.cgroupsPath "/<base>/<pod uid>/<container>": it makes the
 * path in every v1 hierarchy and in the v2 tree of a hybrid host, puts the container into each, and on
 * delete removes the last component only.  What stands above is berth's to remove.
 *
 * Source: safety.md R7, R27; cgroup-v2.rst "No Internal Process Constraint".
 */
#ifndef CGROUPS_NAMES_H
#define CGROUPS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/** Room for any path made here, with its NUL. */
#define CGROUP_PATH_MAX 256
#define CGROUP_BASE "berth"

/** May @name be one component of a path: [A-Za-z0-9][A-Za-z0-9_.-]{0,62} and no ".."? */
bool cgroup_name_ok(const char *name);

/** Is @path one to eight such components with single slashes between, none at the ends? */
bool cgroup_path_ok(const char *path);

/**
 * Name of the tree for an installation whose files live below @prefix.
 * @prefix: NULL, "" or "/" gives "berth"; another gives "berth-" and eight hex digits of a hash
 *          of it (trailing slashes do not count), so that two installations never share a tree.
 * Returns: 0, or -ENAMETOOLONG when @size is too small.
 */
int cgroup_base(char *buf, size_t size, const char *prefix);

/**
 * Path of a pod's group, or of one container's below it.
 * @container: NULL for the pod's own.
 * Returns: 0; -EINVAL when a part is not cgroup_name_ok(); -ENAMETOOLONG.
 * linux.cgroupsPath of runc is this path with "/" in front.
 */
int cgroup_path(char *buf, size_t size, const char *base, const char *pod, const char *container);

/** Path of the group for the shim of @pod.  Returns as cgroup_path(). */
int cgroup_shim_path(char *buf, size_t size, const char *base, const char *pod);

#endif
