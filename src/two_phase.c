/*
** two_phase.c: see two_phase.h.
*/
#include "two_phase.h"
#include "decision.h"
#include "driver_support.h"
#include "link_query.h"
#include "log.h"
#include <string.h>

#define HELD_WAIT                                                                                  \
  INT64_C(5000000)                /* microseconds: a server notices by then that a client is gone */
#define HELD_EVERY INT64_C(20000) /* between two looks */

static const DriverTwoPhase *texts_of(const Remote *remote) {
  return remote->dialect->two_phase;
}

static DriverStatus run_named(Link *link, const char *format, const char *gid,
                              DriverError *failure) {
  char text[GID_BYTES + 40];
  sqlite3_snprintf(sizeof text, text, format, gid);
  return link_run(link, text, failure);
}

/* ---------------------------------------------------------------- until PREPARE */

static bool wanted(const Remote *remote) {
  return texts_of(remote) && block_option_true(remote->block, "two_phase");
}

int two_phase_name(Participant *participant, Error *error) {
  Connector *connector = participant->remote->connector;
  Transaction *transaction = connector->transaction;
  char file[DECISION_FILE];
  if (!wanted(participant->remote)) return SQLITE_OK;
  if (decision_file(connector, file, error)) {
    if (error->code == SQLITE_NOMEM) return error->code;
    error_clear(error); /* reading can do without; two_phase_check says it again */
    return SQLITE_OK;
  }
  if (!*transaction->random) {
    int rc = decision_random(transaction->random, error);
    if (rc) return rc;
  }
  decision_gid(participant->gid, file, transaction->random, ++transaction->named);
  return SQLITE_OK;
}

static int server_ready(Participant *participant, Error *error) {
  Remote *remote = participant->remote;
  const char *sql = texts_of(remote)->ready;
  DriverError failure = {0};
  char reason[160];
  if (!sql || remote->can_prepare) return SQLITE_OK;
  if (participant->begun) return SQLITE_OK; /* not worth a failed transaction: PREPARE will tell */
  link_deadline(participant->link);
  if (link_query_text(participant->link, sql, reason, sizeof reason, &failure) != DRIVER_OK)
    return error_remote(error, &failure, remote->block->name, "two_phase", sql);
  if (*reason)
    return error_set(error, SQLITE_ERROR,
                     "connector '%s': the block has two_phase, and the server cannot prepare "
                     "transactions: %s; or take the option two_phase off the block",
                     remote->block->name, reason);
  remote->can_prepare = true;
  return SQLITE_OK;
}

int two_phase_check(Participant *participant, Error *error) {
  Remote *remote = participant->remote;
  char file[DECISION_FILE];
  if (!wanted(remote)) return SQLITE_OK;
  int rc = decision_file(remote->connector, file, error);
  if (!rc) rc = decision_durable(remote->connector, error);
  if (!rc && !*participant->gid) /* main was no file when the transaction began */
    rc = error_set(error, SQLITE_ERROR,
                   "two_phase cannot begin in the middle: ROLLBACK, then try again");
  if (rc) error_wrap(error, "connector '%s'", remote->block->name);
  return rc ? rc : server_ready(participant, error);
}

const char *two_phase_begin(Participant *participant, const char *begin) {
  if (!*participant->gid || !texts_of(participant->remote)->begin) return begin;
  sqlite3_snprintf(sizeof participant->begin, participant->begin,
                   texts_of(participant->remote)->begin, participant->gid);
  return participant->begin;
}

DriverStatus two_phase_unprepared(Participant *participant, bool commit, DriverError *failure) {
  const DriverDialect *dialect = participant->remote->dialect;
  const DriverTwoPhase *texts = dialect->two_phase;
  Link *link = participant->link;
  if (!*participant->gid || !texts->begin)
    return link_run(link, commit ? dialect->commit : dialect->rollback, failure);
  DriverStatus status = run_named(link, texts->end, participant->gid, failure);
  /* one that the server has given up (deadlock) says so here, and still waits for its ROLLBACK */
  if (status != DRIVER_OK && (commit || link->connection->broken)) return status;
  return run_named(link, commit ? texts->commit_unprepared : texts->rollback_unprepared,
                   participant->gid, failure);
}

/* ---------------------------------------------------------------- what is owed */

static void owed_add(Participant *participant, bool commit) {
  Transaction *transaction = participant->remote->connector->transaction;
  Owed *owed = sqlite3_malloc64(sizeof *owed);
  if (!owed) return; /* connector_recover will find it */
  memset(owed, 0, sizeof *owed);
  memcpy(owed->gid, participant->gid, sizeof owed->gid);
  owed->commit = commit;
  owed->remote = remote_retain(participant->remote);
  owed->next = transaction->owed;
  transaction->owed = owed;
}

static void owed_drop(Transaction *transaction, Owed *owed) {
  Owed **at = &transaction->owed;
  while (*at != owed)
    at = &(*at)->next;
  *at = owed->next;
  remote_release(owed->remote);
  sqlite3_free(owed);
}

