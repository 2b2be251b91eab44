/*
** batch_send.c: when the rows of a batch go (batch.h), and what SQLite is told of them.
**
** A full batch goes beside SQLite: while the server works on it the next rows are collected. There is one such at
** most in a transaction, the Sending of its Participant; whatever is to be sent next waits for it first, and hears
** of its error.
*/
#include "sending.h"
#include <string.h>

/* What is on its way. When it failed, what was collected meanwhile is not sent any more. */
static int complete_last(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  Sending *sending = participant ? participant->sending : NULL;
  if (!sending) return SQLITE_OK;
  Batch *waiting = participant->batch;
  participant->sending = NULL;
  participant->batch = NULL; /* what is sent again must not send these first */
  int rc = sending_complete(remote, sending, SQLITE_OK, error);
  participant = rc ? NULL : participant_find(remote);
  if (participant)
    participant->batch = waiting;
  else
    batch_free(waiting);
  return rc;
}

static int send_plain(Remote *remote, Participant *participant, Error *error) {
  Sending *sending = sending_new(participant);
  if (!sending) return error_memory(error);
  return sending_complete(remote, sending, sending_start(remote, sending, true, false, error),
                          error);
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
  Sending *sending = sending_new(participant);
  return sending ? sending_many(remote, sending, error) : error_memory(error);
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

int batch_refused(const Participant *participant, Error *error) {
  return participant && participant->refused ? error_copy(error, participant->refused) : SQLITE_OK;
}

/* With batch = on rows are mostly of statements that have ended well, inside BEGIN: there it is told once, and then it is
** the user who goes on without them. */
static void refuse(Participant *participant, const Error *error) {
  if (!participant || participant->refused) return;
  if (batch_mode(participant->remote) == BATCH_ON &&
      !sqlite3_get_autocommit(participant->remote->connector->db))
    return;
  participant->refused = sqlite3_malloc64(sizeof *participant->refused);
  if (!participant->refused) {
    participant_fail(participant, "rows that were sent are missing");
    return;
  }
  memset(participant->refused, 0, sizeof *participant->refused);
  error_copy(participant->refused, error);
  participant->refused_depth = participant->remote->connector->transaction->depth;
}

static int flush(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  if (participant->sending && participant->batch) sending_go_on(participant);
  int rc = complete_last(remote, error);
  participant = rc ? NULL : participant_find(remote);
  if (participant && participant->batch) rc = send_waiting(remote, participant, error);
  return rc;
}

int batch_flush(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  int rc = batch_refused(participant, error);
  if (rc || !participant || (!participant->sending && !participant->batch)) return rc;
  rc = flush(remote, error);
  participant = participant_find(remote);
  if (rc) refuse(participant, error);
  if (participant) settle_rowid(participant, participant->rowid_before);
  return rc;
}

static int send_full(Remote *remote, Error *error) {
  Participant *participant = participant_find(remote);
  /* Inside BEGIN a failure that is told at the end of the statement ends the whole transaction, and SQLite drops its
  ** text: no more rows than must be are unsure there. */
  if (!participant->batch->plain || !remote->dialect->waits_for_server ||
      !sqlite3_get_autocommit(remote->connector->db))
    return batch_flush(remote, error);
  if (participant->sending && sending_go_on(participant))
    return sending_ended(participant->sending) ? complete_last(remote, error) : SQLITE_OK;
  int rc = complete_last(remote, error);
  if (rc) return rc;
  participant = participant_find(remote);
  Batch *next = participant->batch->alone ? batch_following(participant->batch) : NULL;
  Sending *sending = sending_new(participant);
  rc = sending ? sending_start(remote, sending, true, true, error) : error_memory(error);
  bool goes = !rc && !sending_ended(sending);
  if (sending && !goes) rc = sending_complete(remote, sending, rc, error);
  participant = participant_find(remote);
  if (rc || !participant) {
    batch_free(next);
    return rc;
  }
  if (goes) participant->sending = sending;
  participant->batch = next;
  return SQLITE_OK;
}

int batch_send(Remote *remote, Error *error) {
  int rc = send_full(remote, error);
  Participant *participant = participant_find(remote);
  if (rc) refuse(participant, error);
  if (participant && !participant->batch) settle_rowid(participant, participant->rowid_before);
  return rc;
}

bool batch_is_full(const Participant *participant) {
  const Batch *batch = participant->batch;
  bool feeds = participant->sending && sending_takes_few(participant->sending);
  return spill_rows(batch->spill) >= (feeds ? FEED_ROWS : BATCH_ROWS) ||
         spill_bytes(batch->spill) >= BATCH_BYTES;
}

void batch_forget(Participant *participant, int level) {
  Sending *sending = participant->sending;
  participant->sending = NULL;
  if (sending) sending_drop(sending);
  batch_free(participant->batch);
  participant->batch = NULL;
  settle_rowid(participant, participant->rowid_before);
  if (participant->refused && level < participant->refused_depth) {
    error_clear(participant->refused);
    sqlite3_free(participant->refused);
    participant->refused = NULL;
  }
}
