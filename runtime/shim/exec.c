/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command in a running container (safety R18, R19). The runtime starts it detached, with descriptors that the agent
 * handed over, so that not a byte of its streams passes through the shim; with a terminal, the runtime sends the
 * master, and the agent gets it. The process becomes the shim's child: its exit code is heard first hand, and a
 * time-out or a lost agent kills it, not the runtime's process.
 */
#include "runtime/shim/exec.h"
#include "runtime/base/fs.h"
#include "runtime/base/json.h"
#include "runtime/base/msg.h"
#include "runtime/base/spawn.h"
#include "runtime/bundle/bundle.h"
#include "runtime/runc/runc.h"
#include "runtime/shim/agent.h"
#include "runtime/shim/console.h"
#include "runtime/shim/launch.h"
#include "runtime/shim/message.h"
#include "runtime/shim/reap.h"
#include "runtime/shim/shim.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void name_of(const struct exec *x, const char *what, char *buf, size_t size)
{
	(void)snprintf(buf, size, "exec-%u.%s", x->number, what);
}

/* ---- answers ---------------------------------------------------------------------------------------- */

static void answer_error(struct shim *s, uint64_t id, const char *text)
{
	struct link_message m = {.type = LINK_EXEC, .id = id};
	cleanup_free char *copy = message_text(text, strlen(text));

	m.error = copy;
	agent_send(s, &m, NULL);
}

static void remove_exec(struct exec *x)
{
	static const char *const files[] = {"json", "pid", "log", "sock"};
	struct exec **slot = &x->shim->execs;
	char name[32];

	while (*slot && *slot != x)
		slot = &(*slot)->next;
	if (*slot)
		*slot = x->next;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		name_of(x, files[i], name, sizeof name);
		(void)unlinkat(x->run_fd, name, 0);
	}
	if (x->console_fd >= 0)
		(void)close(x->console_fd);
	if (x->pidfd >= 0)
		(void)close(x->pidfd);
	if (x->run_fd >= 0)
		(void)close(x->run_fd);
	free(x);
}

bool exec_owns(const struct shim *s, pid_t pid)
{
	for (const struct exec *x = s->execs; x; x = x->next)
		if (x->pid == pid)
			return true;
	return false;
}

/* Removes it and tells who waits for it. */
static void finish(struct exec *x, const struct exec_end *end)
{
	const struct exec old = *x;
	struct link_message m = {
		.type = LINK_EXEC, .id = old.id, .ended = true, .exit_code = end->exit_code};
	char text[] = "the command took too long and was killed";

	m.error = old.timed_out ? text : NULL;
	remove_exec(x);
	if (!old.own && end->error)
		answer_error(old.shim, old.id, end->error);
	else if (!old.own)
		agent_send(old.shim, &m, NULL);
	else if (old.ended)
		old.ended(old.data, end);
}

bool exec_reap(struct shim *s)
{
	for (struct exec *x = s->execs; x; x = x->next) {
		int status;

		if (!x->pid || waitpid(x->pid, &status, WNOHANG) != x->pid)
			continue;
		finish(x, &(const struct exec_end){.exit_code = WIFSIGNALED(status)
									? 128 + WTERMSIG(status)
									: WEXITSTATUS(status)});
		return true;
	}
	return false;
}

/* ---- in the child ----------------------------------------------------------------------------------- */

static int write_process(const struct exec *x, const struct link_message *m, struct err *e)
{
	enum { CONFIG_MAX = 8 << 20 };
	const struct bundle_exec how = {
		.argv = m->argv,
		.n_argv = m->n_argv,
		.env = m->env,
		.n_env = m->n_env,
		.cwd = m->cwd,
		.tty = m->tty,
		.rows = m->rows,
		.columns = m->columns,
	};
	cleanup_free char *text = NULL;
	cleanup_free char *out = NULL;
	cleanup_json json_t *config = NULL, *process = NULL;
	char name[32];
	size_t n;
	int r = fs_read(x->run_fd, "config.json", CONFIG_MAX, &text, &n);

	if (r == 0)
		r = json_parse_max((struct sv){text, n}, CONFIG_MAX, &config, e);
	if (r < 0)
		return err_errno(e, r, "reading the container's config.json");
	process = bundle_exec(config, &how);
	if (!process)
		return err_set(e, -EBADMSG, "the container's config.json has no process");
	out = json_text(process);
	name_of(x, "json", name, sizeof name);
	r = fs_write_atomic(x->run_fd, name, out, strlen(out), 0600, FS_NO_SYNC);
	return r < 0 ? err_errno(e, r, "writing process.json") : 0;
}

