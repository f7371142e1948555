/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's end of the line to a shim. Messages only change what is known of the pod and mark it; the worker does the
 * rest. The shim's death shows as the end of its process or, for one that an earlier agent started, of its connection.
 */
#include "agent/control/deaths.h"
#include "agent/control/pod_probe.h"

#include "agent/control/probing.h"
#include "runtime/base/log.h"
#include "runtime/base/msg.h"

#include <fcntl.h>
#include <sys/wait.h>

/* ---- receiving ---------------------------------------------------------------------------------------- */

static void take_sandbox(struct pod *p, struct msg_fds *fds)
{
	if (p->netns_fd >= 0)
		(void)close(p->netns_fd);
	p->netns_fd = fds->n ? take_fd(fds->fd[0]) : -EBADF;
	p->sandbox = true;
	pod_mark(p);
}

/* Where a shim of an earlier agent stands. */
static enum pod_stage adopted_stage(enum pod_phase phase)
{
	switch (phase) {
	case POD_STARTING:
		return POD_SPAWNED;
	case POD_RUNNING:
		return POD_STARTED;
	case POD_STOPPING:
	case POD_STOPPED:
	case POD_PHASE_MAX:
		break;
	}
	return POD_LEAVING;
}

/* A run that was there before and is not any more: what its probes said last belongs to its dossier. */
static void keep_answers(struct pod *p, const struct pod_snapshot *now)
{
	for (size_t i = 0; p->snapshot && i < now->n_containers && i < p->snapshot->n_containers;
		i++) {
		const struct container_snapshot *was = &p->snapshot->containers[i];
		const struct container_snapshot *is = &now->containers[i];
		cleanup_json json_t *answers = NULL;

		if (was->state != CONTAINER_RUNNING || !was->container_id ||
			(is->state == CONTAINER_RUNNING &&
				streq(was->container_id, is->container_id)))
			continue;
		answers = probing_history(p, was->name);
		(void)deaths_add_probes(p->control, p->uid, was->container_id, answers);
	}
}

static void take_status(struct pod *p, struct pod_snapshot *own_snapshot)
{
	if (p->snapshot && p->snapshot->seq > own_snapshot->seq && p->stage != POD_ADOPTED) {
		snapshot_free(own_snapshot);
		return;
	}
	pod_say_hooks(p, p->snapshot, own_snapshot);
	pod_upgrade_look(p, own_snapshot);
	keep_answers(p, own_snapshot);
	snapshot_free(p->snapshot);
	p->snapshot = own_snapshot;
	p->orderly = own_snapshot->phase == POD_STOPPED;
	if (p->stage == POD_ADOPTED)
		p->stage = adopted_stage(own_snapshot->phase);
	probing_see(p);
	pod_mark(p);
	pod_mark_report(p);
}

static void take_message(struct pod *p, struct link_message *m, struct msg_fds *fds)
{
	int tty_fd = -EBADF;

	switch (m->type) {
	case LINK_SANDBOX:
		take_sandbox(p, fds);
		break;
	case LINK_STATUS:
		take_status(p, take(m->status));
		break;
	case LINK_EXEC:
	case LINK_ATTACH:
	case LINK_DIAL:
		if (fds->n)
			tty_fd = take_fd(fds->fd[0]);
		exec_message(p, m, &tty_fd);
		if (tty_fd >= 0)
			(void)close(tty_fd);
		break;
	case LINK_PROBE:
		pod_probe_message(p, m);
		break;
	case LINK_UPGRADE:
		pod_upgrade_refused(p, m->error ? m->error : "it does not say why");
		break;
	case LINK_ERROR:
		log_line(
			LOG_WARNING, "a shim refused a message", "pod", p->name, "error", m->error);
		break;
	case LINK_START:
	case LINK_FILES:
	case LINK_STOP:
	case LINK_RESTART:
	case LINK_STARTED:
	case LINK_RETRY:
	case LINK_TUNE:
	case LINK_EXEC_KILL:
	case LINK_DETACH:
	case LINK_TYPE_MAX:
		break; /* the agent's own verbs */
	}
}

/* 1: one was taken, 0: none is there, -errno: the line is dead. */
static int receive_one(struct pod *p, char *buf, size_t size)
{
	cleanup_msg_fds struct msg_fds fds = {0};
	cleanup_link_message struct link_message m = {0};
	struct err e = {0};
	ssize_t n = msg_recv(p->sock, buf, size, &fds);

	if (n == -EAGAIN)
		return 0;
	if (n <= 0)
		return n < 0 ? (int)n : -ECONNRESET;
	int r = link_decode((struct sv){buf, (size_t)n}, &m, &e);
	if (r < 0) {
		log_line(LOG_WARNING, "a message of a shim is not understood", "pod", p->name,
			"error", err_text(&e));
		return 1;
	}
	take_message(p, &m, &fds);
	return 1;
}

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *data);

