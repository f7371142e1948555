/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints objects as -o asks. Keys are sorted in YAML and JSON, as kubectl's are, and managedFields are left out.
 */
#include "agent/cli/output.h"

#include "agent/cli/columns.h"
#include "agent/spec/yaml.h"
#include "runtime/base/fs.h"

#include <fcntl.h>

void output_done(struct output *o)
{
	jsonpath_free(o->template);
	for (size_t i = 0; i < o->n_columns; i++) {
		free(o->columns[i].title);
		jsonpath_free(o->columns[i].path);
	}
	free(o->columns);
	*o = (struct output){0};
}

bool output_is_table(const struct output *o)
{
	return o->format == OUTPUT_TABLE || o->format == OUTPUT_WIDE;
}

static int open_columns(struct cli *c, struct output *o, const char *text)
{
	struct sv left = sv(text);
	size_t cap = 0;
	struct err e = {0};

	while (left.n) {
		struct sv column = sv_cut(&left, ','), title = sv_cut(&column, ':');
		cleanup_free char *path = xstrndup(column.p, column.n);

		if (title.n == 0 || column.n == 0)
			return fail(c,
				"custom-columns: \"TITLE:.path\" is needed, separated by commas; "
				"got \"%s\"",
				text);
		GROW(o->columns, o->n_columns + 1, cap);
		o->columns[o->n_columns] =
			(struct output_column){.title = xstrndup(title.p, title.n)};
		if (jsonpath_parse_path(path, &o->columns[o->n_columns++].path, &e) < 0)
			return fail(c, "custom-columns: column %.*s: %s", (int)title.n, title.p,
				err_text(&e));
	}
	return o->n_columns ? EXIT_OK : fail(c, "custom-columns: no column is named");
}

static int open_template(struct cli *c, struct output *o, const char *text)
{
	struct err e = {0};

	if (jsonpath_parse(text, &o->template, &e) < 0)
		return fail(c, "error parsing jsonpath %s: %s", text, err_text(&e));
	return EXIT_OK;
}

static int open_template_file(struct cli *c, struct output *o, const char *name)
{
	cleanup_free char *text = NULL;
	int r = fs_read(AT_FDCWD, name, JSON_BYTES_MAX, &text, NULL);

	if (r < 0)
		return fail(c, "reading the JSONPath template %s: %s", name, strerror(-r));
	return open_template(c, o, text);
}

int output_open(struct cli *c, struct output *ret)
{
	static const struct {
		const char *name;
		enum output_format format;
		int (*open)(struct cli *c, struct output *o, const char *text); /* of "name=text" */
	} formats[] = {
		{"table", OUTPUT_TABLE, NULL},
		{"wide", OUTPUT_WIDE, NULL},
		{"yaml", OUTPUT_YAML, NULL},
		{"json", OUTPUT_JSON, NULL},
		{"name", OUTPUT_NAME, NULL},
		{"jsonpath", OUTPUT_JSONPATH, open_template},
		{"jsonpath-file", OUTPUT_JSONPATH, open_template_file},
		{"custom-columns", OUTPUT_COLUMNS, open_columns},
	};
	const char *text = flag_text(&c->flags, "output");
	struct sv value = sv(text), name = sv_cut(&value, '=');

	*ret = (struct output){0};
	for (size_t i = 0; text && i < ARRAY_SIZE(formats); i++) {
		if (!sv_eq(name, formats[i].name))
			continue;
		ret->format = formats[i].format;
		if (!formats[i].open)
			return EXIT_OK;
		if (!strchr(text, '='))
			return fail(c, "template format specified but no template given: -o %s=…",
				text);
		return formats[i].open(c, ret, value.p);
	}
	return EXIT_OK;
}

json_t *list_of(json_t *own_items)
{
	return json_pack("{s:s, s:o, s:s, s:{s:s}}", "apiVersion", "v1", "items", own_items, "kind",
		"List", "metadata", "resourceVersion", "");
}

static void drop_managed_fields(json_t *object)
{
	json_t *item;
	size_t i;

	(void)json_object_del(json_map(object, "metadata"), "managedFields");
	json_array_foreach (json_list(object, "items"), i, item)
		(void)json_object_del(json_map(item, "metadata"), "managedFields");
}

static void print_name(struct cli *c, const json_t *object)
{
	cleanup_str struct str line = {0};
	const struct kind *k = NULL;

	if (kind_of(object, &k, NULL) < 0) {
		(void)fprintf(c->out, "%s/%s\n", json_str_or(object, "kind", "object"),
			json_str_or(json_map(object, "metadata"), "name", ""));
		return;
	}
	output_name(&line, k, json_str_or(json_map(object, "metadata"), "name", ""));
	(void)fprintf(c->out, "%s\n", line.p);
}

/* Custom columns: a table of our own making. */
static void print_columns(struct cli *c, const struct output *o, const json_t *object)
{
	CLEANUP(columns_free) struct columns *t = columns_new(c);
	json_t *items = json_list(object, "items"), *item, *one = NULL;
	cleanup_json json_t *alone = NULL;
	size_t i, k, n;

	if (!items)
		items = alone = json_pack("[O]", object);
	for (i = 0; i < o->n_columns; i++)
		columns_column(t, o->columns[i].title, 0);
	json_array_foreach (items, i, item) {
		for (k = 0; k < o->n_columns; k++) {
			cleanup_str struct str cell = {0};
			cleanup_json json_t *values = jsonpath_values(o->columns[k].path, item);

			json_array_foreach (values, n, one) {
				cleanup_free char *text = json_is_string(one)
								  ? xstrdup(json_string_value(one))
								  : json_canonical(one);
				str_addf(&cell, "%s%s", n ? "," : "", text);
			}
			columns_cell(t, cell.n ? cell.p : "<none>");
		}
		columns_row(t);
	}
	columns_print(t, !flag_on(&c->flags, "no-headers"));
}

void output_object(struct cli *c, struct output *o, const json_t *object)
{
	cleanup_json json_t *copy = json_deep_copy(object);
	cleanup_str struct str text = {0};
	json_t *item;
	size_t i;

	if (!flag_on(&c->flags, "show-managed-fields"))
		drop_managed_fields(copy);
	if (o->format == OUTPUT_YAML) {
		str_add(&text, o->printed++ ? "---\n" : "");
		yaml_write(&text, copy);
	} else if (o->format == OUTPUT_JSON) {
		cleanup_free char *json = json_dumps(copy, JSON_INDENT(4) | JSON_SORT_KEYS);

		str_addf(&text, "%s\n", json);
	} else if (o->format == OUTPUT_NAME) {
		if (!json_list(copy, "items"))
			print_name(c, copy);
		json_array_foreach (json_list(copy, "items"), i, item)
			print_name(c, item);
	} else if (o->format == OUTPUT_COLUMNS) {
		print_columns(c, o, copy);
	} else if (o->format == OUTPUT_JSONPATH) {
		jsonpath_write(o->template, copy, &text);
	}
	if (text.n)
		(void)fwrite(text.p, 1, text.n, c->out);
}

void output_name(struct str *out, const struct kind *k, const char *name)
{
	str_addf(out, "%s%s%s/%s", k->singular, *k->group ? "." : "", k->group, name);
}

void output_done_to(struct cli *c, struct output *o, const struct kind *k, const json_t *object,
	const char *verb)
{
	cleanup_str struct str name = {0};

	if (!output_is_table(o)) {
		output_object(c, o, object);
		return;
	}
	output_name(&name, k, json_str_or(json_map(object, "metadata"), "name", ""));
	(void)fprintf(c->out, "%s %s\n", name.p, verb);
}
