/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a database that may be damaged (safety P6): the node must start with what is left.
 *
 * A file whose structure is broken is read row by row from both ends into a new one and kept under another name. Then
 * every record is checked; those that are wrong move to the table `quarantine` with the reason.
 */
#include "agent/spec/spec.h"
#include "agent/store/store_internal.h"

#include <fcntl.h>
#include <sys/stat.h>

/* ---- the file ---------------------------------------------------------------------------------- */

static int copy_row(struct db *to, sqlite3_stmt *row, struct err *e)
{
	sqlite3_stmt *insert = db_statement(to, Q_OBJECT_INSERT);
	int code;

	if (!insert)
		return db_error(to, SQLITE_CORRUPT, "copying", e);
	for (int i = 1; i <= 7; i++)
		(void)sqlite3_bind_value(insert, i, sqlite3_column_value(row, i));
	code = sqlite3_step(insert);
	(void)sqlite3_reset(insert);
	/* The same row again from the other end, or one with a NULL where none may be: leave it. */
	if (code == SQLITE_DONE || (code & 0xff) == SQLITE_CONSTRAINT)
		return 0;
	return db_error(to, code, "copying", e);
}

/* Copies what can be read in one direction. Damage in the source ends the walk, it is no error. */
static int copy_rows(struct db *from, struct db *to, const char *sql, struct err *e)
{
	sqlite3_stmt *rows = NULL;
	int r = 0;

	if (sqlite3_prepare_v2(from->sql, sql, -1, &rows, NULL) != SQLITE_OK)
		return 0;
	while (r == 0 && sqlite3_step(rows) == SQLITE_ROW)
		r = copy_row(to, rows, e);
	(void)sqlite3_finalize(rows);
	return r;
}

static int copy_versions(struct db *from, struct db *to, struct err *e)
{
	sqlite3_stmt *row = NULL, *put = db_statement(to, Q_META_PUT);
	int64_t reserved = 0;

	if (sqlite3_prepare_v2(from->sql, "SELECT value FROM meta WHERE key='reserved'", -1, &row,
		    NULL) == SQLITE_OK &&
		sqlite3_step(row) == SQLITE_ROW)
		reserved = sqlite3_column_int64(row, 0);
	(void)sqlite3_finalize(row);
	if (put) {
		db_bind_text(put, 1, "reserved");
		/* A damaged number may be anything; a lost one is made up for by a long leap. */
		(void)sqlite3_bind_int64(put, 2,
			reserved > 0 && reserved < INT64_MAX / 2 ? reserved + VERSION_BLOCK
								 : (int64_t)1 << 40);
	}
	return db_run(to, put, "copying", e);
}

static int copy_database(struct db *from, struct db *to, struct err *e)
{
	int r = db_begin(to, true, e);

	if (r == 0)
		r = copy_rows(from, to,
			"SELECT id, kind, ns, name, uid, rv, sum, body FROM object NOT INDEXED "
			"ORDER BY id",
			e);
	if (r == 0)
		r = copy_rows(from, to,
			"SELECT id, kind, ns, name, uid, rv, sum, body FROM object NOT INDEXED "
			"ORDER BY id DESC",
			e);
	if (r == 0)
		r = copy_versions(from, to, e);
	if (r == 0)
		return db_commit(to, e);
	db_rollback(to);
	return r;
}

static void remove_with_log(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".reserve"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		cleanup_free char *name = xasprintf("%s%s", path, ends[i]);

		(void)unlink(name);
	}
}

static int sync_directory_of(const char *path, struct err *e)
{
	cleanup_free char *dir = xstrdup(path);
	char *slash = strrchr(dir, '/');
	cleanup_close int fd = -EBADF;

	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(e, -errno, "%s", dir);
	return 0;
}

/* The damaged file (and its log) get another name, the new one takes its place. */
static int swap_files(struct store *s, const char *path, const char *fresh, struct err *e)
{
	unsigned long long stamp = clock_wall_ns(s->clock);
	cleanup_free char *aside = xasprintf("%s.damaged-%llu", path, stamp);
	cleanup_free char *log = xasprintf("%s-wal", path);
	cleanup_free char *log_aside = xasprintf("%s.damaged-%llu-wal", path, stamp);

	(void)rename(log, log_aside);
	if (rename(path, aside) < 0 || rename(fresh, path) < 0)
		return err_errno(e, -errno, "putting %s aside", path);
	return sync_directory_of(path, e);
}

