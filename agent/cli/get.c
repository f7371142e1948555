/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth get`: objects as tables that the server lays out, or whole, and with -w their changes.
 * Source of the behaviour: k8s.io/kubectl pkg/cmd/get.
 */
#include "agent/cli/handlers.h"

#include "agent/cli/api_path.h"
#include "agent/cli/columns.h"
#include "agent/cli/output.h"
#include "agent/cli/targets.h"
#include "agent/cli/watch.h"

#define TABLE_ACCEPT "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

struct getting {
	struct cli *cli;
	struct output output;
	struct columns *table;
	const struct kind *kind; /* of the table being filled */
	json_t *columns;	 /* its columnDefinitions */
	bool with_kind, with_namespace, with_event;
	size_t rows;
	uint64_t
		seen; /* the highest version printed: what a list after an expired watch need not repeat */
	int status;
};

static void selectors(struct cli *c, struct str *path)
{
	query_add(path, "labelSelector", flag_text(&c->flags, "selector"));
	query_add(path, "fieldSelector", flag_text(&c->flags, "field-selector"));
}

static void target_path(struct cli *c, const struct target *t, struct str *path)
{
	path_start(path, t->kind, t->ns, t->name, NULL);
	if (!t->name)
		selectors(c, path);
	/* --sort-by and -o custom columns look into the objects; a table brings only their metadata unless asked. */
	if (flag_given(&c->flags, "sort-by"))
		query_add(path, "includeObject", "Object");
}

/* ---- tables -------------------------------------------------------------------------------------- */

static bool is_shown(const struct getting *g, const json_t *column)
{
	return json_int(column, "priority", 0) == 0 || g->output.format == OUTPUT_WIDE;
}

static void label_columns(struct getting *g,
	void (*each)(struct getting *g, const char *label, const void *data), const void *data)
{
	size_t n;
	const char *const *lists = flag_list(&g->cli->flags, "label-columns", &n);

	for (size_t i = 0; i < n; i++) {
		struct sv left = sv(lists[i]);

		while (left.n) {
			struct sv one = sv_cut(&left, ',');
			cleanup_free char *label = xstrndup(one.p, one.n);

			each(g, label, data);
		}
	}
}

static void label_title(struct getting *g, const char *label, const void *data)
{
	const char *slash = strrchr(label, '/');

	(void)data;
	columns_column(g->table, slash ? slash + 1 : label, 0);
}

static void label_cell(struct getting *g, const char *label, const void *data)
{
	columns_cell(g->table, json_str_or(data, label, ""));
}

static void start_table(struct getting *g, const struct kind *k, json_t *columns)
{
	json_t *column;
	size_t i;

	columns_restart(g->table);
	if (g->rows && !g->with_event)
		(void)fputc('\n', g->cli->out);
	g->kind = k;
	json_decref(g->columns);
	g->columns = json_incref(columns);
	if (g->with_event)
		columns_column(g->table, "event", 0);
	if (g->with_namespace && k->namespaced)
		columns_column(g->table, "namespace", 0);
	json_array_foreach (columns, i, column)
		if (is_shown(g, column))
			columns_column(g->table, json_str_or(column, "name", ""), 0);
	label_columns(g, label_title, NULL);
	if (flag_on(&g->cli->flags, "show-labels"))
		columns_column(g->table, "labels", 0);
}

static void cell_of(struct getting *g, const json_t *cell)
{
	cleanup_free char *text = json_is_string(cell)		? xstrdup(json_string_value(cell))
				  : cell && !json_is_null(cell) ? json_canonical(cell)
								: xstrdup("<none>");

	columns_cell(g->table, text);
}

static void labels_cell(struct getting *g, const json_t *labels)
{
	cleanup_str struct str text = {0};
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)labels, key, value)
		str_addf(&text, "%s%s=%s", text.n ? "," : "", key, json_string_value(value));
	columns_cell(g->table, text.n ? text.p : "<none>");
}

static void add_row(struct getting *g, const json_t *row, const char *event)
{
	const json_t *metadata = json_at(row, "object", "metadata", NULL),
		     *labels = json_map(metadata, "labels");
	json_t *cells = json_list(row, "cells"), *column;
	uint64_t version = 0;
	size_t i;

	if (g->with_event)
		columns_cell(g->table, event ? event : "");
	if (g->with_namespace && g->kind->namespaced)
		columns_cell(g->table, json_str_or(metadata, "namespace", ""));
	json_array_foreach (g->columns, i, column) {
		if (!is_shown(g, column))
			continue;
		if (i == 0 && g->with_kind) {
			cleanup_str struct str name = {0};

			output_name(&name, g->kind, json_str_or(metadata, "name", ""));
			columns_cell(g->table, name.p);
		} else {
			cell_of(g, json_array_get(cells, i));
		}
	}
	label_columns(g, label_cell, labels);
	if (flag_on(&g->cli->flags, "show-labels"))
		labels_cell(g, labels);
	columns_row(g->table);
	if (parse_u64(sv(json_str_or(metadata, "resourceVersion", "")), &version) == 0 &&
		version > g->seen)
		g->seen = version;
	g->rows++;
}

struct sort_key {
	const struct jsonpath *path;
};

/* Numbers by value, all else by its text; what has no value comes first. */
static int compare_values(const json_t *a, const json_t *b)
{
	cleanup_free char *x = NULL, *y = NULL;

	if (!a || !b)
		return (a != NULL) - (b != NULL);
	if (json_is_number(a) && json_is_number(b))
		return (json_number_value(a) > json_number_value(b)) -
		       (json_number_value(a) < json_number_value(b));
	if (json_is_string(a) && json_is_string(b))
		return strcmp(json_string_value(a), json_string_value(b));
	x = json_canonical(a);
	y = json_canonical(b);
	return strcmp(x, y);
}

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct sort_key *key = data;
	json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	json_t *xo = json_object_get(x, "object"), *yo = json_object_get(y, "object");
	cleanup_json json_t *xs = jsonpath_values(key->path, xo ? xo : x);
	cleanup_json json_t *ys = jsonpath_values(key->path, yo ? yo : y);

	return compare_values(json_array_get(xs, 0), json_array_get(ys, 0));
}

/* Sorts rows or items by --sort-by. Returns: a new array, or NULL (told). */
static json_t *sorted_rows(struct cli *c, json_t *rows)
{
	const char *by = flag_text(&c->flags, "sort-by");
	CLEANUP(jsonpath_free) struct jsonpath *path = NULL;
	size_t n = json_array_size(rows);
	cleanup_free json_t **items = xcalloc(n, sizeof *items);
	json_t *sorted;
	struct err e = {0};

	if (!by)
		return json_incref(rows);
	if (jsonpath_parse_path(by, &path, &e) < 0) {
		(void)fail(c, "--sort-by: %s", err_text(&e));
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		items[i] = json_array_get(rows, i);
	qsort_r(items, n, sizeof *items, compare_rows, &(struct sort_key){path});
	sorted = json_array();
	for (size_t i = 0; i < n; i++)
		json_push(sorted, json_incref(items[i]));
	return sorted;
}

static int take_table(
	struct getting *g, const struct kind *k, const json_t *table, const char *event)
{
	cleanup_json json_t *rows = sorted_rows(g->cli, json_list(table, "rows"));
	json_t *columns = json_list(table, "columnDefinitions"), *row;
	size_t i;

	if (!rows)
		return EXIT_FAILED;
	if (json_array_size(rows) == 0)
		return EXIT_OK;
	if (columns && json_array_size(columns) && (g->kind != k || !g->columns))
		start_table(g, k, columns);
	json_array_foreach (rows, i, row)
		add_row(g, row, event);
	return EXIT_OK;
}

/* ---- one target ---------------------------------------------------------------------------------- */

static int fetch(struct cli *c, const struct target *t, const char *accept, struct response *ret)
{
	cleanup_str struct str path = {0};

	target_path(c, t, &path);
	return call_expecting(c,
		&(struct request){.method = "GET", .path = path.p, .accept = accept},
		flag_on(&c->flags, "ignore-not-found") ? 404 : 0, ret, NULL);
}

static void get_tables(struct getting *g, const struct targets *targets)
{
	for (size_t i = 0; i < targets->n; i++) {
		const struct target *t = &targets->items[i];
		cleanup_response struct response response = {0};

		if (t->kind != g->kind && columns_rows(g->table))
			columns_print(g->table, !flag_on(&g->cli->flags, "no-headers"));
		if (fetch(g->cli, t, TABLE_ACCEPT, &response) != EXIT_OK)
			g->status = EXIT_FAILED;
		else if (response.code < 400 &&
			 take_table(g, t->kind, response.json, "ADDED") != EXIT_OK)
			g->status = EXIT_FAILED;
	}
	columns_print(g->table, !flag_on(&g->cli->flags, "no-headers"));
}

/* Items of lists come without kind and apiVersion; alone they need them. */
static void name_kind(const struct kind *k, json_t *object)
{
	json_put_str(object, "apiVersion", kind_api_version(k));
	json_put_str(object, "kind", k->kind);
}

static void collect(struct getting *g, const struct target *t, json_t *items, size_t *ret_single)
{
	cleanup_response struct response response = {0};
	json_t *item;
	size_t i;

	if (fetch(g->cli, t, NULL, &response) != EXIT_OK) {
		g->status = EXIT_FAILED;
		return;
	}
	if (response.code >= 400)
		return;
	if (t->name) {
		(*ret_single)++;
		json_push(items, json_incref(response.json));
		return;
	}
	*ret_single += 2;
	json_array_foreach (json_list(response.json, "items"), i, item) {
		name_kind(t->kind, item);
		json_push(items, json_incref(item));
	}
}

static void get_objects(struct getting *g, const struct targets *targets)
{
	cleanup_json json_t *items = json_array(), *sorted = NULL, *list = NULL;
	size_t single = 0;

	for (size_t i = 0; i < targets->n; i++)
		collect(g, &targets->items[i], items, &single);
	g->rows = json_array_size(items);
	sorted = sorted_rows(g->cli, items);
	if (!sorted) {
		g->status = EXIT_FAILED;
		return;
	}
	if (g->rows == 0 && (g->status != EXIT_OK || single < 2)) {
		g->rows = 1; /* told, or not wanted to be told */
		return;
	}
	if (single == 1 && targets->n == 1) {
		output_object(g->cli, &g->output, json_array_get(sorted, 0));
		return;
	}
	list = list_of(json_incref(sorted));
	output_object(g->cli, &g->output, list);
	if (g->output.format != OUTPUT_NAME && g->output.format != OUTPUT_COLUMNS)
		g->rows = 1;
}

/* ---- watching ------------------------------------------------------------------------------------- */

static int on_change(void *data, const char *type, json_t *object)
{
	struct getting *g = data;

	if (!output_is_table(&g->output)) {
		if (g->with_event) {
			cleanup_json json_t *event =
				json_pack("{s:s, s:O}", "type", type, "object", object);

			output_object(g->cli, &g->output, event);
		} else {
			output_object(g->cli, &g->output, object);
		}
	} else {
		(void)take_table(g, g->kind, object, type);
		columns_print(g->table, !flag_on(&g->cli->flags, "no-headers"));
	}
	(void)fflush(g->cli->out);
	return ferror(g->cli->out) ? -EPIPE : 0;
}

/* The first state, printed. @version is the caller's to free. */
static int list_first(struct getting *g, const struct target *t, bool print, char **ret_version)
{
	bool tables = output_is_table(&g->output);
	cleanup_response struct response response = {0};
	uint64_t seen = g->seen;
	json_t *item;
	size_t i;

	if (fetch(g->cli, t, tables ? TABLE_ACCEPT : NULL, &response) != EXIT_OK)
		return EXIT_FAILED;
	free(*ret_version);
	*ret_version = xstrdup(version_of(response.json));
	if (tables) {
		if (!g->kind || !g->columns)
			start_table(g, t->kind, json_list(response.json, "columnDefinitions"));
		json_array_foreach (json_list(response.json, "rows"), i, item) {
			uint64_t version = 0;

			(void)parse_u64(sv(version_of(json_object_get(item, "object"))), &version);
			if (print && (seen == 0 || version > seen))
				add_row(g, item, "ADDED");
		}
		if (columns_rows(g->table))
			columns_print(g->table, !flag_on(&g->cli->flags, "no-headers"));
	} else if (print && t->name) {
		output_object(g->cli, &g->output, response.json);
	} else if (print) {
		json_array_foreach (json_list(response.json, "items"), i, item) {
			name_kind(t->kind, item);
			output_object(g->cli, &g->output, item);
		}
	}
	(void)fflush(g->cli->out);
	return EXIT_OK;
}

static int watch_target(struct getting *g, const struct targets *targets)
{
	const struct target *t = &targets->items[0];
	cleanup_free char *version = NULL;
	struct watch w = {.kind = t->kind,
		.ns = t->ns,
		.name = t->name,
		.labels = flag_text(&g->cli->flags, "selector"),
		.fields = flag_text(&g->cli->flags, "field-selector"),
		.accept = output_is_table(&g->output) ? TABLE_ACCEPT : NULL,
		.on_event = on_change,
		.data = g};
	bool print = !flag_on(&g->cli->flags, "watch-only");

	if (targets->n != 1)
		return fail(g->cli, "you may only specify a single resource type when watching");
	for (;;) {
		if (list_first(g, t, print, &version) != EXIT_OK)
			return EXIT_FAILED;
		g->kind = t->kind;
		print = true;
		switch (watch_run(g->cli, &w, version)) {
		case WATCH_EXPIRED:
			continue;
		case WATCH_STOPPED:
		case WATCH_TIMED_OUT:
			return EXIT_OK;
		case WATCH_FAILED:
		default:
			return EXIT_FAILED;
		}
	}
}

static int get_raw(struct cli *c, const char *path)
{
	cleanup_response struct response response = {0};

	if (path[0] != '/')
		return fail(c, "--raw takes a path that begins with /");
	if (get(c, path, &response) != EXIT_OK)
		return EXIT_FAILED;
	(void)fwrite(response.body.p ? response.body.p : "", 1, response.body.n, c->out);
	return EXIT_OK;
}

static void say_none(struct getting *g, const struct targets *targets)
{
	const struct target *t = &targets->items[0];

	if (g->rows || g->status != EXIT_OK || flag_on(&g->cli->flags, "ignore-not-found"))
		return;
	if (t->ns)
		(void)fprintf(g->cli->err, "No resources found in %s namespace.\n", t->ns);
	else
		(void)fprintf(g->cli->err, "No resources found\n");
}

static int run_get(struct getting *g)
{
	cleanup_targets struct targets targets = {0};
	struct cli *c = g->cli;

	if (targets_of(c, false, &targets) != EXIT_OK)
		return EXIT_FAILED;
	g->status = targets.status;
	g->with_kind = targets.n_kinds > 1 || flag_on(&c->flags, "show-kind");
	g->with_namespace = flag_on(&c->flags, "all-namespaces");
	g->with_event = flag_on(&c->flags, "output-watch-events");
	if (flag_on(&c->flags, "watch") || flag_on(&c->flags, "watch-only"))
		return watch_target(g, &targets);
	if (output_is_table(&g->output))
		get_tables(g, &targets);
	else
		get_objects(g, &targets);
	say_none(g, &targets);
	return g->status;
}

int cmd_get(struct cli *c)
{
	struct getting g = {.cli = c, .table = columns_new(c)};
	const char *raw = flag_text(&c->flags, "raw");
	int status;

	if (raw)
		status = get_raw(c, raw);
	else
		status = output_open(c, &g.output) == EXIT_OK ? run_get(&g) : EXIT_FAILED;
	columns_free(g.table);
	json_decref(g.columns);
	output_done(&g.output);
	return status;
}
