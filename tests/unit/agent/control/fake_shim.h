/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test program in the part of a shim: it speaks the link's messages and runs nothing. What its containers do is the first
 * word of their command: "run" goes on, "exit" has ended well at once.
 */
#ifndef TESTS_UNIT_AGENT_CONTROL_FAKE_SHIM_H
#define TESTS_UNIT_AGENT_CONTROL_FAKE_SHIM_H

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/base/msg.h"
#include "runtime/plan/link.h"
#include "runtime/plan/plan.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { FAKE_EXIT_CODE = 7 };

struct fake_shim {
	struct plan *plan;
	int sock;
	uint64_t seq;
	enum pod_phase phase;
	unsigned files; /* payloads that came after the first */
};

static inline void fake_send(struct fake_shim *f, const struct link_message *m, int fd)
{
	cleanup_free char *text = link_encode(m);
	const struct msg_fds fds = {.fd = {fd}, .n = fd >= 0};
	if (msg_send(f->sock, text, strlen(text), &fds) < 0)
		_exit(3);
}

static inline void fake_status(struct fake_shim *f)
{
	CLEANUP(snapshot_free) struct pod_snapshot *s = xcalloc(1, sizeof(*s));
	s->seq = ++f->seq;
	s->phase = f->phase;
	s->n_containers = f->plan->n_containers;
	s->containers = xcalloc(s->n_containers, sizeof(*s->containers));
	for (size_t i = 0; i < s->n_containers; i++) {
		const struct plan_container *from = &f->plan->containers[i];
		struct container_snapshot *to = &s->containers[i];
		bool ended = streq(from->argv[0], "exit") || f->phase == POD_STOPPED;
		to->name = xstrdup(from->name);
		to->restart_count = from->base_restarts;
		to->reason = f->phase == POD_STARTING ? xstrdup("ContainerCreating") : NULL;
		if (f->phase == POD_STARTING)
			continue;
		to->state = ended ? CONTAINER_TERMINATED : CONTAINER_RUNNING;
		to->started = true;
		to->reason = ended ? xstrdup("Completed") : NULL;
		to->container_id = xasprintf("%s-%u", from->name, from->base_restarts);
		to->started_at = clock_wall_ns(&clock_kernel);
		to->finished_at = ended ? to->started_at : 0;
		to->pid = ended ? 0 : 1;
	}
	fake_send(f, &(struct link_message){.type = LINK_STATUS, .status = s}, -1);
}

/* What it was told is seen as empty files in its run directory: "files-1", "restart-c". */
static inline void fake_note(const char *verb, const char *what)
{
	cleanup_free char *name = xasprintf("%s-%s", verb, what);
	(void)fs_write_atomic(LINK_FD_RUN, name, "", 0, 0600, FS_NO_SYNC);
}

static inline void fake_files(struct fake_shim *f)
{
	char number[16];
	(void)snprintf(number, sizeof(number), "%u", ++f->files);
	fake_note("files", number);
}

static inline void fake_take(struct fake_shim *f, const struct link_message *m)
{
	struct link_message reply = {.type = LINK_EXEC, .id = m->id, .pid = 1};

	if (m->type == LINK_START) {
		f->phase = POD_RUNNING;
		fake_status(f);
	} else if (m->type == LINK_FILES) {
		fake_files(f);
	} else if (m->type == LINK_RESTART) {
		fake_note("restart", m->container);
	} else if (m->type == LINK_STOP) {
		f->phase = POD_STOPPED;
		fake_status(f);
		_exit(0);
	} else if (m->type == LINK_PROBE) {
		reply = (struct link_message){.type = LINK_PROBE,
			.id = m->id,
			.exit_code = FAKE_EXIT_CODE,
			.output = m->argv[0]};
		if (!streq(m->argv[0], "sleep"))
			fake_send(f, &reply, -1);
	} else if (m->type == LINK_EXEC && streq(m->argv[0], "nosuch")) {
		reply.pid = 0;
		reply.error = (char *)(uintptr_t) "no such program";
		fake_send(f, &reply, -1);
	} else if (m->type == LINK_EXEC) {
		fake_send(f, &reply, -1);
		reply = (struct link_message){
			.type = LINK_EXEC, .id = m->id, .ended = true, .exit_code = FAKE_EXIT_CODE};
		if (!streq(m->argv[0], "sleep"))
			fake_send(f, &reply, -1);
	}
}

/* Serves one connection until the agent goes. */
static inline void fake_serve(struct fake_shim *f)
{
	cleanup_free char *buf = xmalloc(MSG_BYTES_MAX);
	cleanup_close int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	fake_send(f, &(struct link_message){.type = LINK_SANDBOX}, netns);
	fake_status(f);
	for (;;) {
		cleanup_msg_fds struct msg_fds fds = {0};
		cleanup_link_message struct link_message m = {0};
		ssize_t n = msg_recv(f->sock, buf, MSG_BYTES_MAX, &fds);
		if (n <= 0)
			return;
		if (link_decode((struct sv){buf, (size_t)n}, &m, NULL) < 0)
			_exit(4);
		fake_take(f, &m);
	}
}

_Noreturn static inline void fake_shim(void)
{
	struct fake_shim f = {.phase = POD_STARTING};
	char *text = NULL;

	if (fs_read(LINK_FD_STATE, "plan.json", 1 << 20, &text, NULL) < 0 ||
		plan_parse(sv(text), &f.plan, NULL) < 0)
		_exit(2);
	for (;;) {
		f.sock = accept4(LINK_FD_SOCKET, NULL, NULL, SOCK_CLOEXEC);
		if (f.sock < 0)
			_exit(5);
		fake_serve(&f);
		(void)close(f.sock);
	}
}

#endif
