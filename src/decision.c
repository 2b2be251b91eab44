/*
** decision.c: see decision.h.
**
** The statements run on the host's connection, since they are to be part of its transaction. They are made each
** time: a statement kept on the host's connection would keep sqlite3_close from closing it.
*/
#include "decision.h"
#include "cipher.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "connector_decision"
#define TABLE "main." NAME
#define PREFIX "sqlc:"

static int failed(Connector *connector, const char *what, Error *error) {
  return error_set(error, sqlite3_extended_errcode(connector->db),
                   "two_phase: " TABLE " cannot be %s: %s", what, sqlite3_errmsg(connector->db));
}

/* ---------------------------------------------------------------- the file */

/* When it was made, in nanoseconds; 0 where the file system does not tell. */
static uint64_t birth_of(const char *path) {
#ifdef STATX_BTIME
  struct statx found;
  if (statx(AT_FDCWD, path, 0, STATX_BTIME, &found) == 0 && (found.stx_mask & STATX_BTIME))
    return (uint64_t)found.stx_btime.tv_sec * 1000000000u + found.stx_btime.tv_nsec;
#endif
  (void)path;
  return 0;
}

static int pragma_integer(sqlite3 *db, const char *sql, int *value) {
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    *value = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return rc;
}

static int pragma_text(sqlite3 *db, const char *sql, char *text, size_t size) {
  sqlite3_stmt *statement = NULL;
  *text = 0;
  int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
  if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    sqlite3_snprintf((int)size, text, "%s", (const char *)sqlite3_column_text(statement, 0));
  sqlite3_finalize(statement);
  return rc;
}

/* What stands against keeping a decision there; NULL = nothing. What NORMAL does not write through to the disk,
** decision_sync does. */
static const char *not_durable(sqlite3 *db) {
  char journal[16];
  int synchronous = 2;
  if (sqlite3_db_readonly(db, "main") == 1) return "it is read-only";
  pragma_text(db, "PRAGMA main.journal_mode", journal, sizeof journal);
  pragma_integer(db, "PRAGMA main.synchronous", &synchronous);
  if (!strcmp(journal, "off") || !strcmp(journal, "memory"))
    return "its journal is not on disk: PRAGMA journal_mode = WAL (or DELETE)";
  if (synchronous == 0) return "PRAGMA synchronous is OFF: set it to FULL";
  return NULL;
}

static int unfit(const char *reason, Error *error) {
  return error_set(error, SQLITE_ERROR,
                   "two_phase keeps its decisions in the local main database, which must not lose "
                   "them: %s; or take the option two_phase off the block",
                   reason);
}

int decision_file(Connector *connector, char file[DECISION_FILE], Error *error) {
  const char *path = sqlite3_db_filename(connector->db, "main");
  struct stat found;
  if (!path || !*path || stat(path, &found) != 0)
    return unfit("it is not a file: open a database file", error);
  uint64_t birth = birth_of(path);
  snprintf(file, DECISION_FILE, "%016llx%016llx", (unsigned long long)found.st_ino,
           (unsigned long long)(birth ? birth : (uint64_t)found.st_dev));
  return SQLITE_OK;
}

int decision_durable(Connector *connector, Error *error) {
  const char *reason = not_durable(connector->db);
  return reason ? unfit(reason, error) : SQLITE_OK;
}

/* In WAL mode each file is committed by itself, main first. */
int decision_alone(Connector *connector, Error *error) {
  char journal[16];
  sqlite3_stmt *statement = NULL;
  pragma_text(connector->db, "PRAGMA main.journal_mode", journal, sizeof journal);
  if (strcmp(journal, "wal") != 0) return SQLITE_OK;
  int rc = sqlite3_prepare_v2(connector->db, "PRAGMA database_list", -1, &statement, NULL);
  if (rc) return failed(connector, "used", error);
  while (!rc && sqlite3_step(statement) == SQLITE_ROW) {
    const char *schema = (const char *)sqlite3_column_text(statement, 1);
    if (sqlite3_column_int(statement, 0) >= 2 && schema &&
        sqlite3_txn_state(connector->db, schema) == SQLITE_TXN_WRITE)
      rc = error_set(
          error, SQLITE_ERROR,
          "two_phase: main is in WAL mode and '%s' was written too, and SQLite commits such "
          "files one after the other: PRAGMA main.journal_mode = DELETE, or a transaction for "
          "each",
          schema);
  }
  sqlite3_finalize(statement);
  return rc;
}

static void sync_path(const char *path, int flags) {
  int handle = open(path, flags | O_CLOEXEC);
  if (handle < 0) return;
  fsync(handle);
  close(handle);
}

/* Never the database file itself: to close it would give up SQLite's locks on it. */
void decision_sync(Connector *connector) {
  static const char *const others[] = {"-wal", "-journal"};
  const char *path = sqlite3_db_filename(connector->db, "main");
  const char *slash = path ? strrchr(path, '/') : NULL;
  if (!slash) return;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    char *other = sqlite3_mprintf("%s%s", path, others[i]);
    if (other) sync_path(other, O_RDWR);
    sqlite3_free(other);
  }
  char *folder = sqlite3_mprintf("%.*s", (int)(slash - path) + 1, path);
  if (folder) sync_path(folder, O_RDONLY);
  sqlite3_free(folder);
}

int decision_random(char random[DECISION_RANDOM], Error *error) {
  unsigned char bytes[(DECISION_RANDOM - 1) / 2];
  int rc = cipher_random(bytes, sizeof bytes, error);
  for (size_t i = 0; !rc && i < sizeof bytes; i++)
    snprintf(random + 2 * i, 3, "%02x", bytes[i]);
  return rc;
}