static void finished_add(Transaction *transaction, const char *gid) {
  Finished *finished = sqlite3_malloc64(sizeof *finished);
  if (!finished) return; /* its row stays until connector_recover */
  memset(finished, 0, sizeof *finished);
  sqlite3_snprintf(sizeof finished->gid, finished->gid, "%s", gid);
  finished->next = transaction->finished;
  transaction->finished = finished;
}

void two_phase_free(Transaction *transaction) {
  while (transaction->owed)
    owed_drop(transaction, transaction->owed);
  while (transaction->finished) {
    Finished *next = transaction->finished->next;
    sqlite3_free(transaction->finished);
    transaction->finished = next;
  }
}

/* ---------------------------------------------------------------- the decision */

int two_phase_look(Participant *participant, Error *error) {
  const DriverTwoPhase *texts = texts_of(participant->remote);
  DriverError failure = {0};
  char number[32];
  if (!*participant->gid || !texts->wrote || !participant->begun || participant->wrote ||
      participant->state != PARTICIPANT_OPEN)
    return SQLITE_OK;
  link_deadline(participant->link);
  if (link_query_text(participant->link, texts->wrote, number, sizeof number, &failure) !=
      DRIVER_OK)
    return error_remote(error, &failure, participant->remote->block->name, "COMMIT", texts->wrote);
  participant->wrote = *number != 0;
  return participant->wrote ? two_phase_check(participant, error) : SQLITE_OK;
}

static int decide_one(const Participant *participant, Error *error) {
  Connector *connector = participant->remote->connector;
  const Block *block = participant->remote->block;
  bool found = true;
  char *server = block_url(block, true);
  int rc = server ? decision_write(connector, participant->gid, block->name, server, error)
                  : error_memory(error);
  sqlite3_free(server);
  if (!rc) rc = decision_find(connector, participant->gid, &found, NULL, 0, error);
  if (!rc && !found)
    rc = error_set(
        error, SQLITE_ERROR,
        "two_phase: the row was not written into main.connector_decision (a trigger or the "
        "authorizer is in the way)");
  return rc;
}

int two_phase_decide(Connector *connector, Error *error) {
  Transaction *transaction = connector->transaction;
  bool any = false;
  int rc = SQLITE_OK;
  for (Participant *each = transaction->participants; !rc && each; each = each->next) {
    if (!*each->gid || !each->wrote || each->state == PARTICIPANT_FAILED) continue;
    rc = any ? SQLITE_OK : decision_durable(connector, error);
    if (!rc) rc = decision_alone(connector, error);
    if (!rc) rc = decide_one(each, error);
    any = true;
  }
  for (Finished *each = transaction->finished; any && !rc && each; each = each->next) {
    rc = decision_forget(connector, each->gid, error);
    each->forgotten = true;
  }
  if (rc == SQLITE_BUSY) error_wrap(error, "nothing was done, COMMIT can be repeated");
  if (rc == SQLITE_BUSY_SNAPSHOT)
    error_wrap(
        error,
        "all was rolled back, the transaction can be repeated (BEGIN IMMEDIATE avoids this)");
  return rc;
}

void two_phase_undecided(Connector *connector) {
  for (Finished *each = connector->transaction->finished; each; each = each->next)
    each->forgotten = false;
}

void two_phase_decided(Connector *connector) {
  Finished **at = &connector->transaction->finished;
  while (*at) {
    Finished *each = *at;
    if (each->forgotten) {
      *at = each->next;
      sqlite3_free(each);
    } else {
      at = &each->next;
    }
  }
}

int two_phase_prepare(Participant *participant, Error *error) {
  const DriverTwoPhase *texts = texts_of(participant->remote);
  DriverError failure = {0};
  Link *link = participant->link;
  DriverStatus status = DRIVER_OK;
  link_deadline(link);
  if (texts->end) status = run_named(link, texts->end, participant->gid, &failure);
  if (status == DRIVER_OK) status = run_named(link, texts->prepare, participant->gid, &failure);
  if (status == DRIVER_OK) {
    participant->state = PARTICIPANT_PREPARED;
    return SQLITE_OK;
  }
  return error_remote(error, &failure, participant->remote->block->name, "PREPARE", NULL);
}

void two_phase_doubt(Participant *participant) {
  owed_add(participant, false);
}

/* ---------------------------------------------------------------- telling the server */

typedef struct Search {
  const char *gid;
  bool found;
} Search;

static bool search(void *context, const char *text) {
  Search *looking = context;
  looking->found = text && strcmp(text, looking->gid) == 0;
  return !looking->found;
}

/* Between link_cleanup_begin and end the deadline is theirs. */
static void tell_deadline(Link *link) {
  if (!link->remote->connector->uninterruptible) link_deadline(link);
}

