/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a death: what is accepted is the same after encode and decode. */
#include "runtime/base/json.h"
#include "runtime/plan/death.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	CLEANUP(death_free) struct death *d = NULL, *again = NULL;
	cleanup_json json_t *j = NULL, *second = NULL;
	struct err e = {0};

	if (death_parse((struct sv){(const char *)in, n}, &d, &e) < 0) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	j = death_encode(d);
	if (death_decode(j, &again, &e) < 0)
		return 0;
	second = death_encode(again);
	if (!json_equal(j, second))
		abort();
	return 0;
}
