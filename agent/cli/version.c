/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth version`: this program's and the agent's.
 */
#include "runtime/base/version.h"
#include "agent/cli/handlers.h"
#include "agent/cli/output.h"

static int print_versions(struct cli *c, const json_t *server, const char *refusal)
{
	cleanup_output struct output output = {0};
	cleanup_json json_t *both = json_pack("{s:{s:s, s:s, s:s}, s:O*}", "clientVersion",
		"gitVersion", berth_version, "major", KUBERNETES_MAJOR, "minor", KUBERNETES_MINOR,
		"serverVersion", server);

	if (output_open(c, &output) != EXIT_OK)
		return EXIT_FAILED;
	if (!output_is_table(&output)) {
		output_object(c, &output, both);
	} else {
		(void)fprintf(c->out, "Client Version: %s (Kubernetes %s.%s)\n", berth_version,
			KUBERNETES_MAJOR, KUBERNETES_MINOR);
		if (server)
			(void)fprintf(c->out, "Server Version: %s (Kubernetes %s.%s)\n",
				json_str_or(server, "gitVersion", "unknown"),
				json_str_or(server, "major", "?"),
				json_str_or(server, "minor", "?"));
	}
	return refusal ? fail(c, "%s", refusal) : EXIT_OK;
}

int cmd_version(struct cli *c)
{
	cleanup_response struct response response = {0};
	struct err e = {0};

	if (flag_on(&c->flags, "client"))
		return print_versions(c, NULL, NULL);
	if (client_do(c->client, &(struct request){.method = "GET", .path = "/version"}, &response,
		    &e) < 0)
		return print_versions(c, NULL, err_text(&e));
	if (response.code >= 400)
		return fail_response(c, &response, NULL);
	return print_versions(c, response.json, NULL);
}
