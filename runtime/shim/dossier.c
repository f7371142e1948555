/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crash dossier, from the shim's side: what the kernel still knows of the dead run's cgroup, the last lines of its
 * log, what comes next. A child does it, so that neither the next start nor the other containers wait for a disk.
 *
 * Must hold: the attempt's cgroup is there until the child has ended (clean.c waits for it).
 */
#include "runtime/shim/dossier.h"

#include "cgroups/names.h"
#include "cgroups/pressure.h"
#include "cgroups/usage.h"
#include "runtime/shim/message.h"
#include "runtime/shim/shim.h"

enum { TIMEOUT_S = 60 };

static uint64_t known(uint64_t figure)
{
	return figure == CGROUP_UNKNOWN ? 0 : figure;
}

static struct death_pressure *pressure(
	const struct container *c, const char *path, enum cgroup_stall stall)
{
	struct cgroup_pressure p;
	struct death_pressure *d;

	if (cgroup_pressure(&c->shim->cgroups, path, stall, &p) < 0)
		return NULL;
	d = xcalloc(1, sizeof *d);
	*d = (struct death_pressure){
		p.some_avg10_centi, p.full_avg10_centi, p.some_total_us, p.full_total_us};
	return d;
}

static void add_evidence(const struct container *c, struct death *d)
{
	const struct cgroup_host *h = &c->shim->cgroups;
	char path[CGROUP_PATH_MAX], pod[CGROUP_PATH_MAX];
	struct cgroup_usage u, whole;

	if (container_cgroup(c, d->id, path, sizeof path) < 0)
		return;
	if (cgroup_usage(h, path, &u) == 0) {
		d->memory_peak_bytes = known(u.memory_peak_bytes);
		d->memory_bytes = known(u.memory_bytes);
		d->memory_limit_bytes = known(u.memory_limit_bytes);
	}
	/* Without one of its own, the pod's is what it ran into. */
	if (!d->memory_limit_bytes &&
		cgroup_path(pod, sizeof pod, c->shim->cgroup_base, c->shim->uid, NULL) == 0 &&
		cgroup_usage(h, pod, &whole) == 0)
		d->memory_limit_bytes = known(whole.memory_limit_bytes);
	d->cpu = pressure(c, path, CGROUP_STALL_CPU);
	d->memory = pressure(c, path, CGROUP_STALL_MEMORY);
}

static char *tail_of(const struct container *c)
{
	char bytes[DEATH_TAIL_MAX];
	size_t n = log_tail(&c->log, bytes, sizeof bytes);

	return n ? message_text(bytes, n) : NULL;
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static struct death *gather(const struct container *c, const struct dossier_facts *facts)
{
	const struct run *run = &c->ended[0];
	struct death *d = xcalloc(1, sizeof *d);

	*d = (struct death){
		.container = xstrdup(c->name),
		.id = xstrdup(run->id),
		.attempt = facts->attempt,
		.run = c->restarts,
		.started_at = run->started_wall_ns,
		.finished_at = run->finished_wall_ns,
		.ran_ns = facts->ran_ns,
		.exit_code = run->exit_code,
		.signal = run->signal,
		.reason = xstrdup(run->reason),
		.message = copy(run->message),
		.cause = copy(facts->cause),
		.told = c->told,
		.oom_killed = run->oom_killed,
		.oom_kills = facts->oom_kills,
		.crashes = c->crashes,
		.next = facts->next,
		.next_at = facts->next_at_wall_ns,
	};
	if (run->started_wall_ns) {
		add_evidence(c, d);
		d->log_tail = tail_of(c);
	}
	return d;
}

static void written(struct shim *s, struct job *j, int status, const struct failure *f)
{
	/* The end itself is in the snapshot; only its evidence is lost when the disk is full. */
	(void)s;
	(void)j;
	(void)status;
	(void)f;
}

static void write_it(
	const struct container *c, const struct dossier_facts *facts, enum fs_sync sync)
{
	CLEANUP(death_free) struct death *d = gather(c, facts);

	(void)death_write(c->shim->state_fd, d, sync);
}

void dossier_write(struct container *c, const struct dossier_facts *facts)
{
	int r = -EBUSY;

	c->dossier.ended = written;
	/* The last one's child waits for a disk that hangs. */
	if (!c->dossier.pid)
		r = job_start(c->shim, &c->dossier, TIMEOUT_S * NS_PER_SEC);
	if (r > 0)
		return;
	write_it(c, facts, r == 0 ? FS_SYNC : FS_NO_SYNC);
	if (r == 0)
		job_done();
}