void decision_gid(char gid[GID_BYTES], const char *file, const char *random, int number) {
  snprintf(gid, GID_BYTES, PREFIX "%s:%s:%d", file, random, number);
}

bool decision_is_gid(const char *gid) {
  size_t head = strlen(PREFIX), name = DECISION_FILE - 1, size = strlen(gid);
  if (size < head + name + DECISION_RANDOM + 2 || size >= GID_BYTES) return false;
  return memcmp(gid, PREFIX, head) == 0 && gid[head + name] == ':' &&
         strspn(gid + head, "0123456789abcdef:") == size - head;
}

bool decision_of_file(const char *gid, const char *file) {
  return decision_is_gid(gid) && memcmp(gid + strlen(PREFIX), file, strlen(file)) == 0;
}

/* ---------------------------------------------------------------- rows */

/* SQLITE_OK also when there is no such table; *statement is NULL then. What has this name and is no table of
** ours (a view, a table of the user's) is an error. */
static int prepare(Connector *connector, const char *sql, sqlite3_stmt **statement, Error *error) {
  sqlite3 *db = connector->db;
  int key = 0;
  *statement = NULL;
  if (sqlite3_table_column_metadata(db, "main", NAME, NULL, NULL, NULL, NULL, NULL, NULL) !=
      SQLITE_OK) {
    int code = sqlite3_extended_errcode(db);
    return code == SQLITE_ERROR ? SQLITE_OK : failed(connector, "read", error);
  }
  if (sqlite3_table_column_metadata(db, "main", NAME, "gid", NULL, NULL, NULL, &key, NULL) !=
          SQLITE_OK ||
      !key)
    return error_set(error, SQLITE_ERROR,
                     "two_phase: " TABLE " is something else than the extension's table");
  if (sqlite3_prepare_v2(db, sql, -1, statement, NULL) != SQLITE_OK)
    return failed(connector, "used", error);
  return SQLITE_OK;
}

static int make_table(Connector *connector, Error *error) {
  int rc =
      sqlite3_exec(connector->db,
                   "CREATE TABLE IF NOT EXISTS " TABLE
                   "(gid TEXT NOT NULL PRIMARY KEY, block TEXT NOT NULL, server TEXT NOT NULL, "
                   "decided_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) WITHOUT ROWID",
                   NULL, NULL, NULL);
  return rc ? failed(connector, "made", error) : SQLITE_OK;
}

static int run(Connector *connector, sqlite3_stmt *statement, const char *what, Error *error) {
  int rc = sqlite3_step(statement);
  if (rc != SQLITE_DONE && rc != SQLITE_ROW) failed(connector, what, error);
  sqlite3_finalize(statement);
  return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : error->code;
}

int decision_write(Connector *connector, const char *gid, const char *block, const char *server,
                   Error *error) {
  sqlite3_stmt *statement;
  int rc = make_table(connector, error);
  if (!rc)
    rc = prepare(connector,
                 "INSERT OR IGNORE INTO " TABLE "(gid, block, server) VALUES (?1, ?2, ?3)",
                 &statement, error);
  if (rc) return rc;
  if (!statement) return error_set(error, SQLITE_ERROR, "two_phase: " TABLE " is not a table");
  sqlite3_bind_text(statement, 1, gid, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, block, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 3, server, -1, SQLITE_STATIC);
  return run(connector, statement, "written", error);
}

int decision_forget(Connector *connector, const char *gid, Error *error) {
  sqlite3_stmt *statement;
  int rc = prepare(connector, "DELETE FROM " TABLE " WHERE gid = ?1", &statement, error);
  if (rc || !statement) return rc;
  sqlite3_bind_text(statement, 1, gid, -1, SQLITE_STATIC);
  return run(connector, statement, "written", error);
}

int decision_find(Connector *connector, const char *gid, bool *found, char *at, size_t size,
                  Error *error) {
  sqlite3_stmt *statement;
  *found = false;
  int rc = prepare(connector, "SELECT decided_at FROM " TABLE " WHERE gid = ?1", &statement, error);
  if (rc || !statement) return rc;
  sqlite3_bind_text(statement, 1, gid, -1, SQLITE_STATIC);
  rc = sqlite3_step(statement);
  *found = rc == SQLITE_ROW;
  if (*found && size)
    sqlite3_snprintf((int)size, at, "%s", (const char *)sqlite3_column_text(statement, 0));
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) failed(connector, "read", error);
  sqlite3_finalize(statement);
  return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : error->code;
}

int decision_visit_old(Connector *connector, const char *block, const char *server,
                       DecisionVisitor visit, void *context, Error *error) {
  sqlite3_stmt *statement;
  int rc = prepare(connector,
                   "SELECT gid FROM " TABLE " WHERE block = ?1 AND server = ?2"
                   " AND decided_at < datetime('now', '-1 day')",
                   &statement, error);
  if (rc || !statement) return rc;
  sqlite3_bind_text(statement, 1, block, -1, SQLITE_STATIC);
  sqlite3_bind_text(statement, 2, server, -1, SQLITE_STATIC);
  int step = SQLITE_DONE;
  while (!rc && (step = sqlite3_step(statement)) == SQLITE_ROW)
    rc = visit(context, (const char *)sqlite3_column_text(statement, 0));
  if (!rc && step != SQLITE_DONE) rc = failed(connector, "read", error);
  sqlite3_finalize(statement);
  return rc;
}
