/*
** shown_rows.c: see shown_rows.h.
*/
#include "shown_rows.h"
#include "row_identity.h"
#include <string.h>

struct ShownRows {
  Connector *connector;
  int columns;
  sqlite3 *db;
  sqlite3_stmt *put, *get, *change;
};

static int failed(const ShownRows *rows, int code, Error *error) {
  if (code == SQLITE_NOMEM) return error_memory(error);
  return error_set(error, code, "the rows that are changed cannot be remembered: %s",
                   rows->db ? sqlite3_errmsg(rows->db) : sqlite3_errstr(code));
}

ShownRows *shown_rows_new(Connector *connector, int columns) {
  ShownRows *rows = sqlite3_malloc64(sizeof *rows);
  if (rows) *rows = (ShownRows){.connector = connector, .columns = columns};
  return rows;
}

void shown_rows_free(ShownRows *rows) {
  if (!rows) return;
  sqlite3_finalize(rows->put);
  sqlite3_finalize(rows->get);
  sqlite3_finalize(rows->change);
  sqlite3_close(rows->db);
  sqlite3_free(rows);
}

static int open_store(ShownRows *rows, Error *error) {
  if (rows->put) return SQLITE_OK;
  int code = rows->db ? SQLITE_OK
                      : sqlite3_open_v2("", &rows->db,
                                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                            SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
                                        NULL);
  if (code == SQLITE_OK)
    code = sqlite3_exec(rows->db,
                        "PRAGMA journal_mode=off; PRAGMA synchronous=off; BEGIN; "
                        "CREATE TABLE IF NOT EXISTS r(key PRIMARY KEY, hashes) WITHOUT ROWID;"
                        "CREATE TABLE IF NOT EXISTS changed(key PRIMARY KEY) WITHOUT ROWID",
                        NULL, NULL, NULL);
  if (code == SQLITE_OK)
    code =
        sqlite3_prepare_v2(rows->db, "SELECT hashes FROM r WHERE key = ?1", -1, &rows->get, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_prepare_v2(rows->db, "INSERT OR IGNORE INTO changed VALUES (?1)", -1,
                              &rows->change, NULL);
  if (code == SQLITE_OK)
    code = sqlite3_prepare_v2(rows->db, "REPLACE INTO r VALUES (?1, ?2)", -1, &rows->put, NULL);
  return code == SQLITE_OK ? code : failed(rows, code, error);
}

/* ---------------------------------------------------------------- the scan */

static uint64_t hash_of(const Value *value) {
  uint64_t hash = row_hash_value(ROW_HASH_START, value);
  return hash ? hash : 1;
}

static bool row_init(ShownRows *rows, ShownRow *row) {
  if (row->hashes) return true;
  size_t size = (size_t)rows->columns * sizeof *row->hashes;
  row->hashes = sqlite3_malloc64(size + 1);
  if (!row->hashes) return false;
  memset(row->hashes, 0, size);
  row->count = rows->columns;
  buffer_init(&row->bytes, &rows->connector->host);
  return true;
}

bool shown_row_value(ShownRows *rows, ShownRow *row, int column, const Value *value) {
  if (!row_init(rows, row)) return false;
  row->hashes[column] = hash_of(value);
  return true;
}

bool shown_row_key(ShownRows *rows, ShownRow *row, const Value *key) {
  if (!row_init(rows, row)) return false;
  buffer_reset(&row->bytes);
  row->has_key = true;
  row->rowid = key->type == VALUE_INTEGER ? key->integer : 0;
  if (key->type == VALUE_BLOB) buffer_append(&row->bytes, key->bytes.data, key->bytes.size);
  return !row->bytes.failed;
}

static void bind_key(sqlite3_stmt *statement, sqlite3_int64 rowid, const char *data, size_t size) {
  if (size)
    sqlite3_bind_blob64(statement, 1, data, size, SQLITE_STATIC);
  else
    sqlite3_bind_int64(statement, 1, rowid);
}

int shown_row_end(ShownRows *rows, ShownRow *row, Error *error) {
  int code = SQLITE_OK;
  if (row->has_key) {
    code = open_store(rows, error);
    if (code != SQLITE_OK) return code;
    bind_key(rows->put, row->rowid, row->bytes.data, row->bytes.size);
    sqlite3_bind_blob64(rows->put, 2, row->hashes, (size_t)row->count * sizeof *row->hashes,
                        SQLITE_STATIC);
    sqlite3_step(rows->put);
    code = sqlite3_reset(rows->put);
    sqlite3_clear_bindings(rows->put);
    if (code != SQLITE_OK) failed(rows, code, error);
  }
  row->has_key = false;
  if (row->hashes) memset(row->hashes, 0, (size_t)row->count * sizeof *row->hashes);
  return code;
}

void shown_row_clear(ShownRow *row) {
  sqlite3_free(row->hashes);
  buffer_clear(&row->bytes);
  *row = (ShownRow){0};
}

/* ---------------------------------------------------------------- the change */

static void bind_value(sqlite3_stmt *statement, const Value *key) {
  bool blob = key->type == VALUE_BLOB;
  bind_key(statement, key->integer, blob ? key->bytes.data : NULL, blob ? key->bytes.size : 0);
}

int shown_rows_change(ShownRows *rows, const Value *key, bool *first, Error *error) {
  *first = true;
  if (!rows->change) return SQLITE_OK;
  bind_value(rows->change, key);
  sqlite3_step(rows->change);
  int code = sqlite3_reset(rows->change);
  sqlite3_clear_bindings(rows->change);
  *first = sqlite3_changes(rows->db) > 0;
  return code == SQLITE_OK ? code : failed(rows, code, error);
}

int shown_rows_same(ShownRows *rows, const Value *key, int column, const Value *value, bool *same,
                    Error *error) {
  *same = false;
  if (!rows->get) return SQLITE_OK;
  bind_value(rows->get, key);
  int code = sqlite3_step(rows->get);
  if (code == SQLITE_ROW &&
      sqlite3_column_bytes(rows->get, 0) == rows->columns * (int)sizeof(uint64_t)) {
    uint64_t hash = 0;
    const char *hashes = sqlite3_column_blob(rows->get, 0);
    if (hashes) memcpy(&hash, hashes + (size_t)column * sizeof hash, sizeof hash);
    *same = hashes && hash == hash_of(value);
  }
  code = sqlite3_reset(rows->get);
  sqlite3_clear_bindings(rows->get);
  return code == SQLITE_OK ? code : failed(rows, code, error);
}
