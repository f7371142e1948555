/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.json, and what becomes of it: a plan that is accepted is the same after encode and decode, and its config.json
 * keeps the rules (safety R2, R4, R8, R11) whatever is in it.
 */
#include "runtime/base/json.h"
#include "runtime/bundle/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* Mounts: the constant list, and binds below /dev that R4 allows. */
static void check_mounts(const json_t *config)
{
	static const char *const allowed[] = {
		"/proc", "/dev", "/dev/pts", "/dev/mqueue", "/sys", "/sys/fs/cgroup", "/dev/shm"};
	const json_t *m;
	size_t i;

	json_array_foreach (json_list(config, "mounts"), i, m) {
		const char *destination = json_str_or(m, "destination", "");
		size_t k = 0;

		while (k < ARRAY_SIZE(allowed) && !streq(allowed[k], destination))
			k++;
		must(k < ARRAY_SIZE(allowed));
	}
}

static void check_config(const json_t *config)
{
	const json_t *caps = json_at(config, "process", "capabilities", NULL);

	must(json_array_size(json_list(caps, "inheritable")) == 0);
	must(json_array_size(json_list(caps, "ambient")) == 0);
	must(!json_object_get(config, "hooks") && !json_object_get(config, "annotations"));
	must(!json_object_get(config, "hostname"));
	must(json_str_or(json_map(config, "process"), "cwd", "")[0] == '/');
	check_mounts(config);
}

static void check_container(const struct plan *p, const struct plan_container *c)
{
	const struct user_ids root = {0};
	const struct bundle_bind shm = {.source = "/run/shm", .destination = "/dev/shm"};
	const struct bundle b = {
		.plan = p,
		.container = c,
		.rootfs = "/run/rootfs",
		.cgroup_path = "/berth/u/c",
		.ns_dir = "/proc/1/ns",
		.binds = &shm,
		.n_binds = 1,
		.user = &root,
		.caps = c->caps,
		.nofile_max = 1024,
	};
	json_t *config = NULL;

	for (size_t i = 0; i < c->n_mounts; i++)
		must(plan_check_mount_path(c->mounts[i].path, NULL) == 0 &&
			plan_find_volume(p, c->mounts[i].volume));
	if (bundle_config(&b, &config, NULL) < 0)
		return;
	check_config(config);
	json_decref(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	CLEANUP(plan_free) struct plan *p = NULL;
	CLEANUP(plan_free) struct plan *again = NULL;
	cleanup_json json_t *a = NULL, *b = NULL;
	struct err e = {0};

	if (plan_parse((struct sv){(const char *)in, n}, &p, &e) < 0) {
		must(e.msg[0]);
		return 0;
	}
	a = plan_encode(p);
	must(plan_decode(a, &again, &e) == 0);
	b = plan_encode(again);
	must(json_equal(a, b));
	for (size_t i = 0; i < p->n_containers; i++)
		check_container(p, &p->containers[i]);
	return 0;
}
