/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth events`, and what describe needs of them.
 */
#include "agent/cli/events.h"

#include "agent/cli/ages.h"
#include "agent/cli/api_path.h"
#include "agent/cli/columns.h"
#include "agent/cli/handlers.h"
#include "agent/cli/output.h"
#include "agent/cli/targets.h"
#include "agent/cli/watch.h"

const char *event_last(const json_t *event)
{
	const char *time = json_str(json_map(event, "series"), "lastObservedTime");

	time = time ? time : json_str(event, "lastTimestamp");
	time = time ? time : json_str(event, "eventTime");
	return time ? time : event_first(event);
}

const char *event_first(const json_t *event)
{
	const char *time = json_str(event, "firstTimestamp");

	time = time ? time : json_str(event, "eventTime");
	return time ? time : json_str(json_map(event, "metadata"), "creationTimestamp");
}

int64_t event_count(const json_t *event)
{
	const json_t *series = json_map(event, "series");

	return series ? json_int(series, "count", 1) : json_int(event, "count", 1);
}

void event_when(const struct cli *c, const json_t *event, struct str *out)
{
	char last[AGE_SIZE], first[AGE_SIZE];

	str_add(out, age_of(c, event_last(event), last));
	if (event_count(event) > 1)
		str_addf(out, " (x%lld over %s)", (long long)event_count(event),
			age_of(c, event_first(event), first));
}

static uint64_t wall_of(const char *time)
{
	uint64_t ns = 0;

	if (time)
		(void)rfc3339_parse(time, &ns);
	return ns;
}

static int by_time(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	uint64_t tx = wall_of(event_last(x)), ty = wall_of(event_last(y));
	uint64_t vx = 0, vy = 0;

	if (tx != ty)
		return tx < ty ? -1 : 1;
	/* Within one second, the order in which they were written. */
	(void)parse_u64(sv(version_of(x)), &vx);
	(void)parse_u64(sv(version_of(y)), &vy);
	return (vx > vy) - (vx < vy);
}

json_t *events_sorted(json_t *events)
{
	size_t n = json_array_size(events);
	cleanup_free json_t **items = xcalloc(n, sizeof *items);
	json_t *sorted = json_array();

	for (size_t i = 0; i < n; i++)
		items[i] = json_array_get(events, i);
	qsort(items, n, sizeof *items, by_time);
	for (size_t i = 0; i < n; i++)
		json_push(sorted, json_incref(items[i]));
	return sorted;
}

/* ---- berth events ---------------------------------------------------------------------------------- */

struct listing {
	struct cli *cli;
	struct output output;
	struct columns *table;
	bool everywhere;
	char *fields; /* of --for */
};

static bool is_wanted(const struct listing *l, const json_t *event)
{
	const char *type = json_str_or(event, "type", "Normal");
	size_t n;
	const char *const *lists = flag_list(&l->cli->flags, "types", &n);

	for (size_t i = 0; i < n; i++) {
		struct sv left = sv(lists[i]);

		while (left.n) {
			struct sv one = sv_cut(&left, ',');

			if (one.n == strlen(type) && strncasecmp(one.p, type, one.n) == 0)
				return true;
		}
	}
	return n == 0;
}

static void add_columns(struct listing *l)
{
	static const char *const titles[] = {"last seen", "type", "reason", "object", "message"};

	if (l->everywhere)
		columns_column(l->table, "namespace", 0);
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++)
		columns_column(l->table, titles[i], 0);
}

static void add_event(struct listing *l, const json_t *event)
{
	const json_t *about = json_map(event, "involvedObject");
	cleanup_str struct str when = {0};

	event_when(l->cli, event, &when);
	if (l->everywhere)
		columns_cell(l->table, json_str_or(json_map(event, "metadata"), "namespace", ""));
	columns_cell(l->table, when.p);
	columns_cell(l->table, json_str_or(event, "type", ""));
	columns_cell(l->table, json_str_or(event, "reason", ""));
	columns_cell_f(
		l->table, "%s/%s", json_str_or(about, "kind", ""), json_str_or(about, "name", ""));
	columns_cell(l->table, json_str_or(event, "message", ""));
	columns_row(l->table);
}

static void show(struct listing *l, json_t *event)
{
	if (!is_wanted(l, event))
		return;
	if (output_is_table(&l->output))
		add_event(l, event);
	else
		output_object(l->cli, &l->output, event);
}

static int on_event(void *data, const char *type, json_t *event)
{
	struct listing *l = data;

	if (streq(type, "DELETED"))
		return 0;
	show(l, event);
	if (output_is_table(&l->output))
		columns_print(l->table, !flag_on(&l->cli->flags, "no-headers"));
	(void)fflush(l->cli->out);
	return ferror(l->cli->out) ? -EPIPE : 0;
}

/* --for TYPE/NAME as a field selector. */
static int read_for(struct listing *l)
{
	const char *text = flag_text(&l->cli->flags, "for"), *name = NULL;
	const struct kind *k;

	if (!text)
		return EXIT_OK;
	if (!strchr(text, '/'))
		return fail(l->cli, "--for must be in resource/name form: \"%s\"", text);
	k = kind_and_name(l->cli, text, NULL, &name);
	if (!k)
		return EXIT_FAILED;
	l->fields = xasprintf("involvedObject.kind=%s,involvedObject.name=%s", k->kind, name);
	return EXIT_OK;
}

static void print_all(struct listing *l, json_t *items)
{
	cleanup_json json_t *sorted = events_sorted(items), *wanted = json_array(), *list = NULL;
	json_t *event;
	size_t i;

	json_array_foreach (sorted, i, event) {
		json_put_str(event, "apiVersion", "v1");
		json_put_str(event, "kind", "Event");
		if (is_wanted(l, event))
			json_push(wanted, json_incref(event));
	}
	if (!output_is_table(&l->output)) {
		list = list_of(json_incref(wanted));
		output_object(l->cli, &l->output, list);
		return;
	}
	json_array_foreach (wanted, i, event)
		add_event(l, event);
	if (columns_rows(l->table))
		columns_print(l->table, !flag_on(&l->cli->flags, "no-headers"));
	else if (!flag_on(&l->cli->flags, "watch"))
		(void)fprintf(l->cli->err,
			l->everywhere ? "No events found.\n" : "No events found in %s namespace.\n",
			namespace_of(l->cli));
}

static int run(struct listing *l)
{
	struct cli *c = l->cli;
	const struct kind *k = kind_by_name("v1", "Event");
	const struct watch w = {.kind = k,
		.ns = l->everywhere ? NULL : namespace_of(c),
		.fields = l->fields,
		.on_event = on_event,
		.data = l};
	enum watch_end end = WATCH_EXPIRED;

	add_columns(l);
	while (end == WATCH_EXPIRED) {
		cleanup_response struct response response = {0};
		cleanup_str struct str path = {0};

		path_start(&path, k, w.ns, NULL, NULL);
		query_add(&path, "fieldSelector", l->fields);
		if (get(c, path.p, &response) != EXIT_OK)
			return EXIT_FAILED;
		print_all(l, json_list(response.json, "items"));
		(void)fflush(c->out);
		if (!flag_on(&c->flags, "watch"))
			return EXIT_OK;
		end = watch_run(c, &w, version_of(response.json));
	}
	return end == WATCH_FAILED ? EXIT_FAILED : EXIT_OK;
}

int cmd_events(struct cli *c)
{
	struct listing l = {.cli = c,
		.table = columns_new(c),
		.everywhere = flag_on(&c->flags, "all-namespaces")};
	int status = EXIT_FAILED;

	if (word_count(c))
		(void)fail_usage(c, "unexpected word \"%s\" (--for TYPE/NAME)", word(c, 0));
	else if (output_open(c, &l.output) == EXIT_OK && read_for(&l) == EXIT_OK)
		status = run(&l);
	columns_free(l.table);
	output_done(&l.output);
	free(l.fields);
	return status;
}
