/*
** send.c: what goes to the server when a statement runs.
**
** Alone, a statement is one plain round trip. With company it is a pipeline, still one round trip:
**
**   [SET SESSION … READ ONLY  Sync]   read_only() was called since
**   [DEALLOCATE …  Sync]…             names that nobody uses any more; errors do not matter
**   before…, [Parse], the statement, after, Sync
**
** There is no Sync between `before` and `after`, so a failure skips all that follows it. Behind a
** pooler there is no session to set: the statement's text goes with every run, and a read-only one
** is put inside a READ ONLY transaction. A COPY could stop in a state that pipeline mode cannot leave:
** its company goes in round trips of its own.
*/
#include "postgresql.h"
#include <stdio.h>
#include <string.h>

enum { DEALLOCATE_AT = 16, DEALLOCATE_MOST = 64 };

static const char *const set_read_only = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
static const char *const set_read_write = "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE";

/* What one run consists of. */
typedef struct Plan {
  bool own;         /* no transaction is open now */
  bool wrap;        /* BEGIN READ ONLY and COMMIT around it */
  bool name;        /* Parse under a name first */
  const char *mode; /* SET SESSION … or NULL */
  int dropped;      /* DEALLOCATEs */
  size_t before_count;
  const char *const *before;
  const char *after;
} Plan;

static Plan plan_make(PgStatement *statement, const DriverEnvelope *envelope) {
  PgConnection *connection = statement->connection;
  Plan plan = {.own = PQtransactionStatus(connection->link) == PQTRANS_IDLE};
  if (envelope != NULL) {
    plan.before = envelope->before;
    plan.before_count = envelope->before_count;
    plan.after = envelope->after;
  }
  if (plan.own && connection->pooled) {
    plan.wrap = connection->read_only && plan.before_count == 0 && plan.after == NULL;
  } else if (plan.own && (connection->read_only != connection->read_only_told ||
                          connection->settings.mode_unknown)) {
    plan.mode = connection->read_only ? set_read_only : set_read_write;
  }
  plan.name = statement->parsed && statement->seen && *statement->name == 0 &&
              !connection->pooled && !statement->copy;
  if (plan.own && !connection->pooled) {
    for (size_t i = 0; i < connection->forgotten.size; i++) {
      plan.dropped += connection->forgotten.data[i] == 0;
    }
    bool company = plan.mode != NULL || plan.name || plan.before_count > 0 || plan.after != NULL;
    if (plan.dropped < (company ? 1 : DEALLOCATE_AT)) plan.dropped = 0;
    if (plan.dropped > DEALLOCATE_MOST) plan.dropped = DEALLOCATE_MOST;
  }
  return plan;
}

const char *pg_begin_text(const PgConnection *connection, const char *text) {
  if (!connection->pooled || !connection->read_only) return text;
  if (strcmp(text, "BEGIN") == 0) return "BEGIN READ ONLY";
  if (strncmp(text, "BEGIN ISOLATION LEVEL REPEATABLE READ", 37) == 0) {
    return "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
  }
  return text;
}

bool pg_queue_text(PgConnection *connection, const char *text) {
  connection->sync_owed = true;
  connection->unnamed = NULL;
  return PQsendQueryParams(connection->link, pg_begin_text(connection, text), 0, NULL, NULL, NULL,
                           NULL, 0) != 0;
}

static bool queue_sync(PgConnection *connection) {
  DriverError ignored;
  return pg_sync(connection, &ignored) == DRIVER_OK;
}

static bool queue_deallocate(PgConnection *connection, int count) {
  const char *name = connection->forgotten.data;
  for (int i = 0; i < count; i++, name += strlen(name) + 1) {
    char text[64];
    snprintf(text, sizeof(text), "DEALLOCATE \"%s\"", name);
    if (!pg_queue_text(connection, text) || !queue_sync(connection)) return false;
  }
  if (count == 0) return true;
  size_t done = (size_t)(name - connection->forgotten.data);
  connection->forgotten.size -= done;
  memmove(connection->forgotten.data, name, connection->forgotten.size);
  return true;
}

