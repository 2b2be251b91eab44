/*
** commit.c: what SQLite's callbacks on the coordinator do with the participants (transaction.h).
**
** SQLite commits in this order: xSync of the coordinator, then its own files, then xCommit, whose errors it
** throws away. So all that can fail is done in xSync: first it is made sure that the local commit cannot
** meet a lock (local_lock.c), then the servers commit. Between that and xCommit a participant is COMMITTED.
** Blocks with two_phase only prepare there, and commit in xCommit (two_phase.h); they come first, so that a
** server that commits at once is the last to be asked.
**
** Error codes of xSync: plain SQLITE_BUSY only for the local lock, since SQLite then keeps the transaction
** and COMMIT can be repeated; a remote serialization failure is SQLITE_BUSY_SNAPSHOT, with which SQLite
** rolls everything back.
*/
#include "cursor.h"
#include "driver_support.h"
#include "local_lock.h"
#include "log.h"
#include "transaction_state.h"
#include "two_phase.h"
#include <string.h>
#include <time.h>

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

/* ROLLBACK of all that the server has of it, which is not prepared. Its session is dropped when that fails: the
** server then rolls back by itself. */
static void participant_undo(Participant *participant) {
  DriverError failure = {0};
  if (participant->link->connection->broken || !participant->begun) return;
  link_cleanup_begin(participant->link);
  if (two_phase_unprepared(participant, false, &failure) != DRIVER_OK)
    participant->link->connection->broken = true;
  link_cleanup_end(participant->link);
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

/* Is the transaction that is to be committed still there? */
static int check_open(Participant *participant, Error *error) {
  const Driver *driver = participant->remote->driver;
  if (driver->transaction(participant->link->connection) == TRANSACTION_OPEN) return SQLITE_OK;
  participant_fail(participant, "the server's transaction is no longer open");
  participant->may_stay = !participant->link->connection->broken;
  return error_set(error, SQLITE_ERROR, "connector '%s': %s; %s; the local part is rolled back",
                   participant->remote->block->name, participant->reason,
                   participant_fate(participant));
}

static int participant_commit(Participant *participant, Error *error) {
  DriverError failure = {0};
  int rc = check_open(participant, error);
  if (rc) return rc;
  link_deadline(participant->link);
  if (two_phase_unprepared(participant, true, &failure) != DRIVER_OK)
    return commit_failed(participant, &failure, error);
  participant->state = PARTICIPANT_COMMITTED;
  cursor_committed(participant->remote->connector, participant->remote->block->name);
  return SQLITE_OK;
}

static int participant_prepare(Participant *participant, Error *error) {
  int rc = check_open(participant, error);
  if (!rc) rc = two_phase_prepare(participant, error);
  if (!rc || participant->state == PARTICIPANT_FAILED) return rc;
  if (participant->link->connection->broken || error->remote.failure != FAILURE_REMOTE) {
    two_phase_doubt(participant);
    participant_fail(participant, "the answer to PREPARE was lost");
    error_wrap(error, "nothing is committed, neither there nor here");
  } else {
    participant_fail(participant, "the server refused to prepare");
  }
  if ((rc & 0xff) == SQLITE_BUSY) rc = error->code = SQLITE_BUSY_SNAPSHOT;
  return rc;
}

/* Rows that wait belong to the savepoint depth of now: they are sent before it changes. */
static int flush_all(Connector *connector, Error *error) {
  Participant *next;
  for (Participant *each = connector->transaction->participants; each; each = next) {
    next = each->next; /* a participant of which the server has nothing can be made anew */
    int rc = each->state == PARTICIPANT_OPEN ? batch_flush(each->remote, error) : SQLITE_OK;
    if (rc) return rc;
  }
  return SQLITE_OK;
}

/* May the servers be told to commit? *any: something was begun on one of them. */
static int sync_check(Connector *connector, bool *any, Error *error) {
  for (Participant *each = connector->transaction->participants; each; each = each->next) {
    if (each->state == PARTICIPANT_FAILED)
      return error_set(error, SQLITE_ERROR, "connector '%s': %s; %s; the local part is rolled back",
                       each->remote->block->name, each->reason, participant_fate(each));
    *any |= each->begun && each->state != PARTICIPANT_COMMITTED;
  }
  if (*any && connector_interrupted(connector))
    return error_set(error, SQLITE_INTERRUPT, "interrupted before COMMIT: nothing was committed");
  return SQLITE_OK;
}

/* The steps by which the servers are told. Those that only read come first: a SELECT may have called a function
** that wrote, and what the server says against that must be heard before a writer has committed. */
typedef enum CommitStep { STEP_READERS, STEP_PREPARE, STEP_WRITERS } CommitStep;

static CommitStep step_of(const Participant *participant) {
  if (!participant->wrote) return STEP_READERS;
  return *participant->gid ? STEP_PREPARE : STEP_WRITERS;
}

static int commit_all(Connector *connector, Error *error) {
  int rc = SQLITE_OK;
  for (CommitStep step = STEP_READERS; step <= STEP_WRITERS; step++) {
    Participant *each = connector->transaction->participants;
    for (; !rc && each; each = each->next) {
      if (!each->begun || each->state != PARTICIPANT_OPEN || step_of(each) != step) continue;
      rc =
          step == STEP_PREPARE ? participant_prepare(each, error) : participant_commit(each, error);
    }
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
  for (Participant *each = connector->transaction->participants; !rc && each; each = each->next)
    if ((rc = two_phase_look(each, error)) == SQLITE_BUSY) rc = SQLITE_BUSY_SNAPSHOT;
  if (!rc) rc = two_phase_decide(connector, error);
  if (!rc) rc = local_lock(connector, error);
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
  *transaction->random = 0;
  transaction->named = 0;
}

static void participant_rollback(Participant *participant) {
  Error ignored = {0};
  batch_forget(participant, -1);
  if (participant_quiet(participant, &ignored) != SQLITE_OK && participant->link->stream)
    participant->link->connection->broken = true;
  error_clear(&ignored);
  participant_undo(participant);
}

void transaction_commit(Connector *connector) {
  Participant *each = connector->transaction->participants;
  bool synced = false;
  two_phase_decided(connector);
  for (; each; each = each->next) {
    if (each->state != PARTICIPANT_PREPARED) continue;
    if (!synced) decision_sync(connector);
    synced = true;
    two_phase_finish(each, true);
  }
  cursor_committed(connector, NULL);
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
  RemoteAhead *ahead = sqlite3_malloc64(sizeof *ahead);
  if (!ahead) return;
  ahead->at = (int64_t)time(NULL);
  ahead->remote = remote_retain(participant->remote);
  ahead->next = connector->transaction->ahead;
  connector->transaction->ahead = ahead;
}

void transaction_rollback(Connector *connector) {
  Participant *each = connector->transaction->participants;
  two_phase_undecided(connector);
  for (; each; each = each->next) {
    if (each->state == PARTICIPANT_PREPARED)
      two_phase_finish(each, false);
    else if (each->state != PARTICIPANT_COMMITTED)
      participant_rollback(each);
    else if (each->wrote)
      remote_ahead(each);
  }
  cursor_undone(connector, NULL, -1); /* what a server has committed was told before */
  transaction_end(connector);
}

/* ---------------------------------------------------------------- savepoints */

/* Level and all inside it are closed in SQLite; the server hears of it with the next statement. */
static void levels_close(Connector *connector, int level) {
  Participant *each = connector->transaction->participants;
  connector->transaction->depth = level;
  cursor_released(connector, level);
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
  participant_undo(participant);
  participant->state = PARTICIPANT_OPEN;
  participant->begun = participant->wrote = participant->guard_open = participant->may_stay = false;
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
  cursor_undone(connector, NULL, level);
  for (; each; each = each->next) {
    batch_forget(each, level);
    if (each->state == PARTICIPANT_PREPARED) { /* after a COMMIT that was busy */
      two_phase_finish(each, false);
      participant_fail(each, "it was prepared before ROLLBACK TO");
    }
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

void transaction_ahead_free(Transaction *transaction) {
  while (transaction->ahead) {
    RemoteAhead *next = transaction->ahead->next;
    remote_release(transaction->ahead->remote);
    sqlite3_free(transaction->ahead);
    transaction->ahead = next;
  }
}

bool transaction_ahead(const Connector *connector, int index, const char **block, int64_t *at) {
  const RemoteAhead *each = connector->transaction->ahead;
  while (each && index-- > 0)
    each = each->next;
  if (!each) return false;
  *block = each->remote->block->name;
  *at = each->at;
  return true;
}

bool transaction_participant(const Connector *connector, int index, const char **block,
                             const char **state) {
  const Participant *each = connector->transaction->participants;
  while (each && index-- > 0)
    each = each->next;
  if (!each) return false;
  *block = each->remote->block->name;
  *state = each->state == PARTICIPANT_FAILED      ? "failed"
           : each->state == PARTICIPANT_PREPARED  ? "prepared"
           : each->state == PARTICIPANT_COMMITTED ? "committed"
           : each->wrote                          ? "wrote"
           : each->begun                          ? "open"
                                                  : "idle";
  return true;
}
