/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: the schema tables for people, in kubectl's layout, with what berth does with each field.
 */
#include "agent/spec/explain.h"

#include <strings.h>

enum { WRAP = 78, INDENT = 4 };

const char *support_word(const struct field *f, bool observed)
{
	static const char *const words[] = {
		[HONOURED] = "honoured", [REFUSED] = "refused", [ACCEPTED] = "accepted, no effect"};
	return observed ? "reported" : f->flags & DROPPED ? "dropped" : words[f->support];
}

void support_text(const struct field *f, bool observed, struct str *out)
{
	str_add(out, support_word(f, observed));
	if (observed || f->support == HONOURED)
		return;
	for (size_t i = 0; f->accepts && f->accepts[i]; i++)
		str_addf(out, "%s%s", i ? ", " : " but for ", f->accepts[i]);
	str_addf(out, ": %s", f->why);
}

/* Four blanks in front of each line; @head only of the first. */
static void add_wrapped(struct str *out, const char *head, const char *text)
{
	size_t column = INDENT + strlen(head);
	struct sv rest = sv(text);
	bool first = true;
	str_addf(out, "%*s%s", INDENT, "", head);
	for (; rest.n; first = false) {
		struct sv word = sv_cut(&rest, ' ');
		if (!first && column + 1 + word.n > WRAP) {
			str_addf(out, "\n%*s", INDENT, "");
			column = INDENT;
		} else if (!first) {
			str_add(out, " ");
			column++;
		}
		str_addn(out, word.p, word.n);
		column += word.n;
	}
	str_add(out, "\n");
}

static void add_values(struct str *out, const struct field *f)
{
	if (f->values) {
		str_add(out, "  enum: ");
		for (size_t i = 0, n = 0; f->values[i]; i++)
			if (*f->values[i])
				str_addf(out, "%s%s", n++ ? ", " : "", f->values[i]);
		str_add(out, "\n");
	}
	if (f->fallback && *f->fallback && f->type != OBJECT)
		str_addf(out, "  default: %s\n", f->fallback);
}

static void add_field(struct str *out, const struct field *f, bool observed, bool refused)
{
	cleanup_str struct str support = {0};
	str_addf(out, "  %s\t<", f->name);
	field_type_text(f, out);
	str_addf(out, ">%s\n", f->flags & REQUIRED ? " -required-" : "");
	add_values(out, f);
	add_wrapped(out, "", f->doc);
	if (refused)
		str_add(&support, "refused, as what it belongs to");
	else
		support_text(f, observed, &support);
	add_wrapped(out, "berth: ", support.p);
	str_add(out, "\n");
}

static void add_tree(struct str *out, const struct type *t, int depth)
{
	for (const struct field *f = t->fields; f->name; f++) {
		str_addf(out, "%*s%s\t<", depth * 2, "", f->name);
		field_type_text(f, out);
		str_addf(out, ">%s\n", f->flags & REQUIRED ? " -required-" : "");
		if (f->type == OBJECT)
			add_tree(out, f->of, depth + 1);
	}
}

/* The member that @part names; *@t becomes its type (NULL for a scalar). NULL, and @e says so, when there is none. */
static const struct field *step_down(
	const struct kind *k, const struct type **t, struct sv part, struct err *e)
{
	char name[80];
	(void)snprintf(name, sizeof(name), "%.*s", (int)part.n, part.p);
	const struct field *f = *t ? type_field(*t, name) : NULL;
	const char *nearest = *t && !f ? type_nearest(*t, name) : NULL;
	if (!f)
		(void)err_set(e, -ENOENT, "field \"%s\" does not exist in %s%s%s%s", name,
			*t ? (*t)->name : k->kind, nearest ? "; did you mean \"" : "",
			nearest ? nearest : "", nearest ? "\"?" : "");
	else
		*t = f->type == OBJECT ? f->of : NULL;
	return f;
}

/* What it is about. @of: why something at or above the field is refused, or "". */
static void add_head(
	struct str *out, const struct kind *k, const struct field *f, const char *of, bool observed)
{
	if (*k->group)
		str_addf(out, "GROUP:      %s\n", k->group);
	str_addf(out, "KIND:       %s\nVERSION:    %s\n\n", k->kind, k->version);
	if (f) {
		str_addf(out, "FIELD: %s <", f->name);
		field_type_text(f, out);
		str_add(out, ">\n\n");
	}
	str_add(out, "DESCRIPTION:\n");
	add_wrapped(out, "", f ? f->doc : k->doc);
	if (f)
		add_values(out, f);
	if (f) {
		cleanup_str struct str support = {0};
		if (*of && f->support != REFUSED)
			str_addf(&support, "refused: %s", of);
		else
			support_text(f, observed, &support);
		add_wrapped(out, "berth: ", support.p);
	}
	str_add(out, "\n");
}

int spec_explain(
	const struct kind *k, const char *path, bool recursive, struct str *out, struct err *e)
{
	const struct type *t = k->type;
	const struct field *f = NULL;
	const char *of = "";
	bool observed = false;
	struct sv rest = sv(path);
	while (rest.n) {
		f = step_down(k, &t, sv_cut(&rest, '.'), e);
		if (!f)
			return -ENOENT;
		observed |= (f->flags & OBSERVED) != 0;
		/* Below a refused field nothing is honoured: the reason stands where it is refused. */
		of = f->support == REFUSED ? f->why : of;
	}
	add_head(out, k, f, of, observed);
	if (!t)
		return 0;
	str_add(out, "FIELDS:\n");
	for (const struct field *m = t->fields; m->name && !recursive; m++)
		add_field(out, m, observed || m->flags & OBSERVED, *of);
	if (recursive)
		add_tree(out, t, 1);
	return 0;
}
