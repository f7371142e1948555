/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod as a whole: what must be ready before its containers start, their order, and its end.
 */
#include "runtime/shim/pod.h"
#include "cgroups/group.h"
#include "cgroups/kill.h"
#include "cgroups/limits.h"
#include "runtime/base/fs.h"
#include "runtime/shim/attach.h"
#include "runtime/shim/clean.h"
#include "runtime/shim/command.h"
#include "runtime/shim/compose.h"
#include "runtime/shim/exec.h"
#include "runtime/shim/message.h"
#include "runtime/shim/order.h"
#include "runtime/shim/shim.h"

#include <fcntl.h>

enum { PREPARE_TIMEOUT_S = 60 };

static int keep(char *to, size_t size, const char *from)
{
	int n = snprintf(to, size, "%s", from);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void keep_rules(struct container *c, const struct plan_container *pc)
{
	c->rules = xcalloc(pc->n_rules, sizeof *c->rules);
	c->n_rules = pc->n_rules;
	for (size_t i = 0; i < pc->n_rules; i++) {
		struct plan_rule *rule = &c->rules[i];

		*rule = pc->rules[i];
		rule->codes = xcalloc(rule->n_codes, sizeof *rule->codes);
		for (size_t k = 0; k < rule->n_codes; k++)
			rule->codes[k] = pc->rules[i].codes[k];
	}
}

static void fill_container(struct shim *s, struct container *c, const struct plan_container *pc)
{
	(void)keep(c->name, sizeof c->name, pc->name);
	c->shim = s;
	c->init = pc->init;
	c->sidecar = pc->sidecar;
	keep_rules(c, pc);
	c->backoff = pc->backoff;
	c->restart_policy = pc->restart_policy;
	c->message_policy = pc->termination_policy;
	c->has_message = pc->termination_path != NULL;
	c->startup_gate = pc->startup_gate;
	c->stop_signal = pc->stop_signal;
	c->restarts = c->attempt = c->clean_from = c->clean_to = pc->base_restarts;
	c->pidfd = -EBADF;
	c->runner.sock.fd = -EBADF;
	stdio_set(&c->stdio, pc);
	c->hook.due_ns = UINT64_MAX;
	standby_set(c, pc);
	plan_handler_copy(&pc->post_start, &c->hook.post_start);
	plan_handler_copy(&pc->pre_stop, &c->hook.pre_stop);
	c->waiting = "ContainerCreating";
	if (pc->done)
		container_set_done(c, pc->done);
	c->log = (struct log){
		.loop = &s->loop,
		.clock = s->clock,
		.buffer = &s->log_buffer,
		.dir_fd = -EBADF,
		.file_fd = -EBADF,
		.max_bytes = pc->log_max_bytes,
		.max_files = pc->log_max_files,
		.runs = pc->log_runs,
		.waits = pc->log_policy == PLAN_LOG_BLOCK,
		.rate.per_sec = pc->log_rate,
		.streams = {{.source.fd = -EBADF}, {.source.fd = -EBADF}},
	};
}

/**
 * Keeps of the plan what the shim itself needs for the rest of the pod's life, and opens what it works with.
 * 0, or -errno with a message.
 */
int pod_open(struct shim *s, const struct plan *p, struct err *e)
{
	int r;

	s->runtime = xstrdup(p->runtime);
	s->probe_program = p->probe_program ? xstrdup(p->probe_program) : NULL;
	s->title = xasprintf("%s_%s(%s)", p->name, p->namespace, p->uid);
	s->grace_ns = p->grace_ns;
	pod_set_deadline(s, p->deadline_wall_ns);
	s->timeout_ns = p->runtime_timeout_ns;
	s->host_network = p->host_network;
	s->host_ipc = p->host_ipc;
	s->host_pid = p->host_pid;
	s->share_pid = p->share_process_namespace && !p->host_pid;
	if (keep(s->uid, sizeof s->uid, p->uid) < 0 ||
		keep(s->cgroup_base, sizeof s->cgroup_base, p->cgroup_base) < 0)
		return err_set(e, -ENAMETOOLONG, "the uid or the cgroup's name is too long");
	r = cgroup_host_open(AT_FDCWD, &s->cgroups);
	if (r < 0)
		return err_errno(e, r, "looking for the cgroup file systems");
	if (mkdir(p->log_dir, 0700) < 0 && errno != EEXIST)
		return err_errno(e, -errno, "making %s", p->log_dir);
	s->log_fd = open(p->log_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->log_fd < 0)
		return err_errno(e, -errno, "opening %s", p->log_dir);
	s->containers = xcalloc(p->n_containers, sizeof *s->containers);
	s->n_containers = p->n_containers;
	for (size_t i = 0; i < p->n_containers; i++)
		fill_container(s, &s->containers[i], &p->containers[i]);
	return 0;
}

void pod_fail(struct shim *s, const char *text)
{
	free(s->message);
	s->message = text ? message_text(text, strlen(text)) : NULL;
	s->changed = true;
}

/* ---- getting ready ---------------------------------------------------------------------------------- */

static void fail_job(struct shim *s, const char *what, int status, const struct failure *f)
{
	char text[600];

	(void)snprintf(text, sizeof text, "%s: %s", what,
		f->text[0] ? f->text : "a child of the shim died");
	(void)status;
	pod_fail(s, text);
}

static void attach_ended(struct shim *s, struct job *j, int status, const struct failure *f)
{
	/* Not being in its own group costs accounting, not function. */
	(void)s;
	(void)j;
	(void)status;
	(void)f;
}

/* Moves the shim out of the agent's group. The first move after a quiet time waits 10-15 ms in the kernel, so a
 * child makes it, while the network is being set up. */
static void start_attach(struct shim *s)
{
	char path[CGROUP_PATH_MAX];
	pid_t shim = getpid();

	s->cgroup_job.ended = attach_ended;
	if (job_start(s, &s->cgroup_job, PREPARE_TIMEOUT_S * NS_PER_SEC) != 0)
		return;
	if (cgroup_shim_path(path, sizeof path, s->cgroup_base, s->uid) == 0 &&
		cgroup_create(&s->cgroups, path) == 0) {
		(void)cgroup_attach(&s->cgroups, path, shim);
		if (s->pause_pid)
			(void)cgroup_attach(&s->cgroups, path, s->pause_pid);
	}
	job_done();
}

static void cgroups_ended(struct shim *s, struct job *j, int status, const struct failure *f)
{
	(void)j;
	if (status != 0) {
		fail_job(s, "making the pod's cgroup", status, f);
		return;
	}
	s->cgroups_ready = true;
	if (s->phase < POD_STOPPING)
		start_attach(s);
	pod_advance(s);
}

static void start_cgroups(struct shim *s)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	char path[CGROUP_PATH_MAX];
	const char *file = "";
	struct err e = {0};
	int r;

	s->cgroup_job.ended = cgroups_ended;
	r = job_start(s, &s->cgroup_job, PREPARE_TIMEOUT_S * NS_PER_SEC);
	if (r < 0)
		pod_fail(s, strerror(-r));
	if (r != 0)
		return;
	r = compose_plan(s, &plan, &e);
	if (r < 0)
		job_fail(s->cgroup_job.report_fd, "", &e);
	r = cgroup_path(path, sizeof path, s->cgroup_base, s->uid, NULL);
	if (r == 0)
		r = cgroup_create(&s->cgroups, path);
	if (r == 0)
		r = cgroup_apply(&s->cgroups, path, &plan->limits, &file);
	if (r < 0) {
		(void)err_errno(&e, r, "%s %s", path, file);
		job_fail(s->cgroup_job.report_fd, "", &e);
	}
	job_done();
}

