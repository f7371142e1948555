/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to CRI records: the first two bytes say in which pieces the rest comes; every byte comes out again, in order. */
#include "runtime/base/own.h"
#include "runtime/shim/cri.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void must(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static char carry[CRI_TEXT_MAX + 1], out[CRI_TEXT_MAX + CRI_PREFIX_MAX + 4];
	size_t piece, n_carry = 0, seen = 0, at = 2;
	struct cri_prefix prefix;

	if (n < 2)
		return 0;
	piece = 1 + in[0] + 256u * in[1];
	cri_prefix_set(&prefix, "2026-11-22T20:28:01.123456789Z", "stderr");
	while (at < n) {
		size_t left = n - at < piece ? n - at : piece, cut;
		const char *bytes = (const char *)in + at;
		bool whole;

		at += left;
		while (left && cri_next(bytes, left, n_carry, &cut, &whole)) {
			const struct cri_text t = {carry, n_carry, bytes, cut, whole};
			size_t length = cri_put(out, &prefix, &t);

			must(cut <= left && length == prefix.n + n_carry + cut + !whole);
			must(out[length - 1] == '\n' &&
				memchr(out, '\n', length) == out + length - 1);
			must(memcmp(out + prefix.n, in + 2 + seen, n_carry + cut) == 0);
			seen += n_carry + cut;
			n_carry = 0;
			bytes += cut;
			left -= cut;
		}
		must(n_carry + left <= CRI_TEXT_MAX);
		memcpy(carry + n_carry, bytes, left);
		n_carry += left;
	}
	must(seen + n_carry == n - 2);
	return 0;
}
