/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database file of the store. WAL with synchronous=FULL for what a user was told, NORMAL for what may be
 * reported again; exclusive locking, so that there is no shared-memory file and no second agent.
 *
 * The log is folded back in small steps (256 pages) right after a commit, so that no single commit pays for much.
 * A file of 2 MiB beside the database is real blocks: they are given back when a deletion meets a full disk.
 */
#include "agent/store/db.h"

#include <fcntl.h>
#include <sys/statvfs.h>

static const char *const queries[Q_MAX] = {
	[Q_BEGIN] = "BEGIN IMMEDIATE",
	[Q_COMMIT] = "COMMIT",
	[Q_ROLLBACK] = "ROLLBACK",
	[Q_SYNC_FULL] = "PRAGMA synchronous=FULL",
	[Q_SYNC_NORMAL] = "PRAGMA synchronous=NORMAL",
	[Q_OBJECT_GET] = "SELECT rv, uid, sum, body FROM object WHERE kind=? AND ns=? AND name=?",
	[Q_OBJECT_LIST] =
		"SELECT ns, name, rv, sum, body FROM object WHERE kind=? ORDER BY ns, name",
	[Q_OBJECT_LIST_NS] = "SELECT ns, name, rv, sum, body FROM object WHERE kind=? AND ns=? "
			     "ORDER BY name",
	[Q_OBJECT_COUNT] = "SELECT count(*) FROM object WHERE kind=?",
	[Q_OBJECT_COUNT_NS] = "SELECT count(*) FROM object WHERE kind=? AND ns=?",
	[Q_OBJECT_INSERT] =
		"INSERT INTO object(kind, ns, name, uid, rv, sum, body) VALUES(?,?,?,?,?,?,?)",
	[Q_OBJECT_UPDATE] = "UPDATE object SET rv=?4, sum=?5, body=?6 "
			    "WHERE kind=?1 AND ns=?2 AND name=?3",
	[Q_OBJECT_DELETE] = "DELETE FROM object WHERE kind=? AND ns=? AND name=?",
	[Q_HISTORY_ADD] = "INSERT INTO history(rv, at, change, kind, ns, name, prev, sum, body) "
			  "VALUES(?,?,?,?,?,?,?,?,?)",
	[Q_HISTORY_AT] = "SELECT sum, body FROM history WHERE rv=?",
	[Q_HISTORY_AFTER] = "SELECT rv, change, kind, ns, name, prev, sum, body FROM history "
			    "WHERE rv>? ORDER BY rv",
	[Q_HISTORY_OLDEST] = "SELECT rv, at FROM history ORDER BY rv LIMIT ?",
	[Q_HISTORY_TRIM] = "DELETE FROM history WHERE rv<=?",
	[Q_META_GET] = "SELECT value FROM meta WHERE key=?",
	[Q_META_PUT] = "INSERT INTO meta(key, value) VALUES(?,?) "
		       "ON CONFLICT(key) DO UPDATE SET value=excluded.value",
};

/* kind: "pods", "replicasets.apps". sum: of body (record.h). prev: rv of the state before, 0 when there was none. */
static const char schema[] =
	"CREATE TABLE object(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, ns TEXT NOT NULL,"
	" name TEXT NOT NULL, uid TEXT NOT NULL, rv INTEGER NOT NULL, sum INTEGER NOT NULL,"
	" body TEXT NOT NULL, UNIQUE(kind, ns, name));"
	"CREATE TABLE history(rv INTEGER PRIMARY KEY, at INTEGER NOT NULL, change INTEGER NOT NULL,"
	" kind TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, prev INTEGER NOT NULL,"
	" sum INTEGER NOT NULL, body TEXT NOT NULL);"
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE quarantine(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, why TEXT NOT NULL,"
	" kind BLOB, ns BLOB, name BLOB, body BLOB);"
	"PRAGMA user_version=1;";

int db_error(struct db *d, int code, const char *doing, struct err *e)
{
	int system_errno = d->sql ? sqlite3_system_errno(d->sql) : 0;
	const char *words = d->sql ? sqlite3_errmsg(d->sql) : sqlite3_errstr(code);

	switch (code & 0xff) {
	case SQLITE_FULL:
		system_errno = ENOSPC;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* our statements are right, so the schema they name is not */
		return err_set(
			e, -EUCLEAN, "%s: the database %s is damaged: %s", doing, d->path, words);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, -EBUSY, "%s: another process has %s open", doing, d->path);
	default:
		break;
	}
	if (system_errno == ENOSPC || system_errno == EDQUOT) {
		(void)err_set(e, -ENOSPC,
			"Insufficient storage: the disk of %s is full; nothing was changed. Free "
			"some space and try again",
			d->path);
		return e ? err_reason(e, "InsufficientStorage") : -ENOSPC;
	}
	return err_set(e, -EIO, "%s: %s: %s%s%s", doing, d->path, words, system_errno ? ": " : "",
		system_errno ? strerror(system_errno) : "");
}

