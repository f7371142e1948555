/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams between the API and a pod: processes started in running containers, attaches to containers, connections to the
 * pod's loopback. All are asked of the pod's shim, which tells when they stand and how they end.
 *
 * Must hold: `ended` is called once for each that was not freed before, whatever happens to the shim; and what was freed
 * does not go on in the shim: when its line has no room, the word waits (safety R19).
 */
#include "agent/control/pod.h"

#include "runtime/base/msg.h"

#include <fcntl.h>

struct control_exec {
	struct pod *pod; /* NULL: it has ended */
	struct control_exec *next;
	struct control_exec_calls calls;
	enum control_exec_kind kind;
	uint64_t id;
	bool input_ends; /* attach: the container hears of the end of its stdin */
	bool freed;	 /* nobody is there to call; it waits for room on the line to say so */
};

static void unlink_exec(struct control_exec *x)
{
	if (!x->pod)
		return;
	struct control_exec **at = &x->pod->execs;
	while (*at && *at != x)
		at = &(*at)->next;
	if (*at)
		*at = x->next;
	x->pod = NULL;
}

static struct control_exec *find(struct pod *p, uint64_t id)
{
	struct control_exec *x = p->execs;

	while (x && x->id != id)
		x = x->next;
	return x;
}

static void end(struct control_exec *x, int exit_code, const struct err *e)
{
	unlink_exec(x);
	if (x->freed) {
		free(x);
		return;
	}
	/* The callee may free it here. */
	x->calls.ended(x->calls.data, exit_code, e);
}

void exec_message(struct pod *p, struct link_message *m, int *own_fd)
{
	struct control_exec *x = find(p, m->id);
	struct err e = {0};

	if (!x)
		return;
	if (m->error) {
		(void)err_set(&e, -EIO, "%s", m->error);
		end(x, -1, &e);
	} else if (m->ended) {
		end(x, m->exit_code, NULL);
	} else if (!x->freed) {
		x->calls.started(x->calls.data, *own_fd >= 0 ? take_fd(*own_fd) : -1);
	}
}

void exec_end_all(struct pod *p, const char *why)
{
	while (p->execs) {
		struct err e = {0};
		(void)err_set(&e, -EPIPE, "%s", why);
		end(p->execs, -1, &e);
	}
}

/* ---- which container ------------------------------------------------------------------------------------ */

#define DEFAULT_CONTAINER "kubectl.kubernetes.io/default-container"

static const char *default_container(const json_t *object)
{
	const char *name =
		json_str(json_at(object, "metadata", "annotations", NULL), DEFAULT_CONTAINER);
	const json_t *first = json_array_get(json_at(object, "spec", "containers", NULL), 0);

	return name ? name : json_str_or(first, "name", "");
}

static const char *state_word(const struct container_snapshot *s)
{
	static const char *const words[CONTAINER_STATE_MAX] = {
		"is waiting to start", "is running", "has terminated"};
	return s ? words[s->state] : "has not been started yet";
}

static int check_running(
	const struct pod *p, const json_t *object, const char *container, struct err *e)
{
	const struct container_snapshot *s = NULL;
	bool known = false;

	for (size_t i = 0; i < pod_container_count(object); i++)
		known |= streq(json_str(pod_container(object, i, NULL), "name"), container);
	if (!known) {
		(void)err_set(
			e, -ENOENT, "container %s is not valid for pod %s", container, p->name);
		return err_reason(e, "BadRequest");
	}
	for (size_t i = 0; p->snapshot && i < p->snapshot->n_containers; i++)
		if (streq(p->snapshot->containers[i].name, container))
			s = &p->snapshot->containers[i];
	/* There is a process, too, while its postStart hook keeps it from counting as running. */
	if (s && (s->state == CONTAINER_RUNNING || s->pid) && p->sock >= 0)
		return 0;
	(void)err_set(e, -EAGAIN, "container %s of pod %s %s%s%s", container, p->name,
		state_word(s), s && s->reason ? ": " : "", s && s->reason ? s->reason : "");
	return err_reason(e, "Conflict");
}

