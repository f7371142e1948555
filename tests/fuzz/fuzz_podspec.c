/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects as they come from a request: decode, default, validate. What was accepted is accepted again, unchanged; no
 * mount path of it is reserved (safety R4); an update to itself is allowed. First line of the input: the kind's word
 * may stand there ("rc"), the rest is JSON.
 */
#include "agent/spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void check_mounts(const json_t *pod)
{
	static const char *const lists[] = {"containers", "initContainers"};
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		const json_t *containers = json_at(pod, "spec", lists[l], NULL);
		for (size_t i = 0; i < json_array_size(containers); i++) {
			const json_t *mounts =
				json_list(json_array_get(containers, i), "volumeMounts");
			for (size_t j = 0; j < json_array_size(mounts); j++) {
				const char *path = json_str(json_array_get(mounts, j), "mountPath");
				if (!path || *path != '/' || strstr(path, "/../") ||
					sv_starts(sv(path), "/proc/") ||
					sv_starts(sv(path), "//proc") || strchr(path, '\n'))
					abort();
			}
		}
	}
}

static void admit(const struct kind *k, json_t *object)
{
	cleanup_problems struct problems p = {0}, again = {0}, update = {0};
	bool ok = spec_admit(k, object, FIELD_STRICT, &p);
	cleanup_free char *text = problems_text(&p, k->kind, "x");
	cleanup_json json_t *status = problems_status(&p, k->group, k->kind, "x");
	if (!ok)
		return;
	if (streq(k->kind, "Pod"))
		check_mounts(object);
	cleanup_json json_t *copy = json_deep_copy(object);
	if (!spec_admit(k, copy, FIELD_STRICT, &again) || !json_equal(object, copy))
		abort();
	spec_validate_update(k, object, copy, &update);
	if (update.n || spec_changed(k, object, copy))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct sv text = {(const char *)in, n};
	cleanup_json json_t *object = NULL;
	const struct kind *k = NULL;
	struct err e;
	if (n && in[0] != '{') {
		struct sv word = sv_cut(&text, '\n');
		cleanup_free char *name = xstrndup(word.p, word.n);
		k = kind_by_word(name);
	}
	if (json_parse(text, &object, &e) < 0)
		return 0;
	if (!k && kind_of(object, &k, &e) < 0)
		return 0;
	admit(k, object);
	return 0;
}
