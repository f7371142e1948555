/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lifecycle hooks of a running container. A postStart hook that fails ends the container; a preStop hook has what there
 * is of the grace period, and whatever becomes of it the container gets its signal then, and two seconds at least.
 * At most one hook of a container works at a time; a stop ends a postStart hook.
 * Source: Kubernetes, "Container Lifecycle Hooks"; kubelet: words, order, the two seconds.
 */
#include "runtime/shim/hook.h"
#include "runtime/base/str.h"
#include "runtime/shim/command.h"
#include "runtime/shim/hook_request.h"
#include "runtime/shim/message.h"
#include "runtime/shim/pod.h"
#include "runtime/shim/shim.h"

enum { REQUEST_S = 120, BELIEF_MS = 100 };

static const struct plan_handler *handler_of(const struct container *c)
{
	return c->hook.turn == HOOK_POST_START ? &c->hook.post_start : &c->hook.pre_stop;
}

/* ---- the end of one ----------------------------------------------------------------------------------------- */

/* Whatever works for it is not heard any more. */
static void drop(struct container *c)
{
	struct hook *h = &c->hook;

	if (h->command)
		command_forget(take(h->command));
	if (h->job)
		hook_request_forget(take(h->job));
	free(take(h->fault));
	h->turn = HOOK_NONE;
	h->due_ns = UINT64_MAX;
}

/* As the kubelet says it. */
static char *describe(const struct container *c, const char *fault)
{
	const struct plan_handler *h = handler_of(c);
	cleanup_str struct str s = {0};

	if (h->kind == PLAN_HANDLER_EXEC)
		str_add(&s, "Exec lifecycle hook ([");
	else
		str_addf(&s, "%s lifecycle hook (%s", h->kind == PLAN_HANDLER_HTTP ? "HTTP" : "TCP",
			h->path ? h->path : "");
	for (size_t i = 0; i < h->n_argv; i++)
		str_addf(&s, "%s%s", i ? " " : "", h->argv[i]);
	str_addf(&s, "%s) for Container \"%s\" in Pod \"%s\" failed - error: %s",
		h->kind == PLAN_HANDLER_EXEC ? "]" : "", c->name, c->shim->title, fault);
	return message_text(s.p, s.n);
}

static void finish(struct container *c, const char *fault)
{
	struct hook *h = &c->hook;
	enum hook_turn turn = h->turn;
	cleanup_free char *text = fault ? describe(c, fault) : NULL;
	uint64_t wall = clock_wall_ns(c->shim->clock);

	drop(c);
	c->shim->changed = true;
	if (turn == HOOK_PRE_STOP) {
		if (text)
			h->pre_stop_failed_wall_ns = wall;
		h->stopped = true;
		container_spare(c);
		if (h->told)
			container_signal(c);
	} else if (text) {
		h->post_start_failed_wall_ns = wall;
		h->failed = true;
		container_fail(c, "PostStartHookError", text);
	}
	pod_advance(c->shim);
}

/* A container that is ending takes its commands along before it can be seen to end, and then it is no fault. */
static void suspect(struct container *c, const char *fault)
{
	c->hook.fault = xstrdup(fault);
	c->hook.due_ns = shim_now(c->shim) + BELIEF_MS * NS_PER_MS;
}

/* ---- the kinds ---------------------------------------------------------------------------------------------- */

