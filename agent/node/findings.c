/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host has and lacks. One row of the table a subject; each looks at the thing itself, not
 * at a version that should have it.
 */
#include "agent/node/findings.h"

#include "agent/node/oci_runtime.h"
#include "cgroups/detect.h"
#include "runtime/base/fs.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

static void look_at_runtime(const struct findings_options *o, json_t *list)
{
	struct oci_runtime r;
	struct err e = {0};

	if (oci_runtime_probe(o->runtime, &r, &e) < 0) {
		finding_add(list, "oci-runtime", "error", "%s", err_text(&e));
		return;
	}
	if (oci_runtime_floor(&r, &e) < 0)
		finding_add(list, "oci-runtime", "error", "%s", err_text(&e));
	else
		finding_add(list, "oci-runtime", "ok", "%s %s at %s", r.name,
			r.packaged[0] ? r.packaged : r.version, o->runtime);
	oci_runtime_findings(&r, list);
}

static void look_at_cgroups(const struct findings_options *o, json_t *list)
{
	static const enum cgroup_controller needed[] = {CGROUP_MEMORY, CGROUP_CPU, CGROUP_PIDS};

	if (!o->cgroups) {
		finding_add(list, "cgroups", "error",
			"no cgroup file system is mounted; mount cgroup2 at /sys/fs/cgroup");
		return;
	}
	finding_add(list, "cgroups", "ok", "mode %s", cgroup_mode_name(o->cgroups->mode));
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!cgroup_host_has(o->cgroups, needed[i]))
			finding_add(list, "cgroups", "error",
				"the controller %s is missing: its limits cannot be kept; enable "
				"it (kernel "
				"parameter cgroup_enable=%s)",
				cgroup_controller_name(needed[i]),
				cgroup_controller_name(needed[i]));
	if (o->cgroups->v2 < 0)
		finding_add(list, "cgroups", "warning",
			"no v2 tree: pods are killed by freezing them first, which is slower");
}

static void look_at_capabilities(const struct findings_options *o, json_t *list)
{
	(void)o;
	if (geteuid() != 0)
		finding_add(list, "root", "error", "berthd must be started by root");
	if (prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE, 0, 0, 0) == 1)
		finding_add(list, "CAP_SYS_RESOURCE", "ok",
			"oom_score_adj and resource limits can be set");
	else
		finding_add(list, "CAP_SYS_RESOURCE", "warning",
			"not permitted here: a container's oom_score_adj cannot go below berthd's "
			"own");
}

/* The runtime moves a container's root into place with pivot_root, which wants its own to be a mount. */
static void look_at_root(const struct findings_options *o, json_t *list)
{
	struct statx root = {0};

	(void)o;
	if (statx(AT_FDCWD, "/", AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &root) < 0 ||
		!(root.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
		return; /* an older kernel does not say */
	if (root.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		finding_add(list, "root-mount", "ok", "the root directory is a mount point");
	else
		finding_add(list, "root-mount", "error",
			"the root directory is no mount point (a chroot?), so the runtime cannot "
			"start "
			"containers; enter this tree by pivot_root or boot it");
}

static bool has_file_system(const char *name)
{
	cleanup_free char *text = NULL;
	struct sv rest;

	if (fs_read(AT_FDCWD, "/proc/filesystems", 64 << 10, &text, NULL) < 0)
		return false;
	rest = sv(text);
	while (rest.n) {
		struct sv line = sv_cut(&rest, '\n');

		(void)sv_cut(&line, '\t');
		if (sv_eq(line, name))
			return true;
	}
	return false;
}

static bool has_overlay(void)
{
	/* A module that is not loaded yet is not listed; mounting loads it. */
	return has_file_system("overlay") || access("/sys/module/overlay", F_OK) == 0;
}

static bool has_openat2(void)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);

	if (fd >= 0)
		(void)close((int)fd);
	return fd >= 0;
}

static bool has_open_tree(void)
{
	/* A bad descriptor: the call is there when it finds fault with that. */
	return syscall(SYS_open_tree, -1, "x", OPEN_TREE_CLOEXEC) < 0 && errno == EBADF;
}

static bool has_pidfd(void)
{
	long fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (fd >= 0)
		(void)close((int)fd);
	return fd >= 0;
}

static bool has_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

static void look_at_kernel(const struct findings_options *o, json_t *list)
{
	static const struct {
		const char *name;
		bool (*has)(void);
		const char *lack;
	} rows[] = {
		{"overlayfs", has_overlay, "images cannot be mounted; load the module overlay"},
		{"openat2", has_openat2,
			"paths of images cannot be walked safely; Linux 5.6 has it"},
		{"open_tree", has_open_tree, "volumes cannot be mounted safely; Linux 5.2 has it"},
		{"pidfd", has_pidfd, "processes cannot be named safely; Linux 5.3 has it"},
		{"seccomp", has_seccomp, "system calls of containers cannot be filtered"},
	};

	(void)o;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].has())
			finding_add(list, rows[i].name, "ok", "the kernel has it");
		else
			finding_add(list, rows[i].name, "error", "missing: %s", rows[i].lack);
	}
}

