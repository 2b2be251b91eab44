/*
** batch.c: one statement for many rows, without waiting for each.
**
** Bind and Execute of the rows are written one after the other in pipeline mode; the answers are
** taken as they come, also while our own side of the socket is full, so that neither side can wait
** for the other for ever. What was sent and not yet answered is bounded, so memory is flat. One Sync
** stands at the end: until then the server skips everything after the first error, and the number of
** answers that were well tells which row it was.
*/
#include "postgresql.h"
#include <stdlib.h>
#include <string.h>

enum { FLUSH_EVERY = 64, AHEAD_MOST = 4096 };

typedef struct Batch {
  PgStatement *statement;
  int64_t each; /* rows that a run must change, 0 = any number */
  int64_t sent, answered, affected;
  bool parsing; /* the first answer is that of a Parse */
  bool failed;  /* `error` holds the first failure */
} Batch;

/* One result of the pipeline, or the NULL between two. */
static void batch_result(Batch *batch, PGresult *result, DriverError *error) {
  PgConnection *connection = batch->statement->connection;
  switch (PQresultStatus(result)) {
  case PGRES_TUPLES_OK:
  case PGRES_COMMAND_OK:
  case PGRES_EMPTY_QUERY:
    if (batch->parsing) {
      batch->parsing = false;
      break;
    }
    batch->answered++;
    batch->affected += pg_count(result);
    if (batch->each && pg_count(result) != batch->each && !batch->failed) {
      driver_missed(error, pg_count(result));
      error->row = batch->answered;
      batch->failed = true;
    }
    break;
  case PGRES_PIPELINE_SYNC: connection->syncs--; break;
  case PGRES_PIPELINE_ABORTED: break;
  default:
    if (!batch->failed) {
      pg_error(connection, result, error);
      error->row = batch->answered + 1;
    }
    batch->failed = true;
  }
  PQclear(result);
}

/* Takes the answers that are here already; true when there was one. */
static bool batch_answers(Batch *batch, DriverError *error) {
  PgConnection *connection = batch->statement->connection;
  bool any = false;
  while (!connection->base.broken && batch->answered < batch->sent && !batch->failed &&
         !PQisBusy(connection->link)) {
    PGresult *result = PQgetResult(connection->link);
    if (result != NULL)
      batch_result(batch, result, error);
    else if (PQstatus(connection->link) != CONNECTION_OK) {
      pg_error(connection, NULL, error);
      batch->failed = true;
    }
    any = true;
  }
  return any;
}

/* Sends and reads until the server is not more than `ahead` rows behind. */
static DriverStatus batch_keep_up(Batch *batch, int64_t ahead, DriverError *error) {
  PgConnection *connection = batch->statement->connection;
  for (;;) {
    while (batch_answers(batch, error))
      continue;
    if (batch->failed) return DRIVER_FAILED;
    if (batch->sent - batch->answered <= ahead) return DRIVER_OK;
    if (pg_pump(connection, error) != DRIVER_OK) {
      batch->failed = true;
      return DRIVER_FAILED;
    }
  }
}

static DriverStatus batch_send(Batch *batch, const Value *values, size_t count, PgEncoded *encoded,
                               DriverError *error) {
  PgStatement *statement = batch->statement;
  PGconn *link = statement->connection->link;
  if (count != statement->parameter_count) {
    return driver_error_set(error, FAILURE_REFUSED, "07001",
                            "the statement has %zu parameters, but the row has %zu values",
                            statement->parameter_count, count);
  }
  if (pg_encode(statement, values, count, encoded, error) != DRIVER_OK) return DRIVER_FAILED;
  if (!PQsendQueryPrepared(link, statement->name, (int)count, encoded->values, encoded->sizes,
                           encoded->formats, 0)) {
    return pg_error(statement->connection, NULL, error);
  }
  statement->connection->sync_owed = true;
  batch->sent++;
  if (batch->sent % FLUSH_EVERY != 0) return DRIVER_OK;
  /* The server keeps answers back until it is asked for them. */
  if (batch->sent % (AHEAD_MOST / 4) == 0 && !PQsendFlushRequest(link)) {
    return pg_error(statement->connection, NULL, error);
  }
  if (PQflush(link) == 1) return batch_keep_up(batch, AHEAD_MOST / 4, error);
  return batch_keep_up(batch, AHEAD_MOST, error);
}

