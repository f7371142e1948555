/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth patch`: sends a patch that the user wrote, and says whether it changed anything.
 */
#include "agent/cli/change.h"
#include "agent/cli/files.h"
#include "agent/cli/handlers.h"
#include "agent/spec/yaml.h"

static const char *content_type(const char *type)
{
	static const struct {
		const char *flag, *type;
	} types[] = {{"strategic", "application/strategic-merge-patch+json"},
		{"merge", "application/merge-patch+json"}, {"json", "application/json-patch+json"}};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (streq(types[i].flag, type))
			return types[i].type;
	return types[0].type;
}

static int read_patch(struct cli *c, json_t **ret)
{
	const char *text = flag_text(&c->flags, "patch"),
		   *file = flag_text(&c->flags, "patch-file");
	cleanup_free char *bytes = NULL;
	struct err e = {0};
	size_t n = 0;

	if (!text == !file)
		return fail_usage(c, "Must specify --patch or --patch-file containing the contents "
				     "of the patch");
	if (file && file_bytes(c, file, &bytes, &n) != EXIT_OK)
		return EXIT_FAILED;
	if (yaml_parse_one(file ? (struct sv){bytes, n} : sv(text), ret, &e) < 0)
		return fail(c, "unable to parse \"%s\": %s", file ? file : text, err_text(&e));
	return EXIT_OK;
}

static int patch_one(struct cli *c, struct output *o, const struct target *t, const json_t *patch)
{
	const char *type = content_type(flag_text(&c->flags, "type")),
		   *sub = flag_text(&c->flags, "subresource");
	cleanup_response struct response before = {0}, after = {0};
	cleanup_json json_t *patched = NULL;
	enum patch_type how = PATCH_STRATEGIC;
	struct err e = {0};

	if (get_target(c, t, false, &before) != EXIT_OK)
		return EXIT_FAILED;
	if (dry_run_of(c) == DRY_RUN_CLIENT) {
		(void)patch_type_of(type, &how);
		if (spec_patch(t->kind, before.json, patch, how, &patched, &e) < 0)
			return fail_err(c, &e);
		output_done_to(c, o, t->kind, patched,
			dry_run_verb(c, json_equal(patched, before.json) ? "patched (no change)"
									 : "patched"));
		return EXIT_OK;
	}
	if (patch_target(c, t, sub, type, patch, "kubectl-patch", &after) != EXIT_OK)
		return EXIT_FAILED;
	output_done_to(c, o, t->kind, after.json,
		dry_run_verb(c,
			json_equal(before.json, after.json) ? "patched (no change)" : "patched"));
	return EXIT_OK;
}

int cmd_patch(struct cli *c)
{
	cleanup_targets struct targets targets = {0};
	cleanup_output struct output output = {0};
	cleanup_json json_t *patch = NULL;
	int status;

	if (read_patch(c, &patch) != EXIT_OK || output_open(c, &output) != EXIT_OK ||
		targets_of(c, true, &targets) != EXIT_OK)
		return EXIT_FAILED;
	status = targets.status;
	for (size_t i = 0; i < targets.n; i++)
		status |= patch_one(c, &output, &targets.items[i], patch);
	return status;
}
