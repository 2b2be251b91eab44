/*
** local_lock.c: see local_lock.h.
**
** It relies on the pager: in rollback-journal mode a write transaction holds RESERVED, and the commit
** raises it to EXCLUSIVE on the same file object by the same xLock method, which answers at once when the
** lock is held already (os_unix.c, os_win.c). A failed attempt leaves PENDING, as SQLite's own failed
** commit does: new readers wait, and a later ROLLBACK or COMMIT clears it.
*/
#include "local_lock.h"
#include "driver_support.h"
#include <string.h>

#define RETRY_EVERY INT64_C(5000) /* microseconds between attempts */

/* Bytes 18 and 19 of a database file are 2 when it is in WAL mode. A file that is still empty is not. */
static bool file_is_wal(sqlite3_file *file) {
  unsigned char version[2] = {0, 0};
  return file->pMethods->xRead(file, version, 2, 18) == SQLITE_OK && version[0] == 2;
}

/* Asked only when a lock was not to be had. */
static int64_t busy_timeout(sqlite3 *db) {
  sqlite3_stmt *statement = NULL;
  int64_t milliseconds = 0;
  if (sqlite3_prepare_v2(db, "PRAGMA busy_timeout", -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    milliseconds = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return milliseconds;
}

static int lock_schema(Connector *connector, const char *schema, int64_t *deadline, Error *error) {
  sqlite3_file *file = NULL;
  if (sqlite3_txn_state(connector->db, schema) != SQLITE_TXN_WRITE) return SQLITE_OK;
  if (sqlite3_file_control(connector->db, schema, SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
      !file || !file->pMethods || file_is_wal(file))
    return SQLITE_OK;
  for (;;) {
    int rc = file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE);
    if (rc == SQLITE_OK) return SQLITE_OK;
    if ((rc & 0xff) != SQLITE_BUSY)
      return error_set(error, rc, "could not lock the local database '%s' for the commit", schema);
    if (*deadline == 0) *deadline = driver_clock() + busy_timeout(connector->db) * 1000;
    if (driver_clock() >= *deadline || connector_interrupted(connector))
      return error_set(error, SQLITE_BUSY,
                       "the local database '%s' is being read by somebody else; nothing was "
                       "committed, COMMIT can be repeated",
                       schema);
    driver_wait(&connector->host, -1, 0, driver_clock() + RETRY_EVERY, NULL);
  }
}

/* One schema after the other, as PRAGMA database_list tells them; for hosts without sqlite3_db_name. */
static int lock_listed(Connector *connector, int64_t *deadline, Error *error) {
  sqlite3_stmt *statement = NULL;
  int rc = sqlite3_prepare_v2(connector->db, "PRAGMA database_list", -1, &statement, NULL);
  if (rc) return error_set(error, rc, "the local databases could not be listed before the commit");
  while (!rc && sqlite3_step(statement) == SQLITE_ROW)
    if (sqlite3_column_int(statement, 0) != 1)
      rc = lock_schema(connector, (const char *)sqlite3_column_text(statement, 1), deadline, error);
  sqlite3_finalize(statement);
  return rc;
}

int local_lock(Connector *connector, Error *error) {
  int64_t deadline = 0;
  if (sqlite3_libversion_number() < 3039000) return lock_listed(connector, &deadline, error);
  for (int index = 0;; index++) {
    const char *schema = sqlite3_db_name(connector->db, index);
    if (!schema) return SQLITE_OK;
    if (index == 1) /* temp: nobody else can read it */
      continue;
    int rc = lock_schema(connector, schema, &deadline, error);
    if (rc) return rc;
  }
}
