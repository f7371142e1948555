/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help, written from the command table, and the search in it.
 */
#include "agent/cli/cli.h"
#include "agent/cli/handlers.h"

const struct command *command_find(const struct command *table, const char *word)
{
	for (const struct command *k = table; k->name; k++) {
		if (streq(k->name, word))
			return k;
		for (const char *const *alias = k->aliases; alias && *alias; alias++)
			if (streq(*alias, word))
				return k;
	}
	return NULL;
}

const char *command_nearest(const struct command *table, const char *word)
{
	const char *words[64];
	size_t n = 0;

	for (const struct command *k = table; k->name && n < ARRAY_SIZE(words); k++)
		words[n++] = k->name;
	return nearest_word(word, words, n);
}

void help_overview(FILE *out)
{
	const char *section = NULL;

	(void)fprintf(out, "berth runs Kubernetes pods on this machine.\n");
	for (const struct command *k = commands; k->name; k++) {
		if (k->section != section)
			(void)fprintf(out, "\n%s:\n", k->section);
		section = k->section;
		(void)fprintf(out, "  %-14s %s\n", k->name, k->summary);
	}
	(void)fprintf(out,
		"\nUsage: berth COMMAND [WORDS] [FLAGS]\n"
		"\"berth COMMAND --help\" tells about one. kubectl's habits work here.\n");
}

static void flag_line(FILE *out, const struct flag *f)
{
	char left[64];

	(void)snprintf(left, sizeof left, "%s%c%s--%s%s%s", f->letter ? "-" : " ",
		f->letter ? f->letter : ' ', f->letter ? ", " : "  ", f->name, f->value ? "=" : "",
		f->value ? f->value : "");
	(void)fprintf(out, "  %-32s %s", left, f->help);
	if (f->fallback && f->type != FLAG_SWITCH && !streq(f->fallback, "-1") &&
		!streq(f->fallback, "0"))
		(void)fprintf(out, " (%s)", f->fallback);
	(void)fputc('\n', out);
}

void help_command(FILE *out, const char *path, const struct command *command)
{
	(void)fprintf(out, "%s.\n", command->summary);
	if (command->aliases)
		(void)fprintf(out, "\nAlso: %s%s%s\n", command->aliases[0],
			command->aliases[1] ? ", " : "",
			command->aliases[1] ? command->aliases[1] : "");
	if (command->sub) {
		(void)fprintf(out, "\nCommands:\n");
		for (const struct command *k = command->sub; k->name; k++)
			(void)fprintf(out, "  %-16s %s\n", k->name, k->summary);
	}
	if (command->examples)
		(void)fprintf(out, "\nExamples:\n%s", command->examples);
	(void)fprintf(out, "\nFlags:\n");
	for (size_t g = 0; g < ARRAY_SIZE(command->flags) && command->flags[g]; g++)
		for (const struct flag *f = command->flags[g]; f->name; f++)
			flag_line(out, f);
	for (const struct flag *f = global_flags; f->name; f++)
		flag_line(out, f);
	(void)fprintf(out, "\nUsage: %s%s%s\n", path, command->args ? " " : "",
		command->args ? command->args : "");
}

int cmd_help(struct cli *c)
{
	const struct command *table = commands, *found = NULL;
	cleanup_str struct str path = {0};

	str_add(&path, "berth");
	for (size_t i = 0; i < word_count(c); i++) {
		found = table ? command_find(table, word(c, i)) : NULL;
		if (!found)
			return fail(c, "there is no command \"%s %s\"", path.p, word(c, i));
		str_addf(&path, " %s", found->name);
		table = found->sub;
	}
	if (found)
		help_command(c->out, path.p, found);
	else
		help_overview(c->out);
	return EXIT_OK;
}
