/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that the API starts in running containers: asked of the pod's shim, which tells when they run and how they
 * end. Must hold: `ended` is called once for each exec that was not freed before, whatever happens to the shim.
 */
#include "agent/control/pod.h"

#include "runtime/base/msg.h"

#include <fcntl.h>

struct control_exec {
	struct pod *pod; /* NULL: it has ended */
	struct control_exec *next;
	struct control_exec_calls calls;
	uint64_t id;
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
	/* The callee may free it here. */
	x->calls.ended(x->calls.data, exit_code, e);
}

void exec_message(struct pod *p, struct link_message *m, int *own_tty_fd)
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
	} else {
		x->calls.started(x->calls.data, *own_tty_fd >= 0 ? take_fd(*own_tty_fd) : -1);
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

/* ---- start -------------------------------------------------------------------------------------------- */

/* The three streams; what the caller does not have is /dev/null. */
static int send_request(
	struct pod *p, const struct control_exec_request *r, const struct link_message *m)
{
	cleanup_free char *text = link_encode(m);
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct msg_fds fds = {.n = r->tty ? 0 : ARRAY_SIZE(r->fds)};

	if (null < 0)
		return -errno;
	for (size_t i = 0; i < fds.n; i++)
		fds.fd[i] = r->fds[i] >= 0 ? r->fds[i] : null;
	return msg_send(p->sock, text, strlen(text), &fds);
}

static size_t count_execs(const struct pod *p)
{
	size_t n = 0;

	for (const struct control_exec *x = p->execs; x; x = x->next)
		n++;
	return n;
}

int control_exec_start(struct control *c, const struct control_exec_request *request,
	const struct control_exec_calls *calls, struct control_exec **ret, struct err *e)
{
	struct pod *p = pod_find_named(c, request->ns, request->pod);
	cleanup_json json_t *object = NULL;

	if (!p || pod_object(p, &object) < 0)
		return err_set(e, -ENOENT, "pods \"%s\" not found", request->pod);
	const char *container = request->container ? request->container : default_container(object);
	int r = check_running(p, object, container, e);
	if (r < 0)
		return r;
	if (count_execs(p) >= LINK_EXECS_MAX) {
		(void)err_set(
			e, -EBUSY, "pod %s has %d running execs: no more", p->name, LINK_EXECS_MAX);
		return err_reason(e, "TooManyRequests");
	}
	cleanup_free char *name = xstrdup(container);
	const struct link_message m = {.type = LINK_EXEC,
		.id = ++c->next_exec_id,
		.container = name,
		.argv = (char **)(uintptr_t)request->argv,
		.n_argv = request->n_argv,
		.tty = request->tty,
		.rows = request->rows,
		.columns = request->columns,
		.timeout_ns = request->timeout_ns};
	r = send_request(p, request, &m);
	if (r < 0)
		return err_errno(e, r, "asking the pod's shim");
	struct control_exec *x = xcalloc(1, sizeof(*x));
	*x = (struct control_exec){.pod = p, .next = p->execs, .calls = *calls, .id = m.id};
	p->execs = x;
	*ret = x;
	return 0;
}

void control_exec_free(struct control_exec *own_exec)
{
	if (!own_exec)
		return;
	if (own_exec->pod) {
		struct link_message m = {.type = LINK_EXEC_KILL, .id = own_exec->id};
		(void)pod_send(own_exec->pod, &m, -1);
		unlink_exec(own_exec);
	}
	free(own_exec);
}
