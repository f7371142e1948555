/* SPDX-License-Identifier: Apache-2.0 */
/* Commands in running containers. For this folder only. */
#ifndef RUNTIME_SHIM_EXEC_H
#define RUNTIME_SHIM_EXEC_H

#include "runtime/base/msg.h"
#include "runtime/plan/link.h"
#include "runtime/shim/shim.h"

struct exec_end {
	int exit_code;	   /* 128 + signal when killed */
	const char *error; /* it could not be started; NULL */
};
typedef void (*exec_fn)(void *data, const struct exec_end *end);

/* For exec.c and handover.c. */
struct exec {
	struct exec *next;
	struct shim *shim;
	uint64_t id;
	char container_id[CONTAINER_ID_MAX];
	struct job launch;
	pid_t pid;
	int pidfd;
	int run_fd;	/* private/run/ID */
	int console_fd; /* listens for the terminal; negative: none */
	bool killed, timed_out;
	uint64_t timeout_ns, deadline_ns;
	unsigned number; /* names its files */
	bool own;	 /* the shim's, not the agent's */
	exec_fn ended;	 /* of an own one; NULL: nobody waits */
	void *data;
};

/** Starts one as @m asks, with @fds as its streams; answers over the line. */
void exec_start(struct shim *s, const struct link_message *m, struct msg_fds *fds);
/**
 * Starts one for the shim itself, in the running container @c: of @m only argv counts. @fds: stdin, stdout,
 * stderr, then what it has as 3, 4 …; they stay the caller's. @fn is called once, when it has ended, and never from
 * in here.
 * Returns: 0 and a handle that is good until then, or -errno.
 */
int exec_own(struct shim *s, const struct container *c, const struct link_message *m,
	const struct msg_fds *fds, exec_fn fn, void *data, struct exec **ret);
/** SIGKILL, also for one that is still being started. It has not ended yet. */
void exec_cancel(struct exec *x);
/** Nobody waits for it any more: killed as above, and no call comes. */
void exec_forget(struct exec *x);
void exec_kill(struct shim *s, uint64_t id);
void exec_kill_all(struct shim *s);

/** Is @pid the process of a command? */
bool exec_owns(const struct shim *s, pid_t pid);
/** Reaps one command that has ended, and tells who waits for it. Returns: whether there was one. */
bool exec_reap(struct shim *s);

uint64_t exec_deadline(const struct shim *s);
void exec_timers(struct shim *s, uint64_t now_ns);

#endif
