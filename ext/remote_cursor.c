/*
** remote_cursor.c: the cursor methods of remote tables: errors and values on their way to SQLite; the scan
** itself is remote_scan.c.
*/
#include "catalog.h"
#include "remote_table.h"
#include "remote_write.h"
#include "shown_rows.h"
#include "statement_text.h"
#include "value.h"

typedef struct RemoteCursor {
  sqlite3_vtab_cursor base; /* must be first */
  RemoteScan *scan;
  ShownRow shown; /* when the table has `shown` */
} RemoteCursor;

static RemoteTable *table_of(sqlite3_vtab_cursor *base) {
  return (RemoteTable *)base->pVtab;
}

static RemoteScan *scan_of(sqlite3_vtab_cursor *base) {
  return ((RemoteCursor *)base)->scan;
}

/* The error object is large: the table's own is empty between two calls, and none need be cleared here. */
static Error *error_of(sqlite3_vtab_cursor *base) {
  return &table_of(base)->error;
}

static int report(sqlite3_vtab_cursor *base, int code) {
  if (code == SQLITE_OK) return code;
  return report_table_error(table_of(base)->connector, base->pVtab, error_of(base));
}

static int open_cursor(sqlite3_vtab *base, sqlite3_vtab_cursor **result) {
  RemoteCursor *cursor = sqlite3_malloc64(sizeof *cursor);
  RemoteScan *scan = cursor ? remote_scan_new((RemoteTable *)base) : NULL;
  if (!scan) {
    sqlite3_free(cursor);
    return SQLITE_NOMEM;
  }
  *cursor = (RemoteCursor){.scan = scan};
  RemoteTable *table = (RemoteTable *)base;
  if (table->cursors++ == 0) table->statement = 0; /* a new one may lie where an old one was */
  *result = &cursor->base;
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- UPDATE … FROM */

static bool is_update_from(const char *text) {
  return text_has_word(text, "update") && text_has_word(text, "from");
}

/* What a statement that changes rows it reads elsewhere is shown is remembered: shown_rows.h. */
static int look_at_statement(RemoteTable *table, Error *error) {
  uint64_t statement = statement_alone(table->connector->db);
  if (statement && statement == table->statement) return SQLITE_OK;
  table->statement = statement;
  shown_rows_free(table->shown);
  table->shown = NULL;
  sqlite3 *db = table->connector->db;
  if (!statement || !statement_writes(db) || !text_runs(db, is_update_from)) return SQLITE_OK;
  table->shown = shown_rows_new(table->connector, table->column_count);
  return table->shown ? SQLITE_OK : error_memory(error);
}

static int leave_row(sqlite3_vtab_cursor *base, Error *error) {
  RemoteTable *table = table_of(base);
  ShownRow *row = &((RemoteCursor *)base)->shown;
  if (!row->hashes) return SQLITE_OK;
  if (table->shown) return shown_row_end(table->shown, row, error);
  shown_row_clear(row);
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- the cursor */

static int close_cursor(sqlite3_vtab_cursor *base) {
  Error ignored = {0};
  leave_row(base, &ignored);
  error_clear(&ignored);
  shown_row_clear(&((RemoteCursor *)base)->shown);
  table_of(base)->cursors--;
  remote_scan_free(scan_of(base));
  sqlite3_free(base);
  return SQLITE_OK;
}

static int remote_filter(sqlite3_vtab_cursor *base, int number, const char *plan, int argc,
                         sqlite3_value **argv) {
  (void)number;
  int code = leave_row(base, error_of(base));
  if (code == SQLITE_OK) code = look_at_statement(table_of(base), error_of(base));
  if (code == SQLITE_OK) code = remote_scan_start(scan_of(base), plan, argc, argv, error_of(base));
  if (code != SQLITE_OK) remote_scan_end(scan_of(base));
  return report(base, code);
}

static int remote_next(sqlite3_vtab_cursor *base) {
  int code = leave_row(base, error_of(base));
  if (code != SQLITE_OK) return report(base, code);
  return report(base, remote_scan_next(scan_of(base), error_of(base)));
}

static int remote_eof(sqlite3_vtab_cursor *base) {
  return remote_scan_eof(scan_of(base));
}

static int remote_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index) {
  RemoteTable *table = table_of(base);
  RemoteScan *scan = scan_of(base);
  Error *error = &table->error;
  Value value;
  int code;
  if (sqlite3_vtab_nochange(context))
    return SQLITE_OK; /* UPDATE does not touch it: remote_write.c */
  if (index == table->identity) {
    code = remote_scan_key(scan, &value, error);
  } else if (index >= table->column_count) {
    sqlite3_value *given = remote_scan_parameter(scan, index - table->column_count);
    if (given) sqlite3_result_value(context, given);
    return SQLITE_OK;
  } else {
    code = remote_scan_value(scan, index, &value, error);
  }
  ShownRow *row = &((RemoteCursor *)base)->shown;
  if (code == SQLITE_OK && table->shown &&
      !(index == table->identity ? shown_row_key(table->shown, row, &value)
                                 : shown_row_value(table->shown, row, index, &value)))
    code = error_memory(error);
  if (code == SQLITE_OK)
    value_result(context, &value);
  else
    report_error(table->connector, context, error);
  return code;
}

static int remote_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  RemoteTable *table = table_of(base);
  int code = remote_scan_rowid(scan_of(base), rowid, error_of(base));
  Value key = {.type = VALUE_INTEGER, .integer = *rowid};
  if (code == SQLITE_OK && table->shown &&
      !shown_row_key(table->shown, &((RemoteCursor *)base)->shown, &key))
    code = error_memory(error_of(base));
  return report(base, code);
}

