/*
** remote_anew.c: a statement that is sent a second time in one scan (remote_scan_state.h).
**
** LIMIT is sent when all that was offered is sent exactly. SQLite (3.38 and later) may keep a test to
** itself that it does not offer, `a = b`, and then wants more rows than the limit: so the rows of a LIMIT
** are remembered by their hash until it is known that they were enough. min() and max() come as ORDER BY of
** their column and want one row: LIMIT 1 is sent for them, which may turn out not to have been min() or max().
**
** The rows of the statement without LIMIT must be those that were shown and others that belong behind them,
** or what SQLite gets is neither what was there the first time nor the second. So it is read until all rows
** that were shown have come again; others that come before that are put aside, to be shown next. Sorted rows
** may only do so when they tie with the last one that was shown.
**
** SQLite asks for _key where it must know a row again in another scan: OR, RIGHT and FULL JOIN. It does
** not say so before. When that happens in a scan that has only some of the columns, the statement runs
** anew with all. Rows that were shown before come again then, which does no harm: SQLite had put them
** aside without asking for their key. When a query names _key, or changes rows, its column is among those
** used, and the first statement has all that is needed.
** A count gives no columns, and so a row is known by its number.
*/
#include "remote_scan_state.h"
#include <string.h>

static int changed(const RemoteScan *scan, Error *error) {
  return error_set(error, SQLITE_BUSY,
                   "connector '%s': %s changed while it was read twice for one statement: run it "
                   "again, or inside BEGIN",
                   scan->table->arguments.block, scan->table->place.table);
}

/* ---------------------------------------------------------------- rows that were shown */

/* Of the columns that are used: a query that runs as it is gives others as well. */
static int hash_row(RemoteScan *scan, uint64_t *hash, Error *error) {
  const RemoteTable *table = scan->table;
  *hash = ROW_HASH_START;
  for (int i = 0; i < table->column_count; i++) {
    Value value;
    bool used = (scan->plan.used >> (i < 63 ? i : 63)) & 1;
    if (scan->map[i] < 0 || !(used || i == table->rowid_column)) continue;
    int code = remote_scan_result(scan, (size_t)scan->map[i], &value, error);
    if (code != SQLITE_OK) return code;
    *hash = row_hash_value(*hash, &value);
  }
  return SQLITE_OK;
}

/* Of what the rows are sorted by. Values that sort alike hash alike: -0.0 and 0.0, 1 and 1.0. */
static int hash_order(RemoteScan *scan, uint64_t *hash, Error *error) {
  *hash = ROW_HASH_START;
  for (int i = 0; i < scan->plan.order_count; i++) {
    Value value;
    int place = scan->map[scan->plan.order[i].column];
    int code = place < 0 ? SQLITE_OK : remote_scan_result(scan, (size_t)place, &value, error);
    if (code != SQLITE_OK) return code;
    if (place < 0) continue;
    if (value.type == VALUE_REAL && value.real > -9e15 && value.real < 9e15 &&
        value.real == (double)(int64_t)value.real)
      value = (Value){.type = VALUE_INTEGER, .integer = (int64_t)value.real};
    *hash = row_hash_value(*hash, &value);
  }
  return SQLITE_OK;
}

int remote_anew_remember(RemoteScan *scan, Error *error) {
  Seen *seen = &scan->seen;
  if (seen->count == seen->room) {
    size_t room = seen->room ? seen->room * 2 : 64;
    uint64_t *larger = sqlite3_realloc64(seen->hashes, room * sizeof *larger);
    if (!larger) return error_memory(error);
    seen->hashes = larger;
    seen->room = room;
  }
  int code = hash_row(scan, &seen->hashes[seen->count++], error);
  return code == SQLITE_OK ? hash_order(scan, &scan->last, error) : code;
}

/* Was the row shown by the statement with LIMIT? Each is found once. */
static int was_seen(RemoteScan *scan, bool *found, Error *error) {
  uint64_t hash;
  int code = hash_row(scan, &hash, error);
  *found = false;
  for (size_t i = 0; code == SQLITE_OK && i < scan->seen.count && !*found; i++) {
    *found = scan->seen.hashes[i] == hash;
    if (*found) scan->seen.hashes[i] = scan->seen.hashes[--scan->seen.count];
  }
  return code;
}

