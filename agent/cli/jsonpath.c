/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSONPath for `-o jsonpath=…`, custom columns, --sort-by and `wait --for=jsonpath`: the parser. A template becomes a
 * list of parts, a path in it a list of steps (jsonpath_internal.h). Nesting of filters is bounded by DEPTH_MAX.
 */
#include "agent/cli/jsonpath_internal.h"

static void path_free(struct path *own_p);
DEFINE_CLEANUP(struct path, path_free);

static void step_done(struct step *s)
{
	free(s->name);
	path_free(s->left);
	path_free(s->right);
	json_decref(s->literal);
	for (size_t i = 0; i < s->n_choices; i++)
		step_done(&s->choices[i]);
	free(s->choices);
}

static void path_free(struct path *own_p)
{
	if (!own_p)
		return;
	for (size_t i = 0; i < own_p->n; i++)
		step_done(&own_p->steps[i]);
	free(own_p->steps);
	free(own_p);
}

void jsonpath_free(struct jsonpath *own_p)
{
	if (!own_p)
		return;
	for (size_t i = 0; i < own_p->n; i++) {
		free(own_p->parts[i].text);
		path_free(own_p->parts[i].path);
	}
	free(own_p->parts);
	free(own_p);
}

/* ---- parsing ---------------------------------------------------------------------------------- */

struct reader {
	const char *text; /* the whole template, for messages */
	const char *at;
	struct err *e;
	int depth;
};

static int bad(const struct reader *r, const char *what)
{
	return err_set(
		r->e, -EINVAL, "JSONPath, character %zu: %s", (size_t)(r->at - r->text) + 1, what);
}

static struct step *add_step(struct path *p, enum step_type type)
{
	GROW(p->steps, p->n + 1, p->cap);
	p->steps[p->n] = (struct step){.type = type};
	return &p->steps[p->n++];
}

static void skip_blanks(struct reader *r)
{
	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n')
		r->at++;
}

/* 'text' or "text" with backslash escapes. */
static int read_quoted(struct reader *r, char **ret)
{
	cleanup_str struct str s = {0};
	char quote = *r->at++;

	for (; *r->at && *r->at != quote; r->at++) {
		char c = *r->at;

		if (c == '\\' && r->at[1]) {
			c = *++r->at;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
		}
		str_addn(&s, &c, 1);
	}
	if (!*r->at)
		return bad(r, "a quoted text has no end");
	r->at++;
	*ret = str_take(&s);
	return 0;
}

/* A name behind a dot: up to what cannot be part of one; a backslash takes the next character as it is. */
static char *read_name(struct reader *r)
{
	cleanup_str struct str s = {0};

	for (; *r->at && !strchr(".[]{}()=!<>,| \t\n'\"", *r->at); r->at++) {
		if (*r->at == '\\' && r->at[1])
			r->at++;
		str_addn(&s, r->at, 1);
	}
	return str_take(&s);
}

static bool read_number(struct reader *r, int64_t *ret)
{
	size_t n = *r->at == '-';

	while (r->at[n] >= '0' && r->at[n] <= '9')
		n++;
	if (parse_i64((struct sv){r->at, n}, ret) < 0)
		return false;
	r->at += n;
	return true;
}

static int read_path(struct reader *r, struct path **ret);

static int read_operand(struct reader *r, struct path **ret_path, json_t **ret_literal)
{
	cleanup_free char *text = NULL;
	json_error_t where;
	int k;

	skip_blanks(r);
	if (*r->at == '@' || *r->at == '$' || *r->at == '.')
		return read_path(r, ret_path);
	if (*r->at == '\'' || *r->at == '"') {
		k = read_quoted(r, &text);
		if (k == 0)
			*ret_literal = json_string(text);
		return k;
	}
	text = xstrndup(r->at, strcspn(r->at, ")=!<> "));
	*ret_literal = json_loads(text, JSON_DECODE_ANY, &where);
	if (!*ret_literal)
		return bad(
			r, "a path (@.…), a number, true, false or a quoted text must stand here");
	r->at += strlen(text);
	return 0;
}

/* [?(LEFT op RIGHT)]; r->at is behind "?". */
static int read_filter(struct reader *r, struct path *p)
{
	static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">"};
	struct step *s = add_step(p, STEP_FILTER);
	json_t *left_literal = NULL;
	int k;

	if (*r->at++ != '(')
		return bad(r, "a filter is written [?(…)]");
	k = read_operand(r, &s->left, &left_literal);
	json_decref(left_literal);
	if (k < 0)
		return k;
	if (!s->left)
		return bad(r, "a filter begins with a path (@.…)");
	skip_blanks(r);
	for (size_t i = 0; i < ARRAY_SIZE(operators) && !s->name; i++)
		if (sv_starts(sv(r->at), operators[i]))
			s->name = xstrdup(operators[i]);
	if (s->name) {
		r->at += strlen(s->name);
		k = read_operand(r, &s->right, &s->literal);
		if (k < 0)
			return k;
		skip_blanks(r);
	}
	if (*r->at++ != ')')
		return bad(r, "\")\" is missing");
	return 0;
}

/* One of the items of [a,b]: a quoted name, a number, a slice or *. */
static int read_choice(struct reader *r, struct step *s)
{
	int k;

	skip_blanks(r);
	if (*r->at == '\'' || *r->at == '"') {
		s->type = STEP_FIELD;
		k = read_quoted(r, &s->name);
		skip_blanks(r);
		return k;
	}
	if (*r->at == '*') {
		r->at++;
		s->type = STEP_ALL;
		return 0;
	}
	s->type = STEP_INDEX;
	s->by = 1;
	s->has_from = read_number(r, &s->from);
	if (*r->at == ':') {
		s->type = STEP_SLICE;
		r->at++;
		s->has_to = read_number(r, &s->to);
		if (*r->at == ':') {
			r->at++;
			(void)read_number(r, &s->by);
		}
		if (s->by <= 0)
			return bad(r, "a step must be positive");
	} else if (!s->has_from) {
		s->type = STEP_FIELD;
		s->name = read_name(r);
		if (!*s->name)
			return bad(r, "a number, a quoted name, * or ?(…) must stand in [ ]");
	}
	skip_blanks(r);
	return 0;
}

