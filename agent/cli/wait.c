/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth wait`, and the waiting of `delete` and `replace --force`: look once, then follow the changes from that
 * version on, so that nothing that happens in between is missed.
 */
#include "agent/cli/wait.h"

#include "agent/cli/change.h"
#include "agent/cli/handlers.h"
#include "agent/cli/jsonpath.h"
#include "agent/cli/watch.h"

struct waiting {
	const char *uid; /* wait_gone */
	bool gone;	 /* wait_gone */
	bool (*is_so)(const void *data, const json_t *object);
	const void *data;
};

static bool is_same(const struct waiting *w, const json_t *object)
{
	const char *uid = json_str(json_map(object, "metadata"), "uid");

	return !w->uid || streq(w->uid, uid);
}

static int on_event(void *data, const char *type, json_t *object)
{
	const struct waiting *w = data;

	if (w->gone)
		return streq(type, "DELETED") || !is_same(w, object);
	return !streq(type, "DELETED") && w->is_so(w->data, object);
}

/* One look: is the wish fulfilled? *ret_version is where to go on from. */
static int look(struct cli *c, const struct target *t, const struct waiting *w,
	bool missing_is_fine, bool *ret_done, char **ret_version)
{
	cleanup_response struct response response = {0};

	if (get_target(c, t, missing_is_fine, &response) != EXIT_OK)
		return EXIT_FAILED;
	if (response.code == 404) {
		*ret_done = w->gone;
		*ret_version = xstrdup("0");
		return EXIT_OK;
	}
	*ret_done = w->gone ? !is_same(w, response.json) : w->is_so(w->data, response.json);
	*ret_version = xstrdup(version_of(response.json));
	return EXIT_OK;
}

static int wait_for(struct cli *c, const struct target *t, struct waiting *w, bool missing_is_fine,
	uint64_t deadline_ns)
{
	const struct watch watch = {.kind = t->kind,
		.ns = t->ns,
		.name = t->name,
		.deadline_ns = deadline_ns,
		.on_event = on_event,
		.data = w};

	for (;;) {
		cleanup_free char *version = NULL;
		bool done = false;

		if (look(c, t, w, missing_is_fine, &done, &version) != EXIT_OK)
			return EXIT_FAILED;
		if (done)
			return EXIT_OK;
		switch (watch_run(c, &watch, version)) {
		case WATCH_STOPPED:
			return EXIT_OK;
		case WATCH_EXPIRED:
			continue;
		case WATCH_TIMED_OUT:
			return fail(c, "timed out waiting for the condition on %s/%s",
				t->kind->plural, t->name);
		case WATCH_FAILED:
		default:
			return EXIT_FAILED;
		}
	}
}

int wait_gone(struct cli *c, const struct target *t, const char *uid, uint64_t deadline_ns)
{
	struct waiting w = {.uid = uid, .gone = true};

	return wait_for(c, t, &w, true, deadline_ns);
}

int wait_until(struct cli *c, const struct target *t,
	bool (*is_so)(const void *data, const json_t *object), const void *data,
	bool missing_is_fine, uint64_t deadline_ns)
{
	struct waiting w = {.is_so = is_so, .data = data};

	return wait_for(c, t, &w, missing_is_fine, deadline_ns);
}

/* ---- berth wait ------------------------------------------------------------------------------------ */

/* What --for says. */
struct wish {
	enum { WISH_DELETE, WISH_CREATE, WISH_CONDITION, WISH_JSONPATH } type;
	char *name;  /* of the condition */
	char *value; /* "True"; of JSONPATH: NULL is "there is any" */
	struct jsonpath *path;
};

static void wish_done(struct wish *w)
{
	free(w->name);
	free(w->value);
	jsonpath_free(w->path);
}

static bool condition_is(const struct wish *w, const json_t *object)
{
	json_t *conditions = json_list(json_map(object, "status"), "conditions"), *one;
	size_t i;

	json_array_foreach (conditions, i, one)
		if (strcasecmp(json_str_or(one, "type", ""), w->name) == 0)
			return strcasecmp(json_str_or(one, "status", ""), w->value) == 0;
	return false;
}

static bool path_is(const struct wish *w, const json_t *object)
{
	cleanup_json json_t *values = jsonpath_values(w->path, object);
	const json_t *first = json_array_get(values, 0);
	cleanup_free char *text = NULL;

	if (!first || !w->value)
		return first != NULL;
	text = json_is_string(first) ? xstrdup(json_string_value(first)) : json_canonical(first);
	return streq(text, w->value);
}

static bool is_fulfilled(const void *data, const json_t *object)
{
	const struct wish *w = data;

	if (w->type == WISH_CREATE)
		return true;
	return w->type == WISH_CONDITION ? condition_is(w, object) : path_is(w, object);
}

/* jsonpath='{.status.phase}'=Running: the last "}=" parts path and value. */
static int read_path_wish(struct cli *c, const char *text, struct wish *ret)
{
	const char *end = strrchr(text, '}'), *equals = end ? strchr(end, '=') : strrchr(text, '=');
	cleanup_free char *path = equals ? xstrndup(text, (size_t)(equals - text)) : xstrdup(text);
	struct err e = {0};

	ret->type = WISH_JSONPATH;
	ret->value = equals ? xstrdup(equals + 1) : NULL;
	if (jsonpath_parse_path(path, &ret->path, &e) < 0)
		return fail(c, "--for: %s", err_text(&e));
	return EXIT_OK;
}

static int read_wish(struct cli *c, struct wish *ret)
{
	const char *text = flag_text(&c->flags, "for");
	struct sv left = sv(text), head;

	if (!text)
		return fail_usage(c, "--for is needed: delete, create, condition=Ready or "
				     "jsonpath='{.status.phase}'=Running");
	if (streq(text, "delete") || streq(text, "create")) {
		ret->type = streq(text, "delete") ? WISH_DELETE : WISH_CREATE;
		return EXIT_OK;
	}
	head = sv_cut(&left, '=');
	if (sv_eq(head, "jsonpath"))
		return read_path_wish(c, left.p, ret);
	head = sv_cut(&left, '=');
	ret->type = WISH_CONDITION;
	ret->name = xstrndup(head.p, head.n);
	ret->value = left.n ? xstrndup(left.p, left.n) : xstrdup("True");
	return head.n ? EXIT_OK : fail(c, "--for=condition= names no condition");
}

static int wait_all(struct cli *c, const struct wish *w, struct targets *targets)
{
	uint64_t deadline_ns = clock_now_ns(c->clock) + flag_duration_ns(&c->flags, "timeout", 0);
	int status = targets->status;

	for (size_t i = 0; i < targets->n; i++) {
		const struct target *t = &targets->items[i];
		cleanup_str struct str name = {0};
		int r = w->type == WISH_DELETE
				? wait_gone(c, t, json_str(json_map(t->object, "metadata"), "uid"),
					  deadline_ns)
				: wait_until(c, t, is_fulfilled, w, w->type == WISH_CREATE,
					  deadline_ns);

		status |= r;
		output_name(&name, t->kind, t->name);
		if (r == EXIT_OK)
			(void)fprintf(c->out, "%s condition met\n", name.p);
		(void)fflush(c->out);
	}
	return status;
}

int cmd_wait(struct cli *c)
{
	cleanup_targets struct targets targets = {0};
	struct wish w = {0};
	int status = read_wish(c, &w);
	bool many = flag_given(&c->flags, "selector") || flag_given(&c->flags, "field-selector") ||
		    flag_on(&c->flags, "all");

	if (status == EXIT_OK)
		status = targets_of(c, !many, &targets);
	if (status == EXIT_OK && !flag_given(&c->flags, "filename"))
		status = targets_expand(c, &targets);
	if (status == EXIT_OK && targets.n == 0 && w.type != WISH_DELETE)
		status = fail(c, "no matching resources found");
	if (status == EXIT_OK)
		status = wait_all(c, &w, &targets);
	wish_done(&w);
	return status;
}
