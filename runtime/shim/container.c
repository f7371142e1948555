/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container: from its turn to its end and back again. What happens when is the table of
 * step.c; here is what it asks and what it has done.
 */
#include "cgroups/kill.h"
#include "cgroups/names.h"
#include "cgroups/oom.h"
#include "runtime/base/str.h"
#include "runtime/plan/restart.h"
#include "runtime/shim/attach.h"
#include "runtime/shim/clean.h"
#include "runtime/shim/command.h"
#include "runtime/shim/dossier.h"
#include "runtime/shim/launch.h"
#include "runtime/shim/message.h"
#include "runtime/shim/outcome.h"
#include "runtime/shim/pod.h"
#include "runtime/shim/shim.h"

#include <assert.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/syscall.h>

/**
 * "NAME-N". A name that leaves no room for N is cut, with the container's number behind a dot, which no name has.
 */
void container_id(const struct container *c, uint32_t attempt, char out[CONTAINER_ID_MAX])
{
	enum { NAME_MAX_LENGTH = 50, CUT = 44 };

	if (strlen(c->name) <= NAME_MAX_LENGTH)
		(void)snprintf(out, CONTAINER_ID_MAX, "%.*s-%u", NAME_MAX_LENGTH, c->name, attempt);
	else
		(void)snprintf(out, CONTAINER_ID_MAX, "%.*s.%u-%u", CUT, c->name,
			(unsigned)(c - c->shim->containers) & 0xff, attempt);
}

int container_cgroup(const struct container *c, const char *id, char *buf, size_t size)
{
	return cgroup_path(buf, size, c->shim->cgroup_base, c->shim->uid, id);
}

bool container_shares_pids(const struct container *c)
{
	return c->shim->host_pid || c->shim->share_pid;
}

static void signal_it(const struct container *c, int sig)
{
	if (c->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, c->pidfd, sig, NULL, 0);
}

/* With a pid namespace of its own the kernel kills the rest with process 1; else the cgroup is what holds them. */
void container_kill(struct container *c)
{
	char path[CGROUP_PATH_MAX];

	signal_it(c, SIGKILL);
	if (container_shares_pids(c) && container_cgroup(c, c->id, path, sizeof path) == 0)
		(void)cgroup_kill(&c->shim->cgroups, path);
}

static enum restart_verdict verdict_on(const struct container *c, int exit_code)
{
	const struct restart_terms terms = {
		.policy = c->restart_policy,
		.to_end = c->init && !c->sidecar,
		.rules = c->rules,
		.n_rules = c->n_rules,
	};

	return restart_verdict(&terms, exit_code);
}

/* What never got as far as the runtime is tried again under every policy, as the kubelet does. */
static bool is_wanted(const struct container *c)
{
	return c->restart_asked || c->unborn || verdict_on(c, c->ended[0].exit_code) != RESTART_NO;
}

/* ---- actions -------------------------------------------------------------------------------------- */

static void set_waiting(struct container *c, const char *reason, const char *text)
{
	free(c->waiting_text);
	c->waiting = reason;
	c->waiting_text = text ? message_text(text, strlen(text)) : NULL;
}

static void launch(struct container *c)
{
	set_waiting(c, "ContainerCreating", NULL);
	if (c->counted)
		c->restarts++;
	c->counted = c->restart_asked = c->restart_now = c->unborn = c->hook.failed = false;
	c->start_at_wall_ns = 0;
	launch_container(c);
}

/* As Go prints a duration: "10s", "5m0s", "1h0m0s". */
static const char *delay_text(uint64_t ns, char *out, size_t size)
{
	unsigned long long s = ns / NS_PER_SEC, ms = ns / NS_PER_MS % 1000;

	if (s >= 3600)
		(void)snprintf(out, size, "%lluh%llum%llus", s / 3600, s / 60 % 60, s % 60);
	else if (s >= 60)
		(void)snprintf(out, size, "%llum%llus", s / 60, s % 60);
	else if (s)
		(void)snprintf(out, size, "%llus", s);
	else
		(void)snprintf(out, size, "%llums", ms);
	return out;
}

static void wait_longer(struct container *c)
{
	char text[640], delay[32];

	/* A start that failed has said why already, which helps more than these words. */
	if (c->unborn || c->hook.failed || streq(c->ended[0].reason, "StartError"))
		return;
	(void)snprintf(text, sizeof text, "back-off %s restarting failed container=%s pod=%s",
		delay_text(c->delay_ns, delay, sizeof delay), c->name, c->shim->title);
	set_waiting(c, "CrashLoopBackOff", text);
}

void container_signal(struct container *c)
{
	signal_it(c, c->stop_signal);
}

static void ask_to_stop(struct container *c)
{
	if (!hook_stop(c))
		container_signal(c);
}

static void (*const actions[ACTION_MAX])(struct container *c) = {
	[ACTION_LAUNCH] = launch,
	[ACTION_SIGNAL] = ask_to_stop,
	[ACTION_TELL] = wait_longer,
};

