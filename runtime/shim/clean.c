/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing what is over, off the critical path: one child at a time, half a second after the last end, so that it does
 * not stand beside a restart. The runtime is asked to delete, and then nothing is believed: the cgroup is killed,
 * waited for and removed here (safety, ground truth 3; R27). `delete --force` is never used: it sleeps 100 ms.
 */
#include "runtime/shim/clean.h"
#include "cgroups/group.h"
#include "cgroups/kill.h"
#include "cgroups/members.h"
#include "runtime/base/fs.h"
#include "runtime/base/spawn.h"
#include "runtime/runc/runc.h"
#include "runtime/shim/agent.h"
#include "runtime/shim/compose.h"
#include "runtime/shim/logfile.h"
#include "runtime/shim/pod.h"
#include "runtime/shim/shim.h"

#include <fcntl.h>

enum { DELAY_MS = 500, EMPTY_MS = 2000, TIMEOUT_S = 60 };

/* ---- in the child ---------------------------------------------------------------------------------- */

static int start_delete(const struct shim *s, const char *id, struct child *ret)
{
	cleanup_free char *root = xasprintf("%s/runc", s->private_path);
	cleanup_free char *state = xasprintf("runc/%s", id);
	const char *argv[RUNC_ARGV_MAX];
	const struct runc rc = {.program = s->runtime, .root = root, .log = "/dev/null", .id = id};
	const struct spawn sp = {.argv = argv};

	/* An attempt that the runtime never heard of, or that it removed itself. */
	if (faccessat(s->private_fd, state, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	(void)runc_argv(RUNC_DELETE, &rc, argv);
	return spawn(&sp, ret, NULL);
}

static void wait_delete(struct child *c)
{
	int status;

	if (child_wait(c, (int)(RUNC_DELETE_NS / NS_PER_MS), &status) < 0)
		child_kill(c);
}

static int remove_cgroup(const struct shim *s, const char *path)
{
	int r = cgroup_kill(&s->cgroups, path);

	if (r == 0)
		r = cgroup_wait_empty(&s->cgroups, path, EMPTY_MS);
	return r < 0 ? r : cgroup_remove(&s->cgroups, path);
}

/* A cgroup that will not go now (a process that cannot be interrupted) goes with the pod's tree at the pod's end. */
void clean_attempt(const struct container *c, uint32_t attempt)
{
	char id[CONTAINER_ID_MAX], path[CGROUP_PATH_MAX];
	cleanup_close int runc =
		fs_open_beneath(c->shim->private_fd, "runc", O_RDONLY | O_DIRECTORY, 0);
	struct child deleting;

	container_id(c, attempt, id);
	if (container_cgroup(c, id, path, sizeof path) < 0)
		return;
	(void)cgroup_kill(&c->shim->cgroups, path);
	if (start_delete(c->shim, id, &deleting) == 0)
		wait_delete(&deleting);
	(void)remove_cgroup(c->shim, path);
	compose_remove(c->shim, id);
	if (runc >= 0)
		(void)fs_remove_tree(runc, id);
}

static void forget_logs(const struct container *c)
{
	cleanup_close int dir =
		fs_open_beneath(c->shim->log_fd, c->name, O_RDONLY | O_DIRECTORY, 0);

	/* The runs before this one take no more than this one may: a crash loop cannot fill the disk. */
	if (dir >= 0)
		(void)logfile_forget(
			dir, c->restarts, c->log.runs, c->log.max_bytes * c->log.max_files);
}

/* ---- in the shim ----------------------------------------------------------------------------------- */

static struct container *next_dirty(struct shim *s)
{
	for (size_t i = 0; i < s->n_containers; i++)
		if (s->containers[i].clean_from < s->containers[i].clean_to)
			return &s->containers[i];
	return NULL;
}

static void clean_ended(struct shim *s, struct job *j, int status, const struct failure *f)
{
	(void)f;
	(void)j;
	(void)status;
	s->cleaning->clean_from = s->cleaning_to;
	s->cleaning = NULL;
	if (s->phase < POD_STOPPING && next_dirty(s))
		clean_later(s);
}

void clean_later(struct shim *s)
{
	/* Not put off by the next end, or a container that crashes without pause would never be cleaned up after. */
	if (!s->cleaning && !s->clean_at_ns)
		s->clean_at_ns = shim_now(s) + DELAY_MS * NS_PER_MS;
}

void clean_timer(struct shim *s, uint64_t now_ns)
{
	struct container *c = next_dirty(s);

	if (!s->clean_at_ns || now_ns < s->clean_at_ns)
		return;
	s->clean_at_ns = 0;
	if (!c || s->cleaning || s->phase >= POD_STOPPING)
		return;
	if (c->dossier.pid) { /* it reads what would be removed */
		clean_later(s);
		return;
	}
	s->cleaning = c;
	s->cleaning_to = c->clean_to;
	s->clean_job.ended = clean_ended;
	switch (job_start(s, &s->clean_job, TIMEOUT_S * NS_PER_SEC)) {
	case 0:
		for (uint32_t i = c->clean_from; i < c->clean_to; i++)
			clean_attempt(c, i);
		forget_logs(c);
		job_done();
	default:
		if (s->clean_job.pid == 0) { /* no fork: later */
			s->cleaning = NULL;
			clean_later(s);
		}
	}
}

static void pod_cleaned(struct shim *s, struct job *j, int status, const struct failure *f)
{
	(void)j;
	if (status != 0)
		pod_fail(s, f->text[0] ? f->text : "removing the pod's cgroups failed");
	s->phase = POD_STOPPED;
	s->changed = s->finished = true;
}

/* The runtime's deletes run side by side; what they leave goes with the pod's cgroup and the shim's namespaces. */
static void delete_all(const struct shim *s)
{
	struct child deleting[PLAN_CONTAINERS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < s->n_containers; i++) {
		const struct container *c = &s->containers[i];
		char id[CONTAINER_ID_MAX];

		for (uint32_t a = c->clean_from; a < c->clean_to && n < PLAN_CONTAINERS_MAX; a++) {
			container_id(c, a, id);
			if (start_delete(s, id, &deleting[n]) == 0)
				n++;
		}
	}
	for (size_t i = 0; i < n; i++)
		wait_delete(&deleting[i]);
}

/* How the pod ended, for an agent that is not there to be told, or dies before it has written it down. */
static void leave_last_words(const struct shim *s)
{
	CLEANUP(snapshot_free) struct pod_snapshot *last = status_snapshot(s);

	last->phase = POD_STOPPED;
	(void)snapshot_write_final(s->state_fd, last, s->agent.fd < 0 ? FS_SYNC : FS_NO_SYNC);
}

/** Removes the pod's cgroups and ends the shim. All containers have ended. */
void clean_pod(struct shim *s)
{
	char path[CGROUP_PATH_MAX];
	struct err e = {0};
	int r;

	if (s->clean_job.pid || s->finished)
		return;
	s->clean_job.ended = pod_cleaned;
	r = job_start(s, &s->clean_job, TIMEOUT_S * NS_PER_SEC);
	if (r < 0) /* no process to do it in: the agent removes what stays */
		pod_cleaned(
			s, &s->clean_job, -1, &(struct failure){.text = "no child to clean up"});
	if (r != 0)
		return;
	leave_last_words(s);
	delete_all(s);
	r = cgroup_path(path, sizeof path, s->cgroup_base, s->uid, NULL);
	if (r == 0)
		r = remove_cgroup(s, path);
	if (r < 0) {
		(void)err_errno(&e, r, "cgroup %s", path);
		job_fail(s->clean_job.report_fd, "", &e);
	}
	job_done();
}
