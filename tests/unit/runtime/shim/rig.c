/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/runtime/shim/rig.h"

#include "cgroups/group.h"
#include "cgroups/kill.h"
#include "cgroups/members.h"
#include "runtime/base/clock.h"
#include "runtime/plan/record.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char runc[] = "/usr/sbin/runc", busybox[] = "/bin/busybox";

/* BERTH_SHIM: another build of it, with a sanitizer. */
static const char *shim_path(void)
{
	const char *path = getenv("BERTH_SHIM");

	return path ? path : "build/berth-shim";
}

bool rig_usable(void)
{
	return geteuid() == 0 && access(runc, X_OK) == 0 && access(busybox, X_OK) == 0 &&
	       access(shim_path(), X_OK) == 0;
}

static void copy_busybox(int bin_fd)
{
	static const char *const applets[] = {"sh", "echo", "cat", "sleep", "ls", "id", "mount",
		"touch", "dd", "head", "tail", "yes", "true", "false", "kill", "printf", "stat",
		"grep", "wc", "ps", "hostname", "seq", "mkdir", "rm", "ln", "readlink", "env",
		"tty", "ip", "nc", "test", "cut", "sed"};
	cleanup_free char *bytes = NULL;
	size_t n;

	assert_int_equal(fs_read(AT_FDCWD, busybox, 8 << 20, &bytes, &n), 0);
	assert_int_equal(fs_write_atomic(bin_fd, "busybox", bytes, n, 0755, FS_NO_SYNC), 0);
	for (size_t i = 0; i < sizeof applets / sizeof applets[0]; i++)
		assert_int_equal(symlinkat("busybox", bin_fd, applets[i]), 0);
}

static void make_image(struct rig *r)
{
	static const char passwd[] = "root:x:0:0::/:/bin/sh\nwww:x:1000:1000::/:/bin/sh\n";
	static const char *const dirs[] = {"images/layers/base/dev", "images/layers/base/proc",
		"images/layers/base/sys", "images/layers/base/tmp", "images/layers/top"};
	cleanup_close int bin = fs_open_dir(r->dir.fd, "images/layers/base/bin", 0755);
	cleanup_close int etc = fs_open_dir(r->dir.fd, "images/layers/base/etc", 0755);

	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		assert_int_equal(fs_mkdir_p(r->dir.fd, dirs[i], 0755), 0);
	copy_busybox(bin);
	assert_int_equal(
		fs_write_atomic(etc, "passwd", passwd, sizeof passwd - 1, 0644, FS_NO_SYNC), 0);
}

static char *mountinfo(void)
{
	char *text;

	assert_int_equal(fs_read(AT_FDCWD, "/proc/self/mountinfo", 8 << 20, &text, NULL), 0);
	return text;
}

/* What a failed test has left: its rig itself is gone with the stack. */
static struct {
	struct child shim;
	char uid[64];
	bool open;
} left;

void rig_open(struct rig *r)
{
	static unsigned count;
	struct plan *p;

	*r = (struct rig){.sock = -EBADF,
		.netns = -EBADF,
		.listener = -EBADF,
		.shim = {.pid = -1, .pidfd = -EBADF},
		.payload = payload_new()};
	scratch_open(&r->dir);
	make_image(r);
	(void)snprintf(r->uid, sizeof r->uid, "unit-%d-%u", getpid(), count++);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fs_mkdir_p(r->dir.fd,
					 (const char *const[]){"state", "run", "logs"}[i], 0700),
			0);
	p = r->plan = plan_new();
	p->uid = xstrdup(r->uid);
	p->name = xstrdup("pod");
	p->namespace = xstrdup("default");
	p->hostname = xstrdup("pod-host");
	p->runtime = xstrdup(runc);
	p->runner_program = realpath("build/berth-runner", NULL);
	p->image_dir = xasprintf("%s/images", r->dir.path);
	p->cgroup_base = xstrdup(RIG_CGROUP);
	p->log_dir = xasprintf("%s/logs/pod", r->dir.path);
	p->hosts = xstrdup("127.0.0.1 localhost\n10.0.0.1 pod-host\n");
	p->resolv_conf = xstrdup("nameserver 10.0.0.53\n");
}

