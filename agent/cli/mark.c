/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth label` and `berth annotate`: KEY=VALUE sets, KEY- removes, by a merge patch of the metadata.
 */
#include "agent/cli/change.h"
#include "agent/cli/handlers.h"

/* Which of the two commands runs. */
struct mark {
	const char *member; /* "labels", "annotations" */
	const char *verb;   /* "labeled" */
	const char *manager;
	json_t *changes; /* KEY: "VALUE", or null to remove */
	bool sets, removes;
};

static bool is_change(const char *text)
{
	size_t n = strlen(text);

	return strchr(text, '=') || (n > 1 && text[n - 1] == '-');
}

static int read_change(struct cli *c, struct mark *m, const char *text)
{
	const char *equals = strchr(text, '=');
	cleanup_free char *key =
		xstrndup(text, equals ? (size_t)(equals - text) : strlen(text) - 1);

	if (!*key)
		return fail(c, "\"%s\" names no key", text);
	if (json_object_get(m->changes, key))
		return fail(c, "\"%s\" is given twice", key);
	if (equals) {
		json_put_str(m->changes, key, equals + 1);
		m->sets = true;
	} else {
		json_put(m->changes, key, json_null());
		m->removes = true;
	}
	return EXIT_OK;
}

static void list_marks(struct cli *c, const json_t *present)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)present, key, value)
		(void)fprintf(c->out, "%s=%s\n", key, json_string_value(value));
}

/* Without --overwrite a value that is there must not change. */
static int check_present(
	struct cli *c, const struct mark *m, const json_t *present, bool *ret_differs)
{
	const char *key;
	json_t *value;

	*ret_differs = false;
	json_object_foreach (m->changes, key, value) {
		const char *now = json_str(present, key);

		if (now && json_is_string(value) && !streq(now, json_string_value(value)) &&
			!flag_on(&c->flags, "overwrite"))
			return fail(c, "'%s' already has a value (%s), and --overwrite is false",
				key, now);
		if (json_is_null(value) && !now)
			(void)fprintf(c->out, "%s \"%s\" not found.\n",
				streq(m->member, "labels") ? "label" : "annotation", key);
		if (!streq(now, json_string_value(value)))
			*ret_differs = true;
	}
	return EXIT_OK;
}

static int mark_one(struct cli *c, const struct mark *m, struct output *o, const struct target *t)
{
	cleanup_response struct response live = {0}, response = {0};
	cleanup_json json_t *patch = json_pack("{s:{s:O}}", "metadata", m->member, m->changes);
	cleanup_free char *verb = NULL;
	const json_t *present;
	bool differs = false;

	if (get_target(c, t, false, &live) != EXIT_OK)
		return EXIT_FAILED;
	present = json_map(json_map(live.json, "metadata"), m->member);
	if (flag_on(&c->flags, "list")) {
		list_marks(c, present);
		return EXIT_OK;
	}
	if (check_present(c, m, present, &differs) != EXIT_OK)
		return EXIT_FAILED;
	verb = !differs						      ? xasprintf("not %s", m->verb)
	       : m->removes && !m->sets && streq(m->member, "labels") ? xasprintf("un%s", m->verb)
								      : xstrdup(m->verb);
	if (differs && dry_run_of(c) != DRY_RUN_CLIENT &&
		patch_target(c, t, NULL, "application/merge-patch+json", patch, m->manager,
			&response) != EXIT_OK)
		return EXIT_FAILED;
	output_done_to(
		c, o, t->kind, response.json ? response.json : live.json, dry_run_verb(c, verb));
	return EXIT_OK;
}

static int mark_all(struct cli *c, struct mark *m)
{
	cleanup_targets struct targets targets = {0};
	cleanup_output struct output output = {0};
	bool many = flag_given(&c->flags, "selector") || flag_on(&c->flags, "all");
	size_t end = word_count(c);
	int status;

	while (end && is_change(word(c, end - 1)))
		if (read_change(c, m, word(c, --end)) != EXIT_OK)
			return EXIT_FAILED;
	if (!m->sets && !m->removes && !flag_on(&c->flags, "list"))
		return fail_usage(c, "at least one KEY=VALUE or KEY- is required");
	c->flags.n_before_dash = end; /* what is left names the objects */
	if (output_open(c, &output) != EXIT_OK || targets_of(c, !many, &targets) != EXIT_OK ||
		targets_expand(c, &targets) != EXIT_OK)
		return EXIT_FAILED;
	status = targets.status;
	for (size_t i = 0; i < targets.n; i++)
		status |= mark_one(c, m, &output, &targets.items[i]);
	return status;
}

static int run(struct cli *c, struct mark m)
{
	int status;

	m.changes = json_object();
	status = mark_all(c, &m);
	json_decref(m.changes);
	return status;
}

int cmd_label(struct cli *c)
{
	return run(c,
		(struct mark){.member = "labels", .verb = "labeled", .manager = "kubectl-label"});
}

int cmd_annotate(struct cli *c)
{
	return run(c, (struct mark){.member = "annotations",
			      .verb = "annotated",
			      .manager = "kubectl-annotate"});
}
