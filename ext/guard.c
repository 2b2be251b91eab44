/*
** guard.c: may this call run, or does it come from a CHECK constraint of a database file?
**
** SQLite below 3.50 honours DIRECTONLY everywhere but in CHECK constraints: `PRAGMA quick_check` or an
** INSERT on a foreign file would run our functions with the user's secrets. SQLite does not tell a
** function who calls it, and looking at the text of the running statements can be walked around. So a
** call is refused while a schema that takes part in a transaction holds a table whose text has both
** `check` and the function's name.
**
** A CHECK is only ever evaluated by a statement that has a transaction on the table's schema, so
** schemas without one need no look; most calls cost nothing more than asking for that. The temp schema
** is the user's own. What was found clean is remembered per statement (auxdata of the first argument)
** and, for main, per schema version; an attached name can mean another file tomorrow.
*/
#include "guard.h"
#include <string.h>

#define FIRST_SAFE_HOST 3050000

static bool contains(const char *text, const char *word) {
  int size = (int)strlen(word);
  for (; *text; text++) {
    if (sqlite3_strnicmp(text, word, size) == 0) return true;
  }
  return false;
}

static int refuse(const char *schema, const char *table, const char *function, Error *error) {
  return error_set(
      error, SQLITE_AUTH,
      "%s() is refused: table %s.%s names it beside a CHECK, and SQLite %s cannot tell "
      "a call by such a constraint from yours; drop or rename that table, or use SQLite "
      "3.50 or later",
      function, schema, table, sqlite3_libversion());
}

/* Prepares a printf-made text; the statement is finalized before the function call ends. */
static int prepare(sqlite3 *db, const char *format, const char *schema, sqlite3_stmt **statement,
                   Error *error) {
  char *sql = sqlite3_mprintf(format, schema);
  if (!sql) return error_memory(error);
  int code = sqlite3_prepare_v2(db, sql, -1, statement, NULL);
  sqlite3_free(sql);
  if (code == SQLITE_OK) return SQLITE_OK;
  return error_set(error, code, "cannot look for CHECK constraints in schema %s: %s", schema,
                   sqlite3_errmsg(db));
}

static int finish(sqlite3 *db, sqlite3_stmt *statement, const char *schema, Error *error) {
  int code = sqlite3_finalize(statement);
  if (code == SQLITE_OK || error->code) return error->code;
  return error_set(error, code, "cannot look for CHECK constraints in schema %s: %s", schema,
                   sqlite3_errmsg(db));
}

static int schema_version(sqlite3 *db, const char *schema, int64_t *version, Error *error) {
  sqlite3_stmt *statement;
  int code = prepare(db, "PRAGMA \"%w\".schema_version", schema, &statement, error);
  if (code != SQLITE_OK) return code;
  if (sqlite3_step(statement) == SQLITE_ROW) *version = sqlite3_column_int64(statement, 0);
  return finish(db, statement, schema, error);
}

/* Every text of the schema, whatever its type says: that column is not what SQLite goes by. */
static int search(sqlite3 *db, const char *schema, const char *function, Error *error) {
  sqlite3_stmt *statement;
  int code = prepare(db, "SELECT name, sql FROM \"%w\".sqlite_schema", schema, &statement, error);
  if (code != SQLITE_OK) return code;
  while (!error->code && sqlite3_step(statement) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    const char *sql = (const char *)sqlite3_column_text(statement, 1);
    if (sql && contains(sql, "check") && contains(sql, function)) {
      refuse(schema, name ? name : "?", function, error);
    }
  }
  return finish(db, statement, schema, error);
}

static int check_schema(GuardMemo *memo, sqlite3 *db, const char *schema, const char *function,
                        Error *error) {
  if (sqlite3_stricmp(schema, "temp") == 0) return SQLITE_OK;
  if (sqlite3_txn_state(db, schema) == SQLITE_TXN_NONE) return SQLITE_OK;
  bool is_main = sqlite3_stricmp(schema, "main") == 0;
  int64_t version = 0;
  if (is_main) {
    int code = schema_version(db, schema, &version, error);
    if (code != SQLITE_OK) return code;
    if (memo->known && memo->version == version) return SQLITE_OK;
  }
  int code = search(db, schema, function, error);
  if (code == SQLITE_OK && is_main) *memo = (GuardMemo){true, version};
  return code;
}

int guard_check(GuardMemo *memo, sqlite3 *db, const char *function, sqlite3_context *context,
                int argc, Error *error) {
  static char passed;
  if (sqlite3_libversion_number() >= FIRST_SAFE_HOST) return SQLITE_OK;
  if (argc > 0 && sqlite3_get_auxdata(context, 0) == &passed) return SQLITE_OK;
  sqlite3_stmt *schemas;
  int code = prepare(db, "PRAGMA database_list", "", &schemas, error);
  if (code != SQLITE_OK) return code;
  while (!error->code && sqlite3_step(schemas) == SQLITE_ROW) {
    const char *schema = (const char *)sqlite3_column_text(schemas, 1);
    if (schema) check_schema(memo, db, schema, function, error);
  }
  code = finish(db, schemas, "main", error);
  if (code == SQLITE_OK && argc > 0) sqlite3_set_auxdata(context, 0, &passed, NULL);
  return code;
}
