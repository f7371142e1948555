/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET …/pods/NAME/deaths: how the pod's containers ended, the latest first, also of a pod that is gone. Kubernetes has no
 * such thing, so it stands in berth's own group.
 */
#include "agent/api/backend.h"
#include "agent/api/routes.h"
#include "agent/api/server.h"

void get_deaths(struct request *r)
{
	const struct api_backend *backend = r->api->o.backend;
	json_t *items = NULL, *list;
	struct err e = {0};

	if (!backend || !backend->deaths) {
		reply_failure(r, 503, "ServiceUnavailable", "the agent is not ready");
		return;
	}
	if (backend->deaths(r->api->o.control, r->ns, r->name, &items, &e) < 0) {
		reply_err(r, &e);
		return;
	}
	list = json_object();
	json_put_str(list, "kind", "DeathList");
	json_put_str(list, "apiVersion", "berth.dev/v1");
	json_put(list, "items", items);
	reply_json(r, 200, list);
}
