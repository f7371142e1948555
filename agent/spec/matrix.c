/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The support matrix, agent/spec/SUPPORT.md: every field of every kind and what berth does with it, from the same
 * tables that do it. A unit test holds the file to what is generated; `make golden` writes it.
 */
#include "agent/spec/explain.h"

enum { TYPES_MAX = 256 };

struct matrix {
	struct str *out;
	const struct type *seen[TYPES_MAX];
	char *where[TYPES_MAX];
	size_t n_seen;
	size_t counts[3];
	bool writing;
};

static void add_type(struct matrix *m, const struct type *t, const char *path);

/* Where @t was described first, or NULL; then it is from now on. */
static const char *first_seen(struct matrix *m, const struct type *t, const char *path)
{
	for (size_t i = 0; i < m->n_seen; i++)
		if (m->seen[i] == t)
			return m->where[i];
	if (m->n_seen < TYPES_MAX) {
		m->seen[m->n_seen] = t;
		m->where[m->n_seen++] = xstrdup(path);
	}
	return NULL;
}

static void add_row(struct matrix *m, const struct field *f, const char *path, const char *as)
{
	bool observed = (f->flags & OBSERVED) != 0;
	cleanup_str struct str text = {0};
	support_text(f, observed, &text);
	if (!observed && !(f->flags & DROPPED))
		m->counts[f->support]++;
	if (!m->writing)
		return;
	str_addf(m->out, "| `%s` | ", path);
	field_type_text(f, m->out);
	str_addf(
		m->out, " | %s%s%s%s |\n", text.p, as ? "; as `" : "", as ? as : "", as ? "`" : "");
}

static void add_member(struct matrix *m, const struct field *f, const char *above)
{
	cleanup_free char *path = xasprintf(
		"%s%s%s%s", above, *above ? "." : "", f->name, f->flags & LIST ? "[]" : "");
	/* What is refused or only reported is not gone into. */
	bool deeper =
		f->type == OBJECT && f->support != REFUSED && !(f->flags & (OBSERVED | DROPPED));
	const char *as = deeper ? first_seen(m, f->of, path) : NULL;
	add_row(m, f, path, as);
	if (deeper && !as)
		add_type(m, f->of, path);
}

static void add_type(struct matrix *m, const struct type *t, const char *path)
{
	for (const struct field *f = t->fields; f->name; f++)
		if (!streq(f->name, "apiVersion") || *path)
			add_member(m, f, path);
}

static void add_kinds(struct matrix *m)
{
	for (size_t i = 0; kinds[i]; i++) {
		if (m->writing)
			str_addf(m->out,
				"\n## %s\n\n%s\n\n| field | type | berth |\n|---|---|---|\n",
				kinds[i]->kind, kinds[i]->doc);
		add_type(m, kinds[i]->type, "");
	}
	for (size_t i = 0; i < m->n_seen; i++)
		free(m->where[i]);
	m->n_seen = 0;
}

void spec_support_matrix(struct str *out)
{
	struct matrix m = {.out = out};
	add_kinds(&m);
	str_add(out,
		"# What berth does with each field\n\n"
		"Generated from the schema tables (`make golden`); `berth explain KIND.FIELD` says "
		"the "
		"same.\nEvery field of Kubernetes 1.35 is named. A field is *honoured*; or "
		"*refused*: "
		"an object that sets it is\nnot accepted, and the answer says why; or *accepted, "
		"no "
		"effect*, where ignoring it harms nothing, with a\nwarning; or *reported*: berth "
		"writes it. Anything else is an unknown field, which is an error. What "
		"stands\nbelow a "
		"refused field is refused with it and not listed; a type that was listed is not "
		"listed again.\n\n");
	str_addf(out, "%zu fields are honoured, %zu refused, %zu accepted without effect.\n",
		m.counts[HONOURED], m.counts[REFUSED], m.counts[ACCEPTED]);
	m.writing = true;
	add_kinds(&m);
}
