/*
** batch.c: see batch.h. A Batch hangs on the block's Participant and belongs to the savepoint depth that was
** open when its rows came: commit.c sends it before SQLite opens or releases a savepoint and drops it when
** SQLite rolls back.
**
** Which SQLite statement a row belongs to is told by the one busy statement that writes (its address, how
** often it has run, and the changes that statements before it made, since a new statement can lie where the
** last one was): SQLite has no call for it. A trigger's rows make such changes too: inside BEGIN each is the
** first of its own. In autocommit all rows of the transaction are the statement's.
*/
#include "batch_state.h"
#include "parameters_scan.h"
#include <string.h>

/* ---------------------------------------------------------------- which statement is running */

/* A number that changes with each run of a writing statement; 0 when it cannot be told. */
static uint64_t statement_mark(sqlite3 *db) {
  uint64_t mark = 0;
  for (sqlite3_stmt *each = sqlite3_next_stmt(db, NULL); each; each = sqlite3_next_stmt(db, each)) {
    if (!sqlite3_stmt_busy(each) || sqlite3_stmt_readonly(each)) continue;
    if (mark) return 0;
    mark = (uint64_t)(uintptr_t)each * 1000003u +
           (uint64_t)sqlite3_stmt_status(each, SQLITE_STMTSTATUS_RUN, 0);
  }
  return mark ? mark * 1000003u + (uint64_t)sqlite3_total_changes(db) : 0;
}

BatchMode batch_mode(const Remote *remote) {
  const char *mode = block_option(remote->block, "batch");
  return mode && !strcmp(mode, "off")  ? BATCH_OFF
         : mode && !strcmp(mode, "on") ? BATCH_ON
                                       : BATCH_AUTO;
}

/* Counts one more row of the SQLite statement that is running: its number, from 1. */
static int64_t count_row(Participant *participant) {
  sqlite3 *db = participant->remote->connector->db;
  uint64_t mark = sqlite3_get_autocommit(db) ? 1 : statement_mark(db);
  if (mark == 0 || mark != participant->statement_mark) {
    participant->statement_mark = mark;
    participant->statement_rows = 0;
    participant->statement_mode = batch_mode(participant->remote);
    participant->statement_singly = false;
  }
  return ++participant->statement_rows;
}

/* True while rows inside BEGIN are to be sent one by one. */
static bool send_single(Remote *remote) {
  sqlite3 *db = remote->connector->db;
  BatchMode mode = batch_mode(remote);
  Participant *participant = participant_find(remote);
  if (mode == BATCH_OFF) return true;
  if (sqlite3_get_autocommit(db) || mode == BATCH_ON) return false;
  return !participant || count_row(participant) <= BATCH_SINGLE;
}

/* ---------------------------------------------------------------- collecting */

void batch_free(Batch *batch) {
  if (!batch) return;
  for (size_t i = 0; i < batch->key_count; i++)
    sqlite3_free(batch->key_names[i]);
  sqlite3_free(batch->target);
  sqlite3_free(batch->copy);
  sqlite3_free(batch->together);
  sqlite3_free(batch->alone);
  sqlite3_free(batch->key_names);
  sqlite3_free(batch->key_places);
  spill_free(batch->spill);
  sqlite3_free(batch->sql);
  sqlite3_free(batch);
}

static bool can_batch(const Remote *remote, const char *sql, size_t size,
                      const Arguments *arguments) {
  const char *at = sql, *statement;
  size_t statement_size;
  return arguments->positional_count > 0 && !arguments->named &&
         statement_class(remote->dialect, sql, size) == STATEMENT_WRITE &&
         script_next(remote->dialect, &at, sql + size, &statement, &statement_size) &&
         !script_next(remote->dialect, &at, sql + size, &statement, &statement_size);
}

static int batch_new(const char *sql, size_t size, size_t width, Batch **batch, Error *error) {
  Batch *made = sqlite3_malloc64(sizeof *made);
  if (!made) return error_memory(error);
  memset(made, 0, sizeof *made);
  made->sql = sqlite3_mprintf("%.*s", (int)size, sql);
  made->size = size;
  made->width = width;
  made->spill = spill_new();
  if (!made->sql || !made->spill) {
    batch_free(made);
    return error_memory(error);
  }
  *batch = made;
  return SQLITE_OK;
}

/* Puts the row behind those that wait, or first sends these when they are others. */
static int batch_append(Remote *remote, const Batch *like, const Value *values, Batch **result,
                        Error *error) {
  Participant *participant = participant_find(remote);
  Batch *batch = participant->batch;
  int rc = batch_refused(participant, error);
  *result = NULL;
  if (rc) return rc;
  if (batch &&
      (batch->size != like->size || batch->width != like->width || batch->plain != like->plain ||
       batch->one != like->one || memcmp(batch->sql, like->sql, like->size))) {
    rc = batch_flush(remote, error);
    batch = NULL;
  }
  if (!rc && !batch) {
    rc = batch_new(like->sql, like->size, like->width, &batch, error);
    if (!rc) *result = batch;
  }
  if (rc) return rc;
  participant->batch = batch;
  return spill_append(batch->spill, values, like->width, error);
}

static int flush_when_full(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  if (!participant || !participant->batch || !batch_is_full(participant)) return SQLITE_OK;
  return batch_send(remote, error);
}

int batch_add(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
              Error *error) {
  int64_t affected;
  if (!can_batch(remote, sql, size, arguments) || send_single(remote))
    return execute_operation(remote, sql, size, arguments, &affected, error);
  int rc = transaction_join(remote, error);
  if (rc) return rc;
  if (!participant_find(remote)) /* not in a transaction of SQLite's after all */
    return execute_operation(remote, sql, size, arguments, &affected, error);
  Batch *made, like = {.sql = (char *)sql, .size = size, .width = arguments->positional_count};
  rc = batch_append(remote, &like, arguments->positional, &made, error);
  return rc ? rc : flush_when_full(remote, error);
}

