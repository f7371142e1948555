/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Must hold: an attempt that was made and is not used gives its number away (ids are never used twice) and is removed
 * at once; and whatever goes wrong here, the container is started as if there were no standby.
 */
#include "runtime/shim/standby.h"
#include "runtime/base/log.h"
#include "runtime/shim/clean.h"
#include "runtime/shim/launch.h"
#include "runtime/shim/reap.h"
#include "runtime/shim/shim.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Not while the pod comes up: a boot is not to start everything twice. */
#define SETTLED_NS NS_PER_SEC
#define BUSY_NS (200 * NS_PER_MS)
enum { REMOVE_S = 60 };

const char *const standby_names[] = {"none", "creating", "ready", "starting", "removing", NULL};

void standby_set(struct container *c, const struct plan_container *pc)
{
	bool runs_again = pc->restart_policy != PLAN_RESTART_NEVER || pc->n_rules;

	c->standby = (struct standby){
		.wanted = pc->standby && runs_again && !(pc->init && !pc->sidecar) && !pc->tty &&
			  !pc->stdin,
		.pidfd = -EBADF,
		.pipes = {-EBADF, -EBADF},
		.create_at_ns = UINT64_MAX,
	};
}

static void say(const struct container *c, const char *text)
{
	char id[CONTAINER_ID_MAX];

	container_id(c, c->standby.attempt, id);
	log_line(LOG_WARNING, "no standby", "container", id, "error", text);
}

static bool may_run_again(const struct container *c)
{
	return c->shim->course == COURSE_START && c->shim->phase < POD_STOPPING &&
	       c->step != STEP_DONE;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -EBADF;
}

/* ---- removing ---------------------------------------------------------------------------------------- */

static void removed(struct shim *s, struct job *j, int status, const struct failure *f)
{
	struct container *c = j->data;

	(void)s;
	(void)status;
	(void)f;
	c->standby.state = STANDBY_NONE;
}

/* Gives up the one that is there. The number it had is passed over, whether the run before it goes on or is over. */
static void discard(struct container *c)
{
	struct standby *b = &c->standby;
	struct shim *s = c->shim;

	if (b->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, b->pidfd, SIGKILL, NULL, 0);
	close_fd(&b->pidfd);
	close_fd(&b->pipes[0]);
	close_fd(&b->pipes[1]);
	b->pid = 0;
	b->stale = false;
	b->state = STANDBY_NONE;
	if (c->step == STEP_RUN) {
		b->spent++;
	} else if (b->attempt == c->attempt) {
		c->attempt++;
		c->clean_to = c->attempt;
	}
	if (s->phase >= POD_STOPPING) /* it goes with the pod */
		return;
	b->job.data = c;
	b->job.ended = removed;
	switch (job_start(s, &b->job, REMOVE_S * NS_PER_SEC)) {
	case 0:
		clean_attempt(c, b->attempt);
		job_done();
	default:
		b->state = b->job.pid ? STANDBY_REMOVING : STANDBY_NONE;
	}
}

/* ---- making ------------------------------------------------------------------------------------------- */

static void created(struct shim *s, struct job *j, int status, const struct failure *f)
{
	struct container *c = j->data;
	struct standby *b = &c->standby;
	char id[CONTAINER_ID_MAX], text[sizeof f->text];

	container_id(c, b->attempt, id);
	b->pidfd = f->reason[0] && !j->timed_out ? -EBADF : launch_find(s, id, &b->pid);
	if (b->pidfd >= 0 && status == 0 && !b->stale && may_run_again(c)) {
		b->state = STANDBY_READY;
		return;
	}
	if (j->timed_out)
		reap_kill_strays(s);
	if (!b->stale && may_run_again(c)) {
		launch_say_why(s, id, status, b->pidfd, text, sizeof text);
		say(c, f->text[0] ? f->text : text);
	}
	discard(c);
}

