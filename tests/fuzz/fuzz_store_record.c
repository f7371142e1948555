/* SPDX-License-Identifier: Apache-2.0 */
/* Stored records: damage is noticed; what is read can be written again and is the same. */
#include "agent/spec/spec.h"
#include "agent/store/record.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	const struct kind *pods = kind_by_resource("", "v1", "pods");
	struct sv text = {(const char *)in, n};
	cleanup_json json_t *object = NULL, *again = NULL;
	cleanup_free char *written = NULL;

	assert(stored_decode(pods, text, record_sum(text) + 1, &object, NULL) < 0);
	if (stored_decode(pods, text, record_sum(text), &object, NULL) < 0)
		return 0;
	(void)record_check(object, sv("default"), sv("web"), 7, NULL);
	written = stored_encode(object);
	assert(stored_decode(pods, sv(written), record_sum(sv(written)), &again, NULL) == 0);
	assert(json_equal(object, again));
	return 0;
}
