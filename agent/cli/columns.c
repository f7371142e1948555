/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lays text out in columns. Cell texts come from objects that others wrote, so control characters are never passed
 * to the terminal. Widths count code points.
 */
#include "agent/cli/columns.h"

#include <ctype.h>
#include <stdarg.h>

enum { PADDING = 3, WIDTH_MIN = 6 }; /* as kubectl's tabwriter */

struct column {
	char *title;
	size_t width;
};

struct columns {
	const struct cli *cli;
	struct column *columns;
	size_t n_columns, cap_columns;
	char **cells; /* complete rows, then those of the row being filled */
	size_t n_cells, cap_cells;
	unsigned indent;
	bool headed;
};

struct columns *columns_new(const struct cli *c)
{
	struct columns *t = xcalloc(1, sizeof *t);

	t->cli = c;
	return t;
}

static void drop_cells(struct columns *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	t->n_cells = 0;
}

void columns_restart(struct columns *t)
{
	drop_cells(t);
	for (size_t i = 0; i < t->n_columns; i++)
		free(t->columns[i].title);
	t->n_columns = 0;
	t->headed = false;
}

void columns_free(struct columns *own_t)
{
	if (!own_t)
		return;
	columns_restart(own_t);
	free(own_t->columns);
	free(own_t->cells);
	free(own_t);
}

void columns_column(struct columns *t, const char *title, unsigned indent)
{
	char *upper = xstrdup(title);

	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	GROW(t->columns, t->n_columns + 1, t->cap_columns);
	t->columns[t->n_columns++] = (struct column){.title = upper};
	if (t->n_columns == 1)
		t->indent = indent;
}

/* Control characters as ^X, as kubectl shows them. */
static char *visible(const char *text)
{
	cleanup_str struct str s = {0};

	for (; *text; text++) {
		unsigned char ch = (unsigned char)*text;

		if (ch < 0x20 || ch == 0x7f)
			str_addf(&s, "^%c", ch ^ 0x40);
		else
			str_addn(&s, text, 1);
	}
	return str_take(&s);
}

void columns_cell(struct columns *t, const char *text)
{
	GROW(t->cells, t->n_cells + 1, t->cap_cells);
	t->cells[t->n_cells++] = visible(text ? text : "");
}

void columns_cell_f(struct columns *t, const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = xvasprintf(format, ap);
	va_end(ap);
	columns_cell(t, text);
}

void columns_row(struct columns *t)
{
	while (t->n_columns && t->n_cells % t->n_columns)
		columns_cell(t, "");
}

size_t columns_rows(const struct columns *t)
{
	return t->n_columns ? t->n_cells / t->n_columns : 0;
}

static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void widen(struct columns *t, bool heading)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		struct column *column = &t->columns[i];

		if (heading && width_of(column->title) > column->width)
			column->width = width_of(column->title);
		for (size_t k = i; k < t->n_cells; k += t->n_columns)
			if (width_of(t->cells[k]) > column->width)
				column->width = width_of(t->cells[k]);
	}
}

/* The colour of a status word on a terminal: good, on the way, or bad. */
static const char *color_of(const char *status)
{
	static const struct {
		const char *word, *color;
	} words[] = {{"Running", "\033[32m"}, {"Ready", "\033[32m"}, {"Active", "\033[32m"},
		{"Completed", "\033[32m"}, {"Pending", "\033[33m"},
		{"ContainerCreating", "\033[33m"}, {"PodInitializing", "\033[33m"},
		{"Terminating", "\033[33m"}, {"CrashLoopBackOff", "\033[31m"},
		{"Error", "\033[31m"}, {"OOMKilled", "\033[31m"}, {"ErrImagePull", "\033[31m"},
		{"ImagePullBackOff", "\033[31m"}, {"NotReady", "\033[31m"}, {"Failed", "\033[31m"}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(words[i].word, status))
			return words[i].color;
	return NULL;
}

static void print_cell(const struct columns *t, size_t i, const char *text, bool heading)
{
	const struct column *column = &t->columns[i];
	const char *color =
		!heading && t->cli->color && streq(column->title, "STATUS") ? color_of(text) : NULL;
	size_t full = column->width + PADDING < WIDTH_MIN ? WIDTH_MIN : column->width + PADDING;
	size_t used = width_of(text);

	(void)fprintf(t->cli->out, "%s%s%s", color ? color : "", text, color ? "\033[0m" : "");
	if (i + 1 < t->n_columns)
		(void)fprintf(t->cli->out, "%*s", (int)(full - used), "");
}

void columns_print(struct columns *t, bool heading)
{
	if (t->n_columns == 0)
		return;
	heading = heading && !t->headed;
	columns_row(t);
	widen(t, heading);
	if (heading) {
		(void)fprintf(t->cli->out, "%*s", (int)t->indent, "");
		for (size_t i = 0; i < t->n_columns; i++)
			print_cell(t, i, t->columns[i].title, true);
		(void)fputc('\n', t->cli->out);
		t->headed = true;
	}
	for (size_t k = 0; k < t->n_cells; k++) {
		if (k % t->n_columns == 0)
			(void)fprintf(t->cli->out, "%*s", (int)t->indent, "");
		print_cell(t, k % t->n_columns, t->cells[k], false);
		if ((k + 1) % t->n_columns == 0)
			(void)fputc('\n', t->cli->out);
	}
	drop_cells(t);
}