/* Something else may have taken the unnamed statement since: then its text goes first. */
static bool batch_parse(Batch *batch) {
  PgStatement *statement = batch->statement;
  PgConnection *connection = statement->connection;
  Oid *types;
  if (*statement->name != 0 || (connection->unnamed == statement && !connection->pooled)) {
    return true;
  }
  if (!pg_statement_types(statement, &types)) return false;
  batch->parsing = PQsendPrepare(connection->link, "", statement->sql,
                                 (int)statement->parameter_count, types) != 0;
  connection->base.host->release(types);
  connection->sync_owed = true;
  connection->unnamed = NULL;
  return batch->parsing;
}

static DriverStatus batch_rows(Batch *batch, DriverRowSource *source, DriverError *error) {
  PgEncoded encoded;
  DriverStatus status = DRIVER_ROW;
  pg_encoded_init(&encoded, batch->statement->connection->base.host);
  while (status == DRIVER_ROW) {
    const Value *values;
    size_t count;
    status = source->take(source, &values, &count, error);
    if (status != DRIVER_ROW) break;
    if (batch_send(batch, values, count, &encoded, error) != DRIVER_OK) {
      status = DRIVER_FAILED;
      if (!batch->failed && error->row == 0) error->row = batch->sent + 1;
    }
  }
  pg_encoded_clear(&encoded);
  return status;
}

/* The rest of the answers and the way out of pipeline mode. */
static DriverStatus batch_end(Batch *batch, DriverError *error) {
  PgConnection *connection = batch->statement->connection;
  if (PQpipelineStatus(connection->link) == PQ_PIPELINE_OFF) return DRIVER_FAILED;
  if (connection->sync_owed && pg_sync(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  while (connection->syncs > 0 && !connection->base.broken) {
    DriverError later;
    PGresult *result;
    if (pg_take(connection, &result, batch->failed ? &later : error) != DRIVER_OK) {
      return DRIVER_FAILED;
    }
    if (result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
      PQclear(result); /* pg_take counted it */
    } else if (result != NULL) {
      batch_result(batch, result, error);
    } else if (PQstatus(connection->link) != CONNECTION_OK) {
      if (!batch->failed) pg_error(connection, NULL, error);
      return DRIVER_FAILED;
    }
  }
  if (!PQexitPipelineMode(connection->link)) pg_break(connection);
  return batch->failed ? DRIVER_FAILED : DRIVER_OK;
}

DriverStatus pg_execute_batch(DriverStatement *base, DriverRowSource *source, int64_t *affected,
                              DriverError *error) {
  PgStatement *statement = (PgStatement *)base;
  PgConnection *connection = statement->connection;
  Batch batch = {.statement = statement, .each = source->each};
  DriverError failure;
  memset(&failure, 0, sizeof(failure));
  if (pg_usable(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (statement->copy) {
    return driver_error_set(error, FAILURE_REFUSED, NULL, "COPY cannot be run for many rows");
  }
  if (pg_infer_plain(statement, error) != DRIVER_OK) return DRIVER_FAILED;
  connection->settings.unsettled |= statement->sets;
  connection->in_transaction = true;
  connection->looked = driver_clock();
  if (!PQenterPipelineMode(connection->link) || !batch_parse(&batch)) {
    return pg_error(connection, NULL, error);
  }
  DriverStatus status = batch_rows(&batch, source, &failure);
  bool sending_failed = status != DRIVER_DONE;
  batch.failed = batch.failed || sending_failed;
  status = connection->base.broken ? DRIVER_FAILED : batch_end(&batch, &failure);
  if (status != DRIVER_OK || sending_failed) {
    pg_doubt_types(statement, &failure);
    *error = failure;
    return DRIVER_FAILED;
  }
  *affected = batch.affected;
  return DRIVER_OK;
}