/* From now on the runtime is the one on the read-only mount, when there is one. */
static void use_mounted_runtime(struct shim *s)
{
	if (faccessat(s->private_fd, "bin/" COMPOSE_RUNTIME, X_OK, 0) < 0)
		return;
	free(s->runtime);
	s->runtime = xasprintf("%s/bin/%s", s->private_path, COMPOSE_RUNTIME);
}

static void prepare_ended(struct shim *s, struct job *j, int status, const struct failure *f)
{
	(void)j;
	if (status != 0) {
		fail_job(s, "preparing the pod", status, f);
		return;
	}
	for (size_t i = 0; i < s->n_containers; i++)
		s->containers[i].composed = true;
	s->prepared = true;
	use_mounted_runtime(s);
	pod_advance(s);
}

void pod_prepare(struct shim *s)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct err e = {0};
	int r;

	start_cgroups(s);
	s->prepare_job.ended = prepare_ended;
	r = job_start(s, &s->prepare_job, PREPARE_TIMEOUT_S * NS_PER_SEC);
	if (r < 0)
		pod_fail(s, strerror(-r));
	if (r != 0)
		return;
	if (compose_plan(s, &plan, &e) < 0 || compose_pod(s, plan, &e) < 0)
		job_fail(s->prepare_job.report_fd, "", &e);
	job_done();
}

static void start_files(struct shim *s);

static void files_ended(struct shim *s, struct job *j, int status, const struct failure *f)
{
	(void)j;
	if (status != 0) {
		fail_job(s, "writing the pod's files", status, f);
	} else {
		s->files_ready = true;
		if (s->files_failed)
			pod_fail(s, NULL); /* the agent has sent a better payload */
	}
	s->files_failed = status != 0;
	if (s->files_again)
		start_files(s);
	pod_advance(s);
}