sqlite3_stmt *db_statement(struct db *d, enum db_query query)
{
	if (!d->statements[query] &&
		sqlite3_prepare_v3(d->sql, queries[query], -1, SQLITE_PREPARE_PERSISTENT,
			&d->statements[query], NULL) != SQLITE_OK)
		return NULL;
	return d->statements[query];
}

int db_run(struct db *d, sqlite3_stmt *statement, const char *doing, struct err *e)
{
	int code = statement ? sqlite3_step(statement) : sqlite3_errcode(d->sql);
	int r = code == SQLITE_DONE || code == SQLITE_ROW ? 0 : db_error(d, code, doing, e);

	if (statement)
		(void)sqlite3_reset(statement);
	return r;
}

void db_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	(void)sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

void db_bind_sv(sqlite3_stmt *statement, int index, struct sv text)
{
	(void)sqlite3_bind_text64(statement, index, text.p, text.n, SQLITE_STATIC, SQLITE_UTF8);
}

struct sv db_column_sv(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	if (!text)
		return sv("");
	return (struct sv){text, (size_t)sqlite3_column_bytes(statement, column)};
}

/* ---- room held back ---------------------------------------------------------------------------------- */

static void take_reserve(struct db *d)
{
	struct statvfs space;

	if (d->reserve_fd < 0 || !d->reserve_spent)
		return;
	if (fstatvfs(d->reserve_fd, &space) < 0 ||
		space.f_bavail * space.f_frsize < 2ull * DB_RESERVE_BYTES)
		return;
	if (posix_fallocate(d->reserve_fd, 0, DB_RESERVE_BYTES) == 0)
		d->reserve_spent = false;
}

bool db_spend_reserve(struct db *d)
{
	if (d->reserve_fd < 0 || d->reserve_spent)
		return false;
	d->reserve_spent = true;
	return ftruncate(d->reserve_fd, 0) == 0;
}

static void open_reserve(struct db *d)
{
	cleanup_free char *path = xasprintf("%s.reserve", d->path);
	off_t size;

	d->reserve_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (d->reserve_fd < 0)
		return;
	size = lseek(d->reserve_fd, 0, SEEK_END);
	d->reserve_spent = size < DB_RESERVE_BYTES;
	take_reserve(d);
}

/* ---- transactions ------------------------------------------------------------------------------------ */

static int wal_hook(void *data, sqlite3 *sql, const char *name, int pages)
{
	struct db *d = data;

	(void)sql;
	(void)name;
	d->wal_pages = pages;
	return SQLITE_OK;
}

int db_begin(struct db *d, bool full, struct err *e)
{
	int r;

	if (full != d->synchronous_full) {
		r = db_run(d, db_statement(d, full ? Q_SYNC_FULL : Q_SYNC_NORMAL),
			"setting the durability", e);
		if (r < 0)
			return r;
		d->synchronous_full = full;
	}
	return db_run(d, db_statement(d, Q_BEGIN), "beginning a change", e);
}

void db_rollback(struct db *d)
{
	/* A full disk has rolled back already: SQLite then is in auto-commit mode again. */
	if (!sqlite3_get_autocommit(d->sql))
		(void)db_run(d, db_statement(d, Q_ROLLBACK), "rolling back", NULL);
}

