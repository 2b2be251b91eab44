/*
** transaction.c: the coordinator's state (transaction.h): who takes part in SQLite's transaction, and what
** each call is part of.
**
** How a call joins: a virtual table (ext/coordinator.c) is enlisted with SQLite by a DELETE … WHERE 0 on it.
** If it is still enlisted after that, SQLite has a transaction that this call is part of; if SQLite has
** committed it at once (an autocommit SELECT), the call is a transaction of its own.
**
** Savepoints are sent lazily: `depth` counts SQLite's open levels, Participant.sent those the server knows;
** before the next statement the missing ones are queued in front of it, before a read too, since a SELECT may
** call a function that writes. A RELEASE is queued as well (`release_to`), since nothing depends on it until
** the next statement. Where a failed statement spoils the whole transaction
** (dialect->error_ends_transaction) each call gets a savepoint of its own, `connector_call`.
*/
#include "cursor.h"
#include "log.h"
#include "not_undone.h"
#include "snapshot.h"
#include "transaction_state.h"
#include "two_phase.h"
#include <string.h>

#define CALL_SAVEPOINT "connector_call"

Transaction *transaction_new(void) {
  Transaction *transaction = sqlite3_malloc64(sizeof *transaction);
  if (transaction) memset(transaction, 0, sizeof *transaction);
  return transaction;
}

void transaction_free(Connector *connector) {
  if (!connector->transaction) return;
  transaction_rollback(connector);
  two_phase_free(connector->transaction);
  transaction_ahead_free(connector->transaction);
  sqlite3_free(connector->transaction);
  connector->transaction = NULL;
}

void transaction_set_enlister(Connector *connector, TransactionEnlister enlister) {
  connector->transaction->enlister = enlister;
}

bool transaction_several_writers(const Connector *connector) {
  return connector->transaction->several_writers;
}

void transaction_allow_several_writers(Connector *connector, bool allow) {
  connector->transaction->several_writers = allow;
}

Participant *participant_find(const Remote *remote) {
  Participant *participant = remote->connector->transaction->participants;
  while (participant && participant->remote != remote)
    participant = participant->next;
  return participant;
}

bool transaction_active(const Connector *connector) {
  return connector->transaction->active;
}

bool transaction_has(const Remote *remote) {
  return participant_find(remote) != NULL;
}

/* ---------------------------------------------------------------- texts for the envelope */

static void turn_text(Turn *turn, const char *format, const char *name) {
  sqlite3_snprintf(sizeof turn->text[0], turn->text[turn->before_count], format, name);
  turn->before[turn->before_count] = turn->text[turn->before_count];
  turn->before_count++;
}

void savepoint_name(int level, char name[24]) {
  sqlite3_snprintf(24, name, "connector_s%d", level);
}

/* What is queued so far has been done: the server knows `level` savepoints and owes no other state. */
static void participant_advance(Participant *participant, int level) {
  participant->begun = true;
  participant->guard_open = false;
  participant->release_to = -1;
  participant->sent = level;
}

static Participant *turn_participant(const Turn *turn) {
  Participant *participant = turn->joining == JOIN_ENLISTED ? participant_find(turn->remote) : NULL;
  return participant && participant->link == turn->link ? participant : NULL;
}

static int send_queued(Turn *turn, Error *error) {
  Participant *participant = turn_participant(turn);
  const Driver *driver = turn->remote->driver;
  for (size_t i = 0; i < turn->before_count; i++) {
    DriverError failure = {0};
    if (link_run(turn->link, turn->before[i], &failure) == DRIVER_OK) continue;
    if (participant &&
        (participant->begun || driver->transaction(turn->link->connection) != TRANSACTION_NONE))
      participant_fail(participant, "the transaction could not be continued");
    return error_remote(error, &failure, turn->remote->block->name, turn->before[i], NULL);
  }
  turn->before_count = 0;
  return SQLITE_OK;
}

