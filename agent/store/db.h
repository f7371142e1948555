/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database file: opening, statements, transactions, the room held back for a full disk. Knows SQL, knows
 * nothing of objects. Inside agent/store only.
 */
#ifndef AGENT_STORE_DB_H
#define AGENT_STORE_DB_H

#include "runtime/base/err.h"
#include "runtime/base/str.h"

#include <sqlite3.h>
#include <stdbool.h>

/* Every statement of the store; the text stands in db.c. */
enum db_query {
	Q_BEGIN,
	Q_COMMIT,
	Q_ROLLBACK,
	Q_SYNC_FULL,
	Q_SYNC_NORMAL,
	Q_OBJECT_GET,
	Q_OBJECT_LIST,
	Q_OBJECT_LIST_NS,
	Q_OBJECT_COUNT,
	Q_OBJECT_COUNT_NS,
	Q_OBJECT_INSERT,
	Q_OBJECT_UPDATE,
	Q_OBJECT_DELETE,
	Q_HISTORY_ADD,
	Q_HISTORY_AT,
	Q_HISTORY_AFTER,
	Q_HISTORY_OLDEST,
	Q_HISTORY_TRIM,
	Q_META_GET,
	Q_META_PUT,
	Q_MAX
};

struct db {
	sqlite3 *sql;
	sqlite3_stmt *statements[Q_MAX];
	char *path;
	int wal_pages;	       /* in the log after the last commit */
	int reserve_fd;	       /* the file whose blocks are given back when the disk is full */
	bool reserve_spent;    /* they were given back and not yet taken again */
	bool synchronous_full; /* what the connection is set to now */
};

enum {
	DB_SCHEMA_VERSION = 1,
	DB_CACHE_KIB = 512,
	DB_CHECKPOINT_PAGES = 1024, /* 4 MiB: each one waits for the disk twice */
	DB_RESERVE_BYTES = 2 << 20
};

/**
 * Opens (or creates) the file and checks its structure.  Returns: 0, -EUCLEAN (damaged: see repair.h), -EBUSY (another
 * process holds it), -EPROTO (made by a newer berth), -ENOSPC, -EIO. On failure *d is closed.
 */
int db_open(struct db *d, const char *path, struct err *e);
/** Opens without any check or write, as a source to copy from. */
int db_open_damaged(struct db *d, const char *path, struct err *e);
void db_close(struct db *d);

/** Turns SQLite's result into an error with words; "Insufficient storage" for a full disk. */
int db_error(struct db *d, int code, const char *doing, struct err *e);

/** A statement, reset and ready to bind. NULL only when the database is damaged (see db_error). */
sqlite3_stmt *db_statement(struct db *d, enum db_query query);
/** Runs a statement that returns no rows. 0 or -errno. */
int db_run(struct db *d, sqlite3_stmt *statement, const char *doing, struct err *e);

/* Ends the use of a statement, so that it holds no read mark. */
static inline void db_reset_p(sqlite3_stmt **slot)
{
	if (*slot) {
		(void)sqlite3_reset(*slot);
		(void)sqlite3_clear_bindings(*slot);
	}
}
#define cleanup_statement __attribute__((cleanup(db_reset_p)))

/** Text for the time of the statement only. */
void db_bind_text(sqlite3_stmt *statement, int index, const char *text);
void db_bind_sv(sqlite3_stmt *statement, int index, struct sv text);
struct sv db_column_sv(sqlite3_stmt *statement, int column);

/** @full: what is committed is on disk. */
int db_begin(struct db *d, bool full, struct err *e);
int db_commit(struct db *d, struct err *e);
void db_rollback(struct db *d);

/** Gives the held-back blocks to the file system. False when they are spent already. */
bool db_spend_reserve(struct db *d);

#endif
