/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line to the agent. Nobody may be at the other end; then the pod goes on as it was told. What is said is the
 * whole status, the newest only: an agent that reads slowly misses nothing that still holds.
 */
#include "runtime/shim/agent.h"
#include "runtime/base/msg.h"
#include "runtime/shim/attach.h"
#include "runtime/shim/exec.h"
#include "runtime/shim/message.h"
#include "runtime/shim/pod.h"
#include "runtime/shim/probe.h"
#include "runtime/shim/shim.h"
#include "runtime/shim/upgrade.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

void agent_drop(struct shim *s)
{
	if (s->agent.fd < 0)
		return;
	loop_drop(&s->loop, &s->agent);
	exec_kill_all(s);
	attach_end_all(s);
	probe_end_all(s);
}

/** Sends one message; an agent that does not take it is dropped, and will come again. */
void agent_send(struct shim *s, const struct link_message *m, const struct msg_fds *fds)
{
	cleanup_free char *text = NULL;

	if (s->agent.fd < 0)
		return;
	text = link_encode(m);
	if (msg_send(s->agent.fd, text, strlen(text), fds) < 0)
		agent_drop(s);
}

/** Sends the status when it has changed. Waits for room when there is none. */
void agent_status(struct shim *s)
{
	CLEANUP(snapshot_free) struct pod_snapshot *snap = NULL;
	struct link_message m = {.type = LINK_STATUS};
	cleanup_free char *text = NULL;
	int r;

	if (s->agent.fd < 0)
		return;
	snap = status_snapshot(s);
	snap->seq = s->seq + 1;
	m.status = snap;
	text = link_encode(&m);
	r = msg_send(s->agent.fd, text, strlen(text), NULL);
	if (r == -EAGAIN) {
		(void)loop_watch(&s->loop, &s->agent, EPOLLIN | EPOLLOUT);
		return;
	}
	s->seq++;
	s->changed = false;
	if (r < 0)
		agent_drop(s);
}

static void send_sandbox(struct shim *s)
{
	const struct link_message m = {.type = LINK_SANDBOX};
	cleanup_msg_fds struct msg_fds fds = {.n = 0};

	if (!s->host_network) {
		fds.fd[0] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		fds.n = fds.fd[0] >= 0;
	}
	agent_send(s, &m, &fds);
}

static void send_error(struct shim *s, const char *text)
{
	struct link_message m = {.type = LINK_ERROR};
	cleanup_free char *copy = message_text(text, strlen(text));

	m.error = copy;
	agent_send(s, &m, NULL);
}

/* ---- verbs ----------------------------------------------------------------------------------------- */

static int take_payload(struct msg_fds *fds)
{
	int fd = fds->n == 1 ? fds->fd[0] : -EBADF;

	if (fd >= 0)
		fds->n = 0;
	return fd;
}

static void on_start(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	int payload = take_payload(fds);

	(void)m;
	if (payload < 0) {
		send_error(s, "start: needs the payload's descriptor");
		return;
	}
	pod_files(s, payload);
	pod_start(s);
}

static void on_files(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	int payload = take_payload(fds);

	(void)m;
	if (payload < 0)
		send_error(s, "files: needs the payload's descriptor");
	else
		pod_files(s, payload);
}

static void on_stop(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	(void)fds;
	if (streq(m->cause, SNAPSHOT_NODE_SHUTDOWN) && s->phase < POD_STOPPING)
		s->reason = SNAPSHOT_NODE_SHUTDOWN;
	pod_stop(s, m->grace_ns);
}

/* The container that a message is about; NULL and an answer that there is none. */
static struct container *subject(struct shim *s, const struct link_message *m)
{
	char text[128];

	for (size_t i = 0; i < s->n_containers; i++)
		if (streq(s->containers[i].name, m->container))
			return &s->containers[i];
	(void)snprintf(text, sizeof text, "%s: no such container", link_type_names[m->type]);
	send_error(s, text);
	return NULL;
}

static void on_restart(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	struct container *c = subject(s, m);

	(void)fds;
	if (c)
		container_restart(c, m->grace_ns, m->back_off, m->cause);
}

static void on_started(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	struct container *c = subject(s, m);

	(void)fds;
	if (c)
		container_open_gate(c);
}

static void on_retry(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	struct container *c = m->container ? subject(s, m) : NULL;

	(void)fds;
	if (c)
		container_retry(c);
	for (size_t i = 0; !m->container && i < s->n_containers; i++)
		container_retry(&s->containers[i]);
}

