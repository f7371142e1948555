/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of a walker and the wording of problems. Messages follow Kubernetes' field errors, so that people and
 * programs that know those find the same words here.
 */
#include "agent/spec/walk.h"

#include <stdarg.h>

size_t walk_field(struct walk *w, const char *name)
{
	size_t mark = w->path.n;
	if (mark)
		str_add(&w->path, ".");
	str_add(&w->path, name);
	return mark;
}

size_t walk_index(struct walk *w, size_t i)
{
	size_t mark = w->path.n;
	str_addf(&w->path, "[%zu]", i);
	return mark;
}

size_t walk_key(struct walk *w, const char *key)
{
	size_t mark = w->path.n;
	str_addf(&w->path, "[%s]", key);
	return mark;
}

void walk_up(struct walk *w, size_t mark)
{
	w->path.n = mark;
	if (w->path.p)
		w->path.p[mark] = '\0';
}

const char *walk_path(const struct walk *w)
{
	return w->path.p ? w->path.p : "";
}

void walk_done(struct walk *w)
{
	str_done(&w->path);
}

void walk_problem(struct walk *w, enum problem_type type, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = xvasprintf(format, args);
	va_end(args);
	problems_add(w->problems, type, walk_path(w), "%s", text);
	free(text);
}

/* The value as Kubernetes prints it: JSON, but cut where a person would stop reading. */
static char *quoted(const json_t *value)
{
	enum { SHOWN = 120 };
	char *text = json_is_string(value) || json_is_integer(value) || json_is_boolean(value) ||
				     json_is_real(value)
			     ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
			     : NULL;
	if (!text)
		return xstrdup(json_is_object(value)  ? "{…}"
			       : json_is_array(value) ? "[…]"
						      : "null");
	size_t n = strlen(text);
	if (n > SHOWN) {
		size_t cut = SHOWN;
		while (cut && ((unsigned char)text[cut] & 0xc0) == 0x80)
			cut--;
		char *shorter = xasprintf("%.*s…\"", (int)cut, text);
		free(text);
		text = shorter;
	}
	return text;
}

void walk_invalid(struct walk *w, const json_t *value, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = xvasprintf(format, args);
	va_end(args);
	cleanup_free char *shown = quoted(value);
	problems_add(
		w->problems, PROBLEM_INVALID, walk_path(w), "Invalid value: %s: %s", shown, text);
	free(text);
}

void walk_required(struct walk *w, const char *why)
{
	walk_problem(w, PROBLEM_REQUIRED, "Required value%s%s", why ? ": " : "", why ? why : "");
}

void walk_duplicate(struct walk *w, const json_t *value)
{
	cleanup_free char *shown = quoted(value);
	walk_problem(w, PROBLEM_DUPLICATE, "Duplicate value: %s", shown);
}

void walk_unsupported(struct walk *w, const json_t *value, const char *const *values)
{
	cleanup_free char *shown = quoted(value);
	cleanup_str struct str list = {0};
	for (size_t i = 0; values[i]; i++)
		if (*values[i])
			str_addf(&list, "%s\"%s\"", list.n ? ", " : "", values[i]);
	walk_problem(w, PROBLEM_NOT_SUPPORTED, "Unsupported value: %s: supported values: %s", shown,
		list.p ? list.p : "none");
}

void walk_forbidden(struct walk *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = xvasprintf(format, args);
	va_end(args);
	walk_problem(w, PROBLEM_FORBIDDEN, "Forbidden: %s", text);
	free(text);
}

void walk_too_long(struct walk *w, int64_t max)
{
	walk_problem(
		w, PROBLEM_TOO_LONG, "Too long: may not be more than %lld bytes", (long long)max);
}