int transaction_send(Turn *turn, Error *error) {
  turn->executed = true;
  int rc = send_queued(turn, error);
  if (!rc) transaction_answered(turn);
  return rc;
}

void transaction_answered(Turn *turn) {
  Participant *participant = turn_participant(turn);
  if (turn->answered) return;
  turn->answered = true;
  if (!participant) return;
  participant_advance(participant, turn->depth);
  participant->guard_open = turn->guarded;
}

void transaction_log(const Turn *turn) {
  Log *log = turn->remote->connector->log;
  for (size_t i = 0; i < turn->before_count; i++)
    log_end(log, log_begin(log, turn->remote->block->name, turn->link->number, turn->before[i]),
            NULL);
}

/* Queues what brings the server to SQLite's state: a late RELEASE, BEGIN, the missing savepoints, the call's
** own savepoint. */
static int turn_queue(Turn *turn, Participant *participant, Error *error) {
  const DriverDialect *dialect = turn->remote->dialect;
  Transaction *transaction = turn->remote->connector->transaction;
  char name[24];
  bool pipeline = dialect->error_ends_transaction;
  if (participant->guard_open) turn_text(turn, dialect->release, CALL_SAVEPOINT);
  if (participant->release_to >= 0) {
    savepoint_name(participant->release_to, name);
    turn_text(turn, dialect->release, name);
  }
  if (!participant->begun) {
    bool alone = sqlite3_get_autocommit(turn->remote->connector->db);
    turn->before[turn->before_count++] =
        two_phase_begin(participant, alone ? dialect->begin : dialect->begin_snapshot);
    participant->sent = 0;
  }
  turn->depth = transaction->depth;
  for (int level = participant->sent; level < turn->depth; level++) {
    if (turn->before_count >= TURN_TEXTS - 2) {
      int rc = send_queued(turn, error);
      if (rc) return rc;
      participant_advance(participant, level);
    }
    savepoint_name(level, name);
    turn_text(turn, dialect->savepoint, name);
  }
  turn->guarded = dialect->error_ends_transaction || turn->use == TURN_SEVERAL;
  if (turn->guarded) turn_text(turn, dialect->savepoint, CALL_SAVEPOINT);
  if (turn->guarded && turn->use == TURN_WRITE) {
    sqlite3_snprintf(sizeof participant->after, participant->after, dialect->release,
                     CALL_SAVEPOINT);
    turn->after = participant->after;
  }
  if (pipeline) return SQLITE_OK;
  /* where the protocol has no pipeline nothing is lost by sending now, and it is known how far it came */
  int rc = send_queued(turn, error);
  if (rc) return rc;
  transaction_answered(turn);
  turn->answered = false; /* that is for the statement itself */
  return SQLITE_OK;
}

/* ---------------------------------------------------------------- joining */

/* Enlists with SQLite; *enlisted tells whether there is a transaction to be part of. */
static int enlist(Connector *connector, bool writes, bool *enlisted, Error *error) {
  Transaction *transaction = connector->transaction;
  bool inside = !sqlite3_get_autocommit(connector->db);
  if (!transaction->active && (writes || inside)) {
    int rc = transaction->enlister ? transaction->enlister(connector, error)
                                   : error_set(error, SQLITE_ERROR, "no coordinator");
    if (rc && writes) return rc;
    error_clear(error);
  }
  *enlisted = transaction->active;
  if (inside && writes && !transaction->active)
    return error_set(error, SQLITE_ERROR,
                     "this transaction began before the extension could take part in it: COMMIT or "
                     "ROLLBACK, then try again");
  return SQLITE_OK;
}

/* A second server that writes cannot be committed together with the first, unless both can prepare. */
static int check_second_writer(const Remote *remote, Error *error) {
  const Transaction *transaction = remote->connector->transaction;
  bool prepares = block_option_true(remote->block, "two_phase");
  if (transaction->several_writers) return SQLITE_OK;
  for (Participant *other = transaction->participants; other; other = other->next)
    if (other->remote != remote && other->wrote && !(prepares && *other->gid))
      return error_set(
          error, SQLITE_ERROR,
          "connector '%s': this transaction already writes through '%s', and two servers "
          "cannot be committed as one unless both blocks have the option two_phase: COMMIT first, "
          "or "
          "accept that a failure can leave one of them behind with "
          "connector_config('several_writers', 'on')",
          remote->block->name, other->remote->block->name);
  return SQLITE_OK;
}

