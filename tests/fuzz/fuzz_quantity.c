/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short texts of an object: quantities (the canonical form means the same and is its own canonical form), durations,
 * label and field selectors.
 */
#include "agent/spec/quantity.h"
#include "agent/spec/selector.h"
#include "agent/spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

static void check_quantity(struct sv text)
{
	struct quantity q, again;
	if (quantity_parse(text, &q) < 0)
		return;
	cleanup_free char *canonical = quantity_text(q);
	if (quantity_parse(sv(canonical), &again) < 0 || quantity_compare(q, again) != 0)
		abort();
	cleanup_free char *twice = quantity_text(again);
	if (!streq(canonical, twice) || quantity_units(q) != quantity_units(again) ||
		quantity_milli(q) != quantity_milli(again))
		abort();
}

static void check_selectors(const char *text)
{
	CLEANUP(selector_free) struct selector *labels = NULL, *fields = NULL;
	struct err e;
	cleanup_json json_t *object =
		json_pack("{s:{s:s},s:{s:i}}", "metadata", "name", "web", "spec", "a", 1);
	if (label_selector_parse(text, &labels, &e) == 0)
		(void)label_selector_match(labels, json_object_get(object, "metadata"));
	if (field_selector_parse(kind_by_word("po"), text, &fields, &e) == 0)
		(void)field_selector_match(fields, object);
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	struct sv text = {(const char *)in, n};
	uint64_t ns;
	char age[16];
	check_quantity(text);
	if (duration_parse(text, &ns) == 0)
		(void)duration_human(ns, age);
	cleanup_free char *whole = xstrndup((const char *)in, n);
	check_selectors(whole);
	return 0;
}
