/* SPDX-License-Identifier: Apache-2.0 */
/*
 * berth-runner: the resident of a container that runs the commands of its probes, so that each costs a fork and an
 * exec and not a whole start of the OCI runtime. The runtime started it in there like any exec, and so it has the
 * container's user, capabilities, seccomp filter, limits, environment and directory, and can give nothing else.
 *
 * It trusts the shim and nobody else; in here everybody may see, stop or kill it, and harms only the container's own
 * probes with it (the shim keeps the time). Must hold: a command inherits /dev/null and its own pipe, nothing
 * else; it ends with the socket, and its commands with it; while there is nothing to run, it sleeps.
 */
#include "runtime/runner/command.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static char request[RUNNER_REQUEST_MAX];
static char *words[RUNNER_WORDS_MAX + 1];

/* The program's descriptor and what else came along is closed, and the socket goes no further than here. */
static int settle(void)
{
	if (fcntl(RUNNER_FD_SOCKET, F_SETFD, FD_CLOEXEC) < 0 ||
		fcntl(RUNNER_FD_SOCKET, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	(void)close(RUNNER_FD_PROGRAM);
	if (syscall(SYS_close_range, RUNNER_FD_SOCKET + 1, ~0u, 0) < 0)
		return -errno;
	/* Against others of the same user: they need not read the socket out of this process. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)prctl(PR_SET_NAME, "berth-runner");
	return 0;
}

static int watch_children(void)
{
	sigset_t child;

	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &child, NULL) < 0)
		return -errno;
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* False when the shim is gone. */
static bool hear(void)
{
	struct runner_head head;
	ssize_t n = recv(RUNNER_FD_SOCKET, request, sizeof request, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (runner_request_read(request, (size_t)n, &head, words) < 0)
		return true;
	if (head.verb == RUNNER_RUN)
		command_run(head.id, words);
	else
		command_kill(head.id);
	return true;
}

static void forget_signals(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
		;
}

int main(void)
{
	enum { SOCKET, SIGNALS, COMMANDS };
	struct pollfd fds[COMMANDS + RUNNER_COMMANDS_MAX];
	int signals;

	if (settle() < 0 || (signals = watch_children()) < 0 || command_open() < 0)
		return 1;
	fds[SOCKET] = (struct pollfd){.fd = RUNNER_FD_SOCKET, .events = POLLIN};
	fds[SIGNALS] = (struct pollfd){.fd = signals, .events = POLLIN};
	for (;;) {
		command_poll(fds + COMMANDS);
		if (poll(fds, COMMANDS + RUNNER_COMMANDS_MAX, -1) < 0 && errno != EINTR)
			break;
		command_read(fds + COMMANDS);
		if (fds[SIGNALS].revents) {
			forget_signals(signals);
			command_reap();
		}
		if (fds[SOCKET].revents && !hear())
			break;
	}
	command_kill_all();
	return 0;
}
