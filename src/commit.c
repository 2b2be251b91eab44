/*
** commit.c: what SQLite's callbacks on the coordinator do with the participants (transaction.h).
**
** SQLite commits in this order: xSync of the coordinator, then its own files, then xCommit, whose errors it
** throws away. So all that can fail is done in xSync: first it is made sure that the local commit cannot
** meet a lock (local_lock.c), then the servers commit. Between that and xCommit a participant is COMMITTED.
**
** Error codes of xSync: plain SQLITE_BUSY only for the local lock, since SQLite then keeps the transaction
** and COMMIT can be repeated; a remote serialization failure is SQLITE_BUSY_SNAPSHOT, with which SQLite
** rolls everything back.
*/
#include "driver_support.h"
#include "local_lock.h"
#include "log.h"
#include "transaction_state.h"
#include <string.h>

void transaction_begin(Connector *connector) {
  connector->transaction->active = true;
  connector->transaction->depth = 0;
}

/* A result that is still being read from the transaction's connection outlives the transaction: the rest
** of its rows is moved aside. */
static int participant_quiet(Participant *participant, Error *error) {
  return participant->link->stream ? stream_displace(participant->link->stream, error) : SQLITE_OK;
}

static int participant_text(Participant *participant, const char *text, DriverError *failure) {
  link_cleanup_begin(participant->link);
  DriverStatus status = link_run(participant->link, text, failure);
  link_cleanup_end(participant->link);
  return status == DRIVER_OK ? SQLITE_OK : SQLITE_ERROR;
}

/* ---------------------------------------------------------------- commit */

static int commit_failed(Participant *participant, const DriverError *failure, Error *error) {
  const char *block = participant->remote->block->name;
  int rc = error_remote(error, failure, block, "COMMIT", "COMMIT");
  if (participant->wrote && commit_in_doubt(participant->link, failure)) {
    participant_fail(participant, "the answer to COMMIT was lost");
    return outcome_unknown(participant->remote, "COMMIT", error);
  }
  participant_fail(participant, "the server refused to commit");
  if ((rc & 0xff) == SQLITE_BUSY) rc = error->code = SQLITE_BUSY_SNAPSHOT;
  return rc;
}

static int participant_commit(Participant *participant, Error *error) {
  const Driver *driver = participant->remote->driver;
  const char *block = participant->remote->block->name;
  DriverError failure = {0};
  if (driver->transaction(participant->link->connection) != TRANSACTION_OPEN) {
    participant_fail(participant, "its transaction is no longer open");
    return error_set(
        error, SQLITE_ERROR,
        "connector '%s': the server's transaction is no longer open, nothing of it was "
        "kept there; the local part is rolled back too",
        block);
  }
  link_deadline(participant->link);
  if (link_run(participant->link, participant->remote->dialect->commit, &failure) != DRIVER_OK)
    return commit_failed(participant, &failure, error);
  participant->state = PARTICIPANT_COMMITTED;
  return SQLITE_OK;
}

/* Rows that wait belong to the savepoint depth of now: they are sent before it changes. */
static int flush_all(Connector *connector, Error *error) {
  for (Participant *each = connector->transaction->participants; each; each = each->next) {
    int rc = each->state == PARTICIPANT_OPEN ? batch_flush(each->remote, error) : SQLITE_OK;
    if (rc) return rc;
  }
  return SQLITE_OK;
}

/* May the servers be told to commit? *any: something was begun on one of them. */
static int sync_check(Connector *connector, bool *any, Error *error) {
  for (Participant *each = connector->transaction->participants; each; each = each->next) {
    if (each->state == PARTICIPANT_FAILED)
      return error_set(error, SQLITE_ERROR,
                       "connector '%s': %s; nothing of this transaction is kept on the server, the "
                       "local part is rolled back too",
                       each->remote->block->name, each->reason);
    *any |= each->begun && each->state == PARTICIPANT_OPEN;
  }
  if (*any && connector_interrupted(connector))
    return error_set(error, SQLITE_INTERRUPT, "interrupted before COMMIT: nothing was committed");
  return SQLITE_OK;
}

/* Those that only read come first: a SELECT may have called a function that wrote, and what the server says
** against that must be heard before a writer has committed. */
static int commit_all(Connector *connector, Error *error) {
  int rc = SQLITE_OK;
  for (int writers = 0; writers <= 1; writers++) {
    Participant *each = connector->transaction->participants;
    for (; !rc && each; each = each->next)
      if (each->begun && each->wrote == writers && each->state == PARTICIPANT_OPEN)
        rc = participant_commit(each, error);
  }
  return rc;
}

int transaction_sync(Connector *connector, Error *error) {
  bool any = false;
  int rc = flush_all(connector, error);
  if (rc) return rc == SQLITE_BUSY ? SQLITE_BUSY_SNAPSHOT : rc;
  rc = sync_check(connector, &any, error);
  if (rc || !any) return rc;
  for (Participant *each = connector->transaction->participants; each; each = each->next) {
    rc = participant_quiet(each, error);
    if (rc) return rc == SQLITE_BUSY ? SQLITE_BUSY_SNAPSHOT : rc;
  }
  rc = local_lock(connector, error);
  /* SQLite rolls back when memory ran out in one of our statements on it; this tells without allocating */
  if (!rc && sqlite3_exec(connector->db, "", NULL, NULL, NULL) == SQLITE_NOMEM)
    rc = error_memory(error);
  return rc ? rc : commit_all(connector, error);
}