static char *file_path(const struct exec *x, const char *what)
{
	char name[32];

	name_of(x, what, name, sizeof name);
	return xasprintf("%s/run/%s/%s", x->shim->private_path, x->container_id, name);
}

_Noreturn static void exec_child(
	const struct exec *x, const struct link_message *m, const struct msg_fds *fds, pid_t shim)
{
	const char *argv[RUNC_ARGV_MAX];
	char console[64], name[32];
	struct runc rc = {
		.program = x->shim->runtime,
		.root = xasprintf("%s/runc", x->shim->private_path),
		.log = file_path(x, "log"),
		.id = x->container_id,
		.pid_file = file_path(x, "pid"),
		.process = file_path(x, "json"),
	};
	struct spawn sp = {.argv = argv};
	char kept[24];
	int report = x->launch.report_fd, r;
	struct err e = {0};

	if (write_process(x, m, &e) < 0)
		job_fail(report, "ExecError", &e);
	/* Short enough for a socket's address, whatever the root prefix is. */
	name_of(x, "sock", name, sizeof name);
	(void)snprintf(console, sizeof console, "/proc/%d/fd/%d/%s", shim, x->run_fd, name);
	if (m->tty)
		rc.console_socket = console;
	(void)snprintf(kept, sizeof kept, "%zu", fds->n > 3 ? fds->n - 3 : 0);
	if (fds->n > 3)
		rc.preserve_fds = kept;
	for (size_t i = 0; i < fds->n; i++)
		sp.fds[sp.n_fds++] = (struct spawn_fd){fds->fd[i], (int)i};
	(void)runc_argv(RUNC_EXEC, &rc, argv);
	r = spawn_become(&sp, &report);
	(void)err_errno(&e, r, "running %s", rc.program);
	job_fail(report, "ExecError", &e);
}

/* ---- in the shim ------------------------------------------------------------------------------------- */

static void kill_it(struct exec *x)
{
	x->killed = true;
	/* Its process group, too: the runtime has made it the leader, and not reaped, its number is nobody else's. */
	if (x->pid > 0)
		(void)kill(-x->pid, SIGKILL);
	if (x->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, x->pidfd, SIGKILL, NULL, 0);
}

static void exec_launched(struct shim *s, struct job *j, int status, const struct failure *f)
{
	struct exec *x = j->data;
	cleanup_msg_fds struct msg_fds terminal = {.n = 0};
	struct link_message m = {.type = LINK_EXEC, .id = x->id};
	char path[CONTAINER_ID_MAX + 64], log[32], text[512];
	pid_t pid = 0;

	name_of(x, "pid", log, sizeof log);
	(void)snprintf(path, sizeof path, "run/%s/%s", x->container_id, log);
	x->pidfd = f->reason[0] && !j->timed_out ? -EBADF : launch_adopt(s, path, &pid);
	if (x->pidfd < 0 || status != 0) {
		name_of(x, "log", log, sizeof log);
		if (f->text[0])
			(void)snprintf(text, sizeof text, "%s", f->text);
		else if (!runc_error(x->run_fd, log, text, sizeof text)[0])
			(void)snprintf(text, sizeof text, "%s", "the runtime could not start it");
		kill_it(x);
		if (j->timed_out)
			reap_kill_strays(s);
		finish(x, &(const struct exec_end){.error = text});
		return;
	}
	x->pid = pid;
	x->deadline_ns = x->timeout_ns ? shim_now(s) + x->timeout_ns : UINT64_MAX;
	if (x->killed)
		kill_it(x);
	if (x->own)
		return;
	if (x->console_fd >= 0) {
		terminal.fd[0] = console_take(x->console_fd);
		terminal.n = terminal.fd[0] >= 0;
	}
	if (x->console_fd >= 0 && !terminal.n) {
		answer_error(s, x->id, "the runtime sent no terminal");
		kill_it(x);
		return;
	}
	m.pid = pid;
	agent_send(s, &m, &terminal);
}