static void on_tune(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	struct container *c = m->container ? subject(s, m) : NULL;

	(void)fds;
	if (c && m->backoff)
		c->backoff = *m->backoff;
	if (!m->container)
		pod_set_deadline(s, m->deadline_wall_ns);
}

static void on_exec(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	exec_start(s, m, fds);
}

static void on_probe(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	(void)fds;
	probe_start(s, m);
}

static void on_upgrade(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	int program = take_payload(fds);

	(void)m;
	if (program < 0)
		upgrade_refuse(s, "an upgrade needs the descriptor of the program");
	else
		upgrade_ask(s, program);
}

static void on_exec_kill(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	(void)fds;
	exec_kill(s, m->id);
}

static void on_attach(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	attach_start(s, m, fds);
}

static void on_detach(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	(void)fds;
	attach_end(s, m->id, m->stdin);
}

static void on_dial(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	(void)fds;
	dial_start(s, m);
}

static void (*const verbs[LINK_TYPE_MAX])(
	struct shim *s, const struct link_message *m, struct msg_fds *fds) = {
	[LINK_START] = on_start,
	[LINK_FILES] = on_files,
	[LINK_STOP] = on_stop,
	[LINK_RESTART] = on_restart,
	[LINK_STARTED] = on_started,
	[LINK_RETRY] = on_retry,
	[LINK_TUNE] = on_tune,
	[LINK_EXEC] = on_exec,
	[LINK_EXEC_KILL] = on_exec_kill,
	[LINK_ATTACH] = on_attach,
	[LINK_DETACH] = on_detach,
	[LINK_DIAL] = on_dial,
	[LINK_PROBE] = on_probe,
	[LINK_UPGRADE] = on_upgrade,
};

static void hear(struct shim *s, const char *text, size_t n, struct msg_fds *fds)
{
	cleanup_link_message struct link_message m = {0};
	struct err e = {0};

	if (link_decode((struct sv){text, n}, &m, &e) < 0)
		send_error(s, err_text(&e));
	else if (!verbs[m.type])
		send_error(s, "this verb is the shim's");
	else
		verbs[m.type](s, &m, fds);
}

/* ---- the socket ------------------------------------------------------------------------------------- */

/* Returns false when there is nothing more to read, or nobody. */
static bool receive(struct shim *s)
{
	cleanup_msg_fds struct msg_fds fds = {.n = 0};
	/* Not on the stack and not kept: the buffer is large, and messages are rare. */
	char *buf = mmap(
		NULL, MSG_BYTES_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t n;

	if (buf == MAP_FAILED)
		return false;
	n = msg_recv(s->agent.fd, buf, MSG_BYTES_MAX, &fds);
	if (n > 0)
		hear(s, buf, (size_t)n, &fds);
	else if (n == -EBADMSG)
		send_error(s, "the message was cut short or had too many descriptors");
	else if (n != -EAGAIN)
		agent_drop(s);
	(void)munmap(buf, MSG_BYTES_MAX);
	return n > 0;
}

static void agent_ready(struct source *self, uint32_t events)
{
	struct shim *s = self->data;

	if (events & EPOLLOUT)
		(void)loop_watch(&s->loop, self, EPOLLIN);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		(void)receive(s);
}

static void listener_ready(struct source *self, uint32_t events)
{
	struct shim *s = self->data;
	struct ucred peer;
	socklen_t n = sizeof peer;
	int fd = accept4(self->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	/* The directory is root's alone; this is the second lock (R17). */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 || peer.uid != geteuid()) {
		(void)close(fd);
		return;
	}
	agent_drop(s);
	s->agent = (struct source){agent_ready, s, fd};
	if (loop_watch(&s->loop, &s->agent, EPOLLIN) < 0) {
		loop_drop(&s->loop, &s->agent);
		return;
	}
	send_sandbox(s);
	s->changed = true;
}

int agent_listen(struct shim *s)
{
	s->listener = (struct source){listener_ready, s, LINK_FD_SOCKET};
	s->agent.fd = -EBADF;
	if (fcntl(LINK_FD_SOCKET, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return loop_watch(&s->loop, &s->listener, EPOLLIN);
}

int agent_resume(struct shim *s)
{
	int r;

	s->listener = (struct source){listener_ready, s, s->listener.fd};
	s->agent = (struct source){agent_ready, s, s->agent.fd};
	r = loop_watch(&s->loop, &s->listener, EPOLLIN);
	if (r == 0 && s->agent.fd >= 0)
		r = loop_watch(&s->loop, &s->agent, EPOLLIN);
	s->changed = true;
	return r;
}