static int read_bracket(struct reader *r, struct path *p)
{
	struct step one = {.type = STEP_UNION};
	size_t cap = 0;
	int k = 0;

	skip_blanks(r);
	if (*r->at == '?') {
		r->at++;
		k = read_filter(r, p);
	} else {
		do {
			GROW(one.choices, one.n_choices + 1, cap);
			one.choices[one.n_choices] = (struct step){0};
			k = read_choice(r, &one.choices[one.n_choices++]);
		} while (k == 0 && *r->at == ',' && r->at++);
		*add_step(p, STEP_UNION) = one;
	}
	if (k < 0)
		return k;
	skip_blanks(r);
	if (*r->at++ != ']')
		return bad(r, "\"]\" is missing");
	return 0;
}

static int read_steps(struct reader *r, struct path *p)
{
	int k = 0;

	while (k == 0) {
		if (*r->at == '[') {
			r->at++;
			k = read_bracket(r, p);
		} else if (r->at[0] == '.' && r->at[1] == '.') {
			r->at += 1 + (r->at[2] == '[');
			(void)add_step(p, STEP_DEEP);
		} else if (*r->at == '.') {
			cleanup_free char *name = NULL;

			r->at++;
			if (*r->at == '[')
				continue;
			name = read_name(r);
			if (*name)
				*add_step(p, STEP_FIELD) =
					streq(name, "*") ? (struct step){.type = STEP_ALL}
							 : (struct step){.type = STEP_FIELD,
								   .name = take(name)};
		} else {
			return 0;
		}
	}
	return k;
}

static int read_path(struct reader *r, struct path **ret)
{
	CLEANUP(path_free) struct path *p = xcalloc(1, sizeof *p);
	int k;

	if (++r->depth > DEPTH_MAX)
		return bad(r, "filters are nested too deep");
	if (*r->at == '@' || *r->at == '$')
		p->from_root = *r->at++ == '$';
	else if (*r->at != '.' && *r->at != '[')
		return bad(r, "a path begins with \".\", \"[\", \"@\" or \"$\"");
	k = read_steps(r, p);
	r->depth--;
	if (k < 0)
		return k;
	*ret = take(p);
	return 0;
}

static struct part *add_part(struct jsonpath *p, enum part_type type)
{
	GROW(p->parts, p->n + 1, p->cap);
	p->parts[p->n] = (struct part){.type = type};
	return &p->parts[p->n++];
}

/* What stands between { and }; r->at is behind "{". */
static int read_action(struct reader *r, struct jsonpath *p)
{
	struct part *part;
	int k = 0;

	skip_blanks(r);
	if (sv_starts(sv(r->at), "range") && r->at[5] && strchr(" \t.[@$", r->at[5])) {
		r->at += 5;
		skip_blanks(r);
		part = add_part(p, PART_RANGE);
		k = read_path(r, &part->path);
	} else if (sv_starts(sv(r->at), "end") && strchr(" }\t", r->at[3])) {
		r->at += 3;
		(void)add_part(p, PART_END);
	} else if (*r->at == '"' || *r->at == '\'') {
		part = add_part(p, PART_TEXT);
		k = read_quoted(r, &part->text);
	} else {
		part = add_part(p, PART_PATH);
		k = read_path(r, &part->path);
	}
	if (k < 0)
		return k;
	skip_blanks(r);
	if (*r->at == ',')
		return bad(r, "one path stands in { }");
	if (*r->at++ != '}')
		return bad(r, "\"}\" is missing");
	return 0;
}

static int check_ranges(const struct jsonpath *p, struct err *e)
{
	int open = 0;

	for (size_t i = 0; i < p->n; i++) {
		open += (p->parts[i].type == PART_RANGE) - (p->parts[i].type == PART_END);
		if (open < 0)
			return err_set(e, -EINVAL, "JSONPath: {end} without {range}");
		if (open > DEPTH_MAX)
			return err_set(e, -EINVAL, "JSONPath: ranges are nested too deep");
	}
	return open == 0 ? 0 : err_set(e, -EINVAL, "JSONPath: {range} without {end}");
}

int jsonpath_parse(const char *text, struct jsonpath **ret, struct err *e)
{
	CLEANUP(jsonpath_free) struct jsonpath *p = xcalloc(1, sizeof *p);
	struct reader r = {.text = text, .at = text, .e = e};
	int k;

	while (*r.at) {
		size_t plain = strcspn(r.at, "{");

		if (plain) {
			add_part(p, PART_TEXT)->text = xstrndup(r.at, plain);
			r.at += plain;
			continue;
		}
		r.at++;
		k = read_action(&r, p);
		if (k < 0)
			return k;
	}
	k = check_ranges(p, e);
	if (k < 0)
		return k;
	*ret = take(p);
	return 0;
}

int jsonpath_parse_path(const char *text, struct jsonpath **ret, struct err *e)
{
	cleanup_free char *whole = *text == '{'		   ? xstrdup(text)
				   : strchr(".[$@", *text) ? xasprintf("{%s}", text)
							   : xasprintf("{.%s}", text);

	return jsonpath_parse(whole, ret, e);
}
