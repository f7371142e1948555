/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth describe`: finds the objects, has each described by its kind, adds the events about it.
 */
#include "agent/cli/describe.h"

#include "agent/cli/ages.h"
#include "agent/cli/api_path.h"
#include "agent/cli/change.h"
#include "agent/cli/events.h"
#include "agent/cli/handlers.h"
#include "agent/cli/tabs.h"
#include "agent/cli/targets.h"

#include <stdarg.h>

static const struct {
	const char *kind;
	void (*describe)(struct description *d);
	bool events;
} describers[] = {
	{"Pod", describe_pod, true},
	{"ReplicationController", describe_controller, true},
	{"Secret", describe_secret, false},
	{"ConfigMap", describe_configmap, true},
	{"Namespace", describe_namespace, false},
	{"Node", describe_node, true},
};

void put(struct description *d, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	str_addf(&d->out, "%*s%s\n", (int)d->level * 2, "", text);
}

void put_pair(struct description *d, const char *title, const char *value)
{
	if (value)
		put(d, "%s:\t%s", title, value);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **sorted_keys(const json_t *map, size_t *ret_n)
{
	const char **keys = xcalloc(json_object_size(map), sizeof *keys), *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach ((json_t *)(uintptr_t)map, key, value)
		keys[n++] = key;
	qsort(keys, n, sizeof *keys, by_text);
	*ret_n = n;
	return keys;
}

char *labels_text(const json_t *map)
{
	cleanup_str struct str text = {0};
	size_t n;
	cleanup_free const char **keys = sorted_keys(map, &n);

	for (size_t i = 0; i < n; i++)
		str_addf(&text, "%s%s=%s", i ? "," : "", keys[i], json_str_or(map, keys[i], ""));
	return n ? str_take(&text) : xstrdup("<none>");
}

static void put_map(struct description *d, const char *title, const json_t *map, const char *skip,
	const char *between)
{
	size_t n, shown = 0;
	cleanup_free const char **keys = sorted_keys(map, &n);

	for (size_t i = 0; i < n; i++) {
		if (streq(keys[i], skip))
			continue;
		put(d, "%s%s\t%s%s%s", shown ? "" : title, shown ? "" : ":", keys[i], between,
			json_str_or(map, keys[i], ""));
		shown++;
	}
	if (!shown)
		put(d, "%s:\t<none>", title);
}

void put_labels(struct description *d, const char *title, const json_t *map)
{
	put_map(d, title, map, NULL, "=");
}

void put_annotations(struct description *d, const json_t *map)
{
	put_map(d, "Annotations", map, LAST_APPLIED, ": ");
}

void put_time(struct description *d, const char *title, const char *time)
{
	cleanup_str struct str text = {0};

	time_text(time, &text);
	put(d, "%s:\t%s", title, text.n ? text.p : "");
}

static void put_events(struct description *d, json_t *items)
{
	cleanup_json json_t *sorted = events_sorted(items);
	json_t *event;
	size_t i;

	if (json_array_size(sorted) == 0) {
		put(d, "Events:\t<none>");
		return;
	}
	put(d, "Events:");
	d->level = 1;
	put(d, "Type\tReason\tAge\tFrom\tMessage");
	put(d, "----\t------\t----\t----\t-------");
	json_array_foreach (sorted, i, event) {
		cleanup_str struct str when = {0};
		const char *from = json_str(json_map(event, "source"), "component");

		event_when(d->cli, event, &when);
		if (!from || !*from)
			from = json_str_or(event, "reportingComponent", "");
		put(d, "%s\t%s\t%s\t%s\t%s", json_str_or(event, "type", ""),
			json_str_or(event, "reason", ""), when.p, from,
			json_str_or(event, "message", ""));
	}
	d->level = 0;
}

/* The events about the object, by its name and uid. */
static void fetch_events(struct description *d)
{
	const json_t *metadata = json_map(d->object, "metadata");
	const char *uid = json_str(metadata, "uid");
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};
	cleanup_free char *fields = NULL;
	struct err e = {0};

	/* A node's events name it by its name alone, as the kubelet's do. */
	if (d->kind->namespaced && uid)
		fields = xasprintf("involvedObject.name=%s,involvedObject.uid=%s",
			json_str_or(metadata, "name", ""), uid);
	else
		fields = xasprintf("involvedObject.kind=%s,involvedObject.name=%s", d->kind->kind,
			json_str_or(metadata, "name", ""));
	path_start(&path, kind_by_name("v1", "Event"), json_str(metadata, "namespace"), NULL, NULL);
	query_add(&path, "fieldSelector", fields);
	if (client_do(d->cli->client, &(struct request){.method = "GET", .path = path.p}, &response,
		    &e) < 0 ||
		response.code >= 400)
		put(d, "Events:\t<unknown>");
	else
		put_events(d, json_list(response.json, "items"));
}

static void describe_object(struct cli *c, const struct kind *k, const json_t *object)
{
	struct description d = {.cli = c, .kind = k, .object = object};
	cleanup_str struct str text = {0};
	void (*describe)(struct description * d) = describe_other;
	bool events = true;

	for (size_t i = 0; i < ARRAY_SIZE(describers); i++)
		if (streq(describers[i].kind, k->kind)) {
			describe = describers[i].describe;
			events = describers[i].events;
		}
	describe(&d);
	if (events)
		fetch_events(&d);
	tabs_expand((struct sv){d.out.p, d.out.n}, &text);
	(void)fwrite(text.p, 1, text.n, c->out);
	str_done(&d.out);
}

/* A name that is not there stands for every object whose name begins with it, as with kubectl. */
static int by_prefix(
	struct cli *c, const struct target *t, const struct response *missing, size_t *printed)
{
	cleanup_targets struct targets all = {.n_kinds = 1};
	size_t found = 0;

	GROW(all.items, 1, all.cap);
	all.items[all.n++] = (struct target){.kind = t->kind, .ns = t->ns ? xstrdup(t->ns) : NULL};
	if (targets_expand(c, &all) != EXIT_OK)
		return EXIT_FAILED;
	for (size_t i = 0; i < all.n; i++) {
		if (!sv_starts(sv(all.items[i].name), t->name))
			continue;
		(void)fputs((*printed)++ ? "\n\n" : "", c->out);
		describe_object(c, t->kind, all.items[i].object);
		found++;
	}
	return found ? EXIT_OK : fail_response(c, missing, NULL);
}

int cmd_describe(struct cli *c)
{
	cleanup_targets struct targets targets = {0};
	size_t printed = 0;
	int status;

	if (targets_of(c, false, &targets) != EXIT_OK || targets_expand(c, &targets) != EXIT_OK)
		return EXIT_FAILED;
	status = targets.status;
	if (targets.n == 0)
		(void)fprintf(c->err, "No resources found in %s namespace.\n", namespace_of(c));
	for (size_t i = 0; i < targets.n; i++) {
		const struct target *t = &targets.items[i];
		cleanup_response struct response response = {0};

		if (get_target(c, t, true, &response) != EXIT_OK) {
			status = EXIT_FAILED;
			continue;
		}
		if (response.code == 404) {
			status |= by_prefix(c, t, &response, &printed);
			continue;
		}
		(void)fputs(printed++ ? "\n\n" : "", c->out);
		describe_object(c, t->kind, response.json);
	}
	return status;
}
