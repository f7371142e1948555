/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step "composed": the pod's volumes and files, and each container's root file system with every mount in it,
 * before any runtime sees it (safety R2). Runs in children of the shim, in its namespaces.
 *
 *	private/volumes/NAME	tmpfs of files and tmpfs volumes
 *	private/etc/		hosts, hostname, resolv.conf, term-ID
 *	private/shm		/dev/shm of all containers
 *	private/run/ID/		config.json, pid, log, rootfs
 *	private/runc		the runtime's states
 *	private/bin/		its program and the runner's, read-only
 *	STATE/volumes/NAME	emptyDir on disk
 *	STATE/containers/ID/	upper, work: fresh for each start
 */
#include "runtime/shim/compose.h"
#include "runtime/base/fs.h"
#include "runtime/shim/shim.h"
#include "runtime/shim/sysctls.h"
#include "runtime/volume/fileset.h"
#include "runtime/volume/mount.h"
#include "runtime/volume/place.h"

#include <fcntl.h>
#include <sys/mount.h>

int compose_plan(const struct shim *s, struct plan **ret, struct err *e)
{
	enum { PLAN_BYTES_MAX = 8 << 20 };
	cleanup_free char *text = NULL;
	size_t n;
	int r = fs_read(s->state_fd, "plan.json", PLAN_BYTES_MAX, &text, &n);

	if (r < 0)
		return err_errno(e, r, "plan.json");
	return plan_parse((struct sv){text, n}, ret, e);
}

int compose_source_dirs(const struct shim *s, struct source_dirs *ret, struct err *e)
{
	int disk = fs_open_dir(s->state_fd, "volumes", 0700);
	int tmpfs = fs_open_dir(s->private_fd, "volumes", 0700);

	if (disk < 0 || tmpfs < 0)
		return err_errno(e, disk < 0 ? disk : tmpfs, "directory of volumes");
	*ret = (struct source_dirs){disk, tmpfs};
	return 0;
}

static int mount_here(const struct shim *s, const char *name, const struct mount_tmpfs *options)
{
	cleanup_close int target = fs_open_dir(s->private_fd, name, 0700);
	cleanup_close int tmpfs = target < 0 ? target : mount_tmpfs(options);

	return tmpfs < 0 ? tmpfs : mount_attach(tmpfs, target);
}

static int write_etc(const struct shim *s, const struct plan *p)
{
	cleanup_close int etc = fs_open_dir(s->private_fd, "etc", 0755);
	cleanup_free char *hostname = xasprintf("%s\n", p->hostname ? p->hostname : "");
	const struct {
		const char *name, *text;
	} files[] = {{"hosts", p->hosts}, {"hostname", p->hostname ? hostname : NULL},
		{"resolv.conf", p->resolv_conf}};
	int r = etc < 0 ? etc : 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		if (files[i].text)
			r = fs_write_atomic(etc, files[i].name, files[i].text,
				strlen(files[i].text), 0644, FS_NO_SYNC);
	return r;
}

/* What all containers share. A container can fill these with what it writes there, and harm its own pod only (R21). */
static int mount_shared(const struct shim *s, const struct plan *p)
{
	/* The kubelet's sandbox has 64 MiB, too. */
	static const struct mount_tmpfs shm = {.size_bytes = 64 << 20,
		.mode = 01777,
		.limits = MOUNT_NO_SUID | MOUNT_NO_DEV | MOUNT_NO_EXEC};
	static const struct mount_tmpfs etc = {.size_bytes = 2 << 20,
		.inodes = 4096,
		.mode = 0755,
		.limits = MOUNT_NO_SUID | MOUNT_NO_DEV | MOUNT_NO_EXEC};
	int r = mount_here(s, "etc", &etc);

	if (r == 0 && !p->host_ipc)
		r = mount_here(s, "shm", &shm);
	if (r == 0)
		r = write_etc(s, p);
	if (r == 0)
		r = fs_mkdir_p(s->private_fd, "runc", 0700);
	return r;
}

/*
 * A program that containers can see through /proc/PID/exe, on a read-only mount of its own, so that they cannot write
 * to it (CVE-2019-5736). From a file that can be written, runc mounts such a copy and executes itself again at
 * every single start; from this one it need not (about 3 ms). A program that cannot be opened is no failure here:
 * its absence is told when it is run.
 */
static int mount_program(const struct shim *s, const char *program, const char *name)
{
	cleanup_close int source = program ? open(program, O_PATH | O_CLOEXEC) : -ENOENT;
	cleanup_close int dir = source < 0 ? -EBADF : fs_open_dir(s->private_fd, "bin", 0700);
	cleanup_close int tree = -EBADF, target = -EBADF;

	if (source < 0)
		return 0;
	if (dir < 0)
		return dir;
	tree = mount_clone(source, MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEV);
	target = place_file(dir, name, NULL);
	if (tree < 0 || target < 0)
		return tree < 0 ? tree : target;
	return mount_attach(tree, target);
}

