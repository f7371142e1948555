/* SPDX-License-Identifier: Apache-2.0 */
/* The request line: path, query, route and selectors, as the first bytes of a stranger are read. */
#include "agent/api/routes.h"
#include "agent/api/select.h"
#include "agent/api/table.h"
#include "agent/api/ws.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct request r = {.method = n > 0 ? in[0] % METHOD_MAX : METHOD_GET};
	cleanup_free char *text = xstrndup((const char *)in + (n > 0), n - (n > 0));
	struct selection selection = {0};
	char accept[WS_ACCEPT_SIZE];
	unsigned methods;
	int64_t number;

	(void)table_wanted(text);
	(void)ws_choose_version(text);
	(void)ws_accept_key(text, accept);
	if (target_parse(sv(text), &r.target, NULL) < 0)
		return 0;
	for (size_t i = 0; i < r.target.n_segments; i++) {
		const char *s = r.target.segments[i];

		/* No part may lead anywhere. */
		assert(s[0] && !streq(s, ".") && !streq(s, ".."));
	}
	for (size_t i = 0; i < r.target.n_params; i++) {
		(void)target_flag(&r.target, r.target.params[i].key);
		(void)target_number(&r.target, r.target.params[i].key, &number, NULL);
	}
	if (route_match(&r, &methods) == 0 && r.kind &&
		selection_parse(&r, &selection, NULL) == 0) {
		cleanup_json json_t *object = json_object();

		json_put_str(json_sub(object, "metadata"), "name", "x");
		(void)selection_match(&selection, object);
		selection_done(&selection);
	}
	target_done(&r.target);
	return 0;
}
