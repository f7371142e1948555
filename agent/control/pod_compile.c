/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod as it is in the store, with what this node knows, handed to the compiler. Step "compiled" of a pod's life.
 */
#include "agent/control/pod.h"

#include "agent/status/again.h"
#include "runtime/base/fs.h"
#include "runtime/image/image.h"
#include "runtime/net/pool.h"

#include <fcntl.h>

enum { RESOLV_MAX = 64 << 10 };

static int get_object(void *data, const char *kind, const char *name, json_t **ret)
{
	struct pod *p = data;
	const struct control *c = p->control;
	const struct kind *k = streq(kind, "Secret") ? c->secret_kind : c->config_kind;
	return store_get(c->o.store, k, p->ns, name, ret, NULL);
}

/* The host's resolv.conf; behind systemd's stub the one that the stub itself uses, as the stub's address is the
 * host's loopback. */
static char *host_resolv_conf(void)
{
	static const char stub[] = "127.0.0.53";
	char *text = NULL, *real = NULL;

	if (fs_read(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, &text, NULL) < 0)
		return xstrdup("");
	if (strstr(text, stub) && fs_read(AT_FDCWD, "/run/systemd/resolve/resolv.conf", RESOLV_MAX,
					  &real, NULL) == 0) {
		free(text);
		return real;
	}
	return text;
}

/* What a container has behind it when a new shim takes over: the restarts that were reported, and this one; or its
 * end, when that was its last. */
static void look_back(
	const json_t *object, const json_t *container, bool init, struct compile_container *ret)
{
	const char *list = init ? "initContainerStatuses" : "containerStatuses";
	const json_t *status = json_find(
		json_at(object, "status", list, NULL), "name", json_str(container, "name"));
	bool ran = json_str_or(status, "containerID", "")[0] ||
		   json_at(status, "lastState", "terminated", NULL);

	ret->base_restarts = (uint32_t)json_int(status, "restartCount", 0);
	if (again_is_done(object, container, init) && json_at(status, "state", "terminated", NULL))
		ret->done = status;
	else
		ret->base_restarts += ran;
}

uint64_t pod_deadline_wall(const struct pod *p, const json_t *object)
{
	int64_t seconds = json_int(json_map(object, "spec"), "activeDeadlineSeconds", 0);
	const char *text = json_str(json_map(object, "status"), "startTime");
	uint64_t started = p->admitted_wall_ns;

	if (text)
		(void)rfc3339_parse(text, &started);
	return seconds > 0 && started ? started + (uint64_t)seconds * NS_PER_SEC : 0;
}

int pod_compile(
	struct pod *p, const json_t *object, struct plan **ret, json_t **ret_payload, struct err *e)
{
	struct control *c = p->control;
	size_t n = pod_container_count(object);
	cleanup_free struct compile_container *containers = xcalloc(n, sizeof(*containers));
	cleanup_free char *resolv_conf = host_resolv_conf();
	char address[POOL_TEXT] = "";
	struct compile_node node = c->node;

	if (p->address)
		(void)address_text(p->address, address);
	node.resolv_conf = resolv_conf;
	const struct lookup lookup = {
		.get = get_object,
		.data = p,
		.pod = object,
		.pod_ip = p->host_network ? c->facts->address : address,
		.host_ip = c->facts->address,
		.node_name = c->o.node_name,
		.cpus_milli = c->facts->cpus_milli,
		.memory_bytes = c->facts->memory_bytes,
	};
	for (size_t i = 0; i < n; i++) {
		bool init;
		const json_t *container = pod_container(object, i, &init);
		int r = image_find(
			c->o.images, json_str_or(container, "image", ""), &containers[i].image, e);
		if (r < 0)
			return err_wrap(e, r, "image of container \"%s\"",
				json_str_or(container, "name", ""));
		look_back(object, container, init, &containers[i]);
	}
	const struct compile_input in = {
		.node = &node,
		.lookup = &lookup,
		.containers = containers,
		.deadline_wall_ns = pod_deadline_wall(p, object),
	};
	return compile_pod(&in, ret, ret_payload, e);
}

uint64_t pod_payload_digest(const json_t *payload)
{
	cleanup_free char *text = json_canonical(payload);
	uint64_t h = 0xcbf29ce484222325ull;

	for (const char *at = text; *at; at++)
		h = (h ^ (uint8_t)*at) * 0x100000001b3ull;
	explicit_bzero(text, strlen(text));
	return h ? h : 1;
}

/* What the status says of the images that this shim gets. */
void pod_note_images(struct pod *p)
{
	for (size_t i = 0; i < p->n_images; i++) {
		struct pod_image *image = &p->images[i];
		cleanup_image_ref struct image_ref ref = {0};
		const struct image *found;
		if (image_find(p->control->o.images, image->ref, &found, NULL) < 0)
			continue;
		free(image->name);
		free(image->id);
		image->name = xstrdup(found->ref);
		image->id = xstrdup(found->id);
		if (!found->digest || !found->digest[0] ||
			image_ref_parse(found->ref, &ref, NULL) < 0)
			continue;
		cleanup_free char *name = image_ref_name(&ref);
		free(image->id);
		image->id = xasprintf("%s@%s", name, found->digest);
	}
}
