/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth exec`: a command in a container. `berth attach`: the streams of the container's own process.
 */
#include "agent/cli/handlers.h"
#include "agent/cli/pod.h"
#include "agent/cli/session.h"

#include <unistd.h>

static bool input_is_terminal(const struct cli *c)
{
	return isatty(fileno(c->in));
}

PRINTF_LIKE(2, 3) static void note(struct cli *c, const char *format, ...)
{
	va_list args;

	if (flag_on(&c->flags, "quiet"))
		return;
	va_start(args, format);
	(void)vfprintf(c->err, format, args);
	va_end(args);
}

static const char not_a_terminal[] =
	"Unable to use a TTY - input is not a terminal or the right kind of file\n";

static int exec_in(struct cli *c, const json_t *pod, bool tty)
{
	cleanup_session_end struct session_end end = {0};
	const struct session_options o = {.input = flag_on(&c->flags, "stdin"),
		.tty = tty,
		.until = tty ? flag_text(&c->flags, "detach-keys") : NULL};
	struct session_query q = {
		.verb = "exec",
		.container = container_find(
			c, pod, flag_text(&c->flags, "container"), flag_on(&c->flags, "quiet")),
		.argv = c->flags.words + c->flags.n_before_dash,
		.n_argv = c->flags.n_words - c->flags.n_before_dash,
		.in = o.input,
		.out = true,
		.err = !tty,
		.tty = tty,
	};
	cleanup_free char *path = NULL;

	if (!q.container)
		return EXIT_FAILED;
	path = session_path(c, pod, &q);
	session_run(c, path, &o, &end);
	return session_report(c, &end);
}

int cmd_exec(struct cli *c)
{
	bool tty = flag_on(&c->flags, "tty");
	cleanup_json json_t *pod = NULL;

	if (word_count(c) > 1)
		return fail_usage(c, "exec [POD] [COMMAND] is not supported. Use exec [POD] -- "
				     "[COMMAND] instead");
	if (word_count(c) == 0)
		return fail_usage(c, "pod or type/name must be specified");
	if (c->flags.n_words == c->flags.n_before_dash)
		return fail_usage(c, "you must specify at least one command for the container");
	if (tty && !(flag_on(&c->flags, "stdin") && input_is_terminal(c))) {
		note(c, "%s", not_a_terminal);
		tty = false;
	}
	pod = pod_find(c, word(c, 0), flag_on(&c->flags, "quiet"));
	return pod ? exec_in(c, pod, tty) : EXIT_FAILED;
}

/* ---- attach ---------------------------------------------------------------------------------------- */

/* What of -i and -t this container has; the rest is told. */
static void settle(struct cli *c, const json_t *container, struct session_options *o)
{
	const char *name = json_str_or(container, "name", "");
	bool has_tty = json_flag(container, "tty", false);

	o->input = flag_on(&c->flags, "stdin");
	if (o->input && !json_flag(container, "stdin", false)) {
		note(c,
			"Unable to use standard input - container %s did not ask for it (stdin: "
			"true)\n",
			name);
		o->input = false;
	}
	o->tty = flag_on(&c->flags, "tty");
	if (o->tty && !has_tty) {
		note(c, "Unable to use a TTY - container %s did not allocate one\n", name);
		o->tty = false;
	} else if (o->tty && !(o->input && input_is_terminal(c))) {
		note(c, "%s", not_a_terminal);
		o->tty = false;
	}
	if (!o->tty)
		return;
	o->redraw = true;
	o->until = flag_text(&c->flags, "detach-keys");
	if (!flag_on(&c->flags, "quiet"))
		o->hint = "If you don't see a command prompt, try pressing enter.";
}

static int attach_to(struct cli *c, const json_t *pod, const json_t *container)
{
	cleanup_session_end struct session_end end = {0};
	const char *name = json_str_or(container, "name", "");
	const char *pod_name = json_str_or(json_map(pod, "metadata"), "name", "");
	struct session_options o = {0};
	cleanup_free char *path = NULL;
	int status;

	settle(c, container, &o);
	path = session_path(c, pod,
		&(const struct session_query){.verb = "attach",
			.container = name,
			.in = o.input,
			.out = true,
			.err = !json_flag(container, "tty", false),
			.tty = o.tty});
	session_run(c, path, &o, &end);
	status = session_report(c, &end);
	if (end.detached && !flag_on(&c->flags, "quiet"))
		(void)fprintf(c->err, "\ndetached from %s\n", pod_name);
	else if (status == EXIT_OK && o.tty &&
		 streq(json_str_or(json_map(pod, "spec"), "restartPolicy", "Always"), "Always"))
		(void)fprintf(c->out,
			"Session ended, resume using 'berth attach %s -c %s -i -t' command when "
			"the "
			"pod is running\n",
			pod_name, name);
	return status;
}

int cmd_attach(struct cli *c)
{
	bool quiet = flag_on(&c->flags, "quiet");
	cleanup_json json_t *pod = NULL;
	const char *name, *phase;

	if (word_count(c) != 1)
		return fail_usage(c, "attach takes one POD or TYPE/NAME");
	pod = pod_find(c, word(c, 0), quiet);
	if (!pod)
		return EXIT_FAILED;
	phase = json_str_or(json_map(pod, "status"), "phase", "Pending");
	if (streq(phase, "Succeeded") || streq(phase, "Failed"))
		return fail(c, "cannot attach a container in a completed pod; current phase is %s",
			phase);
	name = container_find(c, pod, flag_text(&c->flags, "container"), quiet);
	return name ? attach_to(c, pod, container_spec(pod, name)) : EXIT_FAILED;
}