int compose_pod(const struct shim *s, const struct plan *p, struct err *e)
{
	struct source_dirs dirs;
	char id[CONTAINER_ID_MAX];
	int r = mount_shared(s, p);

	if (r == 0)
		r = mount_program(s, p->runtime, COMPOSE_RUNTIME);
	if (r == 0)
		r = mount_program(s, p->runner_program, COMPOSE_RUNNER);
	if (r < 0)
		return err_errno(e, r, "the pod's own files");
	r = sysctls_apply(p, e);
	if (r == 0)
		r = compose_source_dirs(s, &dirs, e);
	for (size_t i = 0; r == 0 && i < p->n_volumes; i++)
		r = source_prepare(&dirs, p, &p->volumes[i], e);
	for (size_t i = 0; r == 0 && i < p->n_containers; i++) {
		container_id(&s->containers[i], s->containers[i].attempt, id);
		r = compose_rootfs(s, &p->containers[i], p->image_dir, id, e);
		if (r < 0)
			(void)err_wrap(e, r, "container %s", p->containers[i].name);
	}
	return r;
}

int compose_files(const struct shim *s, const struct plan *p, struct err *e)
{
	cleanup_json json_t *payload = NULL;
	struct source_dirs dirs;
	int r = compose_source_dirs(s, &dirs, e);

	if (r == 0)
		r = payload_read(s->payload_fd, &payload, e);
	for (size_t i = 0; r >= 0 && i < p->n_volumes; i++) {
		const struct plan_volume *v = &p->volumes[i];
		const json_t *files = json_at(payload, "files", v->name, NULL);

		if (v->kind != PLAN_VOLUME_FILES)
			continue;
		if (!files)
			return err_set(e, -EINVAL, "the payload lacks volume %s", v->name);
		r = source_write_files(&dirs, p, v, files, clock_wall_ns(s->clock), e);
	}
	return r < 0 ? r : 0;
}

/* ---- a container's root file system ---------------------------------------------------------------- */

static int fresh_dir(int parent_fd, const char *name)
{
	int r = fs_remove_tree(parent_fd, name);

	return r < 0 ? r : fs_open_dir(parent_fd, name, 0755);
}

