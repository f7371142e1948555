/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three kinds of patches and the patch of apply. Input: two lines of JSON, the object and the patch. Neither may be
 * changed, and what comes out is within the limits.
 */
#include "agent/spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void try_patch(const struct kind *k, const json_t *current, const json_t *patch)
{
	static const enum patch_type types[] = {PATCH_MERGE, PATCH_STRATEGIC, PATCH_JSON};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		cleanup_json json_t *out = NULL;
		struct err e;
		if (spec_patch(k, current, patch, types[i], &out, &e) < 0)
			continue;
		if (!json_is_object(out) || json_check_limits(out, NULL) < 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct sv rest = {(const char *)in, n};
	struct sv first = sv_cut(&rest, '\n');
	cleanup_json json_t *current = NULL, *patch = NULL, *apply = NULL, *now = NULL;
	struct err e;
	if (json_parse(first, &current, &e) < 0 || json_parse(rest, &patch, &e) < 0)
		return 0;
	cleanup_json json_t *current_before = json_deep_copy(current);
	cleanup_json json_t *patch_before = json_deep_copy(patch);
	try_patch(kind_by_word("po"), current, patch);
	try_patch(kind_by_word("rc"), current, patch);
	if (spec_apply_patch(kind_by_word("po"), current, patch, current, &apply, &e) == 0)
		(void)spec_patch(kind_by_word("po"), current, apply, PATCH_STRATEGIC, &now, &e);
	if (!json_equal(current, current_before) || !json_equal(patch, patch_before))
		abort();
	return 0;
}