/* After a refusal: gone, or held by a session that the server has not missed yet? */
static bool is_held(Link *link, const char *gid, const DriverError *failure) {
  const DriverTwoPhase *texts = texts_of(link->remote);
  DriverError ignored = {0};
  Search looking = {gid, false};
  if (texts->held && !strcmp(failure->sqlstate, texts->held)) return true;
  tell_deadline(link);
  return link_query(link, texts->list, texts->list_column, search, &looking, &ignored) !=
             DRIVER_OK ||
         looking.found;
}

int two_phase_tell(Link *link, const char *gid, bool commit, bool *absent, Error *error) {
  const DriverTwoPhase *texts = texts_of(link->remote);
  const char *format = commit ? texts->commit : texts->rollback;
  int64_t until = driver_clock() + HELD_WAIT;
  for (;;) {
    DriverError failure = {0};
    tell_deadline(link);
    *absent = false;
    if (run_named(link, format, gid, &failure) == DRIVER_OK) return SQLITE_OK;
    *absent = !strcmp(failure.sqlstate, texts->absent);
    bool held = texts->held && !strcmp(failure.sqlstate, texts->held);
    if (*absent && !is_held(link, gid, &failure)) return SQLITE_OK;
    Connector *connector = link->remote->connector;
    if ((!*absent && !held) || link->connection->broken || driver_clock() >= until ||
        connector_interrupted(connector))
      return error_remote(error, &failure, link->remote->block->name,
                          commit ? "COMMIT" : "ROLLBACK", NULL);
    driver_wait(&connector->host, -1, 0, driver_clock() + HELD_EVERY, NULL);
  }
}

/* SQLite does not hear of it any more: the logs and connector_error do. */
static void say_owed(Participant *participant, bool commit, Error *error) {
  Connector *connector = participant->remote->connector;
  error_wrap(
      error,
      "this transaction is %s here and still prepared on the server: it is told when the block is "
      "used next, or by connector_recover('%s')",
      commit ? "committed" : "rolled back", participant->remote->block->name);
  sqlite3_log(SQLITE_WARNING, "%s", error->message ? error->message : "out of memory");
  error_move(&connector->last_error, error);
}

/* A connector_recover in another process does it as decided; a person may have done otherwise. */
static void say_absent(Participant *participant) {
  Error error = {0};
  error_set(&error, SQLITE_WARNING,
            "connector '%s': the prepared transaction %s was ended by somebody else before it was "
            "told to "
            "commit: look whether its rows are there",
            participant->remote->block->name, participant->gid);
  sqlite3_log(SQLITE_WARNING, "%s", error.message ? error.message : "out of memory");
  error_move(&participant->remote->connector->last_error, &error);
  error_clear(&error);
}

void two_phase_finish(Participant *participant, bool commit) {
  Transaction *transaction = participant->remote->connector->transaction;
  Error error = {0};
  bool absent;
  link_cleanup_begin(participant->link);
  int rc = two_phase_tell(participant->link, participant->gid, commit, &absent, &error);
  link_cleanup_end(participant->link);
  if (!rc) {
    if (commit && absent) say_absent(participant);
    if (commit) finished_add(transaction, participant->gid);
    return;
  }
  owed_add(participant, commit);
  say_owed(participant, commit, &error);
  error_clear(&error);
}

/* A block that has been changed since may lead to another server, where nothing is known of it. */
static bool same_server(const Remote *a, const Remote *b) {
  if (a == b) return true;
  if (strcmp(a->block->name, b->block->name)) return false;
  char *of_a = block_url(a->block, true), *of_b = block_url(b->block, true);
  bool same = of_a && of_b && !strcmp(of_a, of_b);
  sqlite3_free(of_a);
  sqlite3_free(of_b);
  return same;
}

static Owed *owed_first(const Remote *remote) {
  Owed *owed = remote->connector->transaction->owed;
  while (owed && !same_server(owed->remote, remote))
    owed = owed->next;
  return owed;
}

int two_phase_settle(Remote *remote, Error *error) {
  Transaction *transaction = remote->connector->transaction;
  Link *link;
  bool absent;
  if (!owed_first(remote)) return SQLITE_OK;
  int rc = link_acquire(remote, false, &link, error);
  if (rc) return rc;
  for (Owed *owed; !rc && (owed = owed_first(remote));) {
    rc = two_phase_tell(link, owed->gid, owed->commit, &absent, error);
    if (rc && owed->commit) {
      error_wrap(
          error,
          "connector '%s': an earlier transaction is still prepared and waits for its COMMIT "
          "(connector_recover('%s') tells it too)",
          remote->block->name, remote->block->name);
      break;
    }
    if (!rc && owed->commit) finished_add(transaction, owed->gid);
    error_clear(error);
    owed_drop(transaction, owed); /* a ROLLBACK that was refused is left to connector_recover */
    rc = SQLITE_OK;
  }
  link_release(link);
  return rc;
}