static void create(struct container *c)
{
	struct standby *b = &c->standby;
	struct launch_how how = {.composed = false, .verb = RUNC_CREATE};
	struct stdio_child streams = {.fd = {-EBADF, -EBADF, -EBADF}};
	int r;

	b->create_at_ns = UINT64_MAX;
	b->attempt = c->attempt + 1 + b->spent;
	container_id(c, b->attempt, how.id);
	how.streams = &streams;
	r = log_make_pipes(b->pipes, &streams.fd[1]);
	b->job.data = c;
	b->job.ended = created;
	if (r == 0)
		r = job_start(c->shim, &b->job, c->shim->timeout_ns);
	if (r == 0) {
		how.report_fd = b->job.report_fd;
		launch_become(c, &how);
	}
	stdio_child_done(&streams);
	if (r > 0) {
		b->state = STANDBY_CREATING;
		return;
	}
	close_fd(&b->pipes[0]);
	close_fd(&b->pipes[1]);
	say(c, strerror(-r));
}

void standby_plan(struct container *c)
{
	if (c->standby.wanted)
		c->standby.create_at_ns = shim_now(c->shim) + SETTLED_NS;
}

uint64_t standby_deadline(const struct container *c)
{
	bool can = c->standby.state == STANDBY_NONE && c->step == STEP_RUN && may_run_again(c);

	return can ? c->standby.create_at_ns : UINT64_MAX;
}

void standby_timer(struct container *c, uint64_t now_ns)
{
	if (now_ns < standby_deadline(c))
		return;
	/* Its work is never urgent: one after another, behind everything else. */
	if (c->shim->jobs)
		c->standby.create_at_ns = now_ns + BUSY_NS;
	else
		create(c);
}

void standby_renew(struct container *c)
{
	struct standby *b = &c->standby;

	if (b->state == STANDBY_CREATING)
		b->stale = true;
	else if (b->state == STANDBY_READY)
		discard(c);
	if (c->step == STEP_RUN)
		standby_plan(c);
}

void standby_end(struct container *c)
{
	struct standby *b = &c->standby;

	b->create_at_ns = UINT64_MAX;
	if (b->state == STANDBY_READY)
		discard(c);
	if (b->state != STANDBY_CREATING)
		return;
	b->stale = true;
	b->job.deadline_ns = 0; /* killed in the next round of the loop */
}

uint32_t standby_take_spent(struct container *c)
{
	struct standby *b = &c->standby;
	uint32_t spent = b->spent;

	/* What is still being made comes too late. */
	if (b->state == STANDBY_CREATING) {
		b->stale = true;
		spent++;
	}
	b->spent = 0;
	b->create_at_ns = UINT64_MAX;
	return spent;
}

/* ---- starting ----------------------------------------------------------------------------------------- */

static void started(struct shim *s, struct job *j, int status, const struct failure *f)
{
	struct container *c = j->data;
	struct standby *b = &c->standby;
	char text[sizeof f->text];

	/* What the runtime did not start is started as if there had been no standby. */
	if (status != 0) {
		launch_say_why(s, c->id, status, b->pidfd, text, sizeof text);
		say(c, f->text[0] ? f->text : text);
		log_close_pipes(&c->log);
		discard(c);
		if (may_run_again(c))
			launch_container(c);
		else
			container_not_launched(c, "RunContainerError", text, false);
		return;
	}
	b->state = STANDBY_NONE;
	container_launched(c, b->pid, take_fd(b->pidfd));
	b->pid = 0;
}

bool standby_start(struct container *c)
{
	struct standby *b = &c->standby;
	struct shim *s = c->shim;
	int r;

	if (b->state != STANDBY_READY || b->attempt != c->attempt)
		return false;
	b->state = STANDBY_STARTING;
	r = log_take_pipes(&c->log, b->pipes);
	c->launch.data = c;
	c->launch.ended = started;
	if (r == 0)
		r = job_start(s, &c->launch, s->timeout_ns);
	if (r == 0)
		launch_become_start(c);
	if (r > 0)
		return true;
	say(c, strerror(-r));
	log_close_pipes(&c->log);
	discard(c);
	return false;
}

/* ---- its end ------------------------------------------------------------------------------------------ */

bool standby_owns(const struct shim *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_containers; i++)
		if (s->containers[i].standby.pid == pid)
			return true;
	return false;
}

/* One that is being started is left to whoever hears of the start: then it is the container's process. */
bool standby_reap(struct shim *s)
{
	for (size_t i = 0; i < s->n_containers; i++) {
		struct container *c = &s->containers[i];
		struct standby *b = &c->standby;

		if (b->state != STANDBY_READY || waitpid(b->pid, NULL, WNOHANG) != b->pid)
			continue;
		say(c, "its first process has died");
		close_fd(&b->pidfd);
		discard(c);
		return true;
	}
	return false;
}