static void look_at_jail(const struct findings_options *o, json_t *list)
{
	cleanup_free char *most = NULL;
	uint64_t n = 0;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	(void)o;
	if (fs_read(AT_FDCWD, "/proc/sys/user/max_user_namespaces", 64, &most, NULL) < 0 ||
		parse_u64(sv_trim(sv(most)), &n) < 0 || n == 0)
		finding_add(list, "user-namespaces", "error",
			"none may be made, so image layers cannot be unpacked in a jail; set "
			"user.max_user_namespaces above 0");
	else
		finding_add(list, "user-namespaces", "ok", "image layers are unpacked in one");
	if (abi < 0)
		finding_add(list, "landlock", "warning",
			"missing: unpacking is confined by its namespaces and seccomp alone");
	else
		finding_add(list, "landlock", "ok", "version %ld", abi);
}

static void look_at_program(json_t *list, const char *name, const char *path, const char *lack)
{
	if (!path)
		return;
	if (access(path, X_OK) == 0)
		finding_add(list, name, "ok", "%s", path);
	else
		finding_add(list, name, "error", "%s cannot be run (%s): %s", path, strerror(errno),
			lack);
}

static void look_at_programs(const struct findings_options *o, json_t *list)
{
	look_at_program(list, "berth-shim", o->shim,
		"no pod can be started; install it beside berthd or in ../lib/berth");
	look_at_program(list, "berth-unpack", o->unpack,
		"no image can be unpacked; install it beside berthd or in ../lib/berth");
	look_at_program(list, "skopeo", o->skopeo ? o->skopeo : "/usr/bin/skopeo",
		"no image can be pulled; install the package skopeo");
}

static void look_at_forwarding(const struct findings_options *o, json_t *list)
{
	cleanup_free char *text = NULL;

	(void)o;
	if (fs_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", 16, &text, NULL) == 0 &&
		sv_eq(sv_trim(sv(text)), "1"))
		finding_add(list, "ip_forward", "ok", "on");
	else
		finding_add(list, "ip_forward", "warning",
			"off: berthd turns it on when it starts, for the pods' way out");
}

static void look_at_disk(const struct findings_options *o, json_t *list)
{
	struct statvfs disk;
	unsigned long long free_mib;

	if (fstatvfs(o->root_fd, &disk) < 0) {
		finding_add(list, "disk", "error", "cannot be read: %s", strerror(errno));
		return;
	}
	free_mib = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
	finding_add(list, "disk", free_mib < 256 || disk.f_favail < 1000 ? "warning" : "ok",
		"%llu MiB and %llu files are free for images and pods", free_mib,
		(unsigned long long)disk.f_favail);
}

json_t *findings(const struct findings_options *options)
{
	static void (*const looks[])(const struct findings_options *, json_t *) = {
		look_at_capabilities, look_at_root, look_at_cgroups, look_at_kernel, look_at_jail,
		look_at_programs, look_at_forwarding, look_at_disk, look_at_runtime};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(looks); i++)
		looks[i](options, list);
	return list;
}
