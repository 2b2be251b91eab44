/*
** row_lock.c: see row_lock.h. SQLite does not tell a table which of its scans are for UPDATE: that the table is
** changed in this transaction, and the text of what runs, say enough. Where it is too much, rows are locked for longer
** than needed.
*/
#include "row_lock.h"
#include "statement_text.h"
#include <string.h>

/* An INSERT that names the table fills it, and one that does not has a trigger that changes it. */
static bool may_change(const char *text, const char *table) {
  return text_has_word(text, "update") || text_has_word(text, "delete") ||
         !text_has_word(text, table);
}

bool row_lock_changes(const RemoteTable *table, const Remote *remote) {
  sqlite3 *db = table->connector->db;
  if (!table->changing || table->arguments.query) return false;
  if (!block_option_true(remote->block, "lock_rows")) return false;
  for (sqlite3_stmt *each = sqlite3_next_stmt(db, NULL); each; each = sqlite3_next_stmt(db, each)) {
    if (!sqlite3_stmt_busy(each) || sqlite3_stmt_readonly(each)) continue;
    const char *text = sqlite3_sql(each);
    if (!text || may_change(text, table->place.table)) return true;
  }
  return false;
}

bool row_lock_wanted(const RemoteTable *table, const Remote *remote) {
  const DriverDialect *dialect = remote->dialect;
  bool inside = !sqlite3_get_autocommit(table->connector->db);
  return dialect->lock_rows && !table->lock_refused && !(inside && dialect->snapshot_guards_rows) &&
         row_lock_changes(table, remote);
}

bool row_lock_is_refused(const Error *error) {
  static const char *const states[] = {"42501", "0A000", "42809"};
  for (size_t i = 0; i < sizeof states / sizeof *states; i++)
    if (!strcmp(error->remote.sqlstate, states[i])) return true;
  return false;
}
