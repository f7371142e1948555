/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables: negotiation, rows, ages. The columns stand in columns.c.
 */
#include "agent/api/table.h"
#include "runtime/base/clock.h"

bool table_wanted(const char *accept)
{
	/* Only if no plain form stands in front: clients list what they like best first. */
	struct sv left = sv(accept ? accept : "");

	while (left.n > 0) {
		struct sv form = sv_trim(sv_cut(&left, ','));
		bool table = false, group = false, plain = true;

		if (!sv_starts(form, "application/json"))
			continue;
		(void)sv_cut(&form, ';');
		while (form.n > 0) {
			struct sv parameter = sv_trim(sv_cut(&form, ';'));

			table = table || sv_eq(parameter, "as=Table");
			group = group || sv_eq(parameter, "g=meta.k8s.io");
			plain = plain && !sv_starts(parameter, "as=");
		}
		if (table && group)
			return true;
		if (plain)
			return false;
	}
	return false;
}

int table_object_of(const char *include, enum table_object *ret)
{
	static const char *const names[] = {
		[TABLE_METADATA] = "Metadata", [TABLE_OBJECT] = "Object", [TABLE_NONE] = "None"};

	*ret = TABLE_METADATA;
	if (!include || !include[0])
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (streq(include, names[i])) {
			*ret = (enum table_object)i;
			return 0;
		}
	}
	return -EBADMSG;
}

json_t *table_new(const struct kind *kind, const char *resource_version, bool columns)
{
	json_t *table = json_object(), *definitions = json_array();
	size_t n;
	const struct column *c = columns_of(kind, &n);

	json_put_str(table, "kind", "Table");
	json_put_str(table, "apiVersion", "meta.k8s.io/v1");
	json_put_str(json_sub(table, "metadata"), "resourceVersion", resource_version);
	for (size_t i = 0; columns && i < n; i++) {
		json_t *d = json_object();

		json_put_str(d, "name", c[i].name);
		json_put_str(d, "type", c[i].type);
		json_put_str(d, "format", c[i].format);
		json_put_str(d, "description", c[i].doc);
		json_put_int(d, "priority", c[i].priority);
		json_push(definitions, d);
	}
	/* Go's null for the rows that follow the first of a watch. */
	if (columns)
		json_put(table, "columnDefinitions", definitions);
	else
		json_decref(definitions);
	json_put(table, "rows", json_array());
	return table;
}

static json_t *row_object(const json_t *object, enum table_object with)
{
	json_t *partial;

	if (with == TABLE_OBJECT)
		return json_incref((json_t *)(uintptr_t)object);
	partial = json_object();
	json_put_str(partial, "kind", "PartialObjectMetadata");
	json_put_str(partial, "apiVersion", "meta.k8s.io/v1");
	json_put(partial, "metadata", json_incref(json_object_get(object, "metadata")));
	return partial;
}

void table_add(json_t *table, const struct kind *kind, const json_t *object, enum table_object with,
	uint64_t now)
{
	json_t *row = json_object(), *cells = json_array();
	size_t n;
	const struct column *c = columns_of(kind, &n);

	for (size_t i = 0; i < n; i++)
		json_push(cells, c[i].cell(object, now));
	json_put(row, "cells", cells);
	if (with != TABLE_NONE)
		json_put(row, "object", row_object(object, with));
	json_push(json_list(table, "rows"), row);
}

/* Two units where the first is small. Source: k8s.io/apimachinery, duration.HumanDuration. */
char *duration_text(uint64_t ns, char out[DURATION_SIZE])
{
	static const struct {
		uint64_t below;	     /* seconds */
		uint64_t unit, part; /* part 0: one unit only */
		char name, part_name;
	} forms[] = {
		{2 * 60, 1, 0, 's', 0},
		{10 * 60, 60, 1, 'm', 's'},
		{3 * 3600, 60, 0, 'm', 0},
		{8 * 3600, 3600, 60, 'h', 'm'},
		{48 * 3600, 3600, 0, 'h', 0},
		{8 * 86400, 86400, 3600, 'd', 'h'},
		{2 * 365 * 86400, 86400, 0, 'd', 0},
		{8ull * 365 * 86400, 365 * 86400, 86400, 'y', 'd'},
		{UINT64_MAX, 365 * 86400, 0, 'y', 0},
	};
	uint64_t s = ns / NS_PER_SEC;
	size_t i = 0;
	uint64_t part;

	while (s >= forms[i].below)
		i++;
	part = forms[i].part ? s % forms[i].unit / forms[i].part : 0;
	if (part)
		(void)snprintf(out, DURATION_SIZE, "%llu%c%llu%c",
			(unsigned long long)(s / forms[i].unit), forms[i].name,
			(unsigned long long)part, forms[i].part_name);
	else
		(void)snprintf(out, DURATION_SIZE, "%llu%c",
			(unsigned long long)(s / forms[i].unit), forms[i].name);
	return out;
}

json_t *age_cell(const char *timestamp, uint64_t now)
{
	char text[DURATION_SIZE];
	uint64_t at;

	if (!timestamp || rfc3339_parse(timestamp, &at) < 0)
		return json_string("<unknown>");
	/* A clock that was set back makes no negative ages. */
	return json_string(duration_text(at < now ? now - at : 0, text));
}