bool pg_statement_types(PgStatement *statement, Oid **types) {
  PgConnection *connection = statement->connection;
  *types = NULL;
  if (statement->parameter_count == 0) return true;
  *types = connection->base.host->allocate(statement->parameter_count * sizeof(Oid));
  for (size_t i = 0; *types != NULL && i < statement->parameter_count; i++) {
    (*types)[i] = statement->parameters[i].actual;
  }
  return *types != NULL;
}

static bool queue_name(PgStatement *statement) {
  PgConnection *connection = statement->connection;
  Oid *types;
  if (!pg_statement_types(statement, &types)) return false;
  snprintf(statement->name, sizeof(statement->name), "c%llu",
           (unsigned long long)++connection->serial);
  bool done = PQsendPrepare(connection->link, statement->name, statement->sql,
                            (int)statement->parameter_count, types) != 0;
  connection->base.host->release(types);
  connection->sync_owed = true;
  if (connection->unnamed == statement) connection->unnamed = NULL;
  return done;
}

static bool queue_statement(PgStatement *statement, const PgEncoded *encoded) {
  PgConnection *connection = statement->connection;
  const char *const *values = encoded != NULL ? encoded->values : NULL;
  const int *sizes = encoded != NULL ? encoded->sizes : NULL;
  const int *formats = encoded != NULL ? encoded->formats : NULL;
  int count = (int)statement->parameter_count, binary = statement->binary;
  connection->sync_owed = PQpipelineStatus(connection->link) != PQ_PIPELINE_OFF;
  if (*statement->name != 0 || (connection->unnamed == statement && !connection->pooled)) {
    return PQsendQueryPrepared(connection->link, statement->name, count, values, sizes, formats,
                               binary) != 0;
  }
  Oid *types;
  if (!pg_statement_types(statement, &types)) return false;
  bool done = PQsendQueryParams(connection->link, statement->sql, count, types, values, sizes,
                                formats, binary) != 0;
  connection->base.host->release(types);
  connection->unnamed = statement->parsed ? statement : NULL;
  return done;
}

/* ---------------------------------------------------------------- the answers before its own */

DriverStatus pg_take_command(PgConnection *connection, PGresult **kept, DriverError *error) {
  bool failed = false;
  DriverError later;
  if (kept != NULL) *kept = NULL;
  for (;;) {
    PGresult *result;
    DriverStatus status = pg_take(connection, &result, error);
    bool lost =
        status == DRIVER_OK && result == NULL && PQstatus(connection->link) != CONNECTION_OK;
    if (lost && !failed) pg_error(connection, NULL, error);
    if (status == DRIVER_OK && result == NULL && !lost && !failed) return DRIVER_OK;
    if (result == NULL) {
      if (kept != NULL) PQclear(*kept);
      if (kept != NULL) *kept = NULL;
      return DRIVER_FAILED;
    }
    ExecStatusType kind = PQresultStatus(result);
    bool bad =
        kind == PGRES_FATAL_ERROR || kind == PGRES_BAD_RESPONSE || kind == PGRES_PIPELINE_ABORTED;
    if (bad) pg_error(connection, result, failed ? &later : error);
    failed = failed || bad;
    if (kept != NULL && *kept == NULL)
      *kept = result;
    else
      PQclear(result);
  }
}

static DriverStatus take_sync(PgConnection *connection, DriverError *error) {
  PGresult *result;
  int before = connection->syncs;
  if (pg_take(connection, &result, error) != DRIVER_OK) return DRIVER_FAILED;
  PQclear(result);
  return connection->syncs < before ? DRIVER_OK : pg_error(connection, NULL, error);
}

static void note_mode(PgConnection *connection, const Plan *plan) {
  connection->read_only_told = plan->mode == set_read_only;
  connection->settings.mode_unknown = false;
}

static DriverStatus take_company(PgStatement *statement, const Plan *plan, DriverError *error) {
  PgConnection *connection = statement->connection;
  DriverStatus status = DRIVER_OK;
  if (plan->mode != NULL) {
    status = pg_take_command(connection, NULL, error);
    if (status == DRIVER_OK) status = take_sync(connection, error);
    if (status == DRIVER_OK) note_mode(connection, plan);
  }
  for (int i = 0; i < plan->dropped && status == DRIVER_OK; i++) {
    status = pg_take_command(connection, NULL, error);
    if (status == DRIVER_OK || error->failure == FAILURE_REMOTE) {
      status = take_sync(connection, error); /* somebody else deallocated it */
    }
  }
  size_t count = plan->before_count + (plan->wrap ? 1 : 0) + (plan->name ? 1 : 0);
  for (size_t i = 0; i < count && status == DRIVER_OK; i++) {
    status = pg_take_command(connection, NULL, error);
  }
  return status;
}