static int listen_console(struct exec *x)
{
	char name[32];

	name_of(x, "sock", name, sizeof name);
	x->console_fd = console_listen(x->run_fd, name);
	return x->console_fd < 0 ? x->console_fd : 0;
}

static struct container *find_running(struct shim *s, const char *name)
{
	for (size_t i = 0; name && i < s->n_containers; i++)
		if (streq(s->containers[i].name, name) && s->containers[i].step == STEP_RUN)
			return &s->containers[i];
	return NULL;
}

static const char *refusal(const struct shim *s, const struct link_message *m,
	const struct msg_fds *fds, const struct container *c)
{
	size_t n = 0;

	for (const struct exec *x = s->execs; x; x = x->next)
		n += !x->own;
	if (!m->id || !m->n_argv)
		return "an exec needs an id and a command";
	if (!c)
		return "the container is not running";
	if (n >= LINK_EXECS_MAX)
		return "too many commands are running in this pod";
	if (fds->n != (m->tty ? 0 : 3))
		return "an exec needs three descriptors, or none with a terminal";
	return NULL;
}

/* @fresh: what the new one is to be, but for what is made here. */
static int start(struct shim *s, const struct container *c, const struct link_message *m,
	const struct msg_fds *fds, const struct exec *fresh, struct exec **ret)
{
	struct exec *x = xcalloc(1, sizeof *x);
	char path[CONTAINER_ID_MAX + 16];
	pid_t shim = getpid();
	int r;

	*x = *fresh;
	x->next = s->execs;
	x->shim = s;
	x->pidfd = x->console_fd = -EBADF;
	x->deadline_ns = UINT64_MAX;
	x->number = s->exec_number++;
	s->execs = x;
	memcpy(x->container_id, c->id, sizeof x->container_id);
	(void)snprintf(path, sizeof path, "run/%s", c->id);
	x->run_fd = fs_open_beneath(s->private_fd, path, O_RDONLY | O_DIRECTORY, 0);
	r = x->run_fd < 0 ? x->run_fd : m->tty ? listen_console(x) : 0;
	x->launch.data = x;
	x->launch.ended = exec_launched;
	if (r == 0)
		r = job_start(s, &x->launch, s->timeout_ns);
	if (r == 0)
		exec_child(x, m, fds, shim);
	if (r < 0)
		remove_exec(x);
	else
		*ret = x;
	return r < 0 ? r : 0;
}

void exec_start(struct shim *s, const struct link_message *m, struct msg_fds *fds)
{
	const struct container *c = find_running(s, m->container);
	const struct exec fresh = {.id = m->id, .timeout_ns = m->timeout_ns};
	const char *why = refusal(s, m, fds, c);
	struct exec *x;
	int r = why ? 0 : start(s, c, m, fds, &fresh, &x);

	if (r < 0)
		why = strerror(-r);
	if (why)
		answer_error(s, m->id, why);
}

int exec_own(struct shim *s, const struct container *c, const struct link_message *m,
	const struct msg_fds *fds, exec_fn fn, void *data, struct exec **ret)
{
	return start(
		s, c, m, fds, &(const struct exec){.own = true, .ended = fn, .data = data}, ret);
}

void exec_cancel(struct exec *x)
{
	kill_it(x);
}

void exec_forget(struct exec *x)
{
	x->ended = NULL;
	kill_it(x);
}

void exec_kill(struct shim *s, uint64_t id)
{
	for (struct exec *x = s->execs; x; x = x->next)
		if (!x->own && x->id == id)
			kill_it(x);
}

void exec_kill_all(struct shim *s)
{
	for (struct exec *x = s->execs; x; x = x->next)
		if (!x->own)
			kill_it(x);
}

void exec_timers(struct shim *s, uint64_t now_ns)
{
	for (struct exec *x = s->execs; x; x = x->next)
		if (now_ns >= x->deadline_ns) {
			x->deadline_ns = UINT64_MAX;
			x->timed_out = true;
			kill_it(x);
		}
}

uint64_t exec_deadline(const struct shim *s)
{
	uint64_t at = UINT64_MAX;

	for (const struct exec *x = s->execs; x; x = x->next)
		if (x->deadline_ns < at)
			at = x->deadline_ns;
	return at;
}
