/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of text as kubectl prints them: columns three blanks apart, left-aligned, headings in capitals.
 */
#ifndef AGENT_CLI_COLUMNS_H
#define AGENT_CLI_COLUMNS_H

#include "agent/cli/cli.h"

struct columns;

/** A new table that prints to @c->out (borrowed). */
struct columns *columns_new(const struct cli *c);
void columns_free(struct columns *own_t);
DEFINE_CLEANUP(struct columns, columns_free);

/** Adds a column before the first row. @indent: blanks before the whole table; the first column's counts. */
void columns_column(struct columns *t, const char *title, unsigned indent);
/** Cells of a row from left to right; missing ones are empty. Control characters are shown escaped. */
void columns_cell(struct columns *t, const char *text);
void columns_cell_f(struct columns *t, const char *format, ...) PRINTF_LIKE(2, 3);
void columns_row(struct columns *t);
size_t columns_rows(const struct columns *t);

/**
 * Prints what was added since the last print. Widths only ever grow, so that the rows of a watch stay in line; the
 * heading is printed once.
 */
void columns_print(struct columns *t, bool heading);

/** Forgets columns and widths: the next table of another kind. */
void columns_restart(struct columns *t);

#endif