/* ---------------------------------------------------------------- rows of remote tables */

static int keep_texts(Batch *batch, const BatchRow *row, Error *error) {
  bool alone = row->makes_key && !row->ignores;
  if (row->target) {
    batch->target = sqlite3_mprintf("%s", row->target);
    batch->copy = sqlite3_mprintf("%s", row->copy);
    if (!batch->target || !batch->copy) return error_memory(error);
  }
  if (row->together && !(batch->together = sqlite3_mprintf("%s", row->together)))
    return error_memory(error);
  if (alone) {
    batch->size_alone = row->sql_alone ? row->size_alone : row->size;
    batch->alone =
        sqlite3_mprintf("%.*s", (int)batch->size_alone, row->sql_alone ? row->sql_alone : row->sql);
    if (!batch->alone) return error_memory(error);
  }
  batch->key_names = sqlite3_malloc64((row->key_count + 1) * sizeof *batch->key_names);
  batch->key_places = sqlite3_malloc64((row->key_count + 1) * sizeof *batch->key_places);
  if (!batch->key_names || !batch->key_places) return error_memory(error);
  for (size_t i = 0; i < row->key_count; i++) {
    batch->key_places[i] = row->key_places[i];
    batch->key_names[i] = sqlite3_mprintf("%s", row->key_names[i]);
    if (!batch->key_names[i]) return error_memory(error);
    batch->key_count++;
  }
  return SQLITE_OK;
}

Batch *batch_following(Batch *batch) {
  BatchRow row = {.target = batch->target,
                  .copy = batch->copy,
                  .together = batch->together,
                  .sql_alone = batch->alone,
                  .size_alone = batch->size_alone,
                  .makes_key = batch->alone != NULL,
                  .key_names = (const char *const *)batch->key_names,
                  .key_places = batch->key_places,
                  .key_count = batch->key_count};
  Batch *made = NULL;
  Error ignored;
  error_init(&ignored);
  if (batch_new(batch->sql, batch->size, batch->width, &made, &ignored) == SQLITE_OK) {
    made->plain = batch->plain;
    made->one = batch->one;
    made->first = batch->first + spill_rows(batch->spill) - 1;
    if (keep_texts(made, &row, &ignored) != SQLITE_OK ||
        !spill_take_last(made->spill, batch->spill)) {
      batch_free(made);
      made = NULL;
    }
  }
  error_clear(&ignored);
  return made;
}

/* May the row be sent later? What SQLite tells of it (the key, whether it was ignored) is known only then: so
** small statements do not wait. */
static bool row_waits(const Participant *participant, const BatchRow *row, int64_t number) {
  bool on = participant->statement_mode == BATCH_ON;
  if (row->now || participant->statement_mode == BATCH_OFF) return false;
  if (number > BATCH_SINGLE) return true;
  if (row->makes_key || (row->ignores && !on)) return false;
  return on || sqlite3_get_autocommit(participant->remote->connector->db);
}

static int send_alone(Remote *remote, const BatchRow *row, int64_t number, int64_t *affected,
                      Value *key, Error *error) {
  RowChange change = {.sql = row->sql_alone ? row->sql_alone : row->sql,
                      .size = row->sql_alone ? row->size_alone : row->size,
                      .values = row->values,
                      .count = row->count,
                      .one = row->one,
                      .makes_key = row->makes_key};
  int rc = execute_row(remote, &change, affected, key, error);
  DriverFailure failure = error->remote.failure;
  if (rc && (failure == FAILURE_REMOTE || failure == FAILURE_UNFIT))
    batch_name_row(number, row->key_names, row->key_places, row->key_count, row->values, error);
  if (rc) error_suspect_change(error);
  return rc;
}

void batch_refuse_row(Remote *remote, const BatchRow *row, Error *error) {
  Participant *participant = participant_find(remote);
  int64_t number = participant ? count_row(participant) : 1;
  batch_name_row(number, row->key_names, row->key_places, row->key_count, row->values, error);
  error_wrap(error, "connector '%s'", remote->block->name);
}

int batch_add_row(Remote *remote, const BatchRow *row, int64_t *affected, Value *key,
                  Error *error) {
  *key = (Value){.type = VALUE_NULL};
  *affected = -1;
  int rc = transaction_join(remote, error);
  if (rc) return rc;
  Participant *participant = participant_find(remote);
  int64_t number = participant ? count_row(participant) : 1;
  if (!participant || !row_waits(participant, row, number))
    return send_alone(remote, row, number, affected, key, error);
  Batch *made, like = {
                   .sql = (char *)row->sql,
                   .size = row->size,
                   .width = row->count,
                   .plain = true,
                   .one = row->one,
               };
  rc = batch_append(remote, &like, row->values, &made, error);
  if (!rc && made) {
    made->plain = true;
    made->one = row->one;
    made->ignores = row->ignores;
    made->keyed = row->key_count > 0 && !row->makes_key;
    made->first = number - 1;
    rc = keep_texts(made, row, error);
  }
  if (!rc) rc = flush_when_full(remote, error);
  participant = rc ? NULL : participant_find(remote);
  if (participant && participant->batch && participant->batch->alone) {
    int64_t rowid = sqlite3_last_insert_rowid(remote->connector->db);
    if (rowid != participant->rowid_later) participant->rowid_before = rowid;
    *key = (Value){.type = VALUE_INTEGER, .integer = participant->rowid_later};
  }
  return rc;
}
