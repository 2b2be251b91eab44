/*
** batch_send.c: how the rows of a batch go (batch.h): by COPY, by one statement for many, or one after the other,
** and which way is tried next when one fails.
**
** A full batch goes beside SQLite: while the server works on it the next rows are collected. There is one such at
** most in a transaction, the Sending of its Participant; whatever is to be sent next waits for it first, and hears
** of its error.
**
** Where rows can go one by one (COPY, array binding) the next full batch is a continuation of the same call, as a
** COPY of all rows costs the server a fifth less than one for each 5,000. The thread that sends pauses when it has
** taken the last row, and the caller gives it the next ones. Those that went are kept in a file, to name the
** one at fault or to send them again. Such a call ends after STREAM_BYTES, so that this stays bearable, and after
** STREAM_TIME, so that a limit that the server has for statements is not met by a long one.
*/
#include "batch_state.h"
#include "driver_support.h"
#include "parameters_scan.h"
#include <string.h>

#define MANY_ROWS                                                                                  \
  50 /* fewer are not worth asking whether the table takes COPY, or one statement for all */
#define FEED_ROWS 1000 /* rows after which COPY goes on: less than the socket holds of them */
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

static void sending_free(Sending *sending) {
  spill_reader_free(sending->reader);
  spill_free(sending->kept);
  batch_free(sending->batch);
  sqlite3_free(sending);
}

