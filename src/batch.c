/*
** batch.c: see batch.h. A Batch hangs on the block's Participant and belongs to the savepoint depth that was
** open when its rows came: commit.c sends it before SQLite opens or releases a savepoint and drops it when
** SQLite rolls back.
**
** Which SQLite statement a row belongs to is told by the one busy statement that writes (its address, how
** often it has run, and the changes that statements before it made, since a new statement can lie where the
** last one was): SQLite has no call for it.
*/
#include "batch.h"
#include "transaction_state.h"
#include <string.h>

struct Batch {
  char *sql;
  size_t size;
  Spill *spill;
  size_t width; /* values of each row */
  int64_t bytes;
};

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

/* True while rows inside BEGIN are to be sent one by one. */
static bool send_single(Remote *remote) {
  sqlite3 *db = remote->connector->db;
  const char *mode = block_option(remote->block, "batch");
  Participant *participant = participant_find(remote);
  if (mode && !strcmp(mode, "off")) return true;
  if (sqlite3_get_autocommit(db) || (mode && !strcmp(mode, "on"))) return false;
  if (!participant) return true;
  uint64_t mark = statement_mark(db);
  if (mark == 0 || mark != participant->statement_mark) {
    participant->statement_mark = mark;
    participant->statement_rows = 0;
  }
  return ++participant->statement_rows <= BATCH_SINGLE;
}

/* ---------------------------------------------------------------- sending */

typedef struct SpilledSets {
  ArgumentSource base; /* must be first */
  SpillReader *reader;
} SpilledSets;

static int spilled_take(ArgumentSource *base, Arguments *set, Error *error) {
  SpilledSets *sets = (SpilledSets *)base;
  memset(set, 0, sizeof *set);
  return spill_reader_next(sets->reader, &set->positional, &set->positional_count, error);
}

void batch_free(Batch *batch) {
  if (!batch) return;
  spill_free(batch->spill);
  sqlite3_free(batch->sql);
  sqlite3_free(batch);
}

int batch_flush(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  if (!participant || !participant->batch) return SQLITE_OK;
  Batch *batch = participant->batch;
  participant->batch = NULL; /* the turn taken below must not come here again */
  SpilledSets sets = {{spilled_take}, spill_reader_new(batch->spill)};
  int64_t affected;
  int rc = sets.reader ? execute_many(remote, batch->sql, batch->size, &sets.base, &affected, error)
                       : error_memory(error);
  spill_reader_free(sets.reader);
  batch_free(batch);
  return rc;
}

/* ---------------------------------------------------------------- collecting */

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

/* Makes sure that the block takes part, so that the batch has a place to hang on. */
static int participant_ensure(Remote *remote, Error *error) {
  Turn turn;
  if (participant_find(remote)) return SQLITE_OK;
  int rc = transaction_enter(remote, TURN_WRITE, &turn, error);
  return rc ? rc : transaction_leave(&turn, SQLITE_OK, error);
}

int batch_add(Remote *remote, const char *sql, size_t size, const Arguments *arguments,
              Error *error) {
  int64_t affected;
  if (!can_batch(remote, sql, size, arguments) || send_single(remote))
    return execute_operation(remote, sql, size, arguments, &affected, error);
  int rc = participant_ensure(remote, error);
  Participant *participant = rc ? NULL : participant_find(remote);
  if (rc || !participant) /* no participant: not in a transaction of SQLite's after all */
    return rc ? rc : execute_operation(remote, sql, size, arguments, &affected, error);
  Batch *batch = participant->batch;
  if (batch && (batch->size != size || batch->width != arguments->positional_count ||
                memcmp(batch->sql, sql, size))) {
    rc = batch_flush(remote, error);
    batch = NULL;
  }
  if (!rc && !batch) rc = batch_new(sql, size, arguments->positional_count, &batch, error);
  if (rc) return rc;
  participant->batch = batch;
  for (size_t i = 0; i < arguments->positional_count; i++)
    if (arguments->positional[i].type >= VALUE_TEXT)
      batch->bytes += (int64_t)arguments->positional[i].bytes.size;
  rc = spill_append(batch->spill, arguments->positional, arguments->positional_count, error);
  if (!rc && (spill_rows(batch->spill) >= BATCH_ROWS || batch->bytes >= BATCH_BYTES))
    rc = batch_flush(remote, error);
  return rc;
}