static int participant_new(Remote *remote, Participant **participant, Error *error) {
  Transaction *transaction = remote->connector->transaction;
  Participant *made = sqlite3_malloc64(sizeof *made);
  if (!made) return error_memory(error);
  memset(made, 0, sizeof *made);
  made->release_to = -1;
  made->rowid_later = INT64_MIN + 20061 + transaction->rowids++;
  /* our own read results must not keep the one session of a memory database */
  int rc = link_acquire(remote, false, &made->link, error);
  if (rc) {
    sqlite3_free(made);
    return rc;
  }
  made->link->in_transaction = true;
  made->remote = remote_retain(remote);
  rc = two_phase_name(made, error);
  if (rc) {
    link_release(made->link);
    remote_release(remote);
    sqlite3_free(made);
    return rc;
  }
  made->next = transaction->participants;
  transaction->participants = made;
  *participant = made;
  return SQLITE_OK;
}

void participant_drop(Transaction *transaction, Participant *participant) {
  Participant **at = &transaction->participants;
  batch_forget(participant, -1);
  beside_free(participant->remote->beside);
  participant->remote->beside = NULL;
  while (*at != participant)
    at = &(*at)->next;
  *at = participant->next;
  link_release(participant->link);
  snapshot_end(participant->remote);
  remote_release(participant->remote);
  sqlite3_free(participant);
}

void participant_fail(Participant *participant, const char *reason) {
  if (participant->state == PARTICIPANT_FAILED) return;
  participant->state = PARTICIPANT_FAILED;
  cursor_undone(participant->remote->connector, participant->remote->block->name, -1);
  sqlite3_snprintf(sizeof participant->reason, participant->reason, "%s", reason);
}

const char *participant_fate(const Participant *participant) {
  return participant->may_stay
             ? "what this transaction wrote before that may be committed there, look at the data"
             : "nothing of this transaction is kept on the server";
}

static int participant_usable(Participant *participant, bool writes, Error *error) {
  const char *block = participant->remote->block->name;
  if (participant->state == PARTICIPANT_FAILED)
    return error_set(error, SQLITE_ERROR, "connector '%s': %s; %s: ROLLBACK", block,
                     participant->reason, participant_fate(participant));
  if (participant->state != PARTICIPANT_OPEN && writes)
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': the server has already %s this transaction; COMMIT again "
                     "to commit the local part",
                     block, participant->state == PARTICIPANT_PREPARED ? "prepared" : "committed");
  return SQLITE_OK;
}

static int enter_enlisted(Turn *turn, Error *error) {
  Remote *remote = turn->remote;
  bool writes = turn->use != TURN_READ;
  Participant *participant = participant_find(remote);
  int rc = writes ? check_second_writer(remote, error) : SQLITE_OK;
  if (!rc && participant) rc = participant_usable(participant, writes, error);
  if (!rc && participant && !participant->begun && participant->link->connection->broken) {
    participant_drop(remote->connector->transaction, participant);
    participant = NULL;
  }
  if (!rc && !participant) rc = participant_new(remote, &participant, error);
  if (rc) return rc;
  if (writes && !participant->wrote) rc = two_phase_check(participant, error);
  if (rc) return rc;
  turn->joining = JOIN_ENLISTED;
  turn->link = participant->link;
  if (turn->link->stream) {
    rc = stream_displace(turn->link->stream, error);
    if (rc) return rc;
  }
  link_deadline(turn->link);
  return turn_queue(turn, participant, error);
}

