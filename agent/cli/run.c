/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the command that a command line names, reads its flags, connects it to its agent and runs it. Flags may stand
 * before, between and behind the command's words, as with kubectl.
 */
#include "agent/cli/run.h"

#include "agent/cli/cli.h"
#include "runtime/base/map.h"

/* The command line with the command's own words taken out. */
struct line {
	const struct command *command;
	struct str path;
	char **args;
	int n;
};

static void set_groups(struct flag_values *v, const struct command *command)
{
	size_t n = 0;

	*v = (struct flag_values){0};
	for (size_t g = 0; command && g < ARRAY_SIZE(command->flags) && command->flags[g]; g++)
		v->groups[n++] = command->flags[g];
	v->groups[n] = global_flags;
}

static int unknown_command(
	struct cli *c, const struct line *line, const struct command *table, const char *text)
{
	const char *nearest = command_nearest(table, text);

	if (nearest)
		return fail(c, "unknown command \"%s\" for \"%s\" (did you mean \"%s\"?)", text,
			line->path.p, nearest);
	return fail(c, "unknown command \"%s\" for \"%s\" (%s --help lists them)", text,
		line->path.p, line->path.p);
}

/*
 * Takes words off the line as long as they name commands.
 * Returns: EXIT_OK with line->command (NULL: none was named), or EXIT_FAILED (told).
 */
static int find_command(struct cli *c, struct line *line)
{
	const struct command *table = commands;

	while (table) {
		struct flag_values v;
		struct err e = {0};
		const struct command *next = NULL;
		int r, at;

		set_groups(&v, line->command);
		r = flags_parse(&v, line->n, line->args, true, &e);
		at = v.n_read;
		flags_done(&v);
		/* With a command that runs by itself, its own reading tells what is wrong. */
		if (r < 0 && line->command && line->command->run)
			return EXIT_OK;
		if (r < 0)
			return fail_usage(c, "%s", err_text(&e));
		if (at >= line->n || v.dash)
			return EXIT_OK;
		next = command_find(table, line->args[at]);
		if (!next)
			return unknown_command(c, line, table, line->args[at]);
		str_addf(&line->path, " %s", next->name);
		c->path = line->path.p;
		memmove(&line->args[at], &line->args[at + 1],
			(size_t)(line->n - at - 1) * sizeof *line->args);
		line->n--;
		line->command = next;
		table = next->sub;
	}
	return EXIT_OK;
}

static char *socket_of(const struct cli *c)
{
	const char *path = flag_text(&c->flags, "socket"), *root = flag_text(&c->flags, "root");

	if (path)
		return xstrdup(path);
	if (!root || !*root)
		root = getenv("BERTH_ROOT");
	if (!root || streq(root, "/"))
		root = "";
	return xasprintf("%s/run/berth/berth.sock", root);
}

static bool wants_color(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) && !(no && *no) && !streq(term, "dumb");
}

static int run_command(struct cli *c, const struct line *line)
{
	struct err e = {0};
	int status;

	set_groups(&c->flags, line->command);
	if (flags_parse(&c->flags, line->n, line->args, false, &e) < 0)
		return fail_usage(c, "%s", err_text(&e));
	if (flag_on(&c->flags, "help")) {
		if (line->command)
			help_command(c->out, c->path, line->command);
		else
			help_overview(c->out);
		return EXIT_OK;
	}
	if (!line->command) {
		help_overview(c->out);
		return EXIT_OK;
	}
	if (!line->command->run) {
		help_command(c->err, c->path, line->command);
		return EXIT_FAILED;
	}
	c->socket_path = socket_of(c);
	c->client = client_new(&(struct client_options){
		.socket_path = c->socket_path,
		.timeout_ns = flag_duration_ns(&c->flags, "request-timeout", 0),
		.warn = warn,
		.data = c,
	});
	status = line->command->run(c);
	client_free(c->client);
	return status;
}

int cli_run(int argc, char *const *argv, FILE *in, FILE *out, FILE *err)
{
	struct map said = {0};
	struct cli c = {.clock = &clock_kernel,
		.in = in,
		.out = out,
		.err = err,
		.color = wants_color(out),
		.err_is_tty = isatty(fileno(err)),
		.err_color = wants_color(err),
		.said = &said,
		.path = "berth"};
	struct line line = {.n = argc > 0 ? argc - 1 : 0};
	int status;

	str_add(&line.path, "berth");
	line.args = xcalloc((size_t)line.n + 1, sizeof *line.args);
	for (int i = 0; i < line.n; i++)
		line.args[i] = argv[i + 1];
	status = find_command(&c, &line);
	c.command = line.command;
	c.path = line.path.p;
	if (status == EXIT_OK)
		status = run_command(&c, &line);
	if ((fflush(out) != 0 || ferror(out)) && status == EXIT_OK)
		status = fail(&c, "writing the output: %s", strerror(errno));
	flags_done(&c.flags);
	map_done(&said);
	free(c.socket_path);
	free(line.args);
	str_done(&line.path);
	return status;
}
