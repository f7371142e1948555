/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth check`: what the agent finds on this machine. Fails when something that is needed is missing.
 */
#include "agent/cli/handlers.h"
#include "agent/cli/output.h"

static const struct {
	const char *status, *mark, *color;
} marks[] = {{"ok", "ok", "\033[32m"}, {"warning", "warning", "\033[33m"},
	{"error", "MISSING", "\033[31m"}};

static void print_finding(struct cli *c, const json_t *finding)
{
	const char *status = json_str_or(finding, "status", ""), *mark = status, *color = "";

	for (size_t i = 0; i < ARRAY_SIZE(marks); i++)
		if (streq(marks[i].status, status)) {
			mark = marks[i].mark;
			color = marks[i].color;
		}
	(void)fprintf(c->out, "%s%-8s%s %-24s %s\n", c->color ? color : "", mark,
		c->color ? "\033[0m" : "", json_str_or(finding, "name", ""),
		json_str_or(finding, "message", ""));
}

int cmd_check(struct cli *c)
{
	cleanup_response struct response response = {0};
	cleanup_output struct output output = {0};
	json_t *findings, *one;
	size_t i, missing = 0;

	if (output_open(c, &output) != EXIT_OK ||
		get(c, "/apis/berth.dev/v1/check", &response) != EXIT_OK)
		return EXIT_FAILED;
	findings = json_is_array(response.json) ? response.json : json_list(response.json, "items");
	if (!findings)
		return fail(c, "berthd's answer has no findings");
	if (!output_is_table(&output))
		output_object(c, &output, response.json);
	json_array_foreach (findings, i, one) {
		missing += (size_t)streq(json_str(one, "status"), "error");
		if (output_is_table(&output))
			print_finding(c, one);
	}
	return missing ? fail(c, "%zu thing%s that berth needs %s missing", missing,
				 missing == 1 ? "" : "s", missing == 1 ? "is" : "are")
		       : EXIT_OK;
}