static void start_files(struct shim *s)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	struct err e = {0};
	int r;

	s->files_again = s->files_job.pid != 0;
	if (s->files_again)
		return;
	s->files_job.ended = files_ended;
	r = job_start(s, &s->files_job, PREPARE_TIMEOUT_S * NS_PER_SEC);
	if (r < 0)
		pod_fail(s, strerror(-r));
	if (r != 0)
		return;
	if (compose_plan(s, &plan, &e) < 0 || compose_files(s, plan, &e) < 0)
		job_fail(s->files_job.report_fd, "", &e);
	job_done();
}

/** Takes a payload: its files are written, its env counts for later starts. */
void pod_files(struct shim *s, int own_payload_fd)
{
	if (s->payload_fd >= 0)
		(void)close(s->payload_fd);
	s->payload_fd = own_payload_fd;
	start_files(s);
	for (size_t i = 0; i < s->n_containers; i++)
		standby_renew(&s->containers[i]);
}

void pod_start(struct shim *s)
{
	s->start_asked = true;
	pod_advance(s);
}

/* ---- order ----------------------------------------------------------------------------------------- */

static struct order_item item_of(struct container *c)
{
	if (c->init && c->sidecar)
		c->passed = c->passed || container_is_started(c);
	else if (c->init)
		c->passed = c->step == STEP_DONE && c->n_ended && c->ended[0].exit_code == 0;
	return (struct order_item){
		.init = c->init,
		.sidecar = c->sidecar,
		.passed = c->passed,
		.state = c->step == STEP_WAIT	? ORDER_WAITS
			 : c->step == STEP_DONE ? ORDER_ENDED
						: ORDER_LIVES,
	};
}

static void look(struct shim *s, struct order_item items[PLAN_CONTAINERS_MAX])
{
	for (size_t i = 0; i < s->n_containers; i++)
		items[i] = item_of(&s->containers[i]);
}

static void tell(struct shim *s, const enum order_verb *verbs)
{
	for (size_t i = 0; i < s->n_containers; i++) {
		if (verbs[i] == ORDER_GO)
			container_go(&s->containers[i]);
		else if (verbs[i] == ORDER_STOP)
			container_stop(&s->containers[i]);
	}
}

/* From now on nothing is started; the order says who is to stop. Again: the earlier end counts. */
static void end_within(struct shim *s, uint64_t grace_ns)
{
	uint64_t kill_at = shim_now(s) + grace_ns;
	bool first = s->course == COURSE_START;

	if (first || kill_at < s->kill_at_ns)
		s->kill_at_ns = kill_at;
	s->course = COURSE_END;
	for (size_t i = 0; first && i < s->n_containers; i++)
		container_end(&s->containers[i]);
}

/** A container's end asks for all to be run again: kills them; they are started when all have ended, after @delay_ns. */
void pod_again(struct shim *s, uint64_t delay_ns)
{
	if (s->course != COURSE_START)
		return;
	s->course = COURSE_AGAIN;
	s->kill_at_ns = shim_now(s);
	s->again_at_ns = shim_now(s) + delay_ns;
	s->again_wall_ns = delay_ns ? clock_wall_ns(s->clock) + delay_ns : 0;
	for (size_t i = 0; i < s->n_containers; i++)
		container_end(&s->containers[i]);
}

static void start_again(struct shim *s)
{
	if (shim_now(s) < s->again_at_ns)
		return;
	s->course = COURSE_START;
	for (size_t i = 0; i < s->n_containers; i++)
		container_again(&s->containers[i]);
	s->advance_more = true;
}

static bool may_start(const struct shim *s)
{
	return s->start_asked && s->prepared && s->files_ready && s->cgroups_ready;
}

static void advance(struct shim *s)
{
	enum order_verb verbs[PLAN_CONTAINERS_MAX];
	struct order_item items[PLAN_CONTAINERS_MAX];

	look(s, items);
	if (s->course == COURSE_START && !may_start(s))
		return;
	if (s->phase == POD_STARTING && may_start(s))
		s->phase = POD_RUNNING;
	if (s->course == COURSE_START && order_is_over(items, s->n_containers)) {
		end_within(s, s->grace_ns);
		look(s, items);
	}
	if (s->course == COURSE_START)
		order_start(items, s->n_containers, verbs);
	else
		order_end(items, s->n_containers, verbs);
	if (s->course != COURSE_AGAIN)
		tell(s, verbs);
	look(s, items);
	if (s->course == COURSE_START || !order_is_empty(items, s->n_containers))
		return;
	/* A child that still works would make again what is removed now; its end calls again. */
	if (s->course == COURSE_AGAIN)
		start_again(s);
	else if (s->phase == POD_STOPPING && !s->jobs)
		clean_pod(s);
}

