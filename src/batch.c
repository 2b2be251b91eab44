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
#include "batch.h"
#include "parameters_scan.h"
#include "transaction_state.h"
#include <string.h>

#define MANY_ROWS                                                                                  \
  50 /* fewer are not worth asking whether the table takes COPY, or one statement for all */

struct Batch {
  char *sql;
  size_t size;
  Spill *spill;
  size_t width; /* values of each row */
  int64_t bytes;
  bool plain;          /* rows of batch_add_row */
  bool one;            /* each must change one row */
  bool ignores;        /* rows that break a constraint are left out */
  int64_t first;       /* rows of the SQLite statement before these */
  char *target, *copy; /* NULL = no COPY */
  char *together;      /* one statement for all, or NULL */
  char **key_names;
  size_t *key_places;
  size_t key_count;
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

static BatchMode batch_mode(const Remote *remote) {
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
  for (size_t i = 0; i < batch->key_count; i++)
    sqlite3_free(batch->key_names[i]);
  sqlite3_free(batch->target);
  sqlite3_free(batch->copy);
  sqlite3_free(batch->together);
  sqlite3_free(batch->key_names);
  sqlite3_free(batch->key_places);
  spill_free(batch->spill);
  sqlite3_free(batch->sql);
  sqlite3_free(batch);
}

/* As a literal, cut where it is long; NULL = out of memory. */
static char *value_show(const Value *value) {
  switch (value->type) {
  case VALUE_INTEGER: return sqlite3_mprintf("%lld", (sqlite3_int64)value->integer);
  case VALUE_REAL: return sqlite3_mprintf("%!.15g", value->real);
  case VALUE_TEXT: {
    int size = name_shown(value->bytes.data, value->bytes.size);
    return sqlite3_mprintf("'%.*q'%s", size, value->bytes.size ? value->bytes.data : "",
                           (size_t)size < value->bytes.size ? "…" : "");
  }
  case VALUE_BLOB: return sqlite3_mprintf("a blob of %lld bytes", (sqlite3_int64)value->bytes.size);
  default: return sqlite3_mprintf("NULL");
  }
}

/* "row 57 (id = 5)" in front of what went wrong with it; values NULL: they are not known. */
static void name_row(int64_t number, const char *const *names, const size_t *places, size_t count,
                     const Value *values, Error *error) {
  char *name = sqlite3_mprintf("");
  for (size_t i = 0; values && name && i < count; i++) {
    char *shown = value_show(&values[places[i]]);
    char *longer =
        sqlite3_mprintf("%z%s%s = %s", name, i ? ", " : "", names[i], shown ? shown : "?");
    sqlite3_free(shown);
    name = longer;
  }
  if (name && *name)
    error_wrap(error, "row %lld (%s)", (sqlite3_int64)number, name);
  else
    error_wrap(error, "row %lld", (sqlite3_int64)number);
  sqlite3_free(name);
}

static void name_batch_row(const Batch *batch, int64_t row, Error *error) {
  SpillReader *reader = spill_reader_new(batch->spill);
  const Value *values = NULL;
  size_t count = 0;
  Error ignored = {0};
  int rc = reader ? SQLITE_ROW : SQLITE_NOMEM;
  for (int64_t i = 0; i < row && rc == SQLITE_ROW; i++)
    rc = spill_reader_next(reader, &values, &count, &ignored);
  name_row(batch->first + row, (const char *const *)batch->key_names, batch->key_places,
           batch->key_count, rc == SQLITE_ROW ? values : NULL, error);
  error_clear(&ignored);
  spill_reader_free(reader);
}

static bool breaks_constraint(int rc) {
  return (rc & 0xff) == SQLITE_CONSTRAINT;
}

/* By COPY, by one statement for many, or one after the other. */
static int send_rows(Remote *remote, const Batch *batch, ArgumentSource *source, bool copy,
                     bool together, Error *error) {
  int64_t affected;
  bool many = spill_rows(batch->spill) >= MANY_ROWS;
  RowsChange change = {.sql = batch->sql,
                       .size = batch->size,
                       .one = batch->one,
                       .target = copy && many ? batch->target : NULL,
                       .copy = batch->copy,
                       .together = together && many ? batch->together : NULL};
  int rc = execute_rows(remote, &change, source, &affected, error);
  if (rc && error->remote.row > 0) name_batch_row(batch, error->remote.row, error);
  if (rc) error_suspect_change(error);
  return rc;
}

/* What the server says of many rows at once need not be said of each: it may have been the order, a trigger or
** a rule. Not worth asking when it was the transaction that failed, or somebody who stopped it. */
static bool may_go_singly(const Error *error) {
  const char *state = error->remote.sqlstate;
  DriverFailure failure = error->remote.failure;
  return (failure == FAILURE_REMOTE || failure == FAILURE_UNFIT) && strncmp(state, "40", 2) != 0 &&
         strncmp(state, "55", 2) != 0 && strncmp(state, "57", 2) != 0;
}

/* By one statement where that is possible; when it fails nothing of it is kept, and the rows go one after the
** other, until the one that is at fault. The same after a COPY that failed at its end, where it looks at foreign
** keys and cannot tell the row. */
static int send_plain(Remote *remote, const Batch *batch, SpilledSets *sets, Error *error) {
  Participant *participant = participant_find(remote);
  bool together = batch->together && !participant->statement_singly;
  int rc = send_rows(remote, batch, &sets->base, true, together, error);
  if (!rc) return rc;
  bool unnamed = batch->target && breaks_constraint(rc) && error->remote.row == 0;
  bool singly = together && may_go_singly(error);
  if (!unnamed && !singly && !error->remote.stale) return rc;
  participant = participant_find(remote);
  if (participant && singly) participant->statement_singly = true;
  error_clear(error);
  spill_reader_rewind(sets->reader);
  return send_rows(remote, batch, &sets->base, !unnamed, together && !singly, error);
}

/* One of them broke a constraint, and nothing of the batch is kept: the others go one by one. */
static int send_others(Remote *remote, const Batch *batch, Error *error) {
  RowChange change = {.sql = batch->sql, .size = batch->size};
  SpillReader *reader = spill_reader_new(batch->spill);
  int64_t affected;
  error_clear(error);
  int rc = reader ? SQLITE_OK : error_memory(error);
  while (!rc &&
         (rc = spill_reader_next(reader, &change.values, &change.count, error)) == SQLITE_ROW) {
    rc = execute_row(remote, &change, &affected, NULL, error);
    if (!breaks_constraint(rc)) continue;
    error_clear(error);
    rc = SQLITE_OK;
  }
  spill_reader_free(reader);
  return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int batch_flush(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  if (!participant || !participant->batch) return SQLITE_OK;
  Batch *batch = participant->batch;
  participant->batch = NULL; /* the turn taken below must not come here again */
  SpilledSets sets = {{spilled_take}, spill_reader_new(batch->spill)};
  int64_t affected;
  int rc;
  if (!sets.reader)
    rc = error_memory(error);
  else if (batch->plain)
    rc = send_plain(remote, batch, &sets, error);
  else
    rc = execute_many(remote, batch->sql, batch->size, &sets.base, &affected, error);
  spill_reader_free(sets.reader);
  if (batch->ignores && breaks_constraint(rc)) rc = send_others(remote, batch, error);
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

/* Puts the row behind those that wait, or first sends these when they are others. */
static int batch_append(Remote *remote, const Batch *like, const Value *values, Batch **result,
                        Error *error) {
  Participant *participant = participant_find(remote);
  Batch *batch = participant->batch;
  int rc = SQLITE_OK;
  if (batch &&
      (batch->size != like->size || batch->width != like->width || batch->plain != like->plain ||
       batch->one != like->one || memcmp(batch->sql, like->sql, like->size))) {
    rc = batch_flush(remote, error);
    batch = NULL;
  }
  *result = NULL;
  if (!rc && !batch) {
    rc = batch_new(like->sql, like->size, like->width, &batch, error);
    if (!rc) *result = batch;
  }
  if (rc) return rc;
  participant->batch = batch;
  for (size_t i = 0; i < like->width; i++)
    if (values[i].type >= VALUE_TEXT) batch->bytes += (int64_t)values[i].bytes.size;
  return spill_append(batch->spill, values, like->width, error);
}

static int flush_when_full(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  const Batch *batch = participant ? participant->batch : NULL;
  if (!batch || (spill_rows(batch->spill) < BATCH_ROWS && batch->bytes < BATCH_BYTES))
    return SQLITE_OK;
  return batch_flush(remote, error);
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
  if (row->target) {
    batch->target = sqlite3_mprintf("%s", row->target);
    batch->copy = sqlite3_mprintf("%s", row->copy);
    if (!batch->target || !batch->copy) return error_memory(error);
  }
  if (row->together && !(batch->together = sqlite3_mprintf("%s", row->together)))
    return error_memory(error);
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
    name_row(number, row->key_names, row->key_places, row->key_count, row->values, error);
  if (rc) error_suspect_change(error);
  return rc;
}

void batch_refuse_row(Remote *remote, const BatchRow *row, Error *error) {
  Participant *participant = participant_find(remote);
  int64_t number = participant ? count_row(participant) : 1;
  name_row(number, row->key_names, row->key_places, row->key_count, row->values, error);
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
    made->first = number - 1;
    rc = keep_texts(made, row, error);
  }
  return rc ? rc : flush_when_full(remote, error);
}
