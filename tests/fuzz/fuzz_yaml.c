/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML reading: what is read is within the limits, and written out again it reads as the same.
 */
#include "agent/spec/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct sv text = {(const char *)in, n};
	cleanup_json json_t *documents = NULL;
	struct err e;
	(void)yaml_line_of(text, n % 3, "spec.containers[1].env[0].name");
	if (yaml_parse_all(text, &documents, &e) < 0)
		return 0;
	for (size_t i = 0; i < json_array_size(documents); i++) {
		const json_t *document = json_array_get(documents, i);
		cleanup_json json_t *back = NULL;
		cleanup_str struct str out = {0};
		if (json_check_limits(document, NULL) < 0)
			abort();
		yaml_write(&out, document);
		if (yaml_parse_one((struct sv){out.p, out.n}, &back, &e) < 0 ||
			!json_equal(document, back))
			abort();
	}
	return 0;
}
