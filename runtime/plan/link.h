/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between agent and shim: SOCK_SEQPACKET at run/berth/pods/UID/shim.sock, one JSON object a
 * message (runtime/base/msg.h), a fixed set of verbs.
 *
 * The agent makes the listening socket and spawns the shim with these descriptors; then it connects.
 * One connection at a time is the agent's: a new one replaces the old.
 *
 *	shim → agent
 *	sandbox    [fd: network namespace]	once a connection, first
 *	status     snapshot			after each change, and once a connection
 *	exec       id, pid [fd: pty master when tty]	the process runs
 *	exec       id, exit_code		it has ended (128 + signal when killed)
 *	exec       id, error			it could not be started
 *	probe      id, exit_code, output	the command has ended; output: stdout and stderr, the first 10 KiB
 *	probe      id, error [timed_out]	it could not be started, or took too long and was killed
 *	attach     id [fd: stdin; with a terminal its master]	attached
 *	attach     id, ended			the run has ended
 *	attach     id, error			not attached, or cut off
 *	dial       id [fd: a TCP socket]	connected, or on its way to be
 *	dial       id, error
 *	upgrade    error			nothing came of it; that it is done shows in the status (build)
 *	error      error			the last message was not understood, or refused
 *
 *	agent → shim
 *	start      [fd: payload]		run the containers (once; again is harmless)
 *	files      [fd: payload]		new contents of "files" volumes, and new secret env for later starts
 *	stop       grace_ns			signal, wait, kill, "stopped", end. Again with less: shortens.
 *						cause SNAPSHOT_NODE_SHUTDOWN: the snapshot's reason from now on
 *	restart    container			stop it (grace_ns) and start it again at once, or with
 *						back_off as after a crash (a failed liveness probe);
 *						cause: why, for the record of this end
 *	started    container			its startup probe has passed (of the run it is in now)
 *	retry      container			what is left of its back-off is not waited for; no container: of all
 *	tune       container, backoff		its back-off from now on
 *	tune       deadline_wall_ns		when the pod has been active for too long; 0: never
 *	exec       id, container, argv …  [fds: stdin, stdout, stderr; none when tty]
 *	exec-kill  id
 *	attach     id, container, stdin [fds: write ends of pipes for stdout and stderr, which do not wait; a terminal
 *						has the first alone]: what the container writes from now on goes
 *						there, too; stdin: the right to write to it, which one has at a time
 *	detach     id				no more of it
 *	detach     id, stdin			its stdin has ended; the output goes on
 *	dial       id, port			a connection to the pod's loopback
 *	upgrade    [fd: berth-shim]		go on as this program, at the next quiet moment
 *	probe      id, container, argv, timeout_ns	run a command, with as little as possible made new for it
 *
 * Closing the connection kills every exec and probe of it (safety R19) and ends every attach. The payload is one memfd, sealed against
 * writing, with the JSON {"files":{VOLUME:{PATH:{"data":BASE64,"mode":420}}},"env":{CONTAINER:{NAME:VALUE}}}.
 *
 * Who makes and removes which cgroup: the shim makes the pod's (limits first) and its own (which it enters off
 * the critical path), the runtime makes the containers'; at its end the shim removes the pod's whole tree. The agent
 * removes cgroup_shim_path() after the shim has gone, and everything when a shim died.
 */
#ifndef RUNTIME_PLAN_LINK_H
#define RUNTIME_PLAN_LINK_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"
#include "runtime/plan/plan.h"

/* Descriptors the shim is born with. */
enum link_fd {
	LINK_FD_SOCKET = 3, /* listening, at shim.sock */
	LINK_FD_STATE = 4,  /* var/lib/berth/pods/UID, with plan.json in it */
	LINK_FD_RUN = 5,    /* run/berth/pods/UID; the shim mounts a tmpfs at private/ in it */
};

enum link_type {
	LINK_SANDBOX,
	LINK_STATUS,
	LINK_ERROR,
	LINK_START,
	LINK_FILES,
	LINK_STOP,
	LINK_RESTART,
	LINK_STARTED,
	LINK_RETRY,
	LINK_TUNE,
	LINK_EXEC,
	LINK_EXEC_KILL,
	LINK_ATTACH,
	LINK_DETACH,
	LINK_DIAL,
	LINK_PROBE,
	LINK_UPGRADE,
	LINK_TYPE_MAX
};

enum {
	LINK_EXECS_MAX = 32,
	LINK_ATTACHES_MAX = 32,
	LINK_OUTPUT_MAX = 10 << 10,
	LINK_PAYLOAD_MAX = 64 << 20
};

/* {.type = …} is a good start; members that a verb does not have stay 0. */
struct link_message {
	enum link_type type;
	uint64_t grace_ns;
	char *container;
	bool back_off; /* restart: wait as after a crash */
	char *cause;   /* restart, stop: why; NULL */
	struct plan_backoff *backoff;
	uint64_t deadline_wall_ns;
	uint64_t id; /* of an exec; chosen by the agent, > 0, unique on its connection */
	char **argv;
	size_t n_argv;
	char **env; /* "K=V", behind the container's own */
	size_t n_env;
	char *cwd; /* NULL: the container's */
	bool tty;
	uint64_t timeout_ns;	/* exec, probe: killed after it; exec 0: none */
	uint32_t rows, columns; /* exec with tty: first size of the terminal; 0: the kernel's */
	int32_t pid;
	bool stdin;    /* attach: with it; detach: of it alone */
	uint32_t port; /* dial */
	bool ended;    /* exec reply: exit_code is valid; attach: the run is over */
	int32_t exit_code;
	char *output;	/* probe: a stranger's words, UTF-8 */
	bool timed_out; /* probe: this is the error */
	char *error;
	struct pod_snapshot *status;
};

/** Reads one message; members that the verb does not have are an error. -EBADMSG: no JSON; -EINVAL: not a message. */
int link_decode(struct sv text, struct link_message *ret, struct err *e);
/** Text to send. Returns: owned by the caller, never NULL. */
char *link_encode(const struct link_message *m);
void link_message_done(struct link_message *m);
#define cleanup_link_message __attribute__((cleanup(link_message_done)))

extern const char *const link_type_names[];

#endif
