/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps "bundled" and "invoked": one child composes the container's mounts, writes config.json and then becomes
 * the runtime, so that a start costs one fork and the plan's memory goes with it. The shim judges the result by the
 * pid-file and by whether that pid is its child now, never by an exit code alone.
 *
 * The limits of a container are written by the runtime (linux.resources), those of the pod by the shim before.
 */
#include "runtime/shim/launch.h"
#include "cgroups/kill.h"
#include "cgroups/members.h"
#include "cgroups/names.h"
#include "cgroups/warm.h"
#include "runtime/base/fs.h"
#include "runtime/base/spawn.h"
#include "runtime/bundle/bundle.h"
#include "runtime/runc/runc.h"
#include "runtime/security/caps.h"
#include "runtime/security/seccomp.h"
#include "runtime/shim/compose.h"
#include "runtime/shim/reap.h"
#include "runtime/shim/shim.h"
#include "runtime/volume/fileset.h"
#include "runtime/volume/mount.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { WARM_TIMEOUT_S = 10 };

static const char config_error[] = "CreateContainerConfigError";
static const char create_error[] = "CreateContainerError";
static const char run_error[] = "RunContainerError";

/* ---- in the child ---------------------------------------------------------------------------------- */

struct launch {
	const struct shim *s;
	const struct container *c;
	const struct plan *plan;
	const struct plan_container *pc;
	char id[CONTAINER_ID_MAX];
	char *run_path; /* private/run/ID, absolute */
	int run_fd;
	int report_fd;
	enum runc_verb verb;
	const struct stdio_child *streams;
};

_Noreturn static void fail(const struct launch *l, const char *reason, const struct err *e)
{
	compose_remove(l->s, l->id);
	job_fail(l->report_fd, reason, e);
}

static int secret_env(const struct launch *l, json_t **ret, struct err *e)
{
	cleanup_json json_t *payload = NULL;
	int r;

	*ret = NULL;
	if (l->s->payload_fd < 0)
		return 0;
	r = payload_read(l->s->payload_fd, &payload, e);
	if (r < 0)
		return r;
	*ret = json_incref(json_at(payload, "env", l->pc->name, NULL));
	return 0;
}

static int seccomp(const struct plan_container *pc, uint64_t caps, json_t **ret, struct err *e)
{
	*ret = NULL;
	if (pc->privileged || pc->seccomp == PLAN_SECCOMP_UNCONFINED)
		return 0;
	if (pc->seccomp == PLAN_SECCOMP_LOCALHOST)
		return seccomp_localhost(pc->seccomp_profile, ret, e);
	*ret = seccomp_default(caps);
	return 0;
}

/* Lowering it needs CAP_SYS_RESOURCE; without, the shim's own is the lowest that can be had. */
static int32_t oom_score_adj(int32_t wanted, uint64_t host_caps)
{
	cleanup_free char *text = NULL;
	int64_t own;

	if (host_caps & CAPS_BIT(CAP_SYS_RESOURCE) ||
		fs_read(AT_FDCWD, "/proc/self/oom_score_adj", 64, &text, NULL) < 0 ||
		parse_i64(sv_trim(sv(text)), &own) < 0)
		return wanted;
	return wanted < own ? (int32_t)own : wanted;
}

static bool has_swap_limit(const struct launch *l)
{
	const struct cgroup_host *h = &l->s->cgroups;
	char pod[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX + 32];

	if (h->mode != CGROUP_MODE_UNIFIED || h->v2 < 0 ||
		cgroup_path(pod, sizeof pod, l->s->cgroup_base, l->s->uid, NULL) < 0)
		return false;
	(void)snprintf(path, sizeof path, "%s/memory.swap.max", pod);
	return faccessat(h->hierarchies[h->v2].fd, path, F_OK, 0) == 0;
}

/* Three paths below /dev may be volumes (R4), and shm and the termination message are put there too. */
enum { BINDS_MAX = 6 };
struct binds {
	struct bundle_bind item[BINDS_MAX];
	size_t n;
	bool has_shm;
};

