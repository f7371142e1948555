/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth completion bash|zsh`: a completion script written from the command table. Names of objects are asked of the
 * agent while completing (`berth get TYPE -o name`), everything else stands in the script.
 */
#include "agent/cli/handlers.h"
#include "agent/cli/targets.h"

/* "get" → the shell case pattern of a command: its name and aliases behind its parents' words. */
static void pattern(struct str *out, const char *parent, const struct command *k)
{
	str_addf(out, "\"%s%s%s\"", parent, *parent ? " " : "", k->name);
	for (const char *const *alias = k->aliases; alias && *alias; alias++)
		str_addf(out, "|\"%s%s%s\"", parent, *parent ? " " : "", *alias);
}

static void flag_words(struct str *out, const struct flag *table)
{
	for (const struct flag *f = table; f->name; f++)
		str_addf(out, " --%s%s", f->name, f->type == FLAG_SWITCH || f->bare ? "" : "=");
}

static const char *const words_of[] = {
	[WORDS_NONE] = "none",
	[WORDS_RESOURCE] = "resource",
	[WORDS_POD] = "pod",
	[WORDS_KIND] = "kind",
	[WORDS_FILE] = "file",
	[WORDS_IMAGE] = "image",
	[WORDS_SHELL] = "shell",
	[WORDS_COMMAND] = "command",
};

/* One `case` arm a command: its flags, what its words are, its subcommands. */
static void arms(struct str *out, const char *parent, const struct command *table)
{
	for (const struct command *k = table; k->name; k++) {
		cleanup_free char *path = xasprintf("%s%s%s", parent, *parent ? " " : "", k->name);

		str_add(out, "\t\t");
		pattern(out, parent, k);
		str_add(out, ")\n\t\t\tflags=\"");
		for (size_t g = 0; g < ARRAY_SIZE(k->flags) && k->flags[g]; g++)
			flag_words(out, k->flags[g]);
		str_addf(out, "\"\n\t\t\twords='%s'\n\t\t\tsubs=\"", words_of[k->words]);
		for (const struct command *sub = k->sub; sub && sub->name; sub++)
			str_addf(out, "%s%s", sub == k->sub ? "" : " ", sub->name);
		str_add(out, "\"\n\t\t\t;;\n");
		if (k->sub)
			arms(out, path, k->sub);
	}
}

/* The longest list of choices that any command has for a flag of this name. */
static const char *widest(const struct command *table, const char *name, const char *best)
{
	for (const struct command *k = table; k->name; k++) {
		for (size_t g = 0; g < ARRAY_SIZE(k->flags) && k->flags[g]; g++)
			for (const struct flag *f = k->flags[g]; f->name; f++)
				if (f->choices && streq(f->name, name) &&
					(!best || strlen(f->choices) > strlen(best)))
					best = f->choices;
		if (k->sub)
			best = widest(k->sub, name, best);
	}
	return best;
}

/* Values of flags that have a fixed choice; @done: the names that were written. */
static void choices(struct str *out, const struct command *table, struct str *done)
{
	for (const struct command *k = table; k->name; k++) {
		for (size_t g = 0; g < ARRAY_SIZE(k->flags) && k->flags[g]; g++)
			for (const struct flag *f = k->flags[g]; f->name; f++) {
				cleanup_free char *mark = xasprintf(" %s ", f->name);

				if (!f->choices || (done->p && strstr(done->p, mark)))
					continue;
				str_add(done, mark);
				str_addf(out, "\t\t--%s) echo \"", f->name);
				for (const char *p = widest(commands, f->name, f->choices); *p; p++)
					str_addn(out, *p == '|' ? " " : p, 1);
				str_add(out, "\" ;;\n");
			}
		if (k->sub)
			choices(out, k->sub, done);
	}
}

static void kind_words(struct str *out)
{
	for (const struct kind *const *k = kinds; *k; k++)
		if ((*k)->plural)
			str_addf(out, "%s%s", out->n ? " " : "", (*k)->plural);
}

static const char bash_text[] =
	"_berth_names() {\n"
	"\tberth get \"$1\" -o name 2>/dev/null | sed 's|.*/||'\n"
	"}\n"
	"\n"
	"# Adds what compgen finds. Words are read line by line, so that bash and zsh do the "
	"same.\n"
	"_berth_reply() {\n"
	"\tlocal line\n"
	"\twhile IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen \"$@\")\n"
	"}\n"
	"\n"
	"# No variable is called path: zsh ties that one to PATH.\n"
	"_berth() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal chain='' word='' flags='' words=none subs='' n=0 first='' i\n"
	"\tlocal globals=\"" /* flags */;

static const char bash_walk[] =
	"\t# The words before the cursor: commands first, then what they are about.\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tcase $word in -* | =) continue ;; esac\n"
	"\t\tif [ -z \"$first\" ] && _berth_command \"${chain:+$chain }$word\"; then\n"
	"\t\t\tchain=\"${chain:+$chain }$word\"\n"
	"\t\telif [ -n \"$chain\" ]; then\n"
	"\t\t\tn=$((n + 1))\n"
	"\t\t\tfirst=${first:-$word}\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tflags='' words=none subs=''\n"
	"\t[ -n \"$chain\" ] && _berth_command \"$chain\"\n"
	"\t[ \"$cur\" = = ] && cur=''\n"
	"\t[ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tCOMPREPLY=()\n"
	"\tcase $prev in\n"
	"\t-o) prev=--output ;;\n"
	"\t-n | --namespace)\n"
	"\t\t_berth_reply -W \"$(_berth_names namespaces)\" -- \"$cur\"\n"
	"\t\treturn\n"
	"\t\t;;\n"
	"\t-f | --filename | --cert | --key | --from-file | --from-env-file | --patch-file)\n"
	"\t\tif [ \"$words\" != pod ]; then\n"
	"\t\t\t_berth_reply -f -- \"$cur\"\n"
	"\t\t\treturn\n"
	"\t\tfi\n"
	"\t\t;;\n"
	"\tesac\n"
	"\tword=$(_berth_values \"$prev\")\n"
	"\tif [ -n \"$word\" ]; then\n"
	"\t\t_berth_reply -W \"$word\" -- \"$cur\"\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tcase $cur in\n"
	"\t-*)\n"
	"\t\t_berth_reply -W \"$flags $globals\" -- \"$cur\"\n"
	"\t\tcase ${COMPREPLY[0]} in *=) type compopt >/dev/null 2>&1 && compopt -o nospace ;; "
	"esac\n"
	"\t\treturn\n"
	"\t\t;;\n"
	"\tesac\n"
	"\t[ -z \"$chain\" ] && subs=$commands\n"
	"\tcase $words in\n"
	"\tresource) if [ \"$n\" = 0 ]; then subs=$kinds; else subs=$(_berth_names \"$first\"); fi "
	";;\n"
	"\tkind) subs=$kinds ;;\n"
	"\tpod) subs=$(_berth_names pods) ;;\n"
	"\timage) subs=$(berth image ls --no-headers 2>/dev/null | cut -d' ' -f1) ;;\n"
	"\tshell) subs='bash zsh' ;;\n"
	"\tcommand) [ \"$chain\" = help ] && subs=$commands ;;\n"
	"\tfile)\n"
	"\t\t_berth_reply -f -- \"$cur\"\n"
	"\t\treturn\n"
	"\t\t;;\n"
	"\tesac\n"
	"\t_berth_reply -W \"$subs\" -- \"$cur\"\n"
	"}\n";

static void write_bash(struct str *out)
{
	cleanup_str struct str all = {0}, done = {0};

	str_add(out, "# Completion of berth for bash; made by `berth completion bash`.\n\n");
	str_add(out, "_berth_values() {\n\tcase $1 in\n");
	choices(out, commands, &done);
	str_add(out, "\tesac\n}\n\n_berth_command() {\n\tcase $1 in\n");
	arms(out, "", commands);
	str_add(out, "\t\t*) return 1 ;;\n\tesac\n}\n\n");
	str_add(out, bash_text);
	flag_words(out, global_flags);
	str_add(out, "\"\n\tlocal commands=\"");
	for (const struct command *k = commands; k->name; k++)
		str_addf(out, "%s%s", k == commands ? "" : " ", k->name);
	kind_words(&all);
	str_addf(out, "\"\n\tlocal kinds=\"%s all\"\n\n", all.p);
	str_add(out, bash_walk);
}

int cmd_completion(struct cli *c)
{
	cleanup_str struct str text = {0};
	const char *shell = word(c, 0);

	if (!streq(shell, "bash") && !streq(shell, "zsh"))
		return fail_usage(c, "completion is there for bash and zsh");
	/* zsh runs the bash functions through its own emulation, so there is one script to get right. */
	if (streq(shell, "zsh"))
		str_add(&text, "#compdef berth\n"
			       "# Completion of berth for zsh; made by `berth completion zsh`.\n\n"
			       "autoload -Uz bashcompinit && bashcompinit\n\n");
	write_bash(&text);
	str_add(&text, "\ncomplete -F _berth berth\n");
	if (streq(shell, "zsh")) /* loaded by its first use, which is answered, too */
		str_add(&text, "[ \"${funcstack[1]}\" = _berth ] && _bash_complete -F _berth\n");
	(void)fwrite(text.p, 1, text.n, c->out);
	return EXIT_OK;
}
