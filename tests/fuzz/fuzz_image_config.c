/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an image config: what is taken goes into the store's record and comes back the same. */
#include "runtime/image/config.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct image_config c = {0}, again = {0};
	cleanup_json json_t *j = NULL, *same = NULL;
	struct err e = {0};

	if (image_config_decode((struct sv){(const char *)in, n}, &c, &e) < 0) {
		assert(e.msg[0] && !c.env);
		return 0;
	}
	assert(!c.working_dir[0] || c.working_dir[0] == '/');
	for (char **env = c.env; *env; env++)
		assert(strchr(*env, '=') > *env);
	j = image_config_encode(&c);
	assert(image_config_from_json(j, &again, &e) == 0);
	same = image_config_encode(&again);
	assert(json_equal(j, same));
	image_config_done(&c);
	image_config_done(&again);
	return 0;
}
