/*
** raw_tables.h: two virtual tables that hand out any value in columns of each type and collation, so that
** SQLite itself says which rows `v.c3 < r.c1` finds: v has the rows, r the one argument. They take no constraint.
*/
#ifndef CONNECTOR_UNIT_RAW_TABLES_H
#define CONNECTOR_UNIT_RAW_TABLES_H

#include "unit.h"
#include "values.h"

enum { ROWS = 24, TYPES = 5, COLLATIONS = 3, COLUMNS = TYPES * COLLATIONS };

static const char *const types[TYPES] = {"INTEGER", "REAL", "NUMERIC", "TEXT", ""};
static const char *const collations[COLLATIONS] = {"BINARY", "NOCASE", "RTRIM"};

static Value rows[ROWS]; /* each row has the same value in all columns */
static size_t row_count;
static Value argument; /* the only row of the other table, likewise */

typedef struct RawTable {
  sqlite3_vtab base;
  bool is_argument;
} RawTable;

typedef struct RawCursor {
  sqlite3_vtab_cursor base;
  size_t at;
} RawCursor;

static int raw_connect(sqlite3 *db, void *context, int count, const char *const *arguments,
                       sqlite3_vtab **table, char **message) {
  (void)count, (void)message;
  char sql[2000] = "CREATE TABLE x(id INTEGER";
  for (int i = 0; i < COLUMNS; i++)
    sqlite3_snprintf((int)(sizeof(sql) - strlen(sql)), sql + strlen(sql), ", c%d %s COLLATE %s", i,
                     types[i % TYPES], collations[i / TYPES]);
  strcat(sql, ")");
  RawTable *made = sqlite3_malloc(sizeof(RawTable));
  memset(made, 0, sizeof(*made));
  made->is_argument = strcmp(arguments[2], "r") == 0;
  *table = &made->base;
  (void)context;
  return sqlite3_declare_vtab(db, sql);
}

static int raw_disconnect(sqlite3_vtab *table) {
  sqlite3_free(table);
  return SQLITE_OK;
}

static int raw_best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  info->estimatedCost = ((RawTable *)table)->is_argument ? 1 : 1000;
  info->estimatedRows = ((RawTable *)table)->is_argument ? 1 : 1000;
  return SQLITE_OK;
}

static int raw_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
  (void)table;
  RawCursor *made = sqlite3_malloc(sizeof(RawCursor));
  memset(made, 0, sizeof(*made));
  *cursor = &made->base;
  return SQLITE_OK;
}

static int raw_close(sqlite3_vtab_cursor *cursor) {
  sqlite3_free(cursor);
  return SQLITE_OK;
}

static int raw_filter(sqlite3_vtab_cursor *cursor, int number, const char *plan, int count,
                      sqlite3_value **values) {
  (void)number, (void)plan, (void)count, (void)values;
  ((RawCursor *)cursor)->at = 0;
  return SQLITE_OK;
}

static int raw_next(sqlite3_vtab_cursor *cursor) {
  ((RawCursor *)cursor)->at++;
  return SQLITE_OK;
}

static int raw_eof(sqlite3_vtab_cursor *cursor) {
  return ((RawCursor *)cursor)->at >= (((RawTable *)cursor->pVtab)->is_argument ? 1 : row_count);
}

static int raw_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
  size_t at = ((RawCursor *)cursor)->at;
  const Value *value = ((RawTable *)cursor->pVtab)->is_argument ? &argument : &rows[at];
  if (column == 0) {
    sqlite3_result_int64(context, (sqlite3_int64)at);
    return SQLITE_OK;
  }
  const char *data = value->bytes.data != NULL ? value->bytes.data : "";
  switch (value->type) {
  case VALUE_NULL: break;
  case VALUE_INTEGER: sqlite3_result_int64(context, value->integer); break;
  case VALUE_REAL: sqlite3_result_double(context, value->real); break;
  case VALUE_TEXT:
    sqlite3_result_text64(context, data, value->bytes.size, SQLITE_TRANSIENT, SQLITE_UTF8);
    break;
  case VALUE_BLOB: sqlite3_result_blob64(context, data, value->bytes.size, SQLITE_TRANSIENT); break;
  }
  return SQLITE_OK;
}

static int raw_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  *rowid = (sqlite3_int64)((RawCursor *)cursor)->at;
  return SQLITE_OK;
}

static const sqlite3_module raw_module = {.xCreate = raw_connect,
                                          .xConnect = raw_connect,
                                          .xBestIndex = raw_best_index,
                                          .xDisconnect = raw_disconnect,
                                          .xDestroy = raw_disconnect,
                                          .xOpen = raw_open,
                                          .xClose = raw_close,
                                          .xFilter = raw_filter,
                                          .xNext = raw_next,
                                          .xEof = raw_eof,
                                          .xColumn = raw_column,
                                          .xRowid = raw_rowid};

/* A collation that the store does not know: all texts are equal, and none. */
static int odd_compare(void *context, int a_size, const void *a, int b_size, const void *b) {
  (void)context, (void)a_size, (void)a, (void)b_size, (void)b;
  return 0;
}

static sqlite3 *reference_open(void) {
  sqlite3 *db = NULL;
  CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
  CHECK(sqlite3_create_module(db, "raw", &raw_module, NULL) == SQLITE_OK);
  CHECK(sqlite3_create_collation(db, "odd", SQLITE_UTF8, NULL, odd_compare) == SQLITE_OK);
  CHECK(sqlite3_exec(db, "CREATE VIRTUAL TABLE v USING raw; CREATE VIRTUAL TABLE r USING raw", NULL,
                     NULL, NULL) == SQLITE_OK);
  return db;
}

#endif
