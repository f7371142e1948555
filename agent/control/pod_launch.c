/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an admitted pod whose images are there to running containers: compile, write the plan, spawn the shim; when it
 * has its namespaces, connect the network and send the payload. On this path nothing is polled, nothing is
 * synced to disk and nothing is forked but the shim. Steps "compiled" and "prepared" of a pod's life.
 */
#include "agent/control/pod.h"

#include "agent/status/pod_status.h"
#include "runtime/base/fs.h"
#include "runtime/base/spawn.h"
#include "runtime/net/net.h"
#include "runtime/volume/fileset.h"

#include <fcntl.h>
#include <sys/socket.h>

enum { RETRY_S = 10, RETRY_MAX_S = 300, RESOLV_MAX = 64 << 10, BACKLOG = 8 };

/* ---- when it cannot be ---------------------------------------------------------------------------------- */

static void retry_later(struct pod *p)
{
	uint64_t cap = RETRY_MAX_S * NS_PER_SEC;

	p->launch_delay_ns = p->launch_delay_ns ? p->launch_delay_ns * 2 : RETRY_S * NS_PER_SEC;
	if (p->launch_delay_ns > cap)
		p->launch_delay_ns = cap;
	p->launch_ns = control_now(p->control) + p->launch_delay_ns;
	pod_mark_at(p, p->launch_ns);
}

/* Something it refers to is missing (it comes back by the store's event) or does not make sense. */
static int cannot_compile(struct pod *p, int r, const struct err *e)
{
	bool news = pod_set_trouble(p, "CreateContainerConfigError", err_text(e));

	if (news && strncmp(err_text(e), "volume", strlen("volume")) == 0)
		pod_say(p, true, "FailedMount", "MountVolume.SetUp failed for %s", err_text(e));
	else if (news)
		pod_say(p, true, "Failed", "Error: %s", err_text(e));
	if (r != -ENOENT)
		retry_later(p);
	return 0;
}

static int cannot_launch(struct pod *p, const struct err *e)
{
	if (pod_set_trouble(p, "CreatePodSandboxError", err_text(e)))
		pod_say(p, true, "FailedCreatePodSandBox", "Failed to create pod sandbox: %s",
			err_text(e));
	retry_later(p);
	return 0;
}

/* ---- the shim ------------------------------------------------------------------------------------------- */

static int open_dirs(struct pod *p, int *ret_state, int *ret_run, struct err *e)
{
	struct control *c = p->control;
	cleanup_close int state = fs_open_dir(c->state_fd, p->uid, 0700);
	cleanup_close int run = fs_open_dir(c->run_fd, p->uid, 0700);

	if (state < 0 || run < 0)
		return err_errno(e, state < 0 ? state : run, "making the pod's directories");
	*ret_state = take_fd(state);
	*ret_run = take_fd(run);
	return 0;
}

int pod_write_plan(int state_fd, const struct plan *plan, struct err *e)
{
	cleanup_json json_t *j = plan_encode(plan);
	cleanup_free char *text = json_text(j);
	int r = fs_write_atomic(state_fd, "plan.json", text, strlen(text), 0600, FS_NO_SYNC);

	return r < 0 ? err_errno(e, r, "writing plan.json") : 0;
}

/* A listening socket at @name in @run_fd. Returns: fd or -errno. */
static int listen_at(int run_fd, const char *name)
{
	struct sockaddr_un address;
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int r = fd < 0 ? -errno : fs_socket_address(run_fd, name, &address);

	if (r < 0)
		return r;
	if (unlinkat(run_fd, name, 0) < 0 && errno != ENOENT)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return take_fd(fd);
}

int pod_connect_socket(int run_fd, const char *name)
{
	struct sockaddr_un address;
	cleanup_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? -errno : fs_socket_address(run_fd, name, &address);

	if (r < 0)
		return r;
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : take_fd(fd);
}

enum { SHIM_LOG_MODE = 0600, TRIM_AFTER_S = 10 };

static int spawn_shim(struct pod *p, int state_fd, int run_fd, struct err *e)
{
	struct control *c = p->control;
	const char *const argv[] = {c->o.shim, p->uid, NULL};
	cleanup_close int listener = listen_at(run_fd, "shim.sock");
	cleanup_close int log = openat(run_fd, "shim.log",
		O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, SHIM_LOG_MODE);
	struct child child;

	if (listener < 0 || log < 0)
		return err_errno(e, listener < 0 ? listener : -errno, "making the shim's socket");
	const struct spawn s = {
		.argv = argv,
		.fds = {{log, STDERR_FILENO}, {listener, LINK_FD_SOCKET}, {state_fd, LINK_FD_STATE},
			{run_fd, LINK_FD_RUN}},
		.n_fds = 4,
	};
	int r = spawn(&s, &child, e);
	if (r < 0)
		return err_wrap(e, r, "starting %s", c->o.shim);
	p->pid = child.pid;
	p->pidfd = child.pidfd;
	r = pod_watch_child(p, e);
	int sock = r < 0 ? r : pod_connect_socket(run_fd, "shim.sock");
	if (sock < 0)
		return err_errno(e, sock, "connecting to the shim");
	return pod_link_open(p, sock, e);
}

