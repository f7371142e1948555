/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elastic tab stops. A block is a run of lines that all have a cell in some column; its width is found first, then
 * the columns to its right are laid out within the block.
 */
#include "agent/cli/tabs.h"

enum { PADDING = 2, COLUMNS_MAX = 32 };

struct line {
	struct sv cells[COLUMNS_MAX];
	size_t n; /* cells; all but the last were ended by a tab */
};

struct layout {
	struct line *lines;
	size_t n, cap;
	size_t widths[COLUMNS_MAX];
	size_t n_widths;
	struct str *out;
};

static size_t width_of(struct sv cell)
{
	size_t n = 0;

	for (size_t i = 0; i < cell.n; i++) {
		unsigned char c = (unsigned char)cell.p[i];

		n += (c & 0xc0) != 0x80;
		n += c < 0x20 || c == 0x7f; /* shown as two */
	}
	return n;
}

static void put_cell(struct str *out, struct sv cell)
{
	for (size_t i = 0; i < cell.n; i++) {
		unsigned char c = (unsigned char)cell.p[i];

		if (c < 0x20 || c == 0x7f)
			str_addf(out, "^%c", c ^ 0x40);
		else
			str_addn(out, cell.p + i, 1);
	}
}

static void put_line(const struct layout *l, const struct line *line)
{
	for (size_t i = 0; i < line->n; i++) {
		size_t used = width_of(line->cells[i]);

		put_cell(l->out, line->cells[i]);
		if (i + 1 < line->n && i < l->n_widths && used < l->widths[i])
			str_addf(l->out, "%*s", (int)(l->widths[i] - used), "");
	}
	str_add(l->out, "\n");
}

/* Lays out the lines [from, to), whose columns left of the next one have their widths. */
static void put_block(struct layout *l, size_t from, size_t to)
{
	size_t column = l->n_widths, i = from;

	while (i < to) {
		size_t end = i, width = 0;

		if (column + 1 >= l->lines[i].n) {
			put_line(l, &l->lines[i++]);
			continue;
		}
		for (; end < to && column + 1 < l->lines[end].n; end++) {
			size_t w = width_of(l->lines[end].cells[column]) + PADDING;

			width = w > width ? w : width;
		}
		l->widths[l->n_widths++] = width;
		put_block(l, i, end);
		l->n_widths--;
		i = end;
	}
}

void tabs_expand(struct sv text, struct str *out)
{
	struct layout l = {.out = out};

	while (text.n) {
		struct sv line = sv_cut(&text, '\n');
		struct line *into;

		GROW(l.lines, l.n + 1, l.cap);
		into = &l.lines[l.n++];
		into->n = 0;
		do {
			bool last = into->n + 1 == COLUMNS_MAX || !line.n ||
				    !memchr(line.p, '\t', line.n);

			into->cells[into->n++] = last ? line : sv_cut(&line, '\t');
			if (last)
				break;
		} while (true);
	}
	put_block(&l, 0, l.n);
	free(l.lines);
}