/* As Go's %q has it, for the characters that are no text. */
static void add_quoted(struct str *s, const char *text)
{
	str_add(s, "\"");
	for (; *text; text++) {
		if (*text == '\n')
			str_add(s, "\\n");
		else if (*text == '\t')
			str_add(s, "\\t");
		else if (*text == '"' || *text == '\\')
			str_addf(s, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			str_addf(s, "\\x%02x", (unsigned)(unsigned char)*text);
		else
			str_addn(s, text, 1);
	}
	str_add(s, "\"");
}

static void command_over(struct shim *s, void *data, const struct command_end *end)
{
	struct container *c = data;
	const struct plan_handler *h = handler_of(c);
	cleanup_str struct str fault = {0};

	(void)s;
	c->hook.command = NULL;
	if (!end->error && end->exit_code == 0) {
		finish(c, NULL);
		return;
	}
	str_add(&fault, "command '");
	for (size_t i = 0; i < h->n_argv; i++)
		str_addf(&fault, "%s%s", i ? " " : "", h->argv[i]);
	if (end->error) {
		str_addf(&fault, "': %s", end->error);
	} else {
		str_addf(&fault, "' exited with %d: , message: ", end->exit_code);
		add_quoted(&fault, end->output);
	}
	suspect(c, fault.p);
}

static int start_exec(struct container *c, const struct plan_handler *h, uint64_t most_ns)
{
	const struct command_how how = {
		.argv = h->argv, .n_argv = h->n_argv, .timeout_ns = 0, .resident = false};

	(void)most_ns;
	return command_start(c, &how, command_over, c, &c->hook.command);
}

static int start_sleep(struct container *c, const struct plan_handler *h, uint64_t most_ns)
{
	(void)most_ns;
	c->hook.due_ns = shim_now(c->shim) + h->sleep_ns;
	return 0;
}

static void request_over(struct container *c, const char *fault)
{
	c->hook.job = NULL;
	if (fault)
		suspect(c, fault);
	else
		finish(c, NULL);
}

static int start_request(struct container *c, const struct plan_handler *h, uint64_t most_ns)
{
	if (most_ns > REQUEST_S * NS_PER_SEC)
		most_ns = REQUEST_S * NS_PER_SEC;
	return hook_request(c, h, most_ns, request_over, &c->hook.job);
}

static int (*const starters[PLAN_HANDLER_MAX])(
	struct container *c, const struct plan_handler *h, uint64_t most_ns) = {
	[PLAN_HANDLER_EXEC] = start_exec,
	[PLAN_HANDLER_HTTP] = start_request,
	[PLAN_HANDLER_TCP] = start_request,
	[PLAN_HANDLER_SLEEP] = start_sleep,
};

/* @most_ns: the time it has. */
static void begin(struct container *c, enum hook_turn turn, uint64_t most_ns)
{
	const struct plan_handler *h;
	int r;

	drop(c);
	c->hook.turn = turn;
	h = handler_of(c);
	r = starters[h->kind](c, h, most_ns);
	if (r < 0)
		suspect(c, strerror(-r));
}

/* ---- the public face ---------------------------------------------------------------------------------------- */

void hook_start(struct container *c)
{
	if (c->hook.post_start.kind)
		begin(c, HOOK_POST_START, UINT64_MAX);
}

bool hook_is_starting(const struct container *c)
{
	return c->hook.turn == HOOK_POST_START || c->hook.failed;
}

void hook_end(struct container *c)
{
	struct hook *h = &c->hook;
	uint64_t now = shim_now(c->shim), until = container_grace_end(c);

	if (h->turn == HOOK_PRE_STOP || h->stopped)
		return;
	if (h->turn == HOOK_POST_START)
		drop(c);
	if (h->pre_stop.kind && now < until)
		begin(c, HOOK_PRE_STOP, until - now);
	else
		h->stopped = true;
}

bool hook_stop(struct container *c)
{
	hook_end(c);
	c->hook.told = true;
	return !c->hook.stopped;
}

void hook_close(struct container *c)
{
	drop(c);
	c->hook.stopped = c->hook.told = false;
}

/* A preStop hook ends with the grace period, which the agent may have shortened since. */
static uint64_t due(const struct container *c)
{
	uint64_t until = c->hook.turn == HOOK_PRE_STOP ? container_grace_end(c) : UINT64_MAX;

	if (c->hook.turn == HOOK_NONE)
		return UINT64_MAX;
	return c->hook.due_ns < until ? c->hook.due_ns : until;
}

uint64_t hooks_deadline(const struct shim *s)
{
	uint64_t at = UINT64_MAX;

	for (size_t i = 0; i < s->n_containers; i++)
		if (due(&s->containers[i]) < at)
			at = due(&s->containers[i]);
	return at;
}

void hooks_timers(struct shim *s, uint64_t now_ns)
{
	for (size_t i = 0; i < s->n_containers; i++) {
		struct container *c = &s->containers[i];
		cleanup_free char *fault = NULL;

		if (now_ns < due(c))
			continue;
		/* A sleep is over, a fault is believed; or the grace period is, which is no fault of the hook. */
		fault = take(c->hook.fault);
		finish(c, fault);
	}
}