static void dispatch(struct container *c, enum event event)
{
	const struct step_facts facts = {
		.ending = c->shim->course != COURSE_START,
		.told = c->told,
		.wanted = is_wanted(c),
		.at_once = c->delay_ns == 0,
	};
	const struct step_row *row = step_next(c->step, event, &facts);

	if (!row)
		return;
	c->step = row->to;
	c->shim->changed = true;
	if (actions[row->action])
		actions[row->action](c);
}

/* ---- what happens to it --------------------------------------------------------------------------- */

static void push_run(struct container *c, const struct run *own_run)
{
	if (c->n_ended == ARRAY_SIZE(c->ended))
		free(c->ended[1].message);
	else
		c->n_ended++;
	c->ended[1] = c->ended[0];
	c->ended[0] = *own_run;
	c->counted = true;
}

void container_go(struct container *c)
{
	dispatch(c, EVENT_GO);
}

void container_launched(struct container *c, pid_t pid, int pidfd)
{
	c->pid = pid;
	c->pidfd = pidfd;
	c->gate_open = !c->startup_gate;
	c->started_ns = shim_now(c->shim);
	c->started_wall_ns = clock_wall_ns(c->shim->clock);
	dispatch(c, EVENT_LAUNCHED);
	if (c->shim->course == COURSE_START && !c->told)
		hook_start(c);
	standby_plan(c);
	pod_advance(c->shim);
}

/* For the jitter; without the kernel's there is none. */
static uint32_t chance(void)
{
	uint32_t number;

	return getrandom(&number, sizeof number, GRND_NONBLOCK) == sizeof number ? number : 0;
}

/* The next attempt has another id, so that removing this one stands in nobody's way. */
static void end_attempt(struct container *c, uint64_t run_ns)
{
	struct shim *s = c->shim;

	/* What is killed for another's sake has not crashed. */
	if (s->course != COURSE_AGAIN)
		c->crashes = restart_count(&c->backoff, c->crashes, run_ns);
	c->delay_ns = c->restart_now ? 0 : restart_delay_ns(&c->backoff, c->crashes, chance());
	c->start_at_ns = shim_now(s) + c->delay_ns;
	c->start_at_wall_ns = clock_wall_ns(s->clock) + c->delay_ns;
	c->kill_at_ns = 0;
	c->composed = false;
	c->attempt += 1 + standby_take_spent(c);
	c->clean_to = c->attempt;
	clean_later(s);
}

/* What its end, which has just been noted, leads to; dispatch() will do it. */
static void write_down(struct container *c, struct dossier_facts facts)
{
	const struct shim *s = c->shim;

	facts.attempt = c->attempt - 1;
	if (s->course == COURSE_AGAIN) {
		facts.next = DEATH_NEXT_ALL;
		facts.next_at_wall_ns = s->again_wall_ns;
	} else if (s->course == COURSE_START && is_wanted(c)) {
		facts.next = DEATH_NEXT_RESTART;
		facts.next_at_wall_ns = c->delay_ns ? c->start_at_wall_ns : 0;
	}
	dossier_write(c, &facts);
}

void container_not_launched(struct container *c, const char *reason, const char *text, bool was_run)
{
	struct run run = {.reason = "StartError", .exit_code = OUTCOME_NOT_STARTED};

	assert(text);
	log_close_pipes(&c->log);
	stdio_close(c);
	set_waiting(c, reason, text);
	c->unborn = !was_run;
	if (was_run) {
		memcpy(run.id, c->id, sizeof run.id);
		run.message = message_text(text, strlen(text));
		run.finished_wall_ns = clock_wall_ns(c->shim->clock);
		push_run(c, &run);
	}
	end_attempt(c, 0);
	if (was_run)
		write_down(c, (struct dossier_facts){0});
	dispatch(c, EVENT_FAILED);
	pod_advance(c->shim);
}

static void close_pid(struct container *c)
{
	if (c->pidfd >= 0)
		(void)close(c->pidfd);
	c->pidfd = -EBADF;
	c->pid = 0;
}

