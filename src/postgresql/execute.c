/*
** execute.c: runs a statement and gives its rows out as they arrive.
**
**   execute()  sends (send.c) and takes the first result: so a failure of the statement shows here,
**              and a plan that went stale is parsed again while nothing was given out
**   next()     the following ones, row by row (a few together with libpq 17)
**   finish()   stops what is not at its end
**
** "End" is only what the server called complete; every other way out is an error.
*/
#include "postgresql.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHORT_REST 5000 /* microseconds: a rest that comes in this time is read, not cancelled */

enum { ROWS_TOGETHER = 64 };

int64_t pg_count(PGresult *result) {
  static const char *const counted[] = {"INSERT ", "UPDATE ", "DELETE ", "MERGE ", "COPY "};
  const char *tag = PQcmdStatus(result), *count = PQcmdTuples(result);
  for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++) {
    if (strncmp(tag, counted[i], strlen(counted[i])) == 0) return strtoll(count, NULL, 10);
  }
  return 0;
}

/* The run is over, well or not. */
static void run_end(PgStatement *statement) {
  PgConnection *connection = statement->connection;
  const DriverHost *host = connection->base.host;
  PQclear(statement->result);
  statement->result = NULL;
  statement->row = statement->rows = 0;
  statement->active = statement->first = false;
  host->release(statement->after);
  statement->after = NULL;
  if (connection->running == statement) connection->running = NULL;
  connection->flowing = false;
}

/* A failure that left the session in the middle of results. */
static DriverStatus run_failed(PgStatement *statement) {
  PgConnection *connection = statement->connection;
  /* pg_stop has drained already when it was the clock or the user */
  bool busy = PQtransactionStatus(connection->link) == PQTRANS_ACTIVE ||
              PQpipelineStatus(connection->link) != PQ_PIPELINE_OFF;
  if (!connection->base.broken && busy) pg_settle(connection, NULL, NULL);
  if (statement->wrapped && PQtransactionStatus(connection->link) == PQTRANS_INERROR) {
    DriverError ignored;
    pg_query(connection, "ROLLBACK", 0, NULL, NULL, &ignored);
  }
  run_end(statement);
  return DRIVER_FAILED;
}

/* DISCARD ALL and DEALLOCATE ALL: the server has forgotten the statements that are kept here. */
static void forget_all(PgConnection *connection) {
  StatementCache *empty = pg_cache_new(connection->base.host);
  if (empty == NULL) return; /* each is parsed again when the server misses it */
  statement_cache_free(connection->cache);
  connection->cache = empty;
  buffer_reset(&connection->forgotten);
}

/* After the statement's last result: its end, `after`, and Sync. */
static DriverStatus run_complete(PgStatement *statement, DriverError *error) {
  PgConnection *connection = statement->connection;
  int64_t count = pg_count(statement->result);
  const char *tag = PQcmdStatus(statement->result);
  bool gone = strcmp(tag, "DISCARD ALL") == 0 || strcmp(tag, "DEALLOCATE ALL") == 0;
  if (count > 0) statement->affected = count; /* else the last rows had the tag, see take_result */
  if (pg_settle(connection, NULL, error) != DRIVER_OK) return run_failed(statement);
  if (statement->after != NULL &&
      pg_query(connection, statement->after, 0, NULL, NULL, error) != DRIVER_OK) {
    return run_failed(statement);
  }
  run_end(statement);
  if (gone) forget_all(connection);
  return DRIVER_DONE;
}

static DriverStatus copy_refused(PgStatement *statement, bool in, DriverError *error) {
  DriverError ignored;
  PgConnection *connection = statement->connection;
  if (pg_settle(connection, NULL, &ignored) != DRIVER_OK && ignored.failure != FAILURE_REMOTE) {
    *error = ignored;
    return run_failed(statement);
  }
  run_failed(statement);
  driver_error_set(error, FAILURE_REFUSED, "0A000", "COPY %s is not possible here",
                   in ? "FROM STDIN" : "TO STDOUT");
  const char *hint = in ? "use INSERT with parameters (connector_execute_many)"
                        : "use a SELECT, or COPY (…) TO a file of the server";
  driver_text(error->hint, sizeof(error->hint), hint, strlen(hint));
  return DRIVER_FAILED;
}