static const json_t *container_spec(const json_t *object, const char *name)
{
	const json_t *container;

	for (size_t i = 0; i < pod_container_count(object); i++) {
		container = pod_container(object, i, NULL);
		if (streq(json_str(container, "name"), name))
			return container;
	}
	return NULL;
}

/* ---- start -------------------------------------------------------------------------------------------- */

/* The streams; what the caller does not have is /dev/null. With a terminal an attach has one, and an exec none. */
static int send_request(struct pod *p, const struct control_exec_request *r,
	const struct link_message *m, size_t first, size_t n)
{
	cleanup_free char *text = link_encode(m);
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct msg_fds fds = {.n = n};

	if (null < 0)
		return -errno;
	for (size_t i = 0; i < n; i++)
		fds.fd[i] = r->fds[first + i] >= 0 ? r->fds[first + i] : null;
	return msg_send(p->sock, text, strlen(text), &fds);
}

static size_t count_execs(const struct pod *p)
{
	size_t n = 0;

	for (const struct control_exec *x = p->execs; x; x = x->next)
		n++;
	return n;
}

static int ask_exec(
	struct pod *p, const struct control_exec_request *r, char *container, uint64_t id)
{
	const struct link_message m = {.type = LINK_EXEC,
		.id = id,
		.container = container,
		.argv = (char **)(uintptr_t)r->argv,
		.n_argv = r->n_argv,
		.tty = r->tty,
		.rows = r->rows,
		.columns = r->columns,
		.timeout_ns = r->timeout_ns};

	return send_request(p, r, &m, 0, r->tty ? 0 : ARRAY_SIZE(r->fds));
}

static int ask_attach(
	struct pod *p, const struct control_exec_request *r, char *container, uint64_t id, bool tty)
{
	const struct link_message m = {
		.type = LINK_ATTACH, .id = id, .container = container, .stdin = r->in};

	return send_request(p, r, &m, 1, tty ? 1 : 2);
}

static int ask_dial(struct pod *p, const struct control_exec_request *r, uint64_t id)
{
	const struct link_message m = {.type = LINK_DIAL, .id = id, .port = r->port};

	return send_request(p, r, &m, 0, 0);
}

/* What a dial needs is the pod, not a container of it. */
static int check_sandbox(const struct pod *p, const json_t *object, struct err *e)
{
	if (p->sock >= 0 && p->sandbox && p->stage != POD_DYING)
		return 0;
	(void)err_set(e, -EAGAIN,
		"unable to forward port because pod is not running. Current status=%s",
		json_str_or(json_map(object, "status"), "phase", "Pending"));
	return err_reason(e, "Conflict");
}

static int check_input(const struct control_exec_request *r, const json_t *container, struct err *e)
{
	if (r->kind != CONTROL_ATTACH || !r->in || json_flag(container, "stdin", false))
		return 0;
	(void)err_set(e, -EINVAL,
		"container %s has no standard input to attach to: its spec does not set stdin; "
		"attach without -i",
		json_str_or(container, "name", ""));
	return err_reason(e, "BadRequest");
}

static int ask(
	struct pod *p, const struct control_exec_request *q, char *name, bool tty, uint64_t id)
{
	switch (q->kind) {
	case CONTROL_ATTACH:
		return ask_attach(p, q, name, id, tty);
	case CONTROL_DIAL:
		return ask_dial(p, q, id);
	case CONTROL_EXEC:
	default:
		return ask_exec(p, q, name, id);
	}
}

/* What a request is about. The container is borrowed from the object; NULL: none, and a dial needs none. */
struct exec_subject {
	struct pod *pod;
	json_t *object;
	const json_t *container;
};

/* 0, or why the request cannot be granted now. @ret->object is the caller's in any case. */
static int check(struct control *c, const struct control_exec_request *q, struct exec_subject *ret,
	struct err *e)
{
	const char *name;
	int r;

