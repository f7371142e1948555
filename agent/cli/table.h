/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of text as kubectl prints them: columns three blanks apart, left-aligned, headings in capitals.
 */
#ifndef AGENT_CLI_TABLE_H
#define AGENT_CLI_TABLE_H

#include "agent/cli/cli.h"

struct table;

/** A new table that prints to @c->out (borrowed). */
struct table *table_new(const struct cli *c);
void table_free(struct table *own_t);
DEFINE_CLEANUP(struct table, table_free);

/** Adds a column before the first row. @indent: blanks before the whole table; the first column's counts. */
void table_column(struct table *t, const char *title, unsigned indent);
/** Cells of a row from left to right; missing ones are empty. Control characters are shown escaped. */
void table_cell(struct table *t, const char *text);
void table_cell_f(struct table *t, const char *format, ...) PRINTF_LIKE(2, 3);
void table_row(struct table *t);
size_t table_rows(const struct table *t);

/**
 * Prints what was added since the last print. Widths only ever grow, so that the rows of a watch stay in line; the
 * heading is printed once.
 */
void table_print(struct table *t, bool heading);

/** Forgets columns and widths: the next table of another kind. */
void table_restart(struct table *t);

#endif
