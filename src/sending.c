/*
** sending.c: rows on their way (sending.h): by COPY, by one statement for many, or one after the other, and which
** way is tried next when one fails.
**
** Where rows can go one by one (COPY, array binding) the next full batch is a continuation of the same call, as a
** COPY of all rows costs the server a fifth less than one for each 5,000. The thread that sends pauses when it has
** taken the last row, and the caller gives it the next ones. Those that went are kept in a file, to name the
** one at fault or to send them again. Such a call ends after STREAM_BYTES, so that this stays bearable, and after
** STREAM_TIME, so that a limit that the server has for statements is not met by a long one.
*/
#include "sending.h"
#include "driver_support.h"
#include "parameters_scan.h"
#include <string.h>

#define MANY_ROWS                                                                                  \
  50 /* fewer are not worth asking whether the table takes COPY, or one statement for all */
#define STREAM_BYTES (32 * 1024 * 1024)
#define STREAM_TIME 2000000 /* microseconds */

/* ---------------------------------------------------------------- what goes */

/* A batch that goes, or is about to, and its continuations. */
struct Sending {
  ArgumentSource rows; /* must be first */
  Batch *batch;        /* owned: the rows that go now */
  SpillReader *reader; /* of them */
  Spill *kept;         /* those that went before; NULL = none */
  bool whole;          /* kept and batch together are all of them */
  bool together;       /* it may go by one statement for all */
  RowsRun *run;        /* while it is on its way */
  int64_t began;
};

static int sending_take(ArgumentSource *rows, Arguments *set, Error *error) {
  Sending *sending = (Sending *)rows;
  memset(set, 0, sizeof *set);
  return spill_reader_next(sending->reader, &set->positional, &set->positional_count, error);
}

void sending_free(Sending *sending) {
  spill_reader_free(sending->reader);
  spill_free(sending->kept);
  batch_free(sending->batch);
  sqlite3_free(sending);
}

Sending *sending_new(Participant *participant) {
  Batch *batch = participant->batch;
  Sending *sending = sqlite3_malloc64(sizeof *sending);
  participant->batch = NULL; /* the turn taken for it must not send it again */
  if (!sending) {
    batch_free(batch);
    return NULL;
  }
  *sending = (Sending){.rows = {.take = sending_take},
                       .batch = batch,
                       .reader = spill_reader_new(batch->spill),
                       .whole = true,
                       .together = batch->together && !participant->statement_singly};
  if (sending->reader) return sending;
  sending_free(sending);
  return NULL;
}

/* No more rows come: the call goes to its end. */
static void sending_close(Sending *sending, bool drop) {
  if (drop) atomic_store(&sending->rows.dropped, true);
  if (!sending->rows.open) return;
  bool pauses = execute_rows_pauses(sending->run, drop);
  sending->rows.open = false;
  if (pauses) execute_rows_resume(sending->run);
}

