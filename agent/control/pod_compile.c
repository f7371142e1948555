/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod as it is in the store, with what this node knows, handed to the compiler. Step "compiled" of a pod's life.
 */
#include "agent/control/pod.h"

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

/* Restarts that the container has behind it when a new shim takes over: what was reported, and this one. */
static uint32_t restarts_before(const json_t *object, const char *name)
{
	static const char *const lists[] = {"containerStatuses", "initContainerStatuses"};
	const json_t *status;
	size_t i;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
		json_array_foreach (json_at(object, "status", lists[k], NULL), i, status) {
			if (!streq(json_str(status, "name"), name))
				continue;
			bool ran = json_str_or(status, "containerID", "")[0] ||
				   json_at(status, "lastState", "terminated", NULL);
			return (uint32_t)json_int(status, "restartCount", 0) + ran;
		}
	}
	return 0;
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
		const json_t *container = pod_container(object, i, NULL);
		int r = image_find(
			c->o.images, json_str_or(container, "image", ""), &containers[i].image, e);
		if (r < 0)
			return err_wrap(e, r, "image of container \"%s\"",
				json_str_or(container, "name", ""));
		containers[i].base_restarts =
			restarts_before(object, json_str_or(container, "name", ""));
	}
	const struct compile_input in = {&node, &lookup, containers};
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
