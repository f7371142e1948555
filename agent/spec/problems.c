/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of what is wrong with an object, and the Status that the API makes of it.
 * Source: Kubernetes API conventions, "Response Status Kind"; field.Error.
 */
#include "agent/spec/problems.h"

#include <stdarg.h>

static const char *const reasons[PROBLEM_TYPE_MAX] = {
	[PROBLEM_UNKNOWN] = "FieldValueInvalid",
	[PROBLEM_DUPLICATED] = "FieldValueInvalid",
	[PROBLEM_TYPE] = "FieldValueTypeInvalid",
	[PROBLEM_REQUIRED] = "FieldValueRequired",
	[PROBLEM_INVALID] = "FieldValueInvalid",
	[PROBLEM_NOT_SUPPORTED] = "FieldValueNotSupported",
	[PROBLEM_DUPLICATE] = "FieldValueDuplicate",
	[PROBLEM_FORBIDDEN] = "FieldValueForbidden",
	[PROBLEM_NOT_FOUND] = "FieldValueNotFound",
	[PROBLEM_TOO_LONG] = "FieldValueTooLong",
	[PROBLEM_TOO_MANY] = "FieldValueTooMany",
};

/* More than anybody reads: what is behind is counted only, so that bad input cannot fill the memory. */
enum { PROBLEMS_MAX = 256, WARNINGS_MAX = 128 };

void problems_done(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->items[i].path);
		free(p->items[i].message);
	}
	for (size_t i = 0; i < p->n_warnings; i++)
		free(p->warnings[i]);
	free(p->items);
	free(p->warnings);
	*p = (struct problems){0};
}

void problems_add(
	struct problems *p, enum problem_type type, const char *path, const char *format, ...)
{
	if (p->n >= PROBLEMS_MAX)
		return;
	va_list args;
	va_start(args, format);
	char *message = xvasprintf(format, args);
	va_end(args);
	GROW(p->items, p->n + 1, p->cap);
	p->items[p->n++] = (struct problem){type, xstrdup(path ? path : ""), message};
}

void problems_warn(struct problems *p, const char *format, ...)
{
	if (p->n_warnings >= WARNINGS_MAX)
		return;
	va_list args;
	va_start(args, format);
	char *text = xvasprintf(format, args);
	va_end(args);
	GROW(p->warnings, p->n_warnings + 1, p->warnings_cap);
	p->warnings[p->n_warnings++] = text;
}

bool problems_full(const struct problems *p)
{
	return p->n >= PROBLEMS_MAX;
}

const char *problem_reason(enum problem_type type)
{
	return type < PROBLEM_TYPE_MAX ? reasons[type] : "FieldValueInvalid";
}

bool problems_in_decoding(const struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i].type <= PROBLEM_TYPE)
			return true;
	return false;
}

static void add_problem(struct str *out, const struct problem *p)
{
	/* The message about an unknown field names its path already. */
	if (*p->path && p->type != PROBLEM_UNKNOWN)
		str_addf(out, "%s: ", p->path);
	str_add(out, p->message);
}

char *problems_text(const struct problems *p, const char *kind, const char *name)
{
	struct str out = {0};
	size_t unknown = 0;
	for (size_t i = 0; i < p->n; i++)
		unknown += p->items[i].type == PROBLEM_UNKNOWN;
	/* Kubernetes' words, which clients look for. */
	if (unknown && unknown == p->n)
		str_add(&out, "strict decoding error: ");
	else
		str_addf(&out, "%s \"%s\" is invalid: ", kind ? kind : "object", name ? name : "");
	if (p->n > 1)
		str_add(&out, "[");
	for (size_t i = 0; i < p->n; i++) {
		if (i)
			str_add(&out, ", ");
		add_problem(&out, &p->items[i]);
	}
	if (p->n > 1)
		str_add(&out, "]");
	return str_take(&out);
}

json_t *problems_status(
	const struct problems *p, const char *group, const char *kind, const char *name)
{
	bool bad = problems_in_decoding(p);
	json_t *status = json_object(), *details = json_object(), *causes = json_array();
	for (size_t i = 0; i < p->n; i++) {
		json_t *cause = json_object();
		json_put_str(cause, "reason", problem_reason(p->items[i].type));
		json_put_str(cause, "message", p->items[i].message);
		json_put_str(cause, "field", p->items[i].path);
		json_push(causes, cause);
	}
	json_put_str(details, "name", name);
	if (group && *group)
		json_put_str(details, "group", group);
	json_put_str(details, "kind", kind);
	json_put(details, "causes", causes);
	cleanup_free char *text = problems_text(p, kind, name);
	json_put_str(status, "kind", "Status");
	json_put_str(status, "apiVersion", "v1");
	json_put(status, "metadata", json_object());
	json_put_str(status, "status", "Failure");
	json_put_str(status, "message", text);
	json_put_str(status, "reason", bad ? "BadRequest" : "Invalid");
	json_put(status, "details", details);
	json_put_int(status, "code", bad ? 400 : 422);
	return status;
}

int problems_err(const struct problems *p, const char *kind, const char *name, struct err *e)
{
	if (!p->n)
		return 0;
	cleanup_free char *text = problems_text(p, kind, name);
	err_set(e, -EINVAL, "%s", text);
	if (e)
		err_at(e, "%s", p->items[0].path);
	if (e)
		err_reason(e, problems_in_decoding(p) ? "BadRequest" : "Invalid");
	return -EINVAL;
}
