/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person is told when something goes wrong, and the calls that tell it. Wording is kubectl's, so that scripts
 * that look for it find it.
 * Source: k8s.io/kubectl pkg/cmd/util/helpers.go (checkErr, StandardErrorMessage).
 */
#include "agent/cli/cli.h"

#include "agent/spec/yaml.h"
#include "runtime/base/map.h"

#include <stdarg.h>

static void red(struct cli *c, const char *text)
{
	(void)fprintf(c->err, c->err_color ? "\033[1;31m%s\033[0m" : "%s", text);
}

int fail(struct cli *c, const char *format, ...)
{
	va_list ap;

	(void)fflush(c->out);
	red(c, "error:");
	(void)fputc(' ', c->err);
	va_start(ap, format);
	(void)vfprintf(c->err, format, ap);
	va_end(ap);
	(void)fputc('\n', c->err);
	return EXIT_FAILED;
}

int fail_err(struct cli *c, const struct err *e)
{
	if (e->field[0])
		return fail(c, "%s: %s", e->field, err_text(e));
	return fail(c, "%s", err_text(e));
}

int fail_usage(struct cli *c, const char *format, ...)
{
	va_list ap;

	(void)fflush(c->out);
	red(c, "error:");
	(void)fputc(' ', c->err);
	va_start(ap, format);
	(void)vfprintf(c->err, format, ap);
	va_end(ap);
	(void)fprintf(c->err, "\nSee '%s --help' for usage.\n", c->path);
	return EXIT_FAILED;
}

void warn(void *data, const char *text)
{
	struct cli *c = data;
	if (c->said && map_put(c->said, text, c))
		return;
	(void)fflush(c->out);
	(void)fprintf(
		c->err, c->err_color ? "\033[1;33mWarning:\033[0m %s\n" : "Warning: %s\n", text);
}

/* One cause; with the line of the manifest when that is known. */
static void print_cause(struct cli *c, const json_t *cause, const char *before)
{
	const char *field = json_str_or(cause, "field", "");
	unsigned line = c->manifest.p && *field
				? yaml_line_of(c->manifest, c->manifest_document, field)
				: 0;

	(void)fprintf(c->err, "%s%s%s%s", before, field, *field ? ": " : "",
		json_str_or(cause, "message", ""));
	if (line)
		(void)fprintf(c->err, " (line %u)", line);
	(void)fputc('\n', c->err);
}

/* `The Pod "x" is invalid: …`, or one line a cause. */
static void print_causes(struct cli *c, const json_t *details, const char *doing)
{
	json_t *causes = json_list(details, "causes"), *cause;
	size_t i;

	if (doing)
		(void)fprintf(c->err, "%s: ", doing);
	(void)fprintf(c->err, "The %s \"%s\" is invalid:", json_str_or(details, "kind", "object"),
		json_str_or(details, "name", ""));
	if (json_array_size(causes) > 1)
		(void)fputc('\n', c->err);
	json_array_foreach (causes, i, cause)
		print_cause(c, cause, json_array_size(causes) > 1 ? "* " : " ");
}

int fail_response(struct cli *c, const struct response *r, const char *doing)
{
	const char *reason = json_str(r->json, "reason"), *message = json_str(r->json, "message");
	const json_t *details = json_map(r->json, "details");

	(void)fflush(c->out);
	if (!streq(json_str(r->json, "kind"), "Status"))
		return fail(c, "berthd answered %ld without saying why%s%s", r->code,
			r->body.n ? ": " : "", r->body.n ? r->body.p : "");
	if (streq(reason, "Invalid") && json_array_size(json_list(details, "causes")) > 0) {
		print_causes(c, details, doing);
		return EXIT_FAILED;
	}
	red(c, "Error from server");
	if (reason && *reason)
		(void)fprintf(c->err, " (%s)", reason);
	if (streq(reason, "BadRequest") && json_array_size(json_list(details, "causes")) > 0) {
		(void)fputs(": ", c->err);
		print_causes(c, details, doing);
		return EXIT_FAILED;
	}
	(void)fprintf(c->err, ": %s%s%s\n", doing ? doing : "", doing ? ": " : "",
		message ? message : "no message");
	return EXIT_FAILED;
}

int call_expecting(struct cli *c, const struct request *q, long expected, struct response *ret,
	const char *doing)
{
	struct err e = {0};

	if (client_do(c->client, q, ret, &e) < 0)
		return fail_err(c, &e);
	if (ret->code >= 400 && ret->code != expected)
		return fail_response(c, ret, doing);
	return EXIT_OK;
}

int call(struct cli *c, const struct request *q, struct response *ret, const char *doing)
{
	return call_expecting(c, q, 0, ret, doing);
}

int get(struct cli *c, const char *path, struct response *ret)
{
	return call(c, &(struct request){.method = "GET", .path = path}, ret, NULL);
}

const char *namespace_of(const struct cli *c)
{
	const char *given = flag_text(&c->flags, "namespace");

	return given && *given ? given : "default";
}

size_t word_count(const struct cli *c)
{
	return c->flags.n_before_dash;
}

const char *word(const struct cli *c, size_t i)
{
	return i < c->flags.n_before_dash ? c->flags.words[i] : NULL;
}
