/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of commands: names, flags, help and handlers stand in one place, and help, completion and "did you mean"
 * are read off it.
 */
#ifndef AGENT_CLI_COMMAND_H
#define AGENT_CLI_COMMAND_H

#include "agent/cli/flags.h"

#include <stdio.h>

struct cli;

/* What a command's words are, for completion. */
enum words {
	WORDS_NONE,
	WORDS_RESOURCE, /* TYPE [NAME…], TYPE/NAME */
	WORDS_POD,	/* a pod's name, or TYPE/NAME */
	WORDS_KIND,	/* a kind (explain) */
	WORDS_FILE,
	WORDS_IMAGE,
	WORDS_SHELL,
	WORDS_COMMAND,
};

struct command {
	const char *name;	    /* NULL ends a table */
	const char *const *aliases; /* ended by NULL, or NULL */
	const char *section;	    /* heading in `berth help`; NULL for subcommands */
	const char *args;	    /* behind the name in the usage line */
	const char *summary;
	const char *examples; /* indented by two, each line ended by \n; NULL: none */
	const struct flag *flags[FLAG_GROUPS_MAX - 1];
	enum words words;
	int (*run)(struct cli *c); /* exit status; NULL when there are subcommands only */
	const struct command *sub;
};

extern const struct command commands[];
/* Flags that every command takes. */
extern const struct flag global_flags[];

/** By name or alias; NULL. */
const struct command *command_find(const struct command *table, const char *word);
/** The nearest name in the table, or NULL. */
const char *command_nearest(const struct command *table, const char *word);

/** What `berth help` prints. */
void help_overview(FILE *out);
/** What `berth get --help` prints. @path: "berth get". */
void help_command(FILE *out, const char *path, const struct command *command);

#endif
