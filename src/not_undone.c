/*
** not_undone.c: who is told that a ROLLBACK was not whole (not_undone.h).
**
** SQLite undoes a statement that fails, or its whole transaction, when the error is on its way to the user. If the
** error has told it already, connector_error keeps showing that one.
*/
#include "not_undone.h"
#include "driver_support.h"
#include "log.h"

/* Is it SQLite that undoes, and not the user's ROLLBACK? A statement that fails is still busy then; one outside BEGIN,
** and COMMIT, have left BEGIN behind. */
static bool statement_fails(sqlite3 *db) {
  if (sqlite3_get_autocommit(db)) return true;
  for (sqlite3_stmt *each = sqlite3_next_stmt(db, NULL); each; each = sqlite3_next_stmt(db, each))
    if (sqlite3_stmt_busy(each) && !sqlite3_stmt_readonly(each)) return true;
  return false;
}

void not_undone_log(Link *link, int64_t entry) {
  Connector *connector = link->remote->connector;
  const char *block = link->remote->block->name;
  DriverError failure = {0};
  driver_error_set(&failure, FAILURE_REFUSED, "01000", "rolled back, but %s", DRIVER_NOT_UNDONE);
  log_end(connector->log, entry, &failure);
  sqlite3_log(SQLITE_WARNING, "connector '%s': %s", block, failure.message);
  if (!link->told_not_undone || !statement_fails(connector->db))
    error_remote(&connector->last_error, &failure, block, "ROLLBACK", "ROLLBACK");
  link->told_not_undone = false;
}

void not_undone_tell(Link *link, Error *error) {
  bool by_driver = error->remote.failure != FAILURE_NONE && error->remote.not_undone;
  if (link->connection->not_undone && !by_driver && error->message) {
    char *message = sqlite3_mprintf("%s; %s", error->message, DRIVER_NOT_UNDONE);
    if (message) { /* else the error without it is still true */
      sqlite3_free(error->message);
      error->message = message;
    }
    error->remote.not_undone = true;
  }
  if (link->connection->not_undone || by_driver) link->told_not_undone = true;
  link->connection->not_undone = false;
}

void not_undone_forget(Link *link) {
  link->told_not_undone = link->connection->not_undone = false;
}