static int put_aside(RemoteScan *scan, Error *error) {
  size_t count = stream_column_count(scan->stream);
  Value *values = sqlite3_malloc64((count + 1) * sizeof *values);
  int code = values ? SQLITE_OK : error_memory(error);
  if (code == SQLITE_OK && !scan->aside && !(scan->aside = spill_new())) code = error_memory(error);
  for (size_t i = 0; i < count && code == SQLITE_OK; i++)
    code = stream_value(scan->stream, i, &values[i], error);
  if (code == SQLITE_OK) code = spill_append(scan->aside, values, count, error);
  sqlite3_free(values);
  return code;
}

static int show_aside(RemoteScan *scan, Error *error) {
  if (scan->aside && !(scan->reader = spill_reader_new(scan->aside))) return error_memory(error);
  return SQLITE_OK;
}

/* A row that was not shown comes before one that was. */
static int come_before(RemoteScan *scan, Error *error) {
  uint64_t hash;
  int code = hash_order(scan, &hash, error);
  if (code != SQLITE_OK) return code;
  return hash == scan->last ? put_aside(scan, error) : changed(scan, error);
}

int remote_anew_unlimited(RemoteScan *scan, Error *error) {
  scan->limit = -1;
  scan->eof = false;
  int code = remote_scan_send(scan, error);
  if (code == SQLITE_OK && scan->counting) return remote_scan_count(scan, error);
  while (code == SQLITE_OK && scan->seen.count > 0) {
    bool found = false;
    int rc = remote_scan_step(scan, error);
    if (rc == SQLITE_DONE) return changed(scan, error);
    code = rc == SQLITE_ROW ? was_seen(scan, &found, error) : rc;
    if (code == SQLITE_OK && !found) code = come_before(scan, error);
  }
  if (code == SQLITE_OK) code = show_aside(scan, error);
  return code == SQLITE_OK ? remote_scan_advance(scan, error) : code;
}

/* ---------------------------------------------------------------- all columns, for the key */

/* The values of the columns that the statement had so far, as bytes. */
static int row_bytes(RemoteScan *scan, const bool *columns, DriverBuffer *bytes, Error *error) {
  buffer_reset(bytes);
  for (int i = 0; i < scan->table->column_count; i++) {
    Value value;
    if (!columns[i]) continue;
    int code = remote_scan_result(scan, (size_t)scan->map[i], &value, error);
    if (code != SQLITE_OK) return code;
    remote_key_add(bytes, &value);
  }
  return bytes->failed ? error_memory(error) : SQLITE_OK;
}

/* Reads up to a row that has these bytes. */
static int find_row(RemoteScan *scan, const bool *columns, const DriverBuffer *wanted,
                    DriverBuffer *bytes, Error *error) {
  for (;;) {
    int code = remote_scan_step(scan, error);
    if (code == SQLITE_DONE) return changed(scan, error);
    if (code == SQLITE_ROW) code = row_bytes(scan, columns, bytes, error);
    if (code != SQLITE_OK) return code;
    if (bytes->size == wanted->size &&
        (!bytes->size || !memcmp(bytes->data, wanted->data, bytes->size)))
      return SQLITE_OK;
    code = put_aside(scan, error);
    if (code != SQLITE_OK) return code;
  }
}

/* The row that counting has come to. */
static int find_number(RemoteScan *scan, Error *error) {
  for (int64_t i = 0; i < scan->shown; i++) {
    int rc = remote_scan_step(scan, error);
    if (rc == SQLITE_DONE) return changed(scan, error);
    if (rc != SQLITE_ROW) return rc;
  }
  return SQLITE_OK;
}

int remote_anew_whole(RemoteScan *scan, Error *error) {
  int count = scan->table->column_count;
  bool *columns = sqlite3_malloc64((size_t)count + 1);
  DriverBuffer wanted, bytes;
  buffer_init(&wanted, &scan->table->connector->host);
  buffer_init(&bytes, &scan->table->connector->host);
  int code = columns ? SQLITE_OK : error_memory(error);
  bool counting = scan->counting;
  for (int i = 0; code == SQLITE_OK && i < count; i++)
    columns[i] = !counting && scan->map[i] >= 0;
  if (code == SQLITE_OK && !counting) code = row_bytes(scan, columns, &wanted, error);
  scan->whole = scan->whole_always = true;
  scan->limit = -1;
  if (code == SQLITE_OK) code = remote_scan_send(scan, error);
  if (code == SQLITE_OK)
    code = counting ? find_number(scan, error) : find_row(scan, columns, &wanted, &bytes, error);
  if (code == SQLITE_OK) code = show_aside(scan, error);
  buffer_clear(&wanted);
  buffer_clear(&bytes);
  sqlite3_free(columns);
  return code;
}