void container_exited(struct container *c, int status)
{
	char path[CGROUP_PATH_MAX];
	cleanup_free char *cause = take(c->cause);
	uint64_t oom_kills = 0, ran_ns = shim_now(c->shim) - c->started_ns;
	struct outcome o;
	struct run run = {0};

	close_pid(c);
	hook_close(c);
	runner_close(c);
	commands_end(c);
	if (container_cgroup(c, c->id, path, sizeof path) == 0) {
		(void)cgroup_oom_kills(&c->shim->cgroups, path, &oom_kills);
		if (container_shares_pids(c))
			(void)cgroup_kill(&c->shim->cgroups, path);
	}
	attach_last(c);
	log_close_pipes(&c->log);
	attach_over(c);
	stdio_close(c);
	o = outcome_of(status, oom_kills);
	memcpy(run.id, c->id, sizeof run.id);
	run.reason = o.reason;
	run.exit_code = o.exit_code;
	run.signal = o.signal;
	run.oom_killed = oom_kills > 0;
	if (c->shim->course == COURSE_AGAIN && o.signal == SIGKILL)
		run.reason = "RestartingAllContainers";
	run.message = message_of_run(c, o.exit_code);
	if (!run.message && cause)
		run.message = xstrdup(cause);
	run.started_wall_ns = c->started_wall_ns;
	run.finished_wall_ns = clock_wall_ns(c->shim->clock);
	push_run(c, &run);
	end_attempt(c, ran_ns);
	if (!c->restart_asked && verdict_on(c, run.exit_code) == RESTART_ALL)
		pod_again(c->shim, c->delay_ns);
	write_down(c,
		(struct dossier_facts){.ran_ns = ran_ns, .oom_kills = oom_kills, .cause = cause});
	dispatch(c, EVENT_EXIT);
	if (c->step == STEP_DONE)
		standby_end(c);
	pod_advance(c->shim);
}

void container_end(struct container *c)
{
	if (c->step == STEP_RUN && c->shim->course == COURSE_END)
		hook_end(c);
	standby_end(c);
	dispatch(c, EVENT_END);
}

void container_stop(struct container *c)
{
	if (c->told)
		return;
	c->told = true;
	dispatch(c, EVENT_STOP);
}

void container_again(struct container *c)
{
	c->passed = c->told = c->restart_asked = c->unborn = false;
	set_waiting(c, "ContainerCreating", NULL);
	dispatch(c, EVENT_AGAIN);
}

void container_set_done(struct container *c, const struct container_run *run)
{
	static const char *const reasons[] = {"Completed", "Error", "OOMKilled", "StartError",
		"RestartingAllContainers", "ContainerStatusUnknown"};
	struct run own = {
		.reason = "Error",
		.message = run->message ? xstrdup(run->message) : NULL,
		.started_wall_ns = run->started_at,
		.finished_wall_ns = run->finished_at,
		.exit_code = run->exit_code,
		.signal = run->signal,
		.oom_killed = run->oom_killed,
	};

	(void)snprintf(own.id, sizeof own.id, "%s", run->container_id ? run->container_id : "");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (streq(run->reason, reasons[i]))
			own.reason = reasons[i];
	push_run(c, &own);
	c->step = STEP_DONE;
	c->passed = c->init && own.exit_code == 0;
}

void container_retry(struct container *c)
{
	dispatch(c, EVENT_DUE);
}

void container_open_gate(struct container *c)
{
	if (c->step != STEP_RUN || c->gate_open)
		return;
	c->gate_open = true;
	pod_advance(c->shim);
}

bool container_is_started(const struct container *c)
{
	return c->step == STEP_RUN && c->gate_open && !hook_is_starting(c);
}

void container_restart(struct container *c, uint64_t grace_ns, bool back_off, const char *cause)
{
	if (c->step == STEP_RUN && c->shim->course == COURSE_START) {
		free(c->cause);
		c->cause = cause ? xstrdup(cause) : NULL;
		c->restart_asked = true;
		c->restart_now = !back_off;
		c->kill_at_ns = shim_now(c->shim) + grace_ns;
	}
	dispatch(c, EVENT_RESTART);
}

void container_fail(struct container *c, const char *reason, const char *text)
{
	free(c->cause);
	c->cause = xstrdup(text);
	c->kill_at_ns = shim_now(c->shim) + c->shim->grace_ns;
	set_waiting(c, reason, text);
	dispatch(c, EVENT_RESTART);
}

uint64_t container_grace_end(const struct container *c)
{
	uint64_t end = c->kill_at_ns ? c->kill_at_ns : UINT64_MAX;

	if (c->shim->course != COURSE_START && c->shim->kill_at_ns < end)
		end = c->shim->kill_at_ns;
	return end;
}

void container_spare(struct container *c)
{
	enum { LEAST_S = 2 }; /* the kubelet's smallest time between signal and kill */
	uint64_t least = shim_now(c->shim) + LEAST_S * NS_PER_SEC;

	if (c->kill_at_ns && c->kill_at_ns < least)
		c->kill_at_ns = least;
	if (c->shim->course == COURSE_END && c->shim->kill_at_ns < least)
		c->shim->kill_at_ns = least;
}

uint64_t container_deadline(const struct container *c)
{
	if (c->step == STEP_BACKOFF)
		return c->start_at_ns;
	return c->step == STEP_RUN && c->kill_at_ns ? c->kill_at_ns : UINT64_MAX;
}

void container_timer(struct container *c, uint64_t now_ns)
{
	if (now_ns < container_deadline(c))
		return;
	if (c->step == STEP_BACKOFF) {
		dispatch(c, EVENT_DUE);
		return;
	}
	/* Again in a second, should it survive: a process in uninterruptible sleep takes its time. */
	c->kill_at_ns = now_ns + NS_PER_SEC;
	container_kill(c);
}