/* A shim that lives listens: it only drops a line that it could not write to. */
static int reconnect(struct pod *p)
{
	cleanup_close int run_fd =
		openat(p->control->run_fd, p->uid, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_close int sock = run_fd < 0 ? -errno : pod_connect_socket(run_fd, "shim.sock");

	if (sock < 0)
		return sock;
	exec_end_all(p, "the connection to the pod broke");
	pod_probe_end_all(p, "the connection to the pod broke");
	p->sock_source = sd_event_source_disable_unref(p->sock_source);
	(void)close(take_fd(p->sock));
	return pod_link_open(p, take_fd(sock), NULL);
}

static int on_socket(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct pod *p = data;
	char *buf = p->control->message;
	int r = 1;

	(void)source;
	(void)fd;
	if (events & EPOLLOUT)
		exec_flush(p);
	while (r > 0)
		r = receive_one(p, buf, MSG_BYTES_MAX);
	if (r < 0 && reconnect(p) < 0)
		pod_lost(p);
	return 0;
}

int pod_link_open(struct pod *p, int own_sock, struct err *e)
{
	p->sock = own_sock;
	int r = sd_event_add_io(
		p->control->o.loop, &p->sock_source, p->sock, EPOLLIN, on_socket, p);
	return r < 0 ? err_errno(e, r, "watching the shim's socket") : 0;
}

int pod_send(struct pod *p, const struct link_message *m, int memfd)
{
	cleanup_free char *text = link_encode(m);
	struct msg_fds fds = {.fd = {memfd}, .n = memfd >= 0};

	if (p->sock < 0)
		return -ENOTCONN;
	return msg_send(p->sock, text, strlen(text), memfd >= 0 ? &fds : NULL);
}

/* ---- the end of the shim -------------------------------------------------------------------------------- */

void pod_link_close(struct pod *p)
{
	p->sock_source = sd_event_source_disable_unref(p->sock_source);
	p->pidfd_source = sd_event_source_disable_unref(p->pidfd_source);
	const int fds[] = {p->sock, p->netns_fd, p->pidfd};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	p->sock = p->netns_fd = p->pidfd = -EBADF;
	p->sandbox = false;
	free(p->upgrade.build);
	p->upgrade = (struct pod_upgrade){0};
}

/* Reads what the shim said last, so that its final status is known. */
static void drain(struct pod *p)
{
	char *buf = p->control->message;

	while (p->sock >= 0 && receive_one(p, buf, MSG_BYTES_MAX) > 0)
		continue;
}

void pod_lost(struct pod *p)
{
	if (p->stage == POD_DYING)
		return;
	drain(p);
	exec_end_all(p, "the pod has ended");
	p->stage = POD_DYING;
	probing_see(p);
	pod_probe_end_all(p, "the pod has ended");
	/* The process is reaped in pod_bury; its end may come a moment after that of the line. */
	p->sock_source = sd_event_source_disable_unref(p->sock_source);
	if (p->sock >= 0)
		(void)close(take_fd(p->sock));
	p->bury_delay_ns = 0;
	pod_mark(p);
	pod_mark_report(p);
}

static int on_child(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct pod *p = data;
	siginfo_t si = {0};

	(void)source;
	(void)events;
	if (waitid(P_PIDFD, (id_t)fd, &si, WEXITED | WNOHANG) < 0 || si.si_pid == 0)
		return 0;
	p->pid = 0;
	p->pidfd_source = sd_event_source_disable_unref(p->pidfd_source);
	(void)close(take_fd(p->pidfd));
	pod_lost(p);
	pod_mark(p);
	return 0;
}

int pod_watch_child(struct pod *p, struct err *e)
{
	int r = sd_event_add_io(
		p->control->o.loop, &p->pidfd_source, p->pidfd, EPOLLIN, on_child, p);
	/* Behind the socket: the shim's last words are read before its end is seen. */
	if (r >= 0)
		r = sd_event_source_set_priority(p->pidfd_source, SD_EVENT_PRIORITY_NORMAL + 1);
	return r < 0 ? err_errno(e, r, "watching the shim") : 0;
}