static char **words(const char *const *from, size_t *ret_n)
{
	size_t n = 0;
	char **to;

	while (from[n])
		n++;
	to = xcalloc(n + 1, sizeof *to);
	for (size_t i = 0; i < n; i++)
		to[i] = xstrdup(from[i]);
	*ret_n = n;
	return to;
}

struct plan_container *rig_containers(struct rig *r, size_t n)
{
	static const char *const layers[] = {"layers/top", "layers/base", NULL};
	struct plan_container *c = plan_add_containers(r->plan, n);

	for (size_t i = 0; i < n; i++) {
		c[i].layers = words(layers, &c[i].n_layers);
		c[i].caps = 0xa80425fb & ~(1u << 13);
		c[i].termination_path = xstrdup("/dev/termination-log");
	}
	return c;
}

void rig_script(struct plan_container *c, const char *name, const char *script)
{
	c->name = xstrdup(name);
	c->argv = words((const char *const[]){"/bin/sh", "-c", script, NULL}, &c->n_argv);
}

void rig_env(struct plan_container *c, const char *const *env)
{
	c->env = words(env, &c->n_env);
}

static void write_plan(struct rig *r)
{
	cleanup_json json_t *j = plan_encode(r->plan);
	cleanup_free char *text = json_text(j);
	cleanup_close int dir = openat(r->dir.fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(
		fs_write_atomic(dir, "plan.json", text, strlen(text), 0600, FS_NO_SYNC), 0);
}

void rig_connect(struct rig *r)
{
	cleanup_close int dir = openat(r->dir.fd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sockaddr_un address;

	rig_disconnect(r);
	r->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(fs_socket_address(dir, "shim.sock", &address), 0);
	assert_int_equal(connect(r->sock, (struct sockaddr *)&address, sizeof address), 0);
	assert_non_null(rig_reply(r, LINK_SANDBOX, 10000));
	if (r->reply_fds.n) {
		if (r->netns >= 0)
			(void)close(r->netns);
		r->netns = r->reply_fds.fd[0];
		r->reply_fds.n = 0;
	}
}

void rig_disconnect(struct rig *r)
{
	if (r->sock >= 0)
		(void)close(r->sock);
	r->sock = -EBADF;
}

void rig_spawn(struct rig *r)
{
	cleanup_free char *path = realpath(shim_path(), NULL);
	cleanup_close int state = openat(r->dir.fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_close int run = openat(r->dir.fd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *argv[] = {path, NULL};
	struct sockaddr_un address;
	struct spawn s = {.argv = argv, .n_fds = 4};
	struct err e = {0};

	write_plan(r);
	r->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(fs_socket_address(run, "shim.sock", &address), 0);
	assert_int_equal(bind(r->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(r->listener, 4), 0);
	s.fds[0] = (struct spawn_fd){r->listener, LINK_FD_SOCKET};
	s.fds[1] = (struct spawn_fd){state, LINK_FD_STATE};
	s.fds[2] = (struct spawn_fd){run, LINK_FD_RUN};
	s.fds[3] = (struct spawn_fd){STDERR_FILENO, STDERR_FILENO};
	if (spawn(&s, &r->shim, &e) < 0)
		fail_msg("%s", err_text(&e));
	left.shim = r->shim;
	left.open = true;
	memcpy(left.uid, r->uid, sizeof left.uid);
	rig_connect(r);
}

void rig_send(struct rig *r, const struct link_message *m, const struct msg_fds *fds)
{
	cleanup_free char *text = link_encode(m);

	assert_int_equal(msg_send(r->sock, text, strlen(text), fds), 0);
}

void rig_send_start(struct rig *r)
{
	cleanup_msg_fds struct msg_fds fds = {{payload_seal(r->payload)}, 1};
	const struct link_message m = {.type = LINK_START};

	assert_true(fds.fd[0] >= 0);
	rig_send(r, &m, &fds);
}

void rig_start(struct rig *r)
{
	rig_spawn(r);
	rig_send_start(r);
}

/* One message. Returns false at the end of the stream or after @deadline_ns. */
static bool take_message(struct rig *r, uint64_t deadline_ns)
{
	uint64_t now = clock_now_ns(&clock_kernel);
	int wait_ms = deadline_ns > now ? (int)((deadline_ns - now) / NS_PER_MS) + 1 : 0;
	struct pollfd p = {.fd = r->sock, .events = POLLIN};
	static char buf[MSG_BYTES_MAX];
	struct link_message m = {0};
	struct msg_fds fds = {.n = 0};
	struct err e = {0};
	ssize_t n;

	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	n = msg_recv(r->sock, buf, sizeof buf, &fds);
	if (n <= 0)
		return false;
	if (link_decode((struct sv){buf, (size_t)n}, &m, &e) < 0)
		fail_msg("the shim sent %.*s: %s", (int)n, buf, err_text(&e));
	if (m.type == LINK_STATUS) {
		if (getenv("RIG_TRACE"))
			(void)fprintf(stderr, "%.*s\n", (int)n, buf);
		snapshot_free(r->snap);
		r->snap = take(m.status);
		r->stopped |= r->snap->phase == POD_STOPPED;
		link_message_done(&m);
		msg_fds_done(&fds);
	} else {
		link_message_done(&r->reply);
		msg_fds_done(&r->reply_fds);
		r->reply = m;
		r->reply_fds = fds;
	}
	return true;
}

void rig_wait(struct rig *r, bool (*is)(const struct pod_snapshot *), int timeout_ms)
{
	uint64_t deadline = clock_now_ns(&clock_kernel) + (uint64_t)timeout_ms * NS_PER_MS;

	while (!r->snap || !is(r->snap))
		if (!take_message(r, deadline)) {
			cleanup_json json_t *j =
				r->snap ? record_encode(&pod_snapshot_record, r->snap) : NULL;
			cleanup_free char *text = j ? json_text(j) : NULL;

			fail_msg("not within %d ms; the newest status: %s", timeout_ms,
				text ? text : "none");
		}
}

const struct link_message *rig_reply(struct rig *r, enum link_type type, int timeout_ms)
{
	uint64_t deadline = clock_now_ns(&clock_kernel) + (uint64_t)timeout_ms * NS_PER_MS;

	link_message_done(&r->reply);
	r->reply.type = LINK_STATUS;
	while (r->reply.type == LINK_STATUS)
		if (!take_message(r, deadline))
			fail_msg("no answer within %d ms", timeout_ms);
	if (r->reply.type != type)
		fail_msg("answer %s: %s", link_type_names[r->reply.type],
			r->reply.error ? r->reply.error : "");
	return &r->reply;
}

void rig_stop(struct rig *r, uint64_t grace_ns)
{
	const struct link_message m = {.type = LINK_STOP, .grace_ns = grace_ns};
	int status;

	rig_send(r, &m, NULL);
	while (take_message(r, clock_now_ns(&clock_kernel) + 20 * NS_PER_SEC))
		;
	assert_true(r->stopped);
	assert_int_equal(child_wait(&r->shim, 10000, &status), 0);
	assert_int_equal(status, 0);
}

bool rig_cgroup_exists(const char *path)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	bool there = false;

	assert_int_equal(cgroup_host_open(AT_FDCWD, &h), 0);
	for (int i = 0; i < h.n; i++)
		there |= faccessat(h.hierarchies[i].fd, path, F_OK, 0) == 0;
	cgroup_host_close(&h);
	return there;
}

static void remove_groups(const char *uid)
{
	struct cgroup_host h = CGROUP_HOST_NONE;
	char path[CGROUP_PATH_MAX];

	assert_int_equal(cgroup_host_open(AT_FDCWD, &h), 0);
	assert_int_equal(cgroup_path(path, sizeof path, RIG_CGROUP, uid, NULL), 0);
	(void)cgroup_kill(&h, path);
	(void)cgroup_wait_empty(&h, path, 5000);
	assert_int_equal(cgroup_remove(&h, path), 0);
	assert_int_equal(cgroup_shim_path(path, sizeof path, RIG_CGROUP, uid), 0);
	(void)cgroup_kill(&h, path);
	(void)cgroup_wait_empty(&h, path, 5000);
	assert_int_equal(cgroup_remove(&h, path), 0);
	cgroup_host_close(&h);
}

int rig_teardown(void **state)
{
	(void)state;
	if (left.open) {
		if (kill(left.shim.pid, 0) == 0)
			child_kill(&left.shim);
		remove_groups(left.uid);
	}
	left.open = false;
	return 0;
}

void rig_assert_no_mounts(const struct rig *r)
{
	cleanup_free char *text = mountinfo();

	assert_null(strstr(text, r->dir.path));
}

void rig_close(struct rig *r)
{
	if (r->stopped) { /* it must have removed the pod's group itself (R27) */
		cleanup_free char *path = xasprintf("%s/%s", RIG_CGROUP, r->uid);

		assert_false(rig_cgroup_exists(path));
	}
	child_kill(&r->shim);
	remove_groups(r->uid);
	left.open = false;
	rig_disconnect(r);
	if (r->netns >= 0)
		(void)close(r->netns);
	if (r->listener >= 0)
		(void)close(r->listener);
	rig_assert_no_mounts(r);
	snapshot_free(r->snap);
	link_message_done(&r->reply);
	msg_fds_done(&r->reply_fds);
	plan_free(r->plan);
	json_decref(r->payload);
	scratch_close(&r->dir);
}

/* ---- logs ------------------------------------------------------------------------------------------- */

char *rig_raw_log(const struct rig *r, const char *container, const char *file)
{
	cleanup_free char *path = xasprintf("logs/pod/%s/%s", container, file);
	char *text = NULL;

	if (fs_read(r->dir.fd, path, 256 << 20, &text, NULL) < 0)
		return xstrdup("");
	return text;
}

char *rig_log(const struct rig *r, const char *container, unsigned run)
{
	cleanup_free char *file = xasprintf("%u.log", run);
	cleanup_free char *raw = rig_raw_log(r, container, file);
	struct sv rest = {raw, strlen(raw)};
	struct str text = {0};

	while (rest.n) {
		struct sv line = sv_cut(&rest, '\n'), tag;

		(void)sv_cut(&line, ' ');
		(void)sv_cut(&line, ' ');
		tag = sv_cut(&line, ' ');
		str_addn(&text, line.p, line.n);
		if (sv_eq(tag, "F"))
			str_add(&text, "\n");
	}
	return str_take(&text);
}

void rig_wait_log(struct rig *r, const char *container, unsigned run, const char *wanted)
{
	cleanup_free char *log = NULL;

	for (int i = 0; i < 500; i++) {
		free(log);
		log = rig_log(r, container, run);
		if (streq(log, wanted))
			return;
		(void)usleep(20000);
	}
	assert_string_equal(log, wanted);
}

/* ---- conditions ------------------------------------------------------------------------------------- */

static bool all(const struct pod_snapshot *s, enum container_state state)
{
	for (size_t i = 0; i < s->n_containers; i++)
		if (s->containers[i].state != state)
			return false;
	return true;
}

bool rig_all_running(const struct pod_snapshot *s)
{
	return all(s, CONTAINER_RUNNING);
}

bool rig_all_terminated(const struct pod_snapshot *s)
{
	return all(s, CONTAINER_TERMINATED);
}

bool rig_first_terminated(const struct pod_snapshot *s)
{
	return s->containers[0].state == CONTAINER_TERMINATED;
}

bool rig_first_restarted(const struct pod_snapshot *s)
{
	return s->containers[0].state == CONTAINER_RUNNING && s->containers[0].restart_count > 0;
}

bool rig_first_backs_off(const struct pod_snapshot *s)
{
	return s->containers[0].next_start_at != 0;
}

bool rig_has_message(const struct pod_snapshot *s)
{
	return s->message != NULL;
}

bool rig_first_waits_with_text(const struct pod_snapshot *s)
{
	return s->containers[0].state == CONTAINER_WAITING && s->containers[0].message != NULL;
}
