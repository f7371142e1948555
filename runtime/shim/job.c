/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that work for the shim. A job reports by what it leaves: an exit status, and a failure in words
 * through its pipe when it could not go on. Each has a deadline; at it, it is killed.
 */
#include "runtime/shim/job.h"
#include "runtime/shim/pod.h"
#include "runtime/shim/shim.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>

/**
 * Forks. In the child: returns 0 with j->report_fd the end to report on; it ends by job_done(), job_fail() or exec.
 * In the shim: returns the pid; j->ended is called when the child has ended. -errno.
 */
int job_start(struct shim *s, struct job *j, uint64_t timeout_ns)
{
	enum { CHILD_HEAP = 512 << 10 };
	int ends[2], kept;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		kept = errno;
		(void)close(ends[0]);
		(void)close(ends[1]);
		return -kept;
	}
	if (pid == 0) {
		(void)close(ends[0]);
		j->report_fd = ends[1];
		/* A child takes what it needs at once; the shim's own thrift would cost it time. */
		(void)mallopt(M_TOP_PAD, CHILD_HEAP);
		return 0;
	}
	(void)close(ends[1]);
	j->report_fd = ends[0];
	j->pid = pid;
	j->timed_out = false;
	j->deadline_ns = shim_now(s) + timeout_ns;
	j->next = s->jobs;
	s->jobs = j;
	return pid;
}

_Noreturn void job_fail(int report_fd, const char *reason, const struct err *e)
{
	struct failure f = {0};

	(void)snprintf(f.reason, sizeof f.reason, "%s", reason);
	(void)snprintf(f.text, sizeof f.text, "%.*s", (int)sizeof f.text - 1, err_text(e));
	(void)!write(report_fd, &f, sizeof f);
	_exit(1);
}

_Noreturn void job_done(void)
{
	_exit(0);
}

void job_end(struct shim *s, struct job *j, int status)
{
	struct failure f = {0};
	struct job **slot = &s->jobs;

	while (*slot && *slot != j)
		slot = &(*slot)->next;
	if (*slot)
		*slot = j->next;
	if (read(j->report_fd, &f, sizeof f) != (ssize_t)sizeof f)
		f = (struct failure){0};
	f.reason[sizeof f.reason - 1] = '\0';
	f.text[sizeof f.text - 1] = '\0';
	if (j->timed_out && !f.reason[0]) {
		(void)snprintf(f.reason, sizeof f.reason, "%s", "RunContainerError");
		(void)snprintf(f.text, sizeof f.text, "%s", "it took too long and was killed");
	}
	(void)close(j->report_fd);
	j->report_fd = -EBADF;
	j->pid = 0;
	j->ended(s, j, status, &f);
	if (s->phase == POD_STOPPING)
		pod_advance(s);
}

void job_deadlines(struct shim *s, uint64_t now_ns)
{
	/* An unreaped child's pid is its own, so a plain kill cannot hit a stranger. */
	for (struct job *j = s->jobs; j; j = j->next)
		if (now_ns >= j->deadline_ns && !j->timed_out) {
			j->timed_out = true;
			j->deadline_ns = UINT64_MAX;
			(void)kill(j->pid, SIGKILL);
		}
}