/* What was described may be out of date when a text is parsed again with its run. */
static DriverStatus check_columns(PgStatement *statement, DriverError *error) {
  PGresult *result = statement->result;
  size_t count = (size_t)PQnfields(result);
  bool same = count == statement->column_count;
  for (size_t i = 0; same && i < count; i++) {
    same = PQftype(result, (int)i) == PQftype(statement->description, (int)i) &&
           PQfformat(result, (int)i) == (statement->binary ? 1 : 0);
  }
  if (same) return DRIVER_OK;
  statement->stale = true;
  pg_stop(statement->connection);
  run_failed(statement);
  return driver_error_set(error, FAILURE_REMOTE, "0A000",
                          "the columns of the result changed since the statement was prepared");
}

/* Takes the next result and says what it is: DRIVER_ROW, DRIVER_DONE (the last one), or failed. */
static DriverStatus take_result(PgStatement *statement, DriverError *error) {
  PgConnection *connection = statement->connection;
  PQclear(statement->result);
  statement->row = statement->rows = 0;
  if (pg_take(connection, &statement->result, error) != DRIVER_OK) return run_failed(statement);
  if (statement->result == NULL) {
    pg_error(connection, NULL, error);
    return run_failed(statement);
  }
  ExecStatusType kind = PQresultStatus(statement->result);
  switch (kind) {
  case PGRES_SINGLE_TUPLE:
#ifdef LIBPQ_HAS_CHUNK_MODE
  case PGRES_TUPLES_CHUNK:
#endif
    statement->rows = PQntuples(statement->result);
    connection->flowing = true;
    if (*PQcmdStatus(statement->result) != 0) statement->affected = pg_count(statement->result);
    return DRIVER_ROW;
  case PGRES_TUPLES_OK: /* with rows: when single-row mode could not be had */
    statement->rows = PQntuples(statement->result);
    return statement->rows > 0 ? DRIVER_ROW : DRIVER_DONE;
  case PGRES_COMMAND_OK:
  case PGRES_EMPTY_QUERY: return DRIVER_DONE;
  case PGRES_COPY_IN:
  case PGRES_COPY_OUT:
  case PGRES_COPY_BOTH: {
    if (kind == PGRES_COPY_OUT)
      pg_stop_answered(connection);
    else
      PQputCopyEnd(connection->link, "COPY FROM STDIN is not possible here");
    return copy_refused(statement, kind != PGRES_COPY_OUT, error);
  }
  default: pg_error(connection, statement->result, error); return run_failed(statement);
  }
}

/* Sends and stands before the first result. */
static DriverStatus run_start(PgStatement *statement, const PgEncoded *encoded,
                              const DriverEnvelope *envelope, DriverError *error) {
  PgConnection *connection = statement->connection;
  connection->running = statement;
  connection->looked = driver_clock();
  statement->affected = 0;
  statement->active = true;
  pg_arena_reset(&statement->arena);
  if (pg_send(statement, encoded, envelope, error) != DRIVER_OK) return run_failed(statement);
#ifdef LIBPQ_HAS_CHUNK_MODE
  PQsetChunkedRowsMode(connection->link, ROWS_TOGETHER);
#else
  PQsetSingleRowMode(connection->link);
#endif
  DriverStatus status = take_result(statement, error);
  if (status == DRIVER_FAILED) return status;
  if (PQnfields(statement->result) > 0 || statement->column_count > 0) {
    if (statement->description != NULL && check_columns(statement, error) != DRIVER_OK) {
      return DRIVER_FAILED;
    }
  }
  statement->first = true;
  statement->row = -1;
  return DRIVER_OK;
}

/* May a failed run be tried once more with a new Parse? Only when the session is as it was before.
 */
static bool run_again(PgStatement *statement, const DriverError *error) {
  PgConnection *connection = statement->connection;
  bool gone = strcmp(error->sqlstate, "26000") == 0;
  bool changed = strcmp(error->sqlstate, "0A000") == 0;
  if (error->failure != FAILURE_REMOTE || !statement->parsed || (!gone && !changed)) return false;
  statement->stale = true;
  if (connection->base.broken || !statement->alone) return false;
  if (PQtransactionStatus(connection->link) != PQTRANS_INERROR) return true;
  DriverError ignored; /* the BEGIN was in `before`: nothing had happened in it yet */
  return pg_query(connection, "ROLLBACK", 0, NULL, NULL, &ignored) == DRIVER_OK;
}

void pg_doubt_types(PgStatement *statement, DriverError *error) {
  if (error->failure != FAILURE_UNFIT && strcmp(error->sqlstate, "22P02") != 0 &&
      strcmp(error->sqlstate, "42804") != 0)
    return;
  statement->stale = true;
  error->stale = statement->reused;
}

