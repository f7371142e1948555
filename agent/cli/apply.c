/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth apply`, `create -f` and `replace -f`: objects of files sent to the agent. apply is kubectl's client-side one:
 * the last applied form stands in an annotation, and the change is the three-way difference of it, the file and what
 * is there, so kubectl and berth may be mixed.
 * Source: Kubernetes docs, "Declarative Management of Kubernetes Objects Using Configuration Files".
 */
#include "agent/cli/api_path.h"
#include "agent/cli/change.h"
#include "agent/cli/handlers.h"
#include "agent/cli/wait.h"

#define APPLY_MANAGER "kubectl-client-side-apply"
enum { CONFLICT_TRIES = 5 };

/* Runs @each over the objects of -f. */
static int each_object(
	struct cli *c, int (*each)(struct cli *c, struct output *o, struct target *t))
{
	cleanup_targets struct targets targets = {0};
	cleanup_output struct output output = {0};
	int status;

	if (!flag_given(&c->flags, "filename"))
		return fail_usage(c, "must specify -f: a file, a folder, or - for standard input");
	if (word_count(c))
		return fail_usage(
			c, "unexpected word \"%s\": the objects are named by -f", word(c, 0));
	if (output_open(c, &output) != EXIT_OK || targets_of_files(c, &targets) != EXIT_OK)
		return EXIT_FAILED;
	status = targets.status;
	for (size_t i = 0; i < targets.n; i++) {
		c->manifest = targets.items[i].text;
		c->manifest_document = targets.items[i].document;
		status |= each(c, &output, &targets.items[i]);
	}
	c->manifest = (struct sv){0};
	return status;
}

static int create_one(struct cli *c, struct output *o, struct target *t)
{
	cleanup_free char *doing = xasprintf("error when creating \"%s\"", t->source);
	cleanup_response struct response response = {0};

	if (dry_run_of(c) == DRY_RUN_CLIENT) {
		if (check_here(c, t->kind, t->object, doing) != EXIT_OK)
			return EXIT_FAILED;
		output_done_to(c, o, t->kind, t->object, dry_run_verb(c, "created"));
		return EXIT_OK;
	}
	if (post_object(c, t->kind, t->ns, t->object, "kubectl-create", doing, &response) !=
		EXIT_OK)
		return EXIT_FAILED;
	output_done_to(c, o, t->kind, response.json, dry_run_verb(c, "created"));
	return EXIT_OK;
}

int cmd_create(struct cli *c)
{
	return each_object(c, create_one);
}

/* ---- apply ----------------------------------------------------------------------------------------- */

/* The annotation's object, or NULL when it is missing or cannot be read. */
static json_t *last_applied(struct cli *c, const struct target *t, const json_t *live)
{
	const char *text = json_str(json_at(live, "metadata", "annotations", NULL), LAST_APPLIED);
	json_t *original = text ? json_loads(text, 0, NULL) : NULL;
	cleanup_free char *message = NULL;

	if (original)
		return original;
	message = xasprintf("resource %s/%s is missing the " LAST_APPLIED
			    " annotation which is required by apply. apply should only be used on "
			    "resources created "
			    "declaratively by either create --save-config or apply. The missing "
			    "annotation will be patched "
			    "automatically.",
		t->kind->plural, t->name);
	warn(c, message);
	return NULL;
}

static int apply_new(
	struct cli *c, struct output *o, const struct target *t, const json_t *modified)
{
	cleanup_free char *doing = xasprintf("error when creating \"%s\"", t->source);
	cleanup_response struct response response = {0};

	if (dry_run_of(c) == DRY_RUN_CLIENT) {
		if (check_here(c, t->kind, t->object, doing) != EXIT_OK)
			return EXIT_FAILED;
		output_done_to(c, o, t->kind, modified, dry_run_verb(c, "created"));
		return EXIT_OK;
	}
	if (post_object(c, t->kind, t->ns, modified, APPLY_MANAGER, doing, &response) != EXIT_OK)
		return EXIT_FAILED;
	output_done_to(c, o, t->kind, response.json, dry_run_verb(c, "created"));
	return EXIT_OK;
}

static int send_patch(
	struct cli *c, const struct target *t, const json_t *patch, struct response *ret)
{
	cleanup_free char *doing = xasprintf("error when applying patch to \"%s\"", t->source);
	cleanup_free char *body = json_text(patch);
	cleanup_str struct str path = {0};

	path_start(&path, t->kind, t->ns, t->name, NULL);
	change_query(c, &path, APPLY_MANAGER);
	return call_expecting(c,
		&(struct request){.method = "PATCH",
			.path = path.p,
			.content_type = "application/strategic-merge-patch+json",
			.body = sv(body)},
		409, ret, doing);
}

/*
 * The change to what is there.
 * Returns: EXIT_OK, EXIT_FAILED (told), or -EAGAIN: somebody else changed it in between.
 */
static int apply_change(struct cli *c, struct output *o, const struct target *t,
	const json_t *modified, const json_t *live, bool last_try)
{
	cleanup_json json_t *original = last_applied(c, t, live), *patch = NULL;
	cleanup_response struct response response = {0};
	struct err e = {0};

	if (spec_apply_patch(t->kind, original, modified, live, &patch, &e) < 0)
		return fail(
			c, "%s: %s/%s: %s", t->source, t->kind->singular, t->name, err_text(&e));
	if (json_object_size(patch) == 0) {
		output_done_to(c, o, t->kind, live, dry_run_verb(c, "unchanged"));
		return EXIT_OK;
	}
	if (dry_run_of(c) == DRY_RUN_CLIENT) {
		if (check_here(c, t->kind, t->object, t->source) != EXIT_OK)
			return EXIT_FAILED;
		output_done_to(c, o, t->kind, modified, dry_run_verb(c, "configured"));
		return EXIT_OK;
	}
	if (send_patch(c, t, patch, &response) != EXIT_OK)
		return EXIT_FAILED;
	if (response.code == 409 && !last_try)
		return -EAGAIN;
	if (response.code == 409)
		return fail_response(c, &response, NULL);
	output_done_to(c, o, t->kind, response.json, dry_run_verb(c, "configured"));
	return EXIT_OK;
}

/* Says why an object has no name that can be used. @hint: what else to do. */
static int fail_nameless(struct cli *c, const struct target *t, const char *hint)
{
	if (json_at(t->object, "metadata", "name", NULL))
		return fail(c,
			"%s: metadata.name of the %s is no text (YAML reads y, no, on and 1 as "
			"something else): put it in quotes",
			t->source, t->kind->kind);
	return fail(c, "%s: %s without metadata.name%s", t->source, t->kind->kind, hint);
}

static int apply_one(struct cli *c, struct output *o, struct target *t)
{
	cleanup_json json_t *modified = json_deep_copy(t->object);
	int status = -EAGAIN;

	if (!t->name)
		return fail_nameless(
			c, t, ": apply needs one (create makes names from generateName)");
	spec_set_last_applied(modified);
	for (int i = 1; status == -EAGAIN; i++) {
		cleanup_response struct response live = {0};

		if (get_target(c, t, true, &live) != EXIT_OK)
			return EXIT_FAILED;
		status = live.code == 404
				 ? apply_new(c, o, t, modified)
				 : apply_change(c, o, t, modified, live.json, i >= CONFLICT_TRIES);
	}
	return status;
}

int cmd_apply(struct cli *c)
{
	if (flag_on(&c->flags, "server-side"))
		return fail(c, "berth does not do server-side apply; without --server-side, apply "
			       "keeps its record in the "
			       "annotation " LAST_APPLIED);
	return each_object(c, apply_one);
}

/* ---- replace --------------------------------------------------------------------------------------- */

static int replace_by_force(struct cli *c, struct output *o, struct target *t)
{
	cleanup_response struct response gone = {0};
	cleanup_free char *body = NULL;
	cleanup_str struct str path = {0};
	int64_t grace = flag_number(&c->flags, "grace-period", -1);

	path_start(&path, t->kind, t->ns, t->name, NULL);
	body = grace < 0 ? xstrdup("{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
				   "\"gracePeriodSeconds\":0}")
			 : xasprintf("{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
				     "\"gracePeriodSeconds\":%lld}",
				   (long long)grace);
	if (call_expecting(c,
		    &(struct request){.method = "DELETE", .path = path.p, .body = sv(body)}, 404,
		    &gone, NULL) != EXIT_OK)
		return EXIT_FAILED;
	if (gone.code != 404) {
		(void)fprintf(c->out, "%s \"%s\" deleted\n", t->kind->singular, t->name);
		if (wait_gone(c, t, json_str(json_map(gone.json, "metadata"), "uid"), 0) != EXIT_OK)
			return EXIT_FAILED;
	}
	return create_one(c, o, t);
}

static int replace_one(struct cli *c, struct output *o, struct target *t)
{
	cleanup_free char *body = json_text(t->object), *doing = NULL;
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};

	if (!t->name)
		return fail_nameless(c, t, "");
	if (flag_on(&c->flags, "force"))
		return replace_by_force(c, o, t);
	if (dry_run_of(c) == DRY_RUN_CLIENT) {
		output_done_to(c, o, t->kind, t->object, dry_run_verb(c, "replaced"));
		return EXIT_OK;
	}
	doing = xasprintf("error when replacing \"%s\"", t->source);
	path_start(&path, t->kind, t->ns, t->name, NULL);
	change_query(c, &path, "kubectl-replace");
	if (call(c, &(struct request){.method = "PUT", .path = path.p, .body = sv(body)}, &response,
		    doing) != EXIT_OK)
		return EXIT_FAILED;
	output_done_to(c, o, t->kind, response.json, dry_run_verb(c, "replaced"));
	return EXIT_OK;
}

int cmd_replace(struct cli *c)
{
	return each_object(c, replace_one);
}
