/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth delete`: asks for the end of objects and waits until they are gone.
 * Source of the behaviour: k8s.io/kubectl pkg/cmd/delete.
 */
#include "agent/cli/api_path.h"
#include "agent/cli/change.h"
#include "agent/cli/handlers.h"
#include "agent/cli/wait.h"

struct deleting {
	struct cli *cli;
	char *options; /* the body of each DELETE */
	bool force;
	char **uids; /* of the targets, to wait for; NULL: gone already */
	int status;
};

static const char *propagation(const char *cascade)
{
	static const struct {
		const char *flag, *policy;
	} policies[] = {{"background", "Background"}, {"true", "Background"},
		{"foreground", "Foreground"}, {"orphan", "Orphan"}, {"false", "Orphan"}};

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		if (streq(policies[i].flag, cascade))
			return policies[i].policy;
	return "Background";
}

static int read_options(struct deleting *d)
{
	struct cli *c = d->cli;
	int64_t grace = flag_number(&c->flags, "grace-period", -1);
	cleanup_json json_t *options =
		json_pack("{s:s, s:s, s:s}", "kind", "DeleteOptions", "apiVersion", "v1",
			"propagationPolicy", propagation(flag_text(&c->flags, "cascade")));

	d->force = flag_on(&c->flags, "force");
	if (flag_on(&c->flags, "now")) {
		if (grace != -1)
			return fail(c, "--now and --grace-period cannot be specified together");
		grace = 1;
	}
	if (grace == 0 && !d->force)
		return fail(c, "--grace-period=0 kills at once and must be said with --force");
	if (d->force && grace < 0)
		grace = 0;
	if (d->force && grace > 0)
		return fail(c,
			"--force and --grace-period greater than 0 cannot be specified together");
	if (grace >= 0)
		json_put_int(options, "gracePeriodSeconds", grace);
	if (dry_run_of(c) == DRY_RUN_SERVER)
		json_put(options, "dryRun", json_pack("[s]", "All"));
	d->options = json_text(options);
	return EXIT_OK;
}

static void say_deleted(const struct deleting *d, const struct target *t)
{
	cleanup_str struct str name = {0};

	if (streq(flag_text(&d->cli->flags, "output"), "name")) {
		output_name(&name, t->kind, t->name);
		(void)fprintf(d->cli->out, "%s\n", name.p);
		return;
	}
	(void)fprintf(d->cli->out, "%s%s%s \"%s\" %s\n", t->kind->singular,
		*t->kind->group ? "." : "", t->kind->group, t->name,
		dry_run_verb(d->cli, d->force ? "force deleted" : "deleted"));
	(void)fflush(d->cli->out);
}

/* The uid to wait for: the object's when the agent has sent it back, else that of the Status' details. */
static const char *uid_of(const json_t *answer)
{
	const char *uid = json_str(json_map(answer, "metadata"), "uid");

	return uid ? uid : json_str(json_map(answer, "details"), "uid");
}

static void delete_one(struct deleting *d, const struct target *t, size_t i)
{
	struct cli *c = d->cli;
	cleanup_response struct response response = {0};
	cleanup_free char *doing = NULL;
	cleanup_str struct str path = {0};

	if (dry_run_of(c) == DRY_RUN_CLIENT) {
		say_deleted(d, t);
		return;
	}
	if (t->source)
		doing = xasprintf("error when deleting \"%s\"", t->source);
	path_start(&path, t->kind, t->ns, t->name, NULL);
	if (call_expecting(c,
		    &(struct request){.method = "DELETE", .path = path.p, .body = sv(d->options)},
		    flag_on(&c->flags, "ignore-not-found") || flag_on(&c->flags, "all") ||
				    flag_given(&c->flags, "selector")
			    ? 404
			    : 0,
		    &response, doing) != EXIT_OK) {
		d->status = EXIT_FAILED;
		return;
	}
	if (response.code == 404)
		return;
	say_deleted(d, t);
	d->uids[i] = uid_of(response.json) ? xstrdup(uid_of(response.json)) : NULL;
}

static void wait_for_all(struct deleting *d, const struct targets *targets)
{
	uint64_t timeout_ns = flag_duration_ns(&d->cli->flags, "timeout", 0);
	uint64_t deadline_ns = timeout_ns ? clock_now_ns(d->cli->clock) + timeout_ns : 0;

	for (size_t i = 0; i < targets->n; i++)
		if (d->uids[i])
			d->status |= wait_gone(d->cli, &targets->items[i], d->uids[i], deadline_ns);
}

static int find_targets(struct cli *c, struct targets *targets)
{
	bool many = flag_given(&c->flags, "selector") || flag_given(&c->flags, "field-selector") ||
		    flag_on(&c->flags, "all");

	if (targets_of(c, !many, targets) != EXIT_OK)
		return EXIT_FAILED;
	for (size_t i = 0; i < targets->n; i++)
		if (targets->items[i].object && !targets->items[i].name)
			return fail(c, "%s: an object without metadata.name cannot be deleted",
				targets->items[i].source);
	return targets_expand(c, targets);
}

int cmd_delete(struct cli *c)
{
	cleanup_targets struct targets targets = {0};
	struct deleting d = {.cli = c};

	if (read_options(&d) != EXIT_OK || find_targets(c, &targets) != EXIT_OK) {
		free(d.options);
		return EXIT_FAILED;
	}
	d.status = targets.status;
	d.uids = xcalloc(targets.n, sizeof *d.uids);
	if (d.force)
		warn(c, "Immediate deletion does not wait for confirmation that the running "
			"resource has been terminated. "
			"The resource may continue to run on the cluster indefinitely.");
	if (targets.n == 0)
		(void)fprintf(c->out, "No resources found\n");
	for (size_t i = 0; i < targets.n; i++)
		delete_one(&d, &targets.items[i], i);
	if (flag_on(&c->flags, "wait") && dry_run_of(c) == DRY_RUN_NONE)
		wait_for_all(&d, &targets);
	for (size_t i = 0; i < targets.n; i++)
		free(d.uids[i]);
	free(d.uids);
	free(d.options);
	return d.status;
}
