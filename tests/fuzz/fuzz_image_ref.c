/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: a reference that is taken is normal after one pass, and safe in an argument, a path and an URL. */
#include "runtime/image/digest.h"
#include "runtime/image/ref.h"

#include <assert.h>
#include <ctype.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	cleanup_image_ref struct image_ref ref = {0}, again = {0};
	cleanup_free char *text = xstrndup((const char *)in, n), *normal = NULL, *same = NULL,
			  *name = NULL;
	struct digest d;
	struct err e = {0};

	if (image_ref_parse(text, &ref, &e) < 0) {
		assert(e.code == -EINVAL && e.msg[0] && !ref.path && !ref.domain);
		return 0;
	}
	normal = image_ref_text(&ref);
	assert(image_ref_parse(normal, &again, &e) == 0);
	same = image_ref_text(&again);
	assert(streq(normal, same));
	assert(ref.tag || ref.digest);
	assert(!ref.digest || digest_parse(sv(ref.digest), &d) == 0);
	/* Two dots are fine in a tag, which is no part of a path. */
	name = image_ref_name(&ref);
	assert(!strstr(name, "..") && normal[0] != '-' && normal[0] != '/');
	for (const char *c = normal; *c; c++)
		assert(isalnum((unsigned char)*c) || strchr("./:@_-[]", *c));
	return 0;
}