/* Volumes below /dev are put beside the rootfs, and from there into the /dev that the runtime makes. */
static int bind_dev_volumes(const struct launch *l, struct binds *b, struct err *e)
{
	struct source_dirs dirs;
	int r = compose_source_dirs(l->s, &dirs, e);

	for (size_t i = 0; r == 0 && i < l->pc->n_mounts; i++) {
		const struct plan_mount *m = &l->pc->mounts[i];
		const struct plan_volume *v = plan_find_volume(l->plan, m->volume);
		cleanup_free char *name = NULL;
		cleanup_close int source = -EBADF, tree = -EBADF, target = -EBADF;

		if (strncmp(m->path, "/dev/", 5) != 0)
			continue;
		if (b->n == BINDS_MAX - 2)
			return err_set(e, -E2BIG, "too many volumes below /dev");
		name = xasprintf("dev%zu", i);
		source = source_open(&dirs, v, m, e);
		if (source < 0)
			return source;
		target = fs_open_dir(l->run_fd, name, 0755);
		tree = mount_clone(source, source_limits(v) | (m->read_only ? MOUNT_READ_ONLY : 0));
		r = target < 0 ? target : tree < 0 ? tree : mount_attach(tree, target);
		if (r < 0)
			return err_errno(e, r, "mounting volume %s at %s", v->name, m->path);
		b->has_shm |= streq(m->path, "/dev/shm");
		b->item[b->n++] = (struct bundle_bind){
			.source = xasprintf("%s/%s", l->run_path, name),
			.destination = m->path,
			.read_only = m->read_only,
		};
	}
	return r;
}

static int make_binds(const struct launch *l, struct binds *b, struct err *e)
{
	const char *message = l->pc->termination_path;
	int r = bind_dev_volumes(l, b, e);

	if (r < 0)
		return r;
	if (!b->has_shm)
		b->item[b->n++] = (struct bundle_bind){
			.source = l->plan->host_ipc ? xstrdup("/dev/shm")
						    : xasprintf("%s/shm", l->s->private_path),
			.destination = "/dev/shm",
		};
	if (message && strncmp(message, "/dev/", 5) == 0)
		b->item[b->n++] = (struct bundle_bind){
			.source = xasprintf("%s/etc/term-%s", l->s->private_path, l->id),
			.destination = message,
		};
	return 0;
}

/* Numbers from the image's files, judged now (R9). */
static int resolve_user(const struct launch *l, struct user_ids *ret, struct err *e)
{
	cleanup_close int rootfs = compose_open_rootfs(l->s, l->id, e);
	const struct users_request q = {
		.user = &l->pc->user,
		.groups = l->plan->supplemental_groups,
		.n_groups = l->plan->n_supplemental_groups,
		.fs_group = l->plan->fs_group,
	};

	return rootfs < 0 ? rootfs : users_resolve(rootfs, &q, ret, e);
}

static void fill_limits(const struct launch *l, struct bundle *b)
{
	struct rlimit nofile = {1024, 1024};
	uint64_t host_caps = 0;

	(void)getrlimit(RLIMIT_NOFILE, &nofile);
	(void)caps_of_host(&host_caps);
	b->caps = l->pc->caps & host_caps;
	b->oom_score_adj = oom_score_adj(l->pc->oom_score_adj, host_caps);
	b->nofile_max = nofile.rlim_max;
	b->unified = l->s->cgroups.mode == CGROUP_MODE_UNIFIED;
	b->no_swap = has_swap_limit(l);
}

static int write_config(const struct launch *l, const struct bundle *b, struct err *e)
{
	cleanup_json json_t *config = NULL;
	cleanup_free char *text = NULL;
	int r = bundle_config(b, &config, e);

	if (r < 0)
		return r;
	text = json_text(config);
	r = fs_write_atomic(l->run_fd, "config.json", text, strlen(text), 0600, FS_NO_SYNC);
	return r < 0 ? err_errno(e, r, "writing config.json") : 0;
}

static json_t *host_devices(void)
{
	cleanup_close int dev = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dev < 0 ? NULL : bundle_host_devices(dev);
}

static void make_bundle(const struct launch *l)
{
	cleanup_free char *rootfs = xasprintf("%s/rootfs", l->run_path);
	cleanup_json json_t *profile = NULL, *secrets = NULL, *devices = NULL;
	cleanup_user_ids struct user_ids user = {0};
	char cgroup[CGROUP_PATH_MAX + 1] = "/", pid_ns[32];
	struct binds binds = {.n = 0};
	struct err e = {0};
	struct bundle b = {
		.plan = l->plan,
		.container = l->pc,
		.rootfs = rootfs,
		.cgroup_path = cgroup,
		.ns_dir = l->s->ns_dir,
		.binds = binds.item,
		.user = &user,
	};

	fill_limits(l, &b);
	if (container_cgroup(l->c, l->id, cgroup + 1, sizeof cgroup - 1) < 0)
		fail(l, create_error, &(struct err){.msg = "the name of its cgroup is too long"});
	if (l->s->pause_pid) {
		(void)snprintf(pid_ns, sizeof pid_ns, "/proc/%d/ns/pid", l->s->pause_pid);
		b.pid_ns = pid_ns;
	}
	if (make_binds(l, &binds, &e) < 0)
		fail(l, create_error, &e);
	b.n_binds = binds.n;
	if (resolve_user(l, &user, &e) < 0 || secret_env(l, &secrets, &e) < 0 ||
		seccomp(l->pc, b.caps, &profile, &e) < 0)
		fail(l, config_error, &e);
	devices = l->pc->privileged ? host_devices() : NULL;
	b.seccomp = profile;
	b.secret_env = secrets;
	b.devices = devices;
	if (write_config(l, &b, &e) < 0)
		fail(l, config_error, &e);
}

