/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth scale`: how many pods a controller keeps, through the subresource "scale".
 */
#include "agent/cli/change.h"
#include "agent/cli/handlers.h"

static int scale_one(struct cli *c, struct output *o, const struct target *t)
{
	int64_t wanted = flag_number(&c->flags, "replicas", 0), now;
	int64_t expected = flag_number(&c->flags, "current-replicas", -1);
	cleanup_json json_t *patch = json_pack("{s:{s:I}}", "spec", "replicas", (json_int_t)wanted);
	cleanup_response struct response live = {0}, response = {0};

	if (!t->kind->has_scale)
		return fail(c, "cannot scale a %s: it keeps no number of pods", t->kind->singular);
	if (get_target(c, t, false, &live) != EXIT_OK)
		return EXIT_FAILED;
	now = json_int(json_map(live.json, "spec"), "replicas", 0);
	if (expected >= 0 && now != expected)
		return fail(c, "Expected replicas to be %lld, was %lld", (long long)expected,
			(long long)now);
	if (expected >= 0) /* nobody may have changed it since */
		json_put(patch, "metadata",
			json_pack("{s:s*}", "resourceVersion",
				json_str(json_map(live.json, "metadata"), "resourceVersion")));
	if (dry_run_of(c) != DRY_RUN_CLIENT &&
		patch_target(c, t, "scale", "application/merge-patch+json", patch, "kubectl-scale",
			&response) != EXIT_OK)
		return EXIT_FAILED;
	json_put_int(json_sub(live.json, "spec"), "replicas", wanted);
	output_done_to(c, o, t->kind, live.json, dry_run_verb(c, "scaled"));
	return EXIT_OK;
}

int cmd_scale(struct cli *c)
{
	cleanup_targets struct targets targets = {0};
	cleanup_output struct output output = {0};
	bool many = flag_given(&c->flags, "selector") || flag_on(&c->flags, "all");
	int status;

	if (!flag_given(&c->flags, "replicas") || flag_number(&c->flags, "replicas", -1) < 0)
		return fail_usage(c, "The --replicas=COUNT flag is required, and COUNT must be "
				     "greater than or equal to 0");
	if (output_open(c, &output) != EXIT_OK || targets_of(c, !many, &targets) != EXIT_OK ||
		targets_expand(c, &targets) != EXIT_OK)
		return EXIT_FAILED;
	status = targets.status;
	for (size_t i = 0; i < targets.n; i++)
		status |= scale_one(c, &output, &targets.items[i]);
	return status;
}