static void transaction_end(Connector *connector) {
  Transaction *transaction = connector->transaction;
  while (transaction->participants)
    participant_drop(transaction, transaction->participants);
  transaction->active = false;
  transaction->depth = 0;
}

/* Its session is dropped when the ROLLBACK fails: the server then rolls back by itself. */
static void participant_rollback(Participant *participant) {
  const char *text = participant->remote->dialect->rollback;
  Error ignored = {0};
  DriverError failure = {0};
  if (participant_quiet(participant, &ignored) != SQLITE_OK && participant->link->stream)
    participant->link->connection->broken = true;
  error_clear(&ignored);
  if (participant->link->connection->broken || !participant->begun) return;
  if (participant_text(participant, text, &failure) != SQLITE_OK)
    participant->link->connection->broken = true;
}

void transaction_commit(Connector *connector) {
  transaction_end(connector);
}

/* The server has committed and SQLite rolls back: nothing can undo that, so it is said loudly. */
static void remote_ahead(Participant *participant) {
  const char *block = participant->remote->block->name;
  Connector *connector = participant->remote->connector;
  DriverError failure = {0};
  driver_error_set(
      &failure, FAILURE_REFUSED, NULL,
      "remote ahead: the server has committed this transaction, the local database has "
      "rolled it back");
  log_end(connector->log,
          log_begin(connector->log, block, participant->link->number, "COMMIT (remote ahead)"),
          &failure);
  sqlite3_log(SQLITE_WARNING, "connector '%s': %s", block, failure.message);
  error_remote(&connector->last_error, &failure, block, "COMMIT", "COMMIT");
}

void transaction_rollback(Connector *connector) {
  Participant *each = connector->transaction->participants;
  for (; each; each = each->next) {
    if (each->state != PARTICIPANT_COMMITTED)
      participant_rollback(each);
    else if (each->wrote)
      remote_ahead(each);
  }
  transaction_end(connector);
}

/* ---------------------------------------------------------------- savepoints */

/* Level and all inside it are closed in SQLite; the server hears of it with the next statement. */
static void levels_close(Connector *connector, int level) {
  Participant *each = connector->transaction->participants;
  connector->transaction->depth = level;
  for (; each; each = each->next) {
    if (each->sent <= level) continue;
    each->sent = level;
    if (each->release_to < 0 || each->release_to > level) each->release_to = level;
    each->guard_open = false; /* goes with the level's RELEASE */
  }
}

int transaction_savepoint(Connector *connector, int level, Error *error) {
  int rc = flush_all(connector, error);
  if (rc) return rc; /* SQLite does not open it */
  /* statements that run in turns (RETURNING) are not always closed in order: what is still open at this
  ** level is an older savepoint */
  levels_close(connector, level);
  connector->transaction->depth = level + 1;
  return SQLITE_OK;
}

int transaction_release(Connector *connector, int level, Error *error) {
  int rc = flush_all(connector, error);
  levels_close(connector, level);
  return rc;
}

/* Back to the start of a transaction that SAVEPOINT began: the next statement begins anew. */
static void rollback_whole(Participant *participant) {
  DriverError failure = {0};
  bool alive = !participant->link->connection->broken;
  if (alive && participant->begun &&
      participant_text(participant, participant->remote->dialect->rollback, &failure) != SQLITE_OK)
    participant->link->connection->broken = true;
  participant->state = PARTICIPANT_OPEN;
  participant->begun = participant->wrote = participant->guard_open = false;
  participant->sent = 0;
  participant->release_to = -1;
}

static int rollback_level(Participant *participant, int level, Error *error) {
  char name[24], text[64];
  DriverError failure = {0};
  savepoint_name(level, name);
  sqlite3_snprintf(sizeof text, text, participant->remote->dialect->rollback_to, name);
  participant->guard_open = false;
  if (participant->release_to > level) participant->release_to = -1;
  participant->sent = level + 1;
  if (participant_text(participant, text, &failure) == SQLITE_OK) return SQLITE_OK;
  participant_fail(participant, "ROLLBACK TO failed on the server");
  return error_remote(error, &failure, participant->remote->block->name, text, text);
}

int transaction_rollback_to(Connector *connector, int level, Error *error) {
  int result = SQLITE_OK;
  Participant *each = connector->transaction->participants;
  connector->transaction->depth = level + 1;
  for (; each; each = each->next) {
    batch_free(each->batch);
    each->batch = NULL;
    if (each->state == PARTICIPANT_COMMITTED || (level >= 0 && each->state == PARTICIPANT_FAILED))
      continue;
    int rc = participant_quiet(each, error);
    if (level < 0)
      rollback_whole(each);
    else if (each->sent > level)
      rc = rollback_level(each, level, error);
    if (rc && !result) result = rc;
  }
  return result;
}

bool transaction_participant(const Connector *connector, int index, const char **block,
                             const char **state) {
  const Participant *each = connector->transaction->participants;
  while (each && index-- > 0)
    each = each->next;
  if (!each) return false;
  *block = each->remote->block->name;
  *state = each->state == PARTICIPANT_FAILED      ? "failed"
           : each->state == PARTICIPANT_COMMITTED ? "committed"
           : each->wrote                          ? "wrote"
           : each->begun                          ? "open"
                                                  : "idle";
  return true;
}