_Noreturn static void become_runtime(const struct launch *l)
{
	cleanup_free char *root = xasprintf("%s/runc", l->s->private_path);
	cleanup_free char *log = xasprintf("%s/log", l->run_path);
	cleanup_free char *pid_file = xasprintf("%s/pid", l->run_path);
	const char *argv[RUNC_ARGV_MAX];
	const struct runc rc = {
		.program = l->s->runtime,
		.root = root,
		.log = log,
		.id = l->id,
		.bundle = l->run_path,
		.pid_file = pid_file,
		.console_socket = l->streams->console[0] ? l->streams->console : NULL,
	};
	struct spawn sp = {.argv = argv};
	int report = l->report_fd, r;
	struct err e = {0};

	for (int i = 0; i < (int)ARRAY_SIZE(l->streams->fd); i++)
		if (l->streams->fd[i] >= 0)
			sp.fds[sp.n_fds++] = (struct spawn_fd){l->streams->fd[i], i};
	(void)runc_argv(l->verb, &rc, argv);
	r = spawn_become(&sp, &report);
	(void)err_errno(&e, r, "running %s", l->plan->runtime);
	job_fail(report, run_error, &e);
}

/*
 * What an earlier attempt has left must not run beside this one: what a runtime started and then denied, or daemons
 * in a pid namespace that others share. Such a group is removed later (clean.c); it is empty now.
 */
static void end_earlier(const struct launch *l)
{
	enum { EMPTY_MS = 5000 };
	const struct cgroup_host *host = &l->s->cgroups;
	char id[CONTAINER_ID_MAX], path[CGROUP_PATH_MAX];

	for (uint32_t a = l->c->clean_from; a < l->c->attempt; a++) {
		container_id(l->c, a, id);
		if (container_cgroup(l->c, id, path, sizeof path) < 0 ||
			cgroup_populated(host, path) <= 0)
			continue;
		(void)cgroup_kill(host, path);
		if (cgroup_wait_empty(host, path, EMPTY_MS) < 0)
			fail(l, create_error,
				&(struct err){.msg = "a process of the run before will not die"});
	}
}

void launch_become(const struct container *c, const struct launch_how *how)
{
	const struct shim *s = c->shim;
	struct launch l = {.s = s,
		.c = c,
		.report_fd = how->report_fd,
		.verb = how->verb,
		.streams = how->streams};
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct err e = {0};

	memcpy(l.id, how->id, sizeof l.id);
	if (compose_plan(s, &plan, &e) < 0)
		fail(&l, config_error, &e);
	l.plan = plan;
	l.pc = plan_find_container(plan, c->name);
	if (!l.pc)
		fail(&l, config_error, &(struct err){.msg = "the plan has lost the container"});
	if (how->verb == RUNC_RUN)
		end_earlier(&l);
	if (!how->composed && compose_rootfs(s, l.pc, plan->image_dir, l.id, &e) < 0)
		fail(&l, create_error, &e);
	l.run_path = xasprintf("%s/run/%s", s->private_path, l.id);
	l.run_fd = open(l.run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (compose_mounts(s, plan, l.pc, l.id, &e) < 0)
		fail(&l, create_error, &e);
	make_bundle(&l);
	become_runtime(&l);
}

void launch_become_start(const struct container *c)
{
	cleanup_free char *root = xasprintf("%s/runc", c->shim->private_path);
	cleanup_free char *log = xasprintf("%s/run/%s/log", c->shim->private_path, c->id);
	const char *argv[RUNC_ARGV_MAX];
	const struct runc rc = {.program = c->shim->runtime, .root = root, .log = log, .id = c->id};
	const struct spawn sp = {.argv = argv};
	struct launch l = {.s = c->shim, .c = c, .report_fd = c->launch.report_fd};
	int report = c->launch.report_fd, r;
	struct err e = {0};

	memcpy(l.id, c->id, sizeof l.id);
	end_earlier(&l);
	(void)runc_argv(RUNC_START, &rc, argv);
	r = spawn_become(&sp, &report);
	(void)err_errno(&e, r, "running %s", rc.program);
	job_fail(report, run_error, &e);
}

/* ---- in the shim ----------------------------------------------------------------------------------- */

/* The pid that the runtime wrote, when it is our child: a living one, or a dead one that waits to be reaped. */
int launch_adopt(const struct shim *s, const char *pid_path, pid_t *ret_pid)
{
	siginfo_t info = {0};
	int pidfd, r;

	r = runc_pid(s->private_fd, pid_path, ret_pid);
	if (r < 0)
		return r;
	pidfd = (int)syscall(SYS_pidfd_open, *ret_pid, 0);
	if (pidfd < 0)
		return -errno;
	if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
		r = -errno;
		(void)close(pidfd);
		return r;
	}
	return pidfd;
}

