/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth-shim: one process a pod. It owns the pod's namespaces, starts its containers through the OCI runtime, reaps
 * them, restarts them by their policy, writes their logs, and answers the agent when there is one.
 *
 * Born with three descriptors (runtime/plan/link.h), or by an exec of itself with the state of the build before
 * (upgrade.h); other options are "--version" and what upgrade.h says. SIGTERM stops the pod with the plan's grace, for
 * at a system's shutdown the containers get the same signal and must not be started again.
 */
#include "runtime/base/log.h"
#include "runtime/base/version.h"
#include "runtime/shim/agent.h"
#include "runtime/shim/compose.h"
#include "runtime/shim/handover.h"
#include "runtime/shim/pod.h"
#include "runtime/shim/reap.h"
#include "runtime/shim/sandbox.h"
#include "runtime/shim/shim.h"
#include "runtime/shim/upgrade.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

/* Memory goes back to the kernel as soon as it is free: messages are rare, and there is one shim a pod. */
static void keep_small(void)
{
	enum { PAGE = 4096, LARGE = 64 << 10 };

	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	(void)mallopt(M_TRIM_THRESHOLD, PAGE);
	(void)mallopt(M_TOP_PAD, PAGE);
}

static void signals_ready(struct source *self, uint32_t events)
{
	struct shim *s = self->data;
	struct signalfd_siginfo info;

	(void)events;
	while (read(self->fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo == SIGTERM)
			pod_stop(s, s->grace_ns);
	reap_children(s);
}

static int watch_signals(struct shim *s)
{
	static const int wanted[] = {SIGCHLD, SIGTERM};
	static const int ignored[] = {SIGINT, SIGHUP, SIGPIPE, SIGQUIT, SIGUSR1, SIGUSR2};
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		(void)sigaddset(&set, wanted[i]);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	s->signals =
		(struct source){signals_ready, s, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
	return s->signals.fd < 0 ? -errno : loop_watch(&s->loop, &s->signals, EPOLLIN);
}

static int check_fds(struct err *e)
{
	for (int fd = LINK_FD_SOCKET; fd <= LINK_FD_RUN; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return err_errno(e, -errno,
				"descriptor %d (berth-shim is started by berthd, not by hand)", fd);
	return 0;
}

static int open_process(struct shim *s)
{
	int r;

	/* Executed by its descriptor, it would be shown as that one's number. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
		prctl(PR_SET_NAME, "berth-shim") < 0)
		return -errno;
	r = loop_open(&s->loop);
	return r < 0 ? r : watch_signals(s);
}

static int open_shim(struct shim *s, struct err *e)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	int r = check_fds(e);

	if (r < 0)
		return r;
	r = open_process(s);
	if (r == 0)
		r = agent_listen(s);
	if (r < 0)
		return err_errno(e, r, "setting up the event loop");
	r = compose_plan(s, &plan, e);
	if (r == 0)
		r = sandbox_enter(s, plan, e);
	if (r == 0)
		r = pod_open(s, plan, e);
	if (r == 0 && s->share_pid && (r = sandbox_start_pause(s)) < 0)
		r = err_errno(e, r, "making the pod's pid namespace");
	return r < 0 ? r : 0;
}

static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static int run(struct shim *s, struct err *e)
{
	for (;;) {
		uint64_t now = shim_now(s);
		int r;

		job_deadlines(s, now);
		pod_timers(s, now);
		if (s->changed)
			agent_status(s);
		if (s->finished)
			return 0;
		upgrade_step(s);
		r = loop_step(&s->loop,
			sooner(upgrade_deadline(s),
				sooner(pod_deadline(s), log_buffer_deadline(&s->log_buffer))),
			true);
		log_buffer_timer(&s->log_buffer, shim_now(s));
		if (r < 0)
			return err_errno(e, r, "waiting for events");
	}
}

/* Goes on from a state; what cannot go on, the build before does. */
static int resume(struct shim *s, const struct upgrade_call *call, struct err *e)
{
	const struct clock *clock = s->clock;
	int r = handover_read(call->state_fd, s, e);

	s->clock = clock;
	if (r == 0 && (r = handover_keep_fds(s, false)) < 0)
		(void)err_errno(e, r, "a descriptor of the state");
	if (r == 0 && (r = open_process(s)) < 0)
		(void)err_errno(e, r, "setting up the event loop");
	if (r == 0)
		r = handover_resume(s, e);
	if (r < 0) {
		log_line(LOG_ERR, "this build cannot go on from the state", "build", berth_version,
			"error", err_text(e));
		(void)upgrade_return(s, call);
		return r;
	}
	(void)close(call->state_fd);
	if (call->back_fd >= 0)
		(void)close(call->back_fd);
	if (call->returned)
		upgrade_refuse(s, "the new build could not go on (see shim.log)");
	else
		log_line(LOG_INFO, "upgraded", "build", berth_version);
	/* What has died meanwhile has sent its signal to the process, but maybe before the new descriptor was there. */
	reap_children(s);
	pod_advance(s);
	return 0;
}

static int begin(struct shim *s, struct err *e)
{
	if (open_shim(s, e) < 0)
		return err_wrap(e, -EIO, "the pod cannot be started");
	(void)malloc_trim(0);
	pod_prepare(s);
	return 0;
}

int main(int argc, char **argv)
{
	static struct shim s = {
		.clock = &clock_kernel,
		.cgroups = {.n = 0, .v2 = -1},
		.state_fd = LINK_FD_STATE,
		.run_fd = LINK_FD_RUN,
		.private_fd = -EBADF,
		.log_fd = -EBADF,
		.payload_fd = -EBADF,
		.upgrade.fd = -EBADF,
	};
	struct upgrade_call call;
	struct err e = {0};
	int r;

	log_open(LOG_INFO, true);
	if (argc == 2 && streq(argv[1], "--version"))
		return puts(berth_version) < 0;
	if (argc == 3 && streq(argv[1], "--check-state"))
		return upgrade_check(argv[2]);
	keep_small();
	(void)umask(022);
	r = upgrade_called(argc, argv, &call) ? resume(&s, &call, &e) : begin(&s, &e);
	(void)malloc_trim(0);
	if (r == 0)
		r = run(&s, &e);
	if (r < 0)
		log_line(LOG_ERR, "the shim ends", "error", err_text(&e));
	return r < 0;
}
