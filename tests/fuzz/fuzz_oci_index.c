/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an index, and a choice for every architecture. */
#include "runtime/image/manifest.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static const char *const archs[] = {"amd64", "arm64", "arm", "riscv64", ""};
	cleanup_index struct index x = {0};
	struct err e = {0};

	if (index_decode((struct sv){(const char *)in, n}, &x, &e) < 0) {
		assert(e.msg[0] && !x.entries);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(archs); i++) {
		const struct index_entry *entry = index_choose(&x, archs[i], &e);

		assert(entry ? entry >= x.entries && entry < x.entries + x.n : e.msg[0]);
		assert(!entry || x.n == 1 || streq(entry->architecture, archs[i]));
	}
	return 0;
}
