/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaping: the one place where children are waited for, so that no exit is lost or given to the wrong one.
 *
 * A container's first process becomes our child when the runtime that started it ends. Both may be dead by the time
 * we look, in any order; and until the runtime's pid-file is read, that pid is unknown here. So an unknown dead child
 * is left alone while any job is not reaped: a runtime with many threads hands its children on with the end of its last
 * thread, and can itself be waited for only a moment later.
 */
#include "runtime/shim/reap.h"
#include "runtime/base/fs.h"
#include "runtime/shim/exec.h"
#include "runtime/shim/sandbox.h"
#include "runtime/shim/shim.h"
#include "runtime/shim/standby.h"

#include <fcntl.h>
#include <signal.h>

#include <sys/wait.h>

/* Ends one job whose child is dead. Returns: whether there was one. */
static bool end_a_job(struct shim *s)
{
	for (struct job *j = s->jobs; j; j = j->next) {
		int status;

		if (waitpid(j->pid, &status, WNOHANG) == j->pid) {
			job_end(s, j, status);
			return true;
		}
	}
	return false;
}

static struct container *owner_of(struct shim *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_containers; i++)
		if (s->containers[i].pid == pid)
			return &s->containers[i];
	return NULL;
}

static bool is_job(const struct shim *s, pid_t pid)
{
	for (const struct job *j = s->jobs; j; j = j->next)
		if (j->pid == pid)
			return true;
	return false;
}

/* Ends one container whose process is dead. Returns: whether there was one. */
static bool end_a_container(struct shim *s)
{
	for (size_t i = 0; i < s->n_containers; i++) {
		struct container *c = &s->containers[i];
		int status;

		if (c->pid && waitpid(c->pid, &status, WNOHANG) == c->pid) {
			container_exited(c, status);
			return true;
		}
	}
	return false;
}

static bool end_pause(struct shim *s)
{
	if (!s->pause_pid || waitpid(s->pause_pid, NULL, WNOHANG) != s->pause_pid)
		return false;
	if (sandbox_start_pause(s) < 0)
		s->pause_pid = 0;
	return true;
}

static bool is_known(struct shim *s, pid_t pid)
{
	return pid == s->pause_pid || is_job(s, pid) || owner_of(s, pid) || exec_owns(s, pid) ||
	       standby_owns(s, pid);
}

void reap_kill_strays(struct shim *s)
{
	cleanup_free char *text = NULL;
	struct sv rest;

	/* With a pid namespace that others share, daemons of the containers may be our children, too. */
	if (s->host_pid || s->share_pid ||
		fs_read(AT_FDCWD, "/proc/thread-self/children", 64 << 10, &text, NULL) < 0)
		return;
	rest = sv(text);
	while (rest.n) {
		uint32_t pid;

		if (parse_u32_max(sv_cut(&rest, ' '), INT32_MAX, &pid) == 0 &&
			!is_known(s, (pid_t)pid))
			(void)kill((pid_t)pid, SIGKILL);
	}
}

void reap_children(struct shim *s)
{
	for (;;) {
		siginfo_t stray = {0};

		if (end_a_container(s) || end_a_job(s) || standby_reap(s) || exec_reap(s) ||
			end_pause(s))
			continue;
		if (s->jobs || waitid(P_ALL, 0, &stray, WEXITED | WNOHANG | WNOWAIT) < 0 ||
			stray.si_pid == 0)
			return;
		(void)waitpid(stray.si_pid, NULL, WNOHANG);
	}
}
