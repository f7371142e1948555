/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth retry`: what of a pod waits in a back-off is tried now.
 */
#include "agent/cli/api_path.h"
#include "agent/cli/handlers.h"
#include "agent/cli/pod.h"

static int retry_one(struct cli *c, const char *text)
{
	const char *container = flag_text(&c->flags, "container");
	cleanup_json json_t *pod = pod_find(c, text, true);
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0}, names = {0};
	const json_t *metadata = json_map(pod, "metadata"), *name;
	size_t i;

	if (!pod || (container && !container_find(c, pod, container, true)))
		return EXIT_FAILED;
	str_addf(&path, "/apis/berth.dev/v1/namespaces/%s/pods/%s/retry",
		json_str_or(metadata, "namespace", ""), json_str_or(metadata, "name", ""));
	query_add(&path, "container", container);
	if (call(c, &(struct request){.method = "POST", .path = path.p, .body = sv("{}")},
		    &response, NULL) != EXIT_OK)
		return EXIT_FAILED;
	json_array_foreach (json_list(response.json, "containers"), i, name)
		str_addf(&names, "%s%s", i ? ", " : "", json_string_value(name));
	if (names.n)
		(void)fprintf(c->out, "pod/%s: tried again now: %s\n",
			json_str_or(metadata, "name", ""), names.p);
	else
		(void)fprintf(c->out, "pod/%s: nothing waits to be tried again\n",
			json_str_or(metadata, "name", ""));
	return EXIT_OK;
}

int cmd_retry(struct cli *c)
{
	int status = EXIT_OK;

	if (word_count(c) == 0)
		return fail_usage(c, "a POD is needed");
	for (size_t i = 0; i < word_count(c); i++)
		status |= retry_one(c, word(c, i));
	return status;
}