/* ---------------------------------------------------------------- both together */

static DriverStatus send_piped(PgStatement *statement, const PgEncoded *encoded, const Plan *plan,
                               DriverError *error) {
  PgConnection *connection = statement->connection;
  bool queued = PQenterPipelineMode(connection->link) != 0;
  if (queued && plan->mode != NULL) {
    queued = pg_queue_text(connection, plan->mode) && queue_sync(connection);
  }
  queued = queued && queue_deallocate(connection, plan->dropped);
  if (queued && plan->wrap) queued = pg_queue_text(connection, "BEGIN READ ONLY");
  for (size_t i = 0; i < plan->before_count && queued; i++) {
    queued = pg_queue_text(connection, plan->before[i]);
  }
  if (queued && plan->name) queued = queue_name(statement);
  queued = queued && queue_statement(statement, encoded);
  if (queued && plan->wrap) queued = pg_queue_text(connection, "COMMIT");
  if (queued && plan->after != NULL) queued = pg_queue_text(connection, plan->after);
  queued = queued && queue_sync(connection);
  if (!queued) return pg_error(connection, NULL, error);
  if (take_company(statement, plan, error) == DRIVER_OK) return DRIVER_OK;
  if (plan->name) { /* nothing is known of it */
    *statement->name = 0;
    statement->stale = true;
  }
  if (!connection->base.broken) pg_settle(connection, NULL, NULL);
  return DRIVER_FAILED;
}

/* COPY: everything in its own round trip; `after` waits for the end (execute.c). */
static DriverStatus send_alone(PgStatement *statement, const PgEncoded *encoded, const Plan *plan,
                               DriverError *error) {
  PgConnection *connection = statement->connection;
  const DriverHost *host = connection->base.host;
  const char *after = plan->wrap ? "COMMIT" : plan->after;
  host->release(statement->after);
  statement->after = NULL;
  if (after != NULL) {
    size_t size = strlen(after) + 1;
    statement->after = host->allocate(size);
    if (statement->after == NULL) return driver_error_memory(error);
    memcpy(statement->after, after, size);
  }
  if (plan->mode != NULL) {
    if (pg_query(connection, plan->mode, 0, NULL, NULL, error) != DRIVER_OK) return DRIVER_FAILED;
    note_mode(connection, plan);
  }
  if (plan->wrap && pg_query(connection, "BEGIN READ ONLY", 0, NULL, NULL, error) != DRIVER_OK) {
    return DRIVER_FAILED;
  }
  for (size_t i = 0; i < plan->before_count; i++) {
    const char *text = pg_begin_text(connection, plan->before[i]);
    if (pg_query(connection, text, 0, NULL, NULL, error) != DRIVER_OK) return DRIVER_FAILED;
  }
  if (queue_statement(statement, encoded)) return DRIVER_OK;
  return pg_error(connection, NULL, error);
}

DriverStatus pg_send(PgStatement *statement, const PgEncoded *encoded,
                     const DriverEnvelope *envelope, DriverError *error) {
  PgConnection *connection = statement->connection;
  Plan plan = plan_make(statement, envelope);
  bool company = plan.mode != NULL || plan.dropped > 0 || plan.wrap || plan.name ||
                 plan.before_count > 0 || plan.after != NULL;
  connection->settings.unsettled |= statement->sets;
  statement->alone = plan.own;
  statement->wrapped = plan.wrap;
  connection->in_transaction = !plan.own || plan.before_count > 0 || plan.wrap;
  if (statement->copy) return send_alone(statement, encoded, &plan, error);
  if (company) return send_piped(statement, encoded, &plan, error);
  return queue_statement(statement, encoded) ? DRIVER_OK : pg_error(connection, NULL, error);
}