static int salvage(struct store *s, const char *path, const char *fresh, struct err *e)
{
	struct db from = {0}, to = {0};
	int r;

	remove_with_log(fresh);
	r = db_open(&to, fresh, e);
	if (r < 0)
		return r;
	if (db_open_damaged(&from, path, NULL) == 0) {
		r = copy_database(&from, &to, e);
		db_close(&from);
	}
	/* Closing folds the log into the file, so that it can be renamed alone. */
	db_close(&to);
	if (r == 0)
		r = swap_files(s, path, fresh, e);
	if (r == 0)
		s->quarantined++;
	remove_with_log(fresh);
	return r;
}

/* ---- the records ------------------------------------------------------------------------------- */

struct bad_row {
	int64_t id;
	struct err why;
};

struct bad_rows {
	struct bad_row *rows;
	size_t n, cap;
};

static int check_row(sqlite3_stmt *row, struct err *e)
{
	cleanup_json json_t *object = NULL;
	const struct kind *kind = record_kind(db_column_sv(row, 1));
	int r;

	/* A kind that this version does not serve stays as it is, for the version that does. */
	if (!kind)
		return 0;
	r = stored_decode(kind, db_column_sv(row, 6), sqlite3_column_int64(row, 5), &object, e);
	if (r < 0)
		return r;
	return record_check(object, db_column_sv(row, 2), db_column_sv(row, 3),
		(uint64_t)sqlite3_column_int64(row, 4), e);
}

static int find_bad_rows(struct db *d, struct bad_rows *bad, struct err *e)
{
	sqlite3_stmt *rows = NULL;
	int code = sqlite3_prepare_v2(d->sql,
		"SELECT id, kind, ns, name, rv, sum, body FROM object NOT INDEXED", -1, &rows,
		NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		struct err why = {0};

		code = sqlite3_step(rows);
		if (code != SQLITE_ROW || check_row(rows, &why) == 0)
			continue;
		GROW(bad->rows, bad->n + 1, bad->cap);
		bad->rows[bad->n].id = sqlite3_column_int64(rows, 0);
		bad->rows[bad->n++].why = why;
	}
	(void)sqlite3_finalize(rows);
	return code == SQLITE_DONE ? 0 : db_error(d, code, "checking the records", e);
}

static int set_aside(struct store *s, const struct bad_row *bad, struct err *e)
{
	static const char *const steps[] = {
		"INSERT INTO quarantine(at, why, kind, ns, name, body) "
		"SELECT ?2, ?3, kind, ns, name, body FROM object WHERE id=?1",
		"DELETE FROM object WHERE id=?1",
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++) {
		sqlite3_stmt *step = NULL;

		if (sqlite3_prepare_v2(s->db.sql, steps[i], -1, &step, NULL) != SQLITE_OK)
			return db_error(&s->db, SQLITE_CORRUPT, "setting records aside", e);
		(void)sqlite3_bind_int64(step, 1, bad->id);
		(void)sqlite3_bind_int64(step, 2, (int64_t)(clock_wall_ns(s->clock) / NS_PER_SEC));
		(void)sqlite3_bind_text(step, 3, err_text(&bad->why), -1, SQLITE_STATIC);
		r = db_run(&s->db, step, "setting records aside", e);
		(void)sqlite3_finalize(step);
	}
	return r;
}

static int check_records(struct store *s, struct err *e)
{
	struct bad_rows bad = {0};
	int r = find_bad_rows(&s->db, &bad, e);

	if (r == 0 && bad.n > 0) {
		r = db_begin(&s->db, true, e);
		for (size_t i = 0; r == 0 && i < bad.n; i++)
			r = set_aside(s, &bad.rows[i], e);
		if (r == 0)
			r = db_commit(&s->db, e);
		else
			db_rollback(&s->db);
		if (r == 0)
			s->quarantined += bad.n;
	}
	free(bad.rows);
	return r;
}

int repair_open(struct store *s, const char *path, struct err *e)
{
	cleanup_free char *fresh = xasprintf("%s.new", path);
	struct stat st;
	int r;

	/* Ended between the two renames of swap_files: the new file is whole. */
	if (lstat(path, &st) < 0 && errno == ENOENT && rename(fresh, path) < 0 && errno != ENOENT)
		return err_errno(e, -errno, "%s", fresh);
	for (int tries = 0;; tries++) {
		r = db_open(&s->db, path, e);
		if (r == 0)
			r = check_records(s, e);
		if (r == 0)
			r = history_leap(s, e);
		if (r == 0)
			return 0;
		db_close(&s->db);
		if (r != -EUCLEAN || tries > 0)
			return r;
		r = salvage(s, path, fresh, e);
		if (r < 0)
			return r;
	}
}