static int remote_update(sqlite3_vtab *base, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  RemoteTable *table = (RemoteTable *)base;
  Error *error = &table->error;
  int code = remote_write(table, argc, argv, rowid, error);
  if (code == SQLITE_OK || !error->code) return code;
  return report_table_error(table->connector, base, error);
}

/* A statement that changes the table begins, before it reads. The transaction itself is the coordinator's. */
static int remote_begin(sqlite3_vtab *base) {
  RemoteTable *table = (RemoteTable *)base;
  int code = remote_write_check(table, &table->error);
  table->changing = code == SQLITE_OK;
  return code == SQLITE_OK ? code : report_table_error(table->connector, base, &table->error);
}

static int remote_end(sqlite3_vtab *base) {
  ((RemoteTable *)base)->changing = false;
  return SQLITE_OK;
}

static int remote_disconnect(sqlite3_vtab *base) {
  remote_table_free((RemoteTable *)base);
  return SQLITE_OK;
}

static int remote_destroy(sqlite3_vtab *base) {
  RemoteTable *table = (RemoteTable *)base;
  Error error = {0};
  int code = remote_table_destroy(table, &error);
  if (code != SQLITE_OK) return report_table_error(table->connector, base, &error);
  remote_table_free(table);
  return SQLITE_OK;
}

static int remote_rename(sqlite3_vtab *base, const char *name) {
  RemoteTable *table = (RemoteTable *)base;
  Error error = {0};
  int code = remote_table_rename(table, name, &error);
  return code == SQLITE_OK ? code : report_table_error(table->connector, base, &error);
}

const sqlite3_module remote_table_methods = {
    .xDisconnect = remote_disconnect,
    .xDestroy = remote_destroy,
    .xRename = remote_rename,
    .xBestIndex = remote_best_index,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = remote_filter,
    .xNext = remote_next,
    .xEof = remote_eof,
    .xColumn = remote_column,
    .xRowid = remote_rowid,
    .xUpdate = remote_update,
    .xBegin = remote_begin,
    .xCommit = remote_end,
    .xRollback = remote_end,
};
