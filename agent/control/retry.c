/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner has mended what was wrong and does not want to wait: whatever of a pod waits to be tried again is tried now.
 * How often it has failed is not forgotten: should it fail once more, the next wait is longer still.
 */
#include "agent/control/pod.h"

#include "agent/status/pod_status.h"

/* The containers that wait for their next attempt, among them those that wait for an image. */
static json_t *waiting_now(const struct pod *p, const char *container)
{
	uint64_t now = control_now(p->control), wall = control_wall(p->control);
	json_t *names = json_array();

	for (size_t i = 0; i < p->n_images; i++)
		if ((!container || streq(p->images[i].container, container)) &&
			p->images[i].retry_ns > now)
			json_push(names, json_string(p->images[i].container));
	for (size_t i = 0; p->snapshot && i < p->snapshot->n_containers; i++) {
		const struct container_snapshot *s = &p->snapshot->containers[i];

		if ((!container || streq(s->name, container)) && s->next_start_at > wall)
			json_push(names, json_string(s->name));
	}
	return names;
}

int control_retry(struct control *c, const char *ns, const char *name, const char *container,
	json_t **ret_names, struct err *e)
{
	struct pod *p = pod_find_named(c, ns, name);
	cleanup_json json_t *object = NULL;
	const struct link_message m = {
		.type = LINK_RETRY, .container = (char *)(uintptr_t)container};
	bool known = !container;
	int r = 0;

	if (!p || pod_object(p, &object) < 0)
		return err_set(e, -ENOENT, "pods \"%s\" not found", name);
	for (size_t i = 0; !known && i < pod_container_count(object); i++)
		known = streq(json_str(pod_container(object, i, NULL), "name"), container);
	if (!known)
		return err_set(e, -ENOENT, "container %s is not valid for pod %s", container, name);
	if (pod_ended(object))
		return err_set(e, -EAGAIN,
			"pod \"%s\" has ended: nothing of it is tried again; delete it and create "
			"it "
			"anew",
			name);
	cleanup_json json_t *names = waiting_now(p, container);
	if (p->snapshot)
		r = pod_send(p, &m, -1);
	if (r < 0)
		return err_errno(e, r, "asking the pod's shim");
	for (size_t i = 0; i < p->n_images; i++)
		if (!container || streq(p->images[i].container, container))
			p->images[i].retry_ns = 0;
	p->launch_ns = 0;
	pod_mark(p);
	*ret_names = take(names);
	return 0;
}
