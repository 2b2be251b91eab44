/*
** affinity.c: SQLite itself says what a column makes of a value: it is put into a table of the private
** database and read again. That is rare: values usually have the type that is declared.
*/
#include "affinity.h"
#include <string.h>

static bool has(const char *type, const char *word) {
  int size = (int)strlen(word);
  for (; *type; type++)
    if (sqlite3_strnicmp(type, word, size) == 0) return true;
  return false;
}

Affinity affinity_of(const char *type) {
  if (!type || !*type) return AFFINITY_NONE;
  if (has(type, "int")) return AFFINITY_INTEGER;
  if (has(type, "char") || has(type, "clob") || has(type, "text")) return AFFINITY_TEXT;
  if (has(type, "blob")) return AFFINITY_NONE;
  if (has(type, "real") || has(type, "floa") || has(type, "doub")) return AFFINITY_REAL;
  return AFFINITY_NUMERIC;
}

bool affinity_keeps(Affinity affinity, const Value *value) {
  switch (affinity) {
  case AFFINITY_TEXT: return value->type != VALUE_INTEGER && value->type != VALUE_REAL;
  case AFFINITY_NUMERIC:
  case AFFINITY_INTEGER: return value->type != VALUE_TEXT && value->type != VALUE_REAL;
  case AFFINITY_REAL: return value->type != VALUE_TEXT && value->type != VALUE_INTEGER;
  default: return true;
  }
}

static int keeper(Connector *connector, Affinity affinity, sqlite3_stmt **statement, Error *error) {
  static const char *const types[] = {"", "TEXT", "NUMERIC", "INTEGER", "REAL"};
  int index = affinity - AFFINITY_NONE;
  sqlite3 *db;
  *statement = connector->affinity[index];
  if (*statement) return SQLITE_OK;
  int code = connector_scratch(connector, &db, error);
  if (code != SQLITE_OK) return code;
  char *sql = sqlite3_mprintf(
      "CREATE TABLE IF NOT EXISTS affinity_%d(id INTEGER PRIMARY KEY, v %s)", index, types[index]);
  code = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
  sqlite3_free(sql);
  sql = sqlite3_mprintf("REPLACE INTO affinity_%d VALUES (1, ?1) RETURNING v", index);
  if (code == SQLITE_OK)
    code = sql ? sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL)
               : SQLITE_NOMEM;
  sqlite3_free(sql);
  connector->affinity[index] = *statement;
  if (code == SQLITE_NOMEM) return error_memory(error);
  return code == SQLITE_OK ? code : error_set(error, code, "%s", sqlite3_errmsg(db));
}

int affinity_apply(Connector *connector, Affinity affinity, Value *value, Error *error) {
  sqlite3_stmt *statement;
  if (affinity_keeps(affinity, value)) return SQLITE_OK;
  int code = keeper(connector, affinity, &statement, error);
  if (code != SQLITE_OK) return code;
  sqlite3_reset(statement);
  if (value->type == VALUE_INTEGER)
    sqlite3_bind_int64(statement, 1, value->integer);
  else if (value->type == VALUE_REAL)
    sqlite3_bind_double(statement, 1, value->real);
  else
    sqlite3_bind_text64(statement, 1, value->bytes.data ? value->bytes.data : "", value->bytes.size,
                        SQLITE_TRANSIENT, SQLITE_UTF8);
  code = sqlite3_step(statement);
  if (code != SQLITE_ROW)
    return code == SQLITE_NOMEM ? error_memory(error)
                                : error_set(error, code, "%s", sqlite3_errstr(code));
  switch (sqlite3_column_type(statement, 0)) {
  case SQLITE_INTEGER:
    *value = (Value){.type = VALUE_INTEGER, .integer = sqlite3_column_int64(statement, 0)};
    break;
  case SQLITE_FLOAT:
    *value = (Value){.type = VALUE_REAL, .real = sqlite3_column_double(statement, 0)};
    break;
  case SQLITE_TEXT:
    value->type = VALUE_TEXT;
    value->bytes.data = (const char *)sqlite3_column_text(statement, 0);
    value->bytes.size = (size_t)sqlite3_column_bytes(statement, 0);
    if (!value->bytes.data) return error_memory(error);
    break;
  default: *value = (Value){.type = VALUE_NULL}; /* a NaN */
  }
  return SQLITE_OK;
}

void affinity_clear(Connector *connector) {
  for (size_t i = 0; i < sizeof connector->affinity / sizeof *connector->affinity; i++) {
    sqlite3_finalize(connector->affinity[i]);
    connector->affinity[i] = NULL;
  }
}