DriverStatus pg_execute(DriverStatement *base, const Value *values, size_t count,
                        const DriverEnvelope *envelope, DriverError *error) {
  PgStatement *statement = (PgStatement *)base;
  PgConnection *connection = statement->connection;
  PgEncoded encoded;
  if (pg_usable(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (pg_infer(statement, values, count, error) != DRIVER_OK) return DRIVER_FAILED;
  pg_encoded_init(&encoded, connection->base.host);
  DriverStatus status = pg_encode(statement, values, count, &encoded, error);
  if (status == DRIVER_OK)
    status = run_start(statement, &encoded, envelope, error);
  else
    status = DRIVER_FAILED;
  if (status != DRIVER_OK && run_again(statement, error)) {
    status = pg_statement_parse(statement, error);
    if (status == DRIVER_OK) status = pg_encode(statement, values, count, &encoded, error);
    if (status == DRIVER_OK) status = run_start(statement, &encoded, envelope, error);
  }
  pg_encoded_clear(&encoded);
  if (status != DRIVER_OK) pg_doubt_types(statement, error);
  return status;
}

DriverStatus pg_next(DriverStatement *base, DriverError *error) {
  PgStatement *statement = (PgStatement *)base;
  DriverStatus status = DRIVER_ROW;
  if (!statement->active) {
    if (statement->connection->base.broken) {
      return driver_error_set(error, FAILURE_LOST, "08003",
                              "the connection to the server is closed");
    }
    return DRIVER_DONE;
  }
  if (++statement->row < statement->rows) {
    if (statement->arena.block != NULL) pg_arena_reset(&statement->arena);
    return DRIVER_ROW;
  }
  if (statement->arena.block != NULL) pg_arena_reset(&statement->arena);
  bool last = statement->result != NULL && PQresultStatus(statement->result) != PGRES_SINGLE_TUPLE;
#ifdef LIBPQ_HAS_CHUNK_MODE
  if (last && PQresultStatus(statement->result) == PGRES_TUPLES_CHUNK) last = false;
#endif
  if (!last) status = take_result(statement, error);
  if (status == DRIVER_FAILED) return status;
  if (last || status == DRIVER_DONE) return run_complete(statement, error);
  return DRIVER_ROW;
}

int64_t pg_affected(DriverStatement *statement) {
  return ((PgStatement *)statement)->affected;
}

void pg_finish(DriverStatement *base) {
  PgStatement *statement = (PgStatement *)base;
  PgConnection *connection = statement->connection;
  bool forked = connection->base.owner != driver_process();
  if (!forked) pg_load_stop(statement);
  if (statement->active && !connection->base.broken && !forked) {
    bool idle = pg_drain(connection, driver_clock() + SHORT_REST);
    /* A cancel would spoil a transaction that holds more than this statement: read on. */
    if (!idle && !statement->alone && PQstatus(connection->link) == CONNECTION_OK) {
      pg_settle(connection, NULL, NULL);
    } else if (!idle) {
      pg_stop(connection);
    }
    if (statement->wrapped && !connection->base.broken) run_failed(statement);
  }
  run_end(statement);
  pg_arena_rest(&statement->arena);
  if (connection->base.broken || forked || !statement->parsed) {
    pg_statement_destroy(base);
  } else {
    statement_cache_put(connection->cache, statement->sql, statement->sql_size, base);
  }
}

DriverStatus pg_run(DriverConnection *base, const char *sql, int64_t *affected,
                    DriverError *error) {
  PgConnection *connection = (PgConnection *)base;
  PgSettings *settings = &connection->settings;
  bool ends = pg_session_ends(sql);
  if ((ends ? pg_free : pg_usable)(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (ends) settings->unsettled |= settings->settled_inside;
  sql = pg_begin_text(connection, sql);
  PgStatement *statement = pg_statement_new(connection, sql, strlen(sql));
  if (statement == NULL) return driver_error_memory(error);
  DriverStatus status = run_start(statement, NULL, NULL, error);
  while (status == DRIVER_OK || status == DRIVER_ROW) {
    status = pg_next(&statement->base, error);
  }
  if (status == DRIVER_DONE && affected != NULL) *affected = statement->affected;
  pg_statement_destroy(&statement->base);
  return status == DRIVER_DONE ? DRIVER_OK : DRIVER_FAILED;
}
