/*
** outer_join.c: see outer_join.h. A word in a comment or a name costs no more than a term that is not sent.
*/
#include "outer_join.h"
#include "statement_text.h"

bool outer_join_matters(PushOperator op) {
  return op == PUSH_NE || op == PUSH_IS_NOT || op == PUSH_NOT_NULL || op == PUSH_LIKE ||
         op == PUSH_GLOB;
}

static bool has_outer_join(const char *text) {
  return text_has_word(text, "join") &&
         (text_has_word(text, "left") || text_has_word(text, "right") ||
          text_has_word(text, "full"));
}

/* In the views and triggers of one schema; in doubt yes. */
static bool schema_has(sqlite3 *db, const char *schema) {
  sqlite3_stmt *statement = NULL;
  bool found = false;
  char *sql = sqlite3_mprintf("SELECT sql FROM \"%w\".sqlite_schema WHERE type IN ('view', "
                              "'trigger')",
                              schema);
  int code = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  while (code == SQLITE_OK && !found && sqlite3_step(statement) == SQLITE_ROW) {
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    found = text && has_outer_join(text);
  }
  return sqlite3_finalize(statement) != SQLITE_OK || code != SQLITE_OK || found;
}

static bool schemas_have(sqlite3 *db) {
  sqlite3_stmt *statement = NULL;
  bool found = false;
  int code = sqlite3_prepare_v2(db, "SELECT name FROM pragma_database_list", -1, &statement, NULL);
  while (code == SQLITE_OK && !found && sqlite3_step(statement) == SQLITE_ROW)
    found = schema_has(db, (const char *)sqlite3_column_text(statement, 0));
  return sqlite3_finalize(statement) != SQLITE_OK || code != SQLITE_OK || found ||
         schema_has(db, "temp");
}

bool outer_join_possible(sqlite3 *db) {
  return text_runs(db, has_outer_join) || schemas_have(db);
}