int launch_find(const struct shim *s, const char *id, pid_t *ret_pid)
{
	char path[CONTAINER_ID_MAX + 16];

	(void)snprintf(path, sizeof path, "run/%s/pid", id);
	return launch_adopt(s, path, ret_pid);
}

void launch_say_why(
	const struct shim *s, const char *id, int status, int adopted, char *text, size_t size)
{
	char path[CONTAINER_ID_MAX + 16];

	(void)snprintf(path, sizeof path, "run/%s/log", id);
	if (runc_error(s->private_fd, path, text, size)[0])
		return;
	if (WIFSIGNALED(status))
		(void)snprintf(text, size, "the runtime was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		(void)snprintf(text, size, "the runtime ended with exit code %d and no word why",
			WEXITSTATUS(status));
	else
		(void)snprintf(text, size,
			"the runtime said it had started it, but its pid-file: %s",
			strerror(-adopted));
}

/* The failure's word as one that lives on. */
static const char *reason_of(const struct failure *f)
{
	if (streq(f->reason, config_error))
		return config_error;
	return streq(f->reason, create_error) ? create_error : run_error;
}

static void launch_ended(struct shim *s, struct job *j, int status, const struct failure *f)
{
	struct container *c = j->data;
	char text[sizeof f->text];
	pid_t pid = 0;
	int pidfd, r = 0;

	if (f->reason[0] && !j->timed_out) {
		container_not_launched(c, reason_of(f), f->text, reason_of(f) == run_error);
		return;
	}
	pidfd = launch_find(s, c->id, &pid);
	if (pidfd >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
		(r = stdio_started(c)) == 0) {
		container_launched(c, pid, pidfd);
		return;
	}
	if (pidfd >= 0) { /* it started something and then failed: what it started must not stay */
		(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		(void)close(pidfd);
	}
	if (j->timed_out)
		reap_kill_strays(s);
	launch_say_why(s, c->id, status, pidfd, text, sizeof text);
	if (r < 0)
		(void)snprintf(text, sizeof text, "the runtime sent no terminal: %s", strerror(-r));
	container_not_launched(c, run_error, j->timed_out ? f->text : text, true);
}

static void warm_ended(struct shim *s, struct job *j, int status, const struct failure *f)
{
	/* Without it the start waits where it always did. */
	(void)s;
	(void)j;
	(void)status;
	(void)f;
}

/* The kernel's delay before the runtime may move the container into its cgroup passes while the runtime loads. */
static void warm_cgroups(struct shim *s)
{
	char path[CGROUP_PATH_MAX];

	if (s->warm_job.pid)
		return;
	s->warm_job.ended = warm_ended;
	if (job_start(s, &s->warm_job, WARM_TIMEOUT_S * NS_PER_SEC) != 0)
		return;
	if (cgroup_shim_path(path, sizeof path, s->cgroup_base, s->uid) == 0)
		(void)cgroup_warm(&s->cgroups, path);
	job_done();
}

void launch_container(struct container *c)
{
	struct shim *s = c->shim;
	struct launch_how how = {.composed = c->composed, .verb = RUNC_RUN};
	struct stdio_child streams;
	int r;

	container_id(c, c->attempt, c->id);
	if (c->log.file_fd < 0 || c->log.run != c->restarts)
		(void)log_open_run(&c->log, s->log_fd, c->name, c->restarts);
	if (standby_start(c))
		return;
	container_id(c, c->attempt, c->id);
	r = stdio_open(c, &streams);
	if (r < 0) {
		container_not_launched(c, create_error, strerror(-r), false);
		return;
	}
	c->launch.data = c;
	c->launch.ended = launch_ended;
	r = job_start(s, &c->launch, s->timeout_ns);
	if (r == 0) {
		memcpy(how.id, c->id, sizeof how.id);
		how.report_fd = c->launch.report_fd;
		how.streams = &streams;
		launch_become(c, &how);
	}
	warm_cgroups(s);
	stdio_child_done(&streams);
	if (r < 0)
		container_not_launched(c, create_error, strerror(-r), false);
}
