/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an image manifest: what is taken has digests and sizes within bounds (R16). */
#include "runtime/image/manifest.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void check(const struct descriptor *d, uint64_t max)
{
	struct digest again;

	assert(digest_parse(sv(d->digest.text), &again) == 0);
	assert(d->size_bytes <= max);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	cleanup_manifest struct manifest m = {0};
	struct sv bytes = {(const char *)in, n};
	struct err e = {0};
	int type = manifest_type_of(bytes, &e), r;

	assert(type < 0 ? e.msg[0] : type == MANIFEST_IMAGE || type == MANIFEST_INDEX);
	r = manifest_decode(bytes, &m, &e);
	assert(r == 0 || (e.msg[0] && !m.layers));
	if (r < 0)
		return 0;
	assert(type == MANIFEST_IMAGE && m.n_layers <= IMAGE_LAYERS_MAX);
	check(&m.config, IMAGE_JSON_MAX);
	for (size_t i = 0; i < m.n_layers; i++)
		check(&m.layers[i], 10ull << 30);
	return 0;
}