int compose_rootfs(const struct shim *s, const struct plan_container *c, const char *image_dir,
	const char *id, struct err *e)
{
	cleanup_free char *disk_path = xasprintf("containers/%s", id);
	cleanup_free char *run_path = xasprintf("run/%s/rootfs", id);
	cleanup_close int disk = fs_open_dir(s->state_fd, disk_path, 0700);
	cleanup_close int upper = disk < 0 ? disk : fresh_dir(disk, "upper");
	cleanup_close int work = upper < 0 ? upper : fresh_dir(disk, "work");
	cleanup_close int target = work < 0 ? work : fs_open_dir(s->private_fd, run_path, 0755);
	cleanup_close int images = open(image_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (target < 0)
		return err_errno(e, target, "making the container's directories");
	if (images < 0)
		return err_errno(e, -errno, "image store %s", image_dir);
	return mount_overlay(images, c->layers, c->n_layers, upper, work, target, e);
}

int compose_open_rootfs(const struct shim *s, const char *id, struct err *e)
{
	cleanup_free char *path = xasprintf("run/%s/rootfs", id);
	int fd = fs_open_beneath(s->private_fd, path, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? err_errno(e, fd, "opening the root file system") : fd;
}

void compose_remove(const struct shim *s, const char *id)
{
	cleanup_free char *rootfs = xasprintf("%s/run/%s/rootfs", s->private_path, id);
	cleanup_close int run = fs_open_beneath(s->private_fd, "run", O_RDONLY | O_DIRECTORY, 0);
	cleanup_close int disk =
		fs_open_beneath(s->state_fd, "containers", O_RDONLY | O_DIRECTORY, 0);
	cleanup_free char *message = xasprintf("etc/term-%s", id);

	/* Nothing is removed below a mount that would not go: fs_remove_tree stops there (R23). */
	while (umount2(rootfs, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (run >= 0)
		(void)fs_remove_tree(run, id);
	if (disk >= 0)
		(void)fs_remove_tree(disk, id);
	(void)unlinkat(s->private_fd, message, 0);
}

/* ---- its mounts ------------------------------------------------------------------------------------- */

static int is_dir(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -errno : S_ISDIR(st.st_mode);
}

static int mount_volume(const struct source_dirs *dirs, int rootfs, const struct plan_volume *v,
	const struct plan_mount *m, struct err *e)
{
	unsigned limits = source_limits(v) | (m->read_only ? MOUNT_READ_ONLY : 0);
	cleanup_close int source = source_open(dirs, v, m, e);
	cleanup_close int tree = -EBADF, target = -EBADF;
	int r;

	if (source < 0)
		return source;
	tree = mount_clone(source, limits);
	if (tree < 0)
		return err_errno(e, tree, "volume %s", v->name);
	r = is_dir(source);
	if (r < 0)
		return err_errno(e, r, "volume %s", v->name);
	target = r ? place_mount_dir(rootfs, m->path, 0755, e) : place_file(rootfs, m->path, e);
	if (target < 0)
		return target;
	r = mount_attach(tree, target);
	return r < 0 ? err_errno(e, r, "mounting volume %s at %s", v->name, m->path) : 0;
}

static int depth(const char *path)
{
	int n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static int by_depth(const void *a, const void *b)
{
	const struct plan_mount *const *x = a, *const *y = b;
	int d = depth((*x)->path) - depth((*y)->path);

	return d ? d : strcmp((*x)->path, (*y)->path);
}

static bool is_below_dev(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0;
}

static int mount_volumes(const struct shim *s, int rootfs, const struct plan *p,
	const struct plan_container *c, struct err *e)
{
	const struct plan_mount *order[PLAN_MOUNTS_MAX];
	struct source_dirs dirs;
	int r = compose_source_dirs(s, &dirs, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->n_mounts; i++)
		order[i] = &c->mounts[i];
	qsort(order, c->n_mounts, sizeof order[0], by_depth);
	for (size_t i = 0; r == 0 && i < c->n_mounts; i++)
		if (!is_below_dev(order[i]->path)) /* /dev is not there yet: see launch.c */
			r = mount_volume(
				&dirs, rootfs, plan_find_volume(p, order[i]->volume), order[i], e);
	return r;
}

static bool has_mount_at(const struct plan_container *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (streq(c->mounts[i].path, path))
			return true;
	return false;
}

static int mount_own_file(const struct shim *s, int rootfs, const char *source, const char *path,
	unsigned limits, struct err *e)
{
	cleanup_close int file = fs_open_beneath(s->private_fd, source, O_PATH, 0);
	cleanup_close int tree = file < 0 ? file : mount_clone(file, limits);
	cleanup_close int target = -EBADF;
	int r;

	if (file == -ENOENT) /* the plan has no such file: the image's own stays */
		return 0;
	if (tree < 0)
		return err_errno(e, tree, "%s", path);
	target = place_own_file(rootfs, path, e);
	if (target < 0)
		return target;
	r = mount_attach(tree, target);
	return r < 0 ? err_errno(e, r, "mounting %s", path) : 0;
}

static int mount_own_files(const struct shim *s, int rootfs, const struct plan_container *c,
	const char *id, struct err *e)
{
	static const char *const files[] = {"etc/hosts", "etc/hostname", "etc/resolv.conf"};
	cleanup_free char *message = xasprintf("etc/term-%s", id);
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++) {
		cleanup_free char *path = xasprintf("/%s", files[i]);

		if (!has_mount_at(c, path))
			r = mount_own_file(s, rootfs, files[i], path,
				c->read_only_rootfs ? MOUNT_READ_ONLY : 0, e);
	}
	if (r == 0 && c->termination_path && !is_below_dev(c->termination_path) &&
		!has_mount_at(c, c->termination_path))
		r = mount_own_file(s, rootfs, message, c->termination_path, 0, e);
	return r;
}

/* Everybody may write it, as Kubernetes has it: the container's user is not known before it is looked up. */
static int make_message_file(const struct shim *s, const char *id, struct err *e)
{
	cleanup_free char *path = xasprintf("etc/term-%s", id);
	cleanup_close int fd =
		fs_open_beneath(s->private_fd, path, O_WRONLY | O_CREAT | O_EXCL, 0666);

	if (fd < 0 || fchmod(fd, 0666) < 0)
		return err_errno(e, fd < 0 ? fd : -errno, "making the termination log");
	return 0;
}

int compose_mounts(const struct shim *s, const struct plan *p, const struct plan_container *c,
	const char *id, struct err *e)
{
	cleanup_close int rootfs = compose_open_rootfs(s, id, e);
	int r = rootfs < 0 ? rootfs : place_check_reserved(rootfs, e);

	if (r == 0 && c->termination_path)
		r = make_message_file(s, id, e);
	if (r == 0)
		r = mount_volumes(s, rootfs, p, c, e);
	if (r == 0)
		r = mount_own_files(s, rootfs, c, id, e);
	if (r == 0) /* again: a mount must not have brought what the image may not have */
		r = place_check_reserved(rootfs, e);
	return r;
}
