/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands that change objects share: dry runs, field validation, single requests, and the step from "every pod
 * with these labels" to names.
 */
#ifndef AGENT_CLI_CHANGE_H
#define AGENT_CLI_CHANGE_H

#include "agent/cli/output.h"
#include "agent/cli/targets.h"

enum dry_run { DRY_RUN_NONE, DRY_RUN_CLIENT, DRY_RUN_SERVER };
enum dry_run dry_run_of(const struct cli *c);
/** "created" → "created (dry run)", "created (server dry run)". Borrowed, valid until the next call. */
const char *dry_run_verb(const struct cli *c, const char *verb);

/** Adds fieldManager, fieldValidation and dryRun to @path, as the flags say. */
void change_query(const struct cli *c, struct str *path, const char *manager);

/**
 * Checks @object as the agent would, without asking it (dry runs of the client).
 * Returns: EXIT_OK, or EXIT_FAILED with every problem told.
 */
int check_here(struct cli *c, const struct kind *k, const json_t *object, const char *source);

/** POST of @object to where it belongs. @ret holds the answer. EXIT_OK or EXIT_FAILED (told). */
int post_object(struct cli *c, const struct kind *k, const char *ns, const json_t *object,
	const char *manager, const char *doing, struct response *ret);

/** PATCH of @t (@sub: a subresource or NULL). */
int patch_target(struct cli *c, const struct target *t, const char *sub, const char *content_type,
	const json_t *patch, const char *manager, struct response *ret);

/** GET of @t; 404 is told unless @missing_is_fine (then ret->code is 404). */
int get_target(struct cli *c, const struct target *t, bool missing_is_fine, struct response *ret);

/**
 * Replaces each target without a name by those that the selectors (-l, --field-selector) find, with the object in
 * target.object. Named targets stay as they are.  Returns: EXIT_OK, or EXIT_FAILED (told).
 */
int targets_expand(struct cli *c, struct targets *t);

/** Creates and prints one object that a `create KIND` command has made; takes care of dry runs. */
int create_and_print(struct cli *c, const struct kind *k, json_t *object);

#endif