static int enter_own(Turn *turn, Error *error) {
  turn->joining = turn->use == TURN_READ ? JOIN_NONE : JOIN_OWN;
  int rc = SQLITE_OK;
  turn->link = NULL;
  if (turn->use == TURN_READ && snapshot_wanted(turn->remote))
    rc = snapshot_acquire(turn->remote, &turn->link, error);
  turn->remote->reading = turn->remote->cursors > 0;
  if (!rc && !turn->link)
    rc = link_acquire(turn->remote, turn->use == TURN_READ, &turn->link, error);
  if (rc) return rc;
  if (turn->use == TURN_SEVERAL) turn->before[turn->before_count++] = turn->remote->dialect->begin;
  return SQLITE_OK;
}

/* Statements that end a transaction by themselves, or refuse to run in one. */
static int enter_bare(Turn *turn, Error *error) {
  Participant *participant = participant_find(turn->remote);
  if (!sqlite3_get_autocommit(turn->remote->connector->db) || (participant && participant->begun))
    return error_set(
        error, SQLITE_ERROR,
        "connector '%s': this statement cannot be part of a transaction on %s (it would "
        "commit by itself, or is refused there): run it outside BEGIN … COMMIT",
        turn->remote->block->name, turn->remote->driver->backend);
  return enter_own(turn, error);
}

int transaction_enter(Remote *remote, TurnUse use, Turn *turn, Error *error) {
  Connector *connector = remote->connector;
  bool writes = use != TURN_READ, enlisted = false;
  memset(turn, 0, offsetof(Turn, text));
  turn->use = use;
  turn->remote = remote;
  if (writes && block_option_true(remote->block, "readonly"))
    return error_set(error, SQLITE_READONLY,
                     "connector '%s': the block is readonly: nothing was sent",
                     remote->block->name);
  int rc = batch_flush(remote, error);
  if (!rc) rc = two_phase_settle(remote, error);
  if (!rc && writes && remote->dialect->write_waits_for_read) {
    Participant *participant = participant_find(remote);
    rc = remote_displace(remote, participant ? participant->link : NULL, error);
  }
  if (!rc && use == TURN_BARE) return enter_bare(turn, error);
  if (!rc) rc = enlist(connector, writes, &enlisted, error);
  if (rc) return rc;
  Participant *participant = participant_find(remote);
  bool inside = !sqlite3_get_autocommit(connector->db);
  bool after_commit =
      participant && !writes &&
      (participant->state == PARTICIPANT_COMMITTED || participant->state == PARTICIPANT_PREPARED);
  if (enlisted && (writes || inside || participant) && !after_commit)
    return enter_enlisted(turn, error);
  return enter_own(turn, error);
}

/* ---------------------------------------------------------------- leaving */

int outcome_unknown(const Remote *remote, const char *what, Error *error) {
  char *cause = sqlite3_mprintf("%s", error->message ? error->message : "");
  DriverError failure = error->remote;
  error_set(
      error, SQLITE_IOERR,
      "connector '%s': outcome unknown: the answer to %s was lost, so it may or may not have been "
      "done; look at the data before doing it again (%s)",
      remote->block->name, what, cause ? cause : "");
  sqlite3_free(cause);
  error->remote = failure;
  error->outcome_unknown = true;
  return error->code;
}

/* After a COMMIT that failed. A transaction that is still open was not committed. */
bool commit_in_doubt(const Link *link, const DriverError *failure) {
  TransactionState state = link->remote->driver->transaction(link->connection);
  return link->connection->broken ||
         (failure->failure != FAILURE_REMOTE && state == TRANSACTION_NONE);
}