int db_commit(struct db *d, struct err *e)
{
	int r = db_run(d, db_statement(d, Q_COMMIT), "saving", e);

	if (r < 0) {
		db_rollback(d);
		return r;
	}
	if (d->wal_pages >= DB_CHECKPOINT_PAGES) {
		/* A failure here loses nothing: the log is kept and the next commit tries again. */
		(void)sqlite3_wal_checkpoint_v2(
			d->sql, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		d->wal_pages = 0;
		take_reserve(d);
	}
	return 0;
}

/* ---- opening ----------------------------------------------------------------------------------------- */

static int scalar(struct db *d, const char *sql, int64_t *ret, char *text, size_t text_size)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(d->sql, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*ret = sqlite3_column_int64(statement, 0);
		if (text)
			(void)snprintf(text, text_size, "%s", db_column_sv(statement, 0).p);
	}
	(void)sqlite3_finalize(statement);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

static int run_text(struct db *d, const char *sql, const char *doing, struct err *e)
{
	int code = sqlite3_exec(d->sql, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : db_error(d, code, doing, e);
}

static int connect_file(struct db *d, const char *path, int flags, struct err *e)
{
	int code;

	*d = (struct db){.path = xstrdup(path), .reserve_fd = -EBADF};
	code = sqlite3_open_v2(path, &d->sql, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK)
		return db_error(d, code, "opening", e);
	(void)sqlite3_extended_result_codes(d->sql, 1);
	(void)sqlite3_db_config(d->sql, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 100);
	(void)sqlite3_db_config(d->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(d->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return 0;
}

static int check_structure(struct db *d, struct err *e)
{
	char words[200] = "";
	int64_t version = 0, ignored;
	int code;

	code = scalar(d, "PRAGMA user_version", &version, NULL, 0);
	if (code != SQLITE_OK)
		return db_error(d, code, "opening", e);
	if (version > DB_SCHEMA_VERSION)
		return err_set(e, -EPROTO,
			"%s was written by a newer berth (schema %lld, this one knows %d)", d->path,
			(long long)version, DB_SCHEMA_VERSION);
	if (version == 0)
		return 0;
	code = scalar(d, "PRAGMA quick_check(1)", &ignored, words, sizeof words);
	if (code != SQLITE_OK)
		return db_error(d, code, "checking", e);
	if (!streq(words, "ok"))
		return err_set(e, -EUCLEAN, "the database %s is damaged: %s", d->path, words);
	return 0;
}

static int create_schema(struct db *d, struct err *e)
{
	int64_t version = 0, tables = 0;
	int code = scalar(d, "PRAGMA user_version", &version, NULL, 0);

	if (code == SQLITE_OK)
		code = scalar(d, "SELECT count(*) FROM sqlite_master", &tables, NULL, 0);
	if (code != SQLITE_OK)
		return db_error(d, code, "opening", e);
	if (version == DB_SCHEMA_VERSION)
		return 0;
	if (tables > 0)
		return err_set(
			e, -EUCLEAN, "the database %s is damaged: no schema version", d->path);
	code = db_begin(d, true, e);
	if (code < 0)
		return code;
	code = run_text(d, schema, "creating the tables", e);
	if (code < 0) {
		db_rollback(d);
		return code;
	}
	return db_commit(d, e);
}

int db_open(struct db *d, const char *path, struct err *e)
{
	static const char pragmas[] =
		"PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=4096; PRAGMA journal_mode=WAL;"
		"PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
		"PRAGMA mmap_size=0; PRAGMA secure_delete=FAST; PRAGMA foreign_keys=OFF;"
		"PRAGMA cell_size_check=ON; PRAGMA cache_size=-512;";
	/* Made here for its mode; the log takes it over. */
	cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	*d = (struct db){.reserve_fd = -EBADF};
	if (fd < 0)
		return err_errno(e, -errno, "opening %s", path);
	r = connect_file(d, path, SQLITE_OPEN_READWRITE, e);
	if (r == 0)
		r = run_text(d, pragmas, "opening", e);
	if (r == 0) {
		d->synchronous_full = true;
		(void)sqlite3_wal_hook(d->sql, wal_hook, d);
		r = check_structure(d, e);
	}
	if (r == 0)
		r = create_schema(d, e);
	if (r < 0) {
		db_close(d);
		return r;
	}
	open_reserve(d);
	return 0;
}

int db_open_damaged(struct db *d, const char *path, struct err *e)
{
	int r = connect_file(d, path, SQLITE_OPEN_READWRITE, e);

	if (r == 0)
		/* Any answer will do: a source that cannot be read at all yields no rows. */
		(void)run_text(d, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cell_size_check=ON;",
			"opening", NULL);
	else
		db_close(d);
	return r;
}

void db_close(struct db *d)
{
	for (size_t i = 0; i < Q_MAX; i++)
		(void)sqlite3_finalize(d->statements[i]);
	(void)sqlite3_close_v2(d->sql);
	if (d->reserve_fd >= 0)
		(void)close(d->reserve_fd);
	free(d->path);
	*d = (struct db){.reserve_fd = -EBADF};
}
