/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `berth cp`: the container's own tar at one end of an exec, files here at the other.
 * Source: kubectl pkg/cmd/cp.
 */
#include "agent/cli/cp.h"

#include "agent/cli/api_path.h"
#include "agent/cli/handlers.h"
#include "agent/cli/pod.h"
#include "agent/cli/session.h"
#include "agent/spec/spec.h"

#include <sys/stat.h>

/* One side of a copy. */
struct side {
	char *ns, *pod; /* pod NULL: local */
	const char *path;
};

static void side_done(struct side *s)
{
	free(s->ns);
	free(s->pod);
}
#define cleanup_side __attribute__((cleanup(side_done)))

/* "[[NS/]POD:]PATH". */
static int parse_side(struct cli *c, const char *text, struct side *ret)
{
	const char *colon = strchr(text, ':'), *slash = strchr(text, '/');

	*ret = (struct side){.path = text};
	/* "./a:b" is a file here. */
	if (!colon || text[0] == '.' || text[0] == '/')
		return *text ? EXIT_OK : fail(c, "filepath can not be empty");
	if (slash && slash < colon) {
		ret->ns = xstrndup(text, (size_t)(slash - text));
		text = slash + 1;
	}
	ret->pod = xstrndup(text, (size_t)(colon - text));
	ret->path = colon + 1;
	if (!*ret->pod || strchr(ret->pod, '/') || (ret->ns && !*ret->ns))
		return fail(c, "filespec must match the canonical format: "
			       "[[namespace/]pod:]file/path");
	return *ret->path ? EXIT_OK : fail(c, "filepath can not be empty");
}

static json_t *find_pod(struct cli *c, const struct side *s)
{
	cleanup_response struct response response = {0};
	cleanup_str struct str path = {0};

	path_start(&path, kind_by_name("v1", "Pod"), s->ns ? s->ns : namespace_of(c), s->pod, NULL);
	return get(c, path.p, &response) == EXIT_OK ? json_incref(response.json) : NULL;
}

/* ---- running something in the container -------------------------------------------------------------- */

struct copy {
	struct cli *cli;
	const json_t *pod;
	const char *container;
	struct cp_down *down;
	struct cp_up *up;
	struct err e;
};

static void run(struct copy *x, const char *const *argv, const struct session_options *o,
	struct session_end *ret)
{
	struct session_query q = {.verb = "exec",
		.container = x->container,
		.argv = argv,
		.in = o->input,
		.out = true,
		.err = true};
	cleanup_free char *path = NULL;

	while (argv[q.n_argv])
		q.n_argv++;
	path = session_path(x->cli, x->pod, &q);
	session_run(x->cli, path, o, ret);
}

static int drop(void *data, struct sv bytes)
{
	(void)data;
	(void)bytes;
	return 0;
}

/* A container without `test` has no directory to copy into, either. */
static bool is_directory(struct copy *x, const char *path)
{
	const char *const argv[] = {"test", "-d", path, NULL};
	cleanup_session_end struct session_end end = {0};

	run(x, argv, &(const struct session_options){.out = drop, .err = drop}, &end);
	return end.r >= 0 && session_exit_code(end.status) == 0;
}

static int report(struct copy *x, const struct session_end *end)
{
	static const char missing[] = "executable file not found";
	const char *message = json_str_or(end->status, "message", "");

	if (x->e.code < 0)
		return fail_err(x->cli, &x->e);
	if (session_exit_code(end->status) < 0 && strstr(message, missing))
		return fail(x->cli,
			"the image of container %s has no tar, which berth cp (as kubectl cp) runs "
			"in "
			"it; for one file: berth exec POD -c %s -- cat PATH >FILE, or mount a "
			"volume",
			x->container, x->container);
	return session_report(x->cli, end);
}

/* ---- from the container ------------------------------------------------------------------------------- */

static int take_bytes(void *data, struct sv bytes)
{
	struct copy *x = data;

	return cp_down_feed(x->down, bytes, &x->e);
}

