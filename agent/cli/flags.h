/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flags of a command, as tables, and the command line read against them. The grammar is pflag's (kubectl's):
 * `--name value`, `--name=value`, `-n value`, `-nvalue`, `-it` for two switches, flags and words in any order,
 * `--` ends the flags.
 */
#ifndef AGENT_CLI_FLAGS_H
#define AGENT_CLI_FLAGS_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum flag_type {
	FLAG_SWITCH,   /* true when given; --name=false takes it back */
	FLAG_TEXT,     /* the last one counts */
	FLAG_LIST,     /* may be repeated; every value is kept as it is */
	FLAG_NUMBER,   /* int64 */
	FLAG_DURATION, /* Go's form: 90s, 1m30s, 2h, 100ms; a bare 0 */
};

struct flag {
	const char *name; /* without "--"; NULL ends a table */
	char letter;	  /* 0: none */
	enum flag_type type;
	const char *value;    /* what help calls the value ("NAME"); NULL for a switch */
	const char *fallback; /* the value when it is not given; NULL: none */
	const char *bare;     /* the value of a `--name` without "=": makes the value optional */
	const char *
		choices; /* "a|b|c": what is allowed, also for completion; "a|b=" allows a prefix "b=…" */
	const char *help;
};

enum { FLAG_GROUPS_MAX = 8 };

struct flag_value {
	const struct flag *flag;
	const char **values; /* borrowed from argv or from the table */
	size_t n, cap;
};

/* What one command line said. Everything points into argv: nothing outlives it. */
struct flag_values {
	const struct flag *groups[FLAG_GROUPS_MAX]; /* tables, NULL-ended list */
	struct flag_value *items;
	size_t n, cap;
	const char **words; /* the arguments that are no flags */
	size_t n_words, cap_words;
	size_t n_before_dash; /* how many of them stood before "--" */
	bool dash;	      /* there was a "--" */
	int n_read;	      /* how many of argv were read: less than all when a word stopped it */
};

/**
 * Reads argv[0…argc) (without program and command name) against @v->groups.
 * @stop_at_word: the first word ends the flags (for a command with subcommands).
 * Returns: 0, or -EINVAL with a message that names the nearest flag.  @v is released with flags_done in any case.
 */
int flags_parse(
	struct flag_values *v, int argc, char *const *argv, bool stop_at_word, struct err *e);
void flags_done(struct flag_values *v);

/** Was it given on the command line? */
bool flag_given(const struct flag_values *v, const char *name);
/** The text, or the fallback (NULL when there is none). */
const char *flag_text(const struct flag_values *v, const char *name);
bool flag_on(const struct flag_values *v, const char *name);
/** The number; flags_parse has checked it. @fallback counts when the table has none. */
int64_t flag_number(const struct flag_values *v, const char *name, int64_t fallback);
/** The duration in ns. */
uint64_t flag_duration_ns(const struct flag_values *v, const char *name, uint64_t fallback);
/** All values of a list, in order; *ret_n may be 0. Borrowed. */
const char *const *flag_list(const struct flag_values *v, const char *name, size_t *ret_n);

#endif
