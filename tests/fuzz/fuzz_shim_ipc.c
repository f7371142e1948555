/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between agent and shim: one that is accepted is the same after encode and decode. */
#include "runtime/base/json.h"
#include "runtime/plan/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	cleanup_link_message struct link_message m = {0}, again = {0};
	cleanup_free char *text = NULL, *second = NULL;
	struct err e = {0};

	if (link_decode((struct sv){(const char *)in, n}, &m, &e) < 0) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	text = link_encode(&m);
	/* A member that must be there may have been its own fallback, which is not written. */
	if (link_decode(sv(text), &again, &e) < 0)
		return 0;
	second = link_encode(&again);
	if (!streq(text, second))
		abort();
	return 0;
}