	*ret = (struct exec_subject){.pod = pod_find_named(c, q->ns, q->pod)};
	if (!ret->pod || pod_object(ret->pod, &ret->object) < 0)
		return err_set(e, -ENOENT, "pods \"%s\" not found", q->pod);
	if (count_execs(ret->pod) >= LINK_EXECS_MAX) {
		(void)err_set(e, -EBUSY,
			"pod %s has %d streams of exec, attach and port-forward: no more",
			ret->pod->name, LINK_EXECS_MAX);
		return err_reason(e, "TooManyRequests");
	}
	if (q->kind == CONTROL_DIAL)
		return check_sandbox(ret->pod, ret->object, e);
	name = q->container ? q->container : default_container(ret->object);
	r = check_running(ret->pod, ret->object, name, e);
	if (r < 0)
		return r;
	ret->container = container_spec(ret->object, name);
	return check_input(q, ret->container, e);
}

int control_exec_check(struct control *c, const struct control_exec_request *request, struct err *e)
{
	struct exec_subject on;
	int r = check(c, request, &on, e);

	json_decref(on.object);
	return r;
}

int control_exec_start(struct control *c, const struct control_exec_request *request,
	const struct control_exec_calls *calls, struct control_exec **ret, struct err *e)
{
	cleanup_json json_t *object = NULL;
	cleanup_free char *name = NULL;
	struct control_exec *x;
	struct exec_subject on;
	int r = check(c, request, &on, e);
	bool tty = json_flag(on.container, "tty", false);

	object = on.object;
	if (r < 0)
		return r;
	name = xstrdup(json_str_or(on.container, "name", ""));
	r = ask(on.pod, request, name, tty, ++c->next_exec_id);
	if (r < 0)
		return err_errno(e, r, "asking the pod's shim");
	x = xcalloc(1, sizeof(*x));
	*x = (struct control_exec){.pod = on.pod,
		.next = on.pod->execs,
		.calls = *calls,
		.kind = request->kind,
		.id = c->next_exec_id,
		.input_ends = json_flag(on.container, "stdinOnce", false) && !tty};
	on.pod->execs = x;
	*ret = x;
	return 0;
}

/* ---- end ------------------------------------------------------------------------------------------------ */

bool control_exec_close_input(struct control_exec *x)
{
	const struct link_message m = {.type = LINK_DETACH, .id = x->id, .stdin = true};

	/* Without room on the line it stays open until the attach ends, whose word is waited for. */
	if (x->pod && x->kind == CONTROL_ATTACH)
		(void)pod_send(x->pod, &m, -1);
	return x->input_ends;
}

/* 0, or -EAGAIN: there is no room now. */
static int say_end(const struct control_exec *x)
{
	static const enum link_type types[] = {
		[CONTROL_EXEC] = LINK_EXEC_KILL, [CONTROL_ATTACH] = LINK_DETACH};
	struct link_message m = {.id = x->id};

	if (x->kind == CONTROL_DIAL)
		return 0;
	m.type = types[x->kind];
	return pod_send(x->pod, &m, -1) == -EAGAIN ? -EAGAIN : 0;
}

static void watch_room(const struct pod *p, bool wanted)
{
	if (p->sock_source)
		(void)sd_event_source_set_io_events(
			p->sock_source, EPOLLIN | (wanted ? EPOLLOUT : 0));
}

void exec_flush(struct pod *p)
{
	struct control_exec *x = p->execs, *next;
	bool more = false;

	for (; x; x = next) {
		next = x->next;
		if (!x->freed)
			continue;
		if (more || say_end(x) < 0) {
			more = true;
			continue;
		}
		unlink_exec(x);
		free(x);
	}
	watch_room(p, more);
}

void control_exec_free(struct control_exec *own_exec)
{
	if (!own_exec)
		return;
	if (own_exec->pod && say_end(own_exec) < 0) {
		own_exec->freed = true;
		watch_room(own_exec->pod, true);
		return;
	}
	unlink_exec(own_exec);
	free(own_exec);
}
