/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that change objects, with the parameters that every one of them carries.
 */
#include "agent/cli/change.h"

#include "agent/cli/api_path.h"

enum dry_run dry_run_of(const struct cli *c)
{
	const char *text = flag_text(&c->flags, "dry-run");

	if (streq(text, "client"))
		return DRY_RUN_CLIENT;
	return streq(text, "server") ? DRY_RUN_SERVER : DRY_RUN_NONE;
}

const char *dry_run_verb(const struct cli *c, const char *verb)
{
	static const char *const behind[] = {"", " (dry run)", " (server dry run)"};
	static char text[64];

	(void)snprintf(text, sizeof text, "%s%s", verb, behind[dry_run_of(c)]);
	return text;
}

void change_query(const struct cli *c, struct str *path, const char *manager)
{
	static const struct {
		const char *flag, *query;
	} validation[] = {{"strict", "Strict"}, {"true", "Strict"}, {"warn", "Warn"},
		{"ignore", "Ignore"}, {"false", "Ignore"}};
	const char *how = flag_text(&c->flags, "validate");

	query_add(path, "fieldManager", manager);
	for (size_t i = 0; i < ARRAY_SIZE(validation); i++)
		if (streq(how, validation[i].flag))
			query_add(path, "fieldValidation", validation[i].query);
	if (dry_run_of(c) == DRY_RUN_SERVER)
		query_add(path, "dryRun", "All");
}

int check_here(struct cli *c, const struct kind *k, const json_t *object, const char *source)
{
	cleanup_json json_t *copy = json_deep_copy(object);
	cleanup_problems struct problems problems = {0};
	const char *how = flag_text(&c->flags, "validate"), *name;
	enum field_validation fv = streq(how, "warn")				 ? FIELD_WARN
				   : streq(how, "ignore") || streq(how, "false") ? FIELD_IGNORE
										 : FIELD_STRICT;
	struct response refusal = {0};
	bool fine;

	/* The agent puts it in from the request's path. */
	if (k->namespaced && json_map(copy, "metadata") &&
		!json_str(json_map(copy, "metadata"), "namespace"))
		json_put_str(json_map(copy, "metadata"), "namespace", namespace_of(c));
	fine = spec_admit(k, copy, fv, &problems);
	for (size_t i = 0; i < problems.n_warnings; i++)
		warn(c, problems.warnings[i]);
	if (fine)
		return EXIT_OK;
	name = json_str_or(json_map(object, "metadata"), "name", "");
	refusal.json = problems_status(&problems, k->group, k->kind, name);
	(void)fail_response(c, &refusal, source);
	response_done(&refusal);
	return EXIT_FAILED;
}

int post_object(struct cli *c, const struct kind *k, const char *ns, const json_t *object,
	const char *manager, const char *doing, struct response *ret)
{
	cleanup_free char *body = json_text(object);
	cleanup_str struct str path = {0};

	path_start(&path, k, ns, NULL, NULL);
	change_query(c, &path, manager);
	return call(c, &(struct request){.method = "POST", .path = path.p, .body = sv(body)}, ret,
		doing);
}

int patch_target(struct cli *c, const struct target *t, const char *sub, const char *content_type,
	const json_t *patch, const char *manager, struct response *ret)
{
	cleanup_free char *body = json_text(patch), *doing = NULL;
	cleanup_str struct str path = {0};

	if (t->source)
		doing = xasprintf("error when patching \"%s\"", t->source);
	path_start(&path, t->kind, t->ns, t->name, sub);
	change_query(c, &path, manager);
	return call(c,
		&(struct request){.method = "PATCH",
			.path = path.p,
			.content_type = content_type,
			.body = sv(body)},
		ret, doing);
}

int get_target(struct cli *c, const struct target *t, bool missing_is_fine, struct response *ret)
{
	cleanup_str struct str path = {0};

	path_start(&path, t->kind, t->ns, t->name, NULL);
	return call_expecting(c, &(struct request){.method = "GET", .path = path.p},
		missing_is_fine ? 404 : 0, ret, NULL);
}

static int expand_one(struct cli *c, const struct target *t, struct targets *into)
{
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};
	json_t *item;
	size_t i;

	path_start(&path, t->kind, t->ns, NULL, NULL);
	query_add(&path, "labelSelector", flag_text(&c->flags, "selector"));
	query_add(&path, "fieldSelector", flag_text(&c->flags, "field-selector"));
	if (get(c, path.p, &response) != EXIT_OK)
		return EXIT_FAILED;
	json_array_foreach (json_list(response.json, "items"), i, item) {
		const json_t *metadata = json_map(item, "metadata");
		const char *ns = json_str(metadata, "namespace");

		json_put_str(item, "apiVersion", kind_api_version(t->kind));
		json_put_str(item, "kind", t->kind->kind);
		GROW(into->items, into->n + 1, into->cap);
		into->items[into->n++] = (struct target){
			.kind = t->kind,
			.name = xstrdup(json_str_or(metadata, "name", "")),
			.ns = ns ? xstrdup(ns) : NULL,
			.object = json_incref(item),
		};
	}
	return EXIT_OK;
}

int targets_expand(struct cli *c, struct targets *t)
{
	cleanup_targets struct targets out = {.n_kinds = t->n_kinds, .status = t->status};
	char **texts = t->texts;
	size_t n_texts = t->n_texts;
	struct targets swap;
	int status = EXIT_OK;

	for (size_t i = 0; i < t->n && status == EXIT_OK; i++) {
		if (!t->items[i].name) {
			status = expand_one(c, &t->items[i], &out);
			continue;
		}
		GROW(out.items, out.n + 1, out.cap);
		out.items[out.n++] = t->items[i];
		t->items[i] = (struct target){0};
	}
	t->texts = NULL; /* the targets point into them, so they go along */
	t->n_texts = 0;
	out.texts = texts;
	out.n_texts = n_texts;
	swap = *t;
	*t = out;
	out = swap;
	return status;
}

int create_and_print(struct cli *c, const struct kind *k, json_t *object)
{
	cleanup_response struct response response = {0};
	cleanup_output struct output output = {0};

	if (output_open(c, &output) != EXIT_OK)
		return EXIT_FAILED;
	if (dry_run_of(c) == DRY_RUN_CLIENT) {
		if (check_here(c, k, object, NULL) != EXIT_OK)
			return EXIT_FAILED;
		output_done_to(c, &output, k, object, dry_run_verb(c, "created"));
		return EXIT_OK;
	}
	if (post_object(c, k, namespace_of(c), object, "kubectl-create", NULL, &response) !=
		EXIT_OK)
		return EXIT_FAILED;
	output_done_to(c, &output, k, response.json, dry_run_verb(c, "created"));
	return EXIT_OK;
}
