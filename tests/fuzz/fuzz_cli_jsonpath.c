/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSONPath templates from the command line: parsing ends, evaluation of what parses ends, and a document is not
 * changed by it.
 */
#include "agent/cli/jsonpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static const char document[] =
	"{\"items\":[{\"metadata\":{\"name\":\"a\",\"labels\":{\"x.y/"
	"z\":\"1\"}},\"n\":3,\"on\":true},"
	"{\"metadata\":{\"name\":\"b\"},\"n\":5,\"list\":[1,[2,3],{\"a\":null}]}]}";

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	CLEANUP(jsonpath_free) struct jsonpath *path = NULL;
	cleanup_free char *text = NULL, *after = NULL;
	cleanup_json json_t *j = NULL, *values = NULL;
	cleanup_str struct str out = {0};
	struct err e = {0};

	/* Longer ones than a person writes only repeat what short ones do: ".." squared takes long. */
	if (n > 64)
		return 0;
	text = xstrndup((const char *)in, n);
	if (jsonpath_parse(text, &path, &e) < 0) {
		if (e.msg[0] == '\0')
			abort();
		return 0;
	}
	j = json_loads(document, 0, NULL);
	jsonpath_write(path, j, &out);
	values = jsonpath_values(path, j);
	after = json_text(j);
	if (strcmp(after, document) != 0)
		abort();
	return 0;
}
