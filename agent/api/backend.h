/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API asks of agent/control directly, as a table, so that its tests can run commands without pods.
 */
#ifndef AGENT_API_BACKEND_H
#define AGENT_API_BACKEND_H

#include "agent/control/control.h"

/* Each as the function of control.h whose name it bears. */
struct api_backend {
	int (*exec_start)(struct control *c, const struct control_exec_request *request,
		const struct control_exec_calls *calls, struct control_exec **ret, struct err *e);
	int (*exec_check)(
		struct control *c, const struct control_exec_request *request, struct err *e);
	bool (*exec_close_input)(struct control_exec *x);
	void (*exec_free)(struct control_exec *own_exec);
	int (*retry)(struct control *c, const char *ns, const char *name, const char *container,
		json_t **ret_names, struct err *e);
	int (*deaths)(
		struct control *c, const char *ns, const char *name, json_t **ret, struct err *e);
	int (*image_pull)(struct control *c, const char *ref, const char *auth_json,
		control_image_fn fn, void *data, struct control_image_job **ret, struct err *e);
	int (*image_load)(struct control *c, int fd, control_image_fn fn, void *data,
		struct control_image_job **ret, struct err *e);
	void (*image_job_free)(struct control_image_job *own_job);
	json_t *(*images)(struct control *c);
	int (*image_remove)(struct control *c, const char *ref, struct err *e);
	json_t *(*check)(struct control *c);
};

/** The real one. Berthd names it in its options; a server without one answers 503 to these requests. */
extern const struct api_backend api_backend_control;

#endif