/** Does what can be done next; called after every change. */
void pod_advance(struct shim *s)
{
	s->changed = true;
	s->advance_more = true;
	/* A container that cannot be launched says so from inside: the outer call goes round again. */
	if (s->advancing)
		return;
	s->advancing = true;
	while (s->advance_more) {
		s->advance_more = false;
		advance(s);
	}
	s->advancing = false;
}

/* ---- the end ---------------------------------------------------------------------------------------- */

void pod_stop(struct shim *s, uint64_t grace_ns)
{
	if (s->phase < POD_STOPPING)
		s->phase = POD_STOPPING;
	end_within(s, grace_ns);
	pod_advance(s);
}

void pod_set_deadline(struct shim *s, uint64_t deadline_wall_ns)
{
	uint64_t wall = clock_wall_ns(s->clock);

	s->deadline_at_ns = 0;
	if (deadline_wall_ns)
		s->deadline_at_ns =
			shim_now(s) + (deadline_wall_ns > wall ? deadline_wall_ns - wall : 0);
}

static bool is_empty(const struct shim *s)
{
	for (size_t i = 0; i < s->n_containers; i++)
		if (s->containers[i].step != STEP_DONE)
			return false;
	return true;
}

static void end_for_deadline(struct shim *s)
{
	s->deadline_at_ns = 0;
	if (is_empty(s) || s->phase >= POD_STOPPING)
		return;
	s->reason = "DeadlineExceeded";
	end_within(s, s->grace_ns);
	pod_advance(s);
}

/* All of the pod at once: nothing in it can escape by forking. */
static void kill_all(struct shim *s)
{
	char path[CGROUP_PATH_MAX];

	for (size_t i = 0; i < s->n_containers; i++) {
		if (s->containers[i].step == STEP_LAUNCH)
			s->containers[i].launch.deadline_ns = 0;
		container_kill(&s->containers[i]);
	}
	if (cgroup_path(path, sizeof path, s->cgroup_base, s->uid, NULL) == 0)
		(void)cgroup_kill(&s->cgroups, path);
}

/* Is there something left to kill when the grace is over? */
static bool is_leaving(const struct shim *s)
{
	if (s->course == COURSE_START || s->phase == POD_STOPPED)
		return false;
	return s->phase == POD_STOPPING || !is_empty(s);
}

/* All have ended, and only the back-off is waited for. */
static bool is_coming(const struct shim *s)
{
	return s->course == COURSE_AGAIN && is_empty(s);
}

void pod_timers(struct shim *s, uint64_t now_ns)
{
	/* First: the end of a preStop hook puts off the kill. */
	hooks_timers(s, now_ns);
	for (size_t i = 0; i < s->n_containers; i++)
		container_timer(&s->containers[i], now_ns);
	for (size_t i = 0; i < s->n_containers; i++)
		log_timer(&s->containers[i].log, now_ns);
	for (size_t i = 0; i < s->n_containers; i++)
		standby_timer(&s->containers[i], now_ns);
	if (s->deadline_at_ns && now_ns >= s->deadline_at_ns)
		end_for_deadline(s);
	if (is_leaving(s) && now_ns >= s->kill_at_ns) {
		s->kill_at_ns = now_ns + NS_PER_SEC;
		kill_all(s);
	}
	if (is_coming(s) && now_ns >= s->again_at_ns)
		pod_advance(s);
	exec_timers(s, now_ns);
	attach_timers(s, now_ns);
	commands_timers(s, now_ns);
	clean_timer(s, now_ns);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t container_next(const struct container *c)
{
	return least(container_deadline(c), least(log_deadline(&c->log), standby_deadline(c)));
}

uint64_t pod_deadline(const struct shim *s)
{
	uint64_t at = least(exec_deadline(s), least(commands_deadline(s), hooks_deadline(s)));

	at = least(at, attach_deadline(s));
	if (is_leaving(s))
		at = least(at, s->kill_at_ns);
	if (is_coming(s))
		at = least(at, s->again_at_ns);
	if (s->deadline_at_ns)
		at = least(at, s->deadline_at_ns);
	if (s->clean_at_ns)
		at = least(at, s->clean_at_ns);
	for (size_t i = 0; i < s->n_containers; i++)
		at = least(at, container_next(&s->containers[i]));
	for (const struct job *j = s->jobs; j; j = j->next)
		at = least(at, j->deadline_ns);
	return at;
}