/* The rows in the order in which they went, from the first one on; NULL: they are not whole. */
static SpillReader *sending_rows(Sending *sending) {
  Error ignored;
  error_init(&ignored);
  if (!sending->kept) {
    spill_reader_rewind(sending->reader);
    return sending->reader;
  }
  spill_reader_free(sending->reader);
  sending->reader = NULL;
  if (sending->whole && spill_rows(sending->batch->spill) > 0)
    sending->whole = spill_move(sending->kept, sending->batch->spill, &ignored) == SQLITE_OK;
  error_clear(&ignored);
  if (sending->whole) sending->reader = spill_reader_new(sending->kept);
  return sending->reader;
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

void batch_name_row(int64_t number, const char *const *names, const size_t *places, size_t count,
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

static void name_row(Sending *sending, int64_t row, Error *error) {
  const Batch *batch = sending->batch;
  SpillReader *reader = sending_rows(sending);
  const Value *values = NULL;
  size_t count = 0;
  Error ignored = {0};
  int rc = reader ? SQLITE_ROW : SQLITE_NOMEM;
  for (int64_t i = 0; i < row && rc == SQLITE_ROW; i++)
    rc = spill_reader_next(reader, &values, &count, &ignored);
  batch_name_row(batch->first + row, (const char *const *)batch->key_names, batch->key_places,
                 batch->key_count, rc == SQLITE_ROW ? values : NULL, error);
  error_clear(&ignored);
}

static bool breaks_constraint(int rc) {
  return (rc & 0xff) == SQLITE_CONSTRAINT;
}

int sending_start(Remote *remote, Sending *sending, bool copy, bool beside, Error *error) {
  const Batch *batch = sending->batch;
  bool many = sending->kept || spill_rows(batch->spill) >= MANY_ROWS;
  RowsChange change = {.sql = batch->sql,
                       .size = batch->size,
                       .one = batch->one,
                       .load = {.target = copy && many ? batch->target : NULL},
                       .copy = batch->copy,
                       .together = sending->together && many ? batch->together : NULL};
  sending->began = driver_clock();
  sending->rows.open = beside && !batch->ignores && remote->statement_timeout == 0;
  int rc = execute_rows_start(remote, &change, &sending->rows, beside, &sending->run, error);
  if (rc) sending->rows.open = false;
  return rc;
}

/* `started`: what sending_start() gave. */
static int finish(Sending *sending, int started, Error *error) {
  sending_close(sending, false);
  int rc = started ? started : execute_rows_finish(sending->run, false, error);
  sending->run = NULL;
  if (rc && error->remote.row > 0) name_row(sending, error->remote.row, error);
  if (rc) error_suspect_change(error);
  return rc;
}

/* After it failed, rc: when it was by one statement for all nothing of it is kept, and the rows go one after the
** other, until the one that is at fault. The same after a COPY that failed at its end, where it looks at foreign
** keys and cannot tell the row. */
static int send_again(Remote *remote, Sending *sending, int rc, Error *error) {
  const Batch *batch = sending->batch;
  bool unnamed = batch->target && breaks_constraint(rc) && error->remote.row == 0;
  bool singly = sending->together && execute_may_go_singly(error);
  if (error->remote.not_undone) return rc; /* they would meet those that stay */
  if (!unnamed && !singly && !error->remote.stale) return rc;
  if (!sending_rows(sending)) return rc;
  Participant *participant = participant_find(remote);
  if (participant && singly) participant->statement_singly = true;
  error_clear(error);
  sending->together = sending->together && !singly;
  return finish(sending, sending_start(remote, sending, !unnamed, false, error), error);
}

/* One of them broke a constraint: the others go one by one, when nothing of the batch is kept, or where a row that is
** there already changes nothing. */
static bool others_may_go(const Batch *batch, int rc, const Error *error) {
  return batch->ignores && breaks_constraint(rc) && (!error->remote.not_undone || batch->keyed);
}

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

int sending_complete(Remote *remote, Sending *sending, int started, Error *error) {
  int rc = finish(sending, started, error);
  if (rc) rc = send_again(remote, sending, rc, error);
  if (others_may_go(sending->batch, rc, error)) rc = send_others(remote, sending->batch, error);
  sending_free(sending);
  return rc;
}

bool sending_go_on(Participant *participant) {
  Sending *sending = participant->sending;
  Batch *now = sending->batch, *next = participant->batch;
  Error ignored;
  bool same = next->size == now->size && next->width == now->width && next->one == now->one &&
              !memcmp(next->sql, now->sql, now->size);
  if (!sending->rows.open || !same || spill_rows(next->spill) <= (next->alone ? 1 : 0))
    return false;
  if (!execute_rows_pauses(sending->run, false) || driver_clock() - sending->began > STREAM_TIME ||
      (sending->kept && spill_bytes(sending->kept) > STREAM_BYTES))
    return false;
  if (!sending->kept && !(sending->kept = spill_new())) return false;
  SpillReader *reader = spill_reader_new(next->spill);
  if (!reader) return false;
  error_init(&ignored);
  sending->whole = spill_move(sending->kept, now->spill, &ignored) == SQLITE_OK;
  error_clear(&ignored);
  if (!sending->whole) {
    spill_reader_free(reader);
    return false;
  }
  spill_reader_free(sending->reader);
  sending->reader = reader;
  Spill *empty = now->spill;
  now->spill = next->spill;
  next->spill = empty;
  if (next->alone) spill_take_last(next->spill, now->spill);
  next->first += spill_rows(now->spill);
  execute_rows_resume(sending->run);
  return true;
}

bool sending_ended(const Sending *sending) {
  return !execute_rows_beside(sending->run) && !execute_rows_pauses(sending->run, false);
}

bool sending_takes_few(const Sending *sending) {
  return !execute_rows_beside(sending->run);
}

void sending_drop(Sending *sending) {
  Error ignored;
  error_init(&ignored);
  sending_close(sending, true);
  execute_rows_finish(sending->run, true, &ignored);
  error_clear(&ignored);
  sending_free(sending);
}

int sending_many(Remote *remote, Sending *sending, Error *error) {
  int64_t affected;
  int rc = execute_many(remote, sending->batch->sql, sending->batch->size, &sending->rows,
                        &affected, error);
  sending_free(sending);
  return rc;
}
