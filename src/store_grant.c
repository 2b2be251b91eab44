/*
** store_grant.c: table `allowed` of the store: which database file of this user may use which block
** (allow.c). It stands beside the blocks because the same care is due to it: who can write here can let a
** file use the user's passwords.
**
** The table is made with the first grant. Versions that do not know it ignore it and allow nothing, so the
** store's format stays the same. One row for each path and block: another file that is allowed at that path
** takes the place of the one before.
*/
#include "store.h"

#include <string.h>
#include <time.h>

static const char make[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS allowed(path TEXT NOT NULL, block TEXT NOT NULL,"
    " file BLOB NOT NULL, owner INTEGER NOT NULL, since TEXT NOT NULL, PRIMARY KEY(path, block))";

/* ---------------------------------------------------------------- reading */

static int has_table(sqlite3 *db, bool *has) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(
      db, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'allowed'", -1, &statement,
      NULL);
  *has = code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
  int end = sqlite3_finalize(statement);
  return code ? code : end;
}

/* A row that is not as it should be allows nothing. */
static int add_row(sqlite3_stmt *row, StoreGrant **grants, size_t *count) {
  static const int types[] = {SQLITE_TEXT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_INTEGER, SQLITE_TEXT};
  for (int i = 0; i < 5; i++) {
    if (sqlite3_column_type(row, i) != types[i]) return SQLITE_OK;
  }
  if (sqlite3_column_bytes(row, 2) != FILE_ID_BYTES) return SQLITE_OK;
  const char *path = (const char *)sqlite3_column_text(row, 0);
  const char *block = (const char *)sqlite3_column_text(row, 1);
  const void *file = sqlite3_column_blob(row, 2);
  const char *since = (const char *)sqlite3_column_text(row, 4);
  if (!path || !block || !file || !since) return SQLITE_NOMEM;
  StoreGrant *grown = sqlite3_realloc64(*grants, (*count + 1) * sizeof *grown);
  if (grown == NULL) return SQLITE_NOMEM;
  *grants = grown;
  StoreGrant *grant = &grown[(*count)++];
  *grant = (StoreGrant){.path = sqlite3_mprintf("%s", path),
                        .block = sqlite3_mprintf("%s", block),
                        .since = sqlite3_mprintf("%s", since),
                        .owner = (uid_t)sqlite3_column_int64(row, 3)};
  memcpy(grant->file, file, FILE_ID_BYTES);
  return grant->path && grant->block && grant->since ? SQLITE_OK : SQLITE_NOMEM;
}

static int read_rows(sqlite3 *db, StoreGrant **grants, size_t *count) {
  sqlite3_stmt *row = NULL;
  bool has;
  int code = has_table(db, &has);
  if (code || !has) return code;
  code = sqlite3_prepare_v2(
      db, "SELECT path, block, file, owner, since FROM allowed ORDER BY path, block", -1, &row,
      NULL);
  while (code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW) {
    code = add_row(row, grants, count);
  }
  sqlite3_finalize(row);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

int store_grants_read(Connector *connector, const char *store, StoreGrant **grants, size_t *count,
                      Error *error) {
  sqlite3 *db = NULL;
  *grants = NULL;
  *count = 0;
  int code = store_file_open(connector, store, STORE_READ, &db, error);
  if (code || db == NULL) return code;
  code = read_rows(db, grants, count);
  if (code == SQLITE_NOMEM)
    error_memory(error);
  else if (code)
    code = store_file_error(db, store, "read", error);
  store_file_close(db);
  if (code == SQLITE_OK) return SQLITE_OK;
  store_grants_free(*grants, *count);
  *grants = NULL;
  *count = 0;
  return code;
}

void store_grants_free(StoreGrant *grants, size_t count) {
  for (size_t i = 0; i < count; i++) {
    sqlite3_free(grants[i].path);
    sqlite3_free(grants[i].block);
    sqlite3_free(grants[i].since);
  }
  sqlite3_free(grants);
}

/* ---------------------------------------------------------------- writing */

int store_grants_begin(Connector *connector, const char *store, sqlite3 **db, Error *error) {
  int code = store_file_open(connector, store, STORE_WRITE, db, error);
  if (code) return code;
  if (sqlite3_exec(*db, make, NULL, NULL, NULL) == SQLITE_OK) return SQLITE_OK;
  code = store_file_error(*db, store, "write", error);
  store_file_close(*db); /* which rolls back */
  *db = NULL;
  return code;
}

int store_grants_commit(sqlite3 *db, const char *store, Error *error) {
  if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) return SQLITE_OK;
  return store_file_error(db, store, "write", error);
}

static int run(sqlite3 *db, const char *store, sqlite3_stmt *statement, int code, Error *error) {
  if (code == SQLITE_OK && sqlite3_step(statement) != SQLITE_DONE) code = SQLITE_ERROR;
  if (code) store_file_error(db, store, "write", error);
  sqlite3_finalize(statement);
  return code ? error->code : SQLITE_OK;
}

int store_grant_put(sqlite3 *db, const char *store, const StoreGrant *grant, Error *error) {
  sqlite3_stmt *statement = NULL;
  char now[32];
  time_t seconds = time(NULL);
  struct tm parts;
  if (gmtime_r(&seconds, &parts) == NULL) memset(&parts, 0, sizeof parts);
  strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &parts);
  int code = sqlite3_prepare_v2(
      db,
      "INSERT INTO allowed(path, block, file, owner, since) VALUES(?,?,?,?,?)"
      " ON CONFLICT(path, block) DO UPDATE SET file = excluded.file, owner = excluded.owner,"
      " since = excluded.since",
      -1, &statement, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 1, grant->path, -1, SQLITE_STATIC);
  if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 2, grant->block, -1, SQLITE_STATIC);
  if (code == SQLITE_OK) {
    code = sqlite3_bind_blob(statement, 3, grant->file, FILE_ID_BYTES, SQLITE_STATIC);
  }
  if (code == SQLITE_OK) code = sqlite3_bind_int64(statement, 4, grant->owner);
  if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 5, now, -1, SQLITE_TRANSIENT);
  return run(db, store, statement, code, error);
}

int store_grant_remove(sqlite3 *db, const char *store, const char *path, const char *block,
                       bool *removed, Error *error) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(db, "DELETE FROM allowed WHERE path = ? AND block = ?", -1,
                                &statement, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
  if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 2, block, -1, SQLITE_STATIC);
  code = run(db, store, statement, code, error);
  *removed = code == SQLITE_OK && sqlite3_changes(db) > 0;
  return code;
}

int store_grants_forget(sqlite3 *db, const char *store, const char *block, Error *error) {
  sqlite3_stmt *statement = NULL;
  bool has;
  int code = has_table(db, &has);
  if (code) return store_file_error(db, store, "read", error);
  if (!has) return SQLITE_OK;
  code = sqlite3_prepare_v2(db, "DELETE FROM allowed WHERE block = ?", -1, &statement, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(statement, 1, block, -1, SQLITE_STATIC);
  return run(db, store, statement, code, error);
}