static int leave_own(Turn *turn, int rc, Error *error) {
  Remote *remote = turn->remote;
  Link *link = turn->link;
  bool broken = link->connection->broken;
  if (turn->use == TURN_SEVERAL && turn->executed) {
    DriverError failure = {0};
    if (!rc) {
      link_deadline(link);
      if (link_run(link, remote->dialect->commit, &failure) != DRIVER_OK) {
        rc = error_remote(error, &failure, remote->block->name, "COMMIT", "COMMIT");
        if (commit_in_doubt(link, &failure)) rc = outcome_unknown(remote, "COMMIT", error);
      }
    }
    if (rc) {
      not_undone_forget(link);
      link_rollback(link);
      not_undone_tell(link, error);
    }
  } else if (rc && turn->use != TURN_READ && turn->executed && broken) {
    rc = outcome_unknown(remote, "the statement", error);
  }
  if (turn->use != TURN_READ) snapshot_end(remote);
  link_release(link);
  return rc;
}

/* After a failed call in SQLite's transaction: back to the call's own savepoint, or the whole is lost. */
static void leave_failed(Turn *turn, Participant *participant, TransactionState state,
                         const Error *error) {
  Link *link = turn->link;
  const DriverDialect *dialect = turn->remote->dialect;
  if (link->connection->broken) {
    participant_fail(participant, "the connection was lost in the middle of the transaction");
    return;
  }
  if (state == TRANSACTION_NONE) {
    if (participant->begun) participant_fail(participant, "the server ended the transaction");
    /* a deadlock rolls back; a procedure that failed may have said COMMIT before */
    participant->may_stay = participant->begun && strncmp(error->remote.sqlstate, "40", 2) != 0;
    return; /* else BEGIN did not come to pass: nothing is open */
  }
  if (!turn->guarded) return; /* the server undid the statement alone */
  DriverError failure = {0};
  char text[40];
  sqlite3_snprintf(sizeof text, text, dialect->rollback_to, CALL_SAVEPOINT);
  link_cleanup_begin(link);
  if (link_run(link, text, &failure) == DRIVER_OK)
    transaction_answered(turn);
  else
    participant_fail(participant, "the transaction could not be continued after an error");
  link_cleanup_end(link);
}

/* Did the call fail, or end, before anything of it went to the server? */
static bool nothing_sent(const Turn *turn, int rc, const Error *error) {
  DriverFailure failure = error->remote.failure;
  if (turn->answered) return false;
  return !turn->executed || (rc && (failure == FAILURE_UNFIT || failure == FAILURE_REFUSED));
}

static int leave_enlisted(Turn *turn, int rc, Error *error) {
  Participant *participant = turn_participant(turn);
  if (!participant) return rc; /* the transaction ended before its reader did */
  bool broken = turn->link->connection->broken;
  TransactionState state = turn->remote->driver->transaction(turn->link->connection);
  if (nothing_sent(turn, rc, error) &&
      (state == (participant->begun ? TRANSACTION_OPEN : TRANSACTION_NONE) ||
       (broken && !participant->begun)))
    return rc;
  if (rc || state == TRANSACTION_FAILED || broken) {
    not_undone_forget(turn->link);
    leave_failed(turn, participant, state, error);
    if (rc) not_undone_tell(turn->link, error);
    return rc;
  }
  if (turn->use == TURN_WRITE) participant->guard_open = false; /* `after` released it */
  if (turn->use == TURN_READ) return rc;
  participant->wrote = true;
  if (state != TRANSACTION_NONE) return rc;
  cursor_committed(turn->remote->connector, turn->remote->block->name);
  participant_fail(participant, "the server ended the transaction by itself");
  participant->may_stay = true;
  return error_set(error, SQLITE_ERROR,
                   "connector '%s': the statement ended the transaction on the server, which may "
                   "have committed what came before: ROLLBACK cannot undo that",
                   turn->remote->block->name);
}

int transaction_leave(Turn *turn, int failed, Error *error) {
  return turn->joining == JOIN_ENLISTED ? leave_enlisted(turn, failed, error)
                                        : leave_own(turn, failed, error);
}

int transaction_join(Remote *remote, Error *error) {
  Turn turn;
  if (participant_find(remote)) return SQLITE_OK;
  int rc = transaction_enter(remote, TURN_WRITE, &turn, error);
  return rc ? rc : transaction_leave(&turn, SQLITE_OK, error);
}
