/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST …/pods/NAME/retry?container=C: what of the pod waits to be tried again is tried now. Kubernetes has no such
 * verb, so it stands in berth's own group.
 */
#include "agent/api/backend.h"
#include "agent/api/routes.h"
#include "agent/api/server.h"

void retry_pod(struct request *r)
{
	const struct api_backend *backend = r->api->o.backend;
	const char *container = target_param(&r->target, "container");
	cleanup_json json_t *names = NULL;
	struct err e = {0};
	json_t *status;
	int code;

	if (!backend || !backend->retry) {
		reply_failure(r, 503, "ServiceUnavailable", "the agent is not ready");
		return;
	}
	code = backend->retry(r->api->o.control, r->ns, r->name,
		container && container[0] ? container : NULL, &names, &e);
	if (code < 0) {
		reply_err(r, &e);
		return;
	}
	status = json_object();
	json_put_str(status, "kind", "PodRetry");
	json_put_str(status, "apiVersion", "berth.dev/v1");
	json_put(status, "containers", take(names));
	reply_json(r, 200, status);
}
