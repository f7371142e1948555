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
		str_addf(out, "\"\n\t\t\twords=%s\n\t\t\tsubs=\"", words_of[k->words]);
		for (const struct command *sub = k->sub; sub && sub->name; sub++)
			str_addf(out, "%s%s", sub == k->sub ? "" : " ", sub->name);
		str_add(out, "\"\n\t\t\t;;\n");
		if (k->sub)
			arms(out, path, k->sub);
	}
}

/* Values of flags that have a fixed choice. The first command that has the flag decides. */
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
				for (const char *p = f->choices; *p; p++)
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
	"_berth() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\tlocal path= word flags= words=none subs= n=0 first= i\n"
	"\tlocal globals=\"" /* flags */;

static const char bash_walk[] =
	"\t# The words before the cursor: commands first, then what they are about.\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tcase $word in -*|=) continue ;; esac\n"
	"\t\tif [ -z \"$first\" ] && _berth_command \"${path:+$path }$word\"; then\n"
	"\t\t\tpath=\"${path:+$path }$word\"\n"
	"\t\telif [ -n \"$path\" ]; then\n"
	"\t\t\tn=$((n + 1))\n"
	"\t\t\tfirst=${first:-$word}\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t[ -n \"$path\" ] && _berth_command \"$path\"\n"
	"\t[ \"$cur\" = = ] && cur=\n"
	"\t[ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"\tCOMPREPLY=()\n"
	"\tcase $prev in\n"
	"\t-o) prev=--output ;;\n"
	"\t-f|--filename|--cert|--key|--from-file|--from-env-file|--patch-file)\n"
	"\t\t[ \"$words\" = pod ] || { mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return; } "
	";;\n"
	"\t-n|--namespace) mapfile -t COMPREPLY < <(compgen -W \"$(_berth_names namespaces)\" -- "
	"\"$cur\"); return ;;\n"
	"\tesac\n"
	"\tword=$(_berth_values \"$prev\")\n"
	"\tif [ -n \"$word\" ]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$word\" -- \"$cur\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\tcase $cur in\n"
	"\t-*)\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$flags $globals\" -- \"$cur\")\n"
	"\t\tcase ${COMPREPLY[0]} in *=) compopt -o nospace ;; esac\n"
	"\t\treturn ;;\n"
	"\tesac\n"
	"\t[ -z \"$path\" ] && subs=$commands\n"
	"\tcase $words in\n"
	"\tresource)\n"
	"\t\tif [ $n = 0 ]; then subs=$kinds; else subs=$(_berth_names \"$first\"); fi ;;\n"
	"\tkind) subs=$kinds ;;\n"
	"\tpod) subs=$(_berth_names pods) ;;\n"
	"\timage) subs=$(berth image ls --no-headers 2>/dev/null | cut -d' ' -f1) ;;\n"
	"\tshell) subs='bash zsh' ;;\n"
	"\tcommand) [ \"$path\" = help ] && subs=$commands ;;\n"
	"\tfile)\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"\t\treturn ;;\n"
	"\tesac\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$subs\" -- \"$cur\")\n"
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
	str_add(&text, streq(shell, "zsh") ? "" : "\n");
	str_add(&text, streq(shell, "zsh") ? "\ncomplete -F _berth berth\n"
					   : "complete -F _berth berth\n");
	(void)fwrite(text.p, 1, text.n, c->out);
	return EXIT_OK;
}