static int take_address(struct pod *p, struct err *e)
{
	struct net *net = p->control->o.net;

	if (p->host_network || !net || p->address)
		return 0;
	int r = pool_alloc(net_pool(net), &p->address);
	return r < 0 ? err_set(e, r,
			       "no pod address is free: delete pods, or start berthd with a "
			       "larger --pod-cidr")
		     : 0;
}

static int check_runtime(struct control *c, struct err *e)
{
	if (access(c->o.runtime, X_OK) == 0)
		return 0;
	return err_set(e, -ENOENT,
		"the OCI runtime %s cannot be run (%s): install it (apt-get install runc), or name "
		"another with berthd --runtime",
		c->o.runtime, strerror(errno));
}

int pod_launch(struct pod *p, const json_t *object)
{
	struct control *c = p->control;
	CLEANUP(plan_free) struct plan *plan = NULL;
	cleanup_json json_t *payload = NULL;
	cleanup_close int state_fd = -EBADF, run_fd = -EBADF;
	struct err e = {0};

	p->stale = false;
	if (p->launch_ns > control_now(c) &&
		!streq(p->trouble_reason, "CreateContainerConfigError"))
		return 0;
	int r = take_address(p, &e);
	if (r >= 0)
		r = check_runtime(c, &e);
	if (r < 0)
		return cannot_launch(p, &e);
	r = pod_compile(p, object, &plan, &payload, &e);
	if (r < 0)
		return cannot_compile(p, r, &e);
	r = open_dirs(p, &state_fd, &run_fd, &e);
	if (r >= 0)
		r = pod_write_plan(state_fd, plan, &e);
	if (r >= 0)
		r = spawn_shim(p, state_fd, run_fd, &e);
	p->launched_ns = control_now(c);
	if (r < 0) {
		/* What was half made is removed like a dead pod. */
		(void)cannot_launch(p, &e);
		if (p->pid)
			pod_lost(p);
		return 0;
	}
	json_drop(p->payload);
	p->payload = take(payload);
	p->payload_hash = 0;
	(void)pod_set_trouble(p, NULL, NULL);
	pod_note_images(p);
	p->launch_delay_ns = 0;
	p->stage = POD_SPAWNED;
	pod_mark_report(p);
	lane_add_at(c->chore_lane, "trim", control_now(c) + TRIM_AFTER_S * NS_PER_SEC);
	return 1;
}

/* ---- network and start ---------------------------------------------------------------------------------- */

/* Seals @payload and sends it with a verb. 0, -EAGAIN, -errno. */
int pod_send_payload(struct pod *p, enum link_type type, const json_t *payload)
{
	cleanup_close int memfd = payload_seal(payload);
	return memfd < 0 ? memfd : pod_send(p, &(struct link_message){.type = type}, memfd);
}

/* After a restart of the agent the payload is built again; for a shim that runs already it does not matter. */
static int build_payload(struct pod *p, const json_t *object, struct err *e)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	return p->payload ? 0 : pod_compile(p, object, &plan, &p->payload, e);
}

enum { AGAIN_MS = 20 };

/* A pod that is never restarted is started once, also when the power fails before its status is on disk. */
static int mark_start(struct pod *p, const json_t *object, struct err *e)
{
	if (!streq(json_str(json_map(object, "spec"), "restartPolicy"), "Never"))
		return 0;
	cleanup_close int state_fd = fs_open_dir(p->control->state_fd, p->uid, 0700);
	int r = state_fd < 0 ? state_fd
			     : fs_write_atomic(state_fd, POD_STARTED_MARK, "", 0, 0600, FS_SYNC);

	return r < 0 ? err_errno(e, r, "noting that the pod was started") : 0;
}

/* The agent that made it was killed before the pod had its address, which is in the plan only: it is made anew. */
static int start_over(struct pod *p)
{
	const struct link_message m = {.type = LINK_STOP};

	if (pod_send(p, &m, -1) < 0)
		pod_lost(p);
	else
		p->stage = POD_LEAVING;
	return 1;
}

int pod_connect(struct pod *p, const json_t *object)
{
	struct control *c = p->control;
	struct err e = {0};

	if (c->o.net && !p->host_network && !p->address)
		return start_over(p);
	int r = build_payload(p, object, &e);
	if (r < 0)
		return cannot_compile(p, r, &e);
	if (!p->host_network && c->o.net)
		r = net_pod_up(c->o.net, p->netns_fd, p->uid, p->address, &e);
	else if (!p->host_network)
		r = net_loopback_up(p->netns_fd, &e);
	if (r >= 0)
		r = mark_start(p, object, &e);
	if (r < 0) {
		(void)cannot_launch(p, &e);
		pod_lost(p);
		return 1;
	}
	r = pod_send_payload(p, LINK_START, p->payload);
	if (r == -EAGAIN) {
		pod_mark_at(p, control_now(c) + AGAIN_MS * NS_PER_MS);
		return 0;
	}
	if (r < 0) {
		pod_lost(p);
		return 1;
	}
	p->payload_hash = pod_payload_digest(p->payload);
	json_drop(take(p->payload));
	p->stage = POD_STARTED;
	pod_mark_report(p);
	return 1;
}