static int copy_down(struct copy *x, const struct side *from, const char *to)
{
	cleanup_session_end struct session_end end = {0};
	CLEANUP(cp_down_free) struct cp_down *down = NULL;
	/* A path that begins with a dash is no option. */
	cleanup_free char *path = xasprintf("%s%s", from->path[0] == '-' ? "./" : "", from->path);
	const char *const argv[] = {"tar", "cf", "-", path, NULL};
	int r = cp_down_new(path, to, x->cli->err, &down, &x->e), status;

	if (r < 0)
		return fail_err(x->cli, &x->e);
	x->down = down;
	run(x, argv, &(const struct session_options){.out = take_bytes, .data = x}, &end);
	status = report(x, &end);
	if (status == EXIT_OK && cp_down_finish(down, &x->e) < 0)
		return fail_err(x->cli, &x->e);
	return status;
}

/* ---- to the container --------------------------------------------------------------------------------- */

static ssize_t give_bytes(void *data, char *buf, size_t n)
{
	struct copy *x = data;

	return cp_up_read(x->up, buf, n, &x->e);
}

static struct sv last_part(const char *path)
{
	struct sv s = sv(path);

	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/' && s.n > 1)
			return (struct sv){s.p + i, s.n - i};
	return s;
}

/* What the copy is called in the container: @to, or in it when it is a directory. */
static char *target_of(struct copy *x, const char *from, const char *to)
{
	size_t n = strlen(to);
	struct sv name = last_part(from);

	if (to[n - 1] == '/' || is_directory(x, to)) {
		if (sv_eq(name, ".") || sv_eq(name, "..")) /* of a directory what is in it */
			return xstrdup(to);
		return xasprintf("%s%s%.*s", to, to[n - 1] == '/' ? "" : "/", (int)name.n, name.p);
	}
	return xstrdup(to);
}

static int copy_up(struct copy *x, const char *from, const struct side *to)
{
	cleanup_session_end struct session_end end = {0};
	CLEANUP(cp_up_free) struct cp_up *up = NULL;
	cleanup_free char *target = NULL, *name = NULL, *dir = NULL;
	const char *argv[10];
	size_t n = 0;
	struct sv last;
	struct stat st;

	if (lstat(from, &st) < 0)
		return fail(x->cli, "%s doesn't exist in local filesystem", from);
	target = target_of(x, from, to->path);
	last = last_part(target);
	name = xstrndup(last.p, last.n);
	dir = xstrndup(target, (size_t)(last.p - target));
	if (cp_up_new(from, name, &up, &x->e) < 0)
		return fail_err(x->cli, &x->e);
	x->up = up;
	argv[n++] = "tar";
	if (flag_on(&x->cli->flags, "no-preserve")) {
		argv[n++] = "--no-same-permissions";
		argv[n++] = "--no-same-owner";
	}
	argv[n++] = "-xmf";
	argv[n++] = "-";
	if (*dir) {
		argv[n++] = "-C";
		argv[n++] = dir;
	}
	argv[n] = NULL;
	run(x, argv, &(const struct session_options){.input = true, .in = give_bytes, .data = x},
		&end);
	return report(x, &end);
}

int cmd_cp(struct cli *c)
{
	cleanup_side struct side from = {0}, to = {0};
	cleanup_json json_t *pod = NULL;
	struct copy x = {.cli = c};

	if (word_count(c) != 2)
		return fail_usage(c, "source and destination are required");
	if (parse_side(c, word(c, 0), &from) != EXIT_OK ||
		parse_side(c, word(c, 1), &to) != EXIT_OK)
		return EXIT_FAILED;
	if (from.pod && to.pod)
		return fail(c, "one of src or dest must be a local file specification");
	if (!from.pod && !to.pod)
		return fail(c, "one of src or dest must be a remote file specification");
	pod = find_pod(c, from.pod ? &from : &to);
	x.pod = pod;
	x.container = pod ? container_find(c, pod, flag_text(&c->flags, "container"), false) : NULL;
	if (!x.container)
		return EXIT_FAILED;
	return from.pod ? copy_down(&x, &from, to.path) : copy_up(&x, from.path, &to);
}
