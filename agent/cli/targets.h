/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is about: objects named by words (`pods`, `pod web`, `rc/web`, `po,svc`, `all`) or read
 * from files (-f). One list for both, so that every command takes both.
 */
#ifndef AGENT_CLI_TARGETS_H
#define AGENT_CLI_TARGETS_H

#include "agent/cli/cli.h"
#include "agent/spec/spec.h"

struct target {
	const struct kind *kind;
	char *name;	/* NULL: every object of the kind (that the selectors take) */
	char *ns;	/* NULL: over all namespaces, or a kind without one */
	json_t *object; /* of a file; NULL for words */
	char *source;	/* the file, for messages; NULL for words */
	struct sv
		text; /* of the file, and which document of it: for line numbers; of targets.texts */
	size_t document;
};

struct targets {
	struct target *items;
	size_t n, cap;
	size_t n_kinds; /* how many kinds are asked for: more than one means that names are printed with theirs */
	char **texts; /* of the files, copied once each */
	size_t n_texts, cap_texts;
	const char *last_text; /* the one copied last, where it stood before */
	int status; /* EXIT_FAILED when something could not be read (told): the rest is still there */
};
void targets_done(struct targets *t);
#define cleanup_targets __attribute__((cleanup(targets_done)))

/**
 * Words @from and later.  @need_names: a kind alone is refused.
 * Returns: EXIT_OK, or EXIT_FAILED (told): an unknown kind is answered with the nearest one.
 */
int targets_of_words(struct cli *c, size_t from, bool need_names, struct targets *ret);
/** The objects of the files of -f (with -R: of folders below, too). Lists are taken apart. */
int targets_of_files(struct cli *c, struct targets *ret);
/** -f when it is given, else the words. */
int targets_of(struct cli *c, bool need_names, struct targets *ret);

/** A kind by a word, told when it is unknown (NULL). */
const struct kind *kind_of_word(struct cli *c, const char *word);
/** `KIND/NAME` or, without a slash, a name of @fallback. @ret_name is borrowed from @word. NULL: told. */
const struct kind *kind_and_name(
	struct cli *c, const char *word, const struct kind *fallback, const char **ret_name);

#endif
