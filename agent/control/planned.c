/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers that plans name, asked for when images are cleaned up. The plan is what the shim mounted and will mount
 * again, also across restarts of the agent.
 */
#include "agent/control/planned.h"

#include "runtime/base/fs.h"
#include "runtime/plan/plan.h"

enum { PLAN_FILE_MAX = 8 << 20 };

void layer_names_add(struct layer_names *l, const char *name)
{
	GROW(l->names, l->n + 1, l->cap);
	l->names[l->n++] = xstrdup(name);
}

void layer_names_done(struct layer_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
	*l = (struct layer_names){0};
}

int planned_layers(int pods_fd, const char *uid, struct layer_names *l, struct err *e)
{
	CLEANUP(plan_free) struct plan *plan = NULL;
	cleanup_free char *path = xasprintf("%s/plan.json", uid), *text = NULL;
	size_t n;
	int r = fs_read(pods_fd, path, PLAN_FILE_MAX, &text, &n);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_errno(e, r, "pod %s: reading its plan", uid);
	r = plan_parse((struct sv){text, n}, &plan, e);
	if (r < 0)
		return err_wrap(e, r, "pod %s", uid);
	for (size_t i = 0; i < plan->n_containers; i++)
		for (size_t k = 0; k < plan->containers[i].n_layers; k++)
			layer_names_add(l, plan->containers[i].layers[k]);
	return 0;
}