/* Takes over the participant's batch, which is forgotten when there is no memory. */
static Sending *sending_new(Participant *participant) {
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
  if (!sending->rows.open) return;
  bool pauses = execute_rows_pauses(sending->run, drop);
  sending->rows.open = false;
  sending->rows.dropped = drop;
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

static int start(Remote *remote, Sending *sending, bool copy, Beside **beside, Error *error) {
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

/* `started`: what start() gave. */
static int finish(Sending *sending, int started, Error *error) {
  sending_close(sending, false);
  int rc = started ? started : execute_rows_finish(sending->run, false, error);
  sending->run = NULL;
  if (rc && error->remote.row > 0) name_row(sending, error->remote.row, error);
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

/* After it failed, rc: when it was by one statement for all nothing of it is kept, and the rows go one after the
** other, until the one that is at fault. The same after a COPY that failed at its end, where it looks at foreign
** keys and cannot tell the row. */
static int send_again(Remote *remote, Sending *sending, int rc, Error *error) {
  const Batch *batch = sending->batch;
  bool unnamed = batch->target && breaks_constraint(rc) && error->remote.row == 0;
  bool singly = sending->together && may_go_singly(error);
  if (!unnamed && !singly && !error->remote.stale) return rc;
  if (!sending_rows(sending)) return rc;
  Participant *participant = participant_find(remote);
  if (participant && singly) participant->statement_singly = true;
  error_clear(error);
  sending->together = sending->together && !singly;
  return finish(sending, start(remote, sending, !unnamed, NULL, error), error);
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

/* Waits for the end of what was started, and frees it. */
static int complete(Remote *remote, Sending *sending, int started, Error *error) {
  int rc = finish(sending, started, error);
  if (rc) rc = send_again(remote, sending, rc, error);
  if (sending->batch->ignores && breaks_constraint(rc))
    rc = send_others(remote, sending->batch, error);
  sending_free(sending);
  return rc;
}

/* What is on its way. When it failed, what was collected meanwhile is not sent any more. */
static int complete_last(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  Sending *sending = participant ? participant->sending : NULL;
  if (!sending) return SQLITE_OK;
  Batch *waiting = participant->batch;
  participant->sending = NULL;
  participant->batch = NULL; /* what is sent again must not send these first */
  int rc = complete(remote, sending, SQLITE_OK, error);
  participant = rc ? NULL : participant_find(remote);
  if (participant)
    participant->batch = waiting;
  else
    batch_free(waiting);
  return rc;
}

/* Rows that may be on their way, of which the server has not said yet whether it takes them, when `before` rows of
** the statement were sent. Inside BEGIN a failure that is told at the end of the statement ends the whole transaction,
** and SQLite drops its text: so there it is a small part of the statement. */
static int64_t most_unsure(const Remote *remote, int64_t before) {
  return sqlite3_get_autocommit(remote->connector->db) ? INT64_MAX : before / 16;
}

/* Gives the call that is on its way the participant's rows. False when it is not to go on: it has ended, these are
** rows of another statement, or it has gone on for long enough. */
static bool go_on(Remote *remote, Sending *sending) {
  Participant *participant = participant_find(remote);
  Batch *now = sending->batch, *next = participant->batch;
  Error ignored;
  bool same = next->size == now->size && next->width == now->width && next->one == now->one &&
              !memcmp(next->sql, now->sql, now->size);
  if (!sending->rows.open || !same || spill_rows(next->spill) <= (next->alone ? 1 : 0))
    return false;
  if (!execute_rows_pauses(sending->run, false) || driver_clock() - sending->began > STREAM_TIME ||
      (sending->kept && spill_bytes(sending->kept) > STREAM_BYTES) ||
      next->first + spill_rows(next->spill) - now->first > most_unsure(remote, now->first))
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

static int send_plain(Remote *remote, Participant *participant, Error *error) {
  Sending *sending = sending_new(participant);
  if (!sending) return error_memory(error);
  return complete(remote, sending, start(remote, sending, true, NULL, error), error);
}

/* No row waits for its key any more. */
static void settle_rowid(const Participant *participant, int64_t rowid) {
  sqlite3 *db = participant->remote->connector->db;
  if (sqlite3_last_insert_rowid(db) == participant->rowid_later)
    sqlite3_set_last_insert_rowid(db, rowid);
}

/* The one row of `last`. *key gets what the server makes of it. */
static int send_last(Remote *remote, const Batch *last, Value *key, Error *error) {
  RowChange change = {
      .sql = last->alone, .size = last->size_alone, .one = last->one, .makes_key = true};
  SpillReader *reader = spill_reader_new(last->spill);
  int64_t affected;
  int rc = reader ? spill_reader_next(reader, &change.values, &change.count, error)
                  : error_memory(error);
  if (rc == SQLITE_ROW) {
    rc = execute_row(remote, &change, &affected, key, error);
    if (rc && error->remote.failure == FAILURE_REMOTE)
      batch_name_row(last->first + 1, (const char *const *)last->key_names, last->key_places,
                     last->key_count, change.values, error);
    if (rc) error_suspect_change(error);
  }
  spill_reader_free(reader);
  return rc;
}

/* Rows whose keys the server makes: the last one goes alone. */
static int send_keyed(Remote *remote, Participant *participant, Error *error) {
  Batch *last = batch_following(participant->batch);
  Value key = {.type = VALUE_NULL};
  int rc = SQLITE_OK;
  if (!last) return send_plain(remote, participant, error);
  if (spill_rows(participant->batch->spill) > 0) {
    rc = send_plain(remote, participant, error);
  } else {
    batch_free(participant->batch);
    participant->batch = NULL;
  }
  if (!rc) rc = send_last(remote, last, &key, error);
  batch_free(last);
  participant = rc ? NULL : participant_find(remote);
  if (participant && key.type == VALUE_INTEGER) settle_rowid(participant, key.integer);
  return rc;
}

static int send_foreign(Remote *remote, Participant *participant, Error *error) {
  int64_t affected;
  Sending *sending = sending_new(participant);
  if (!sending) return error_memory(error);
  int rc = execute_many(remote, sending->batch->sql, sending->batch->size, &sending->rows,
                        &affected, error);
  sending_free(sending);
  return rc;
}

static int send_waiting(Remote *remote, Participant *participant, Error *error) {
  Batch *batch = participant->batch;
  if (spill_rows(batch->spill) == 0) { /* all went with the call before */
    batch_free(batch);
    participant->batch = NULL;
    return SQLITE_OK;
  }
  if (!batch->plain) return send_foreign(remote, participant, error);
  return batch->alone ? send_keyed(remote, participant, error)
                      : send_plain(remote, participant, error);
}

int batch_flush(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  if (!participant || (!participant->sending && !participant->batch)) return SQLITE_OK;
  if (participant->sending && participant->batch) go_on(remote, participant->sending);
  int rc = complete_last(remote, error);
  participant = rc ? NULL : participant_find(remote);
  if (participant && participant->batch) rc = send_waiting(remote, participant, error);
  participant = participant_find(remote);
  if (participant) settle_rowid(participant, participant->rowid_before);
  return rc;
}

/* Has it ended already? Then its error is told at once. */
static bool ended(const Sending *sending) {
  return !execute_rows_beside(sending->run) && !execute_rows_pauses(sending->run, false);
}

int batch_send(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  const Batch *batch = participant->batch;
  if (!batch->plain || !remote->dialect->waits_for_server ||
      most_unsure(remote, batch->first) < spill_rows(batch->spill))
    return batch_flush(remote, error);
  if (participant->sending && go_on(remote, participant->sending))
    return ended(participant->sending) ? complete_last(remote, error) : SQLITE_OK;
  int rc = complete_last(remote, error);
  if (rc) return rc;
  participant = participant_find(remote);
  Batch *next = participant->batch->alone ? batch_following(participant->batch) : NULL;
  Sending *sending = sending_new(participant);
  rc = sending ? start(remote, sending, true, &participant->beside, error) : error_memory(error);
  bool goes = !rc && !ended(sending);
  if (sending && !goes) rc = complete(remote, sending, rc, error);
  participant = participant_find(remote);
  if (rc || !participant) {
    batch_free(next);
    return rc;
  }
  if (goes) participant->sending = sending;
  participant->batch = next;
  return SQLITE_OK;
}

bool batch_is_full(const Participant *participant) {
  const Batch *batch = participant->batch;
  bool feeds = participant->sending && !execute_rows_beside(participant->sending->run);
  return spill_rows(batch->spill) >= (feeds ? FEED_ROWS : BATCH_ROWS) ||
         spill_bytes(batch->spill) >= BATCH_BYTES;
}

void batch_forget(Participant *participant) {
  Sending *sending = participant->sending;
  Error ignored;
  participant->sending = NULL;
  if (sending) {
    error_init(&ignored);
    sending_close(sending, true);
    execute_rows_finish(sending->run, true, &ignored);
    error_clear(&ignored);
    sending_free(sending);
  }
  batch_free(participant->batch);
  participant->batch = NULL;
  settle_rowid(participant, participant->rowid_before);
}
