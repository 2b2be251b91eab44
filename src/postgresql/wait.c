/*
** wait.c: every wait on a session.
**
** libpq is in non-blocking mode. A call queues messages, then takes results; whenever a result is
** not there yet, pg_pump sends what is still in the buffer, waits for the socket, and reads. While
** it sends it also reads, so that both sides' buffers may be full without a deadlock.
**
** A deadline or an interrupt that is noticed here stops the statement on the server (pg_stop)
** before the error is returned: after that the session is either idle again or `broken`.
*/
#include "postgresql.h"
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOK_EVERY 50000 /* microseconds between two looks at the interrupt while data flows */
/* When libpq cannot take a message for want of memory the socket stays silent: the message is still
** in its buffer and is looked at again, or libpq has lost count (a Sync) and only says so. */
#define LOOK_AGAIN 250000
#define STOP_BUDGET                                                                                \
  150000 /* for cancel and drain together; 50 ms may pass before the interrupt is seen */
#define ANSWERED_BUDGET 1000000 /* the server has just answered and nobody is in a hurry */
#define CANCEL_AGAIN 80000      /* a cancel that came before the statement began is repeated */

DriverStatus pg_free(PgConnection *connection, DriverError *error) {
  if (connection->base.owner != driver_process()) {
    return driver_error_set(error, FAILURE_REFUSED, "08003",
                            "this connection belongs to the process that opened it, not to its "
                            "forked child");
  }
  if (connection->base.broken || connection->ended) {
    connection->base.broken = true;
    return driver_error_set(error, FAILURE_LOST, "08003", "the connection to the server is closed");
  }
  if (connection->running != NULL) {
    return driver_error_set(error, FAILURE_REFUSED, NULL,
                            "another statement is still running on this connection");
  }
  connection->refused = false;
  return DRIVER_OK;
}

DriverStatus pg_usable(PgConnection *connection, DriverError *error) {
  if (pg_free(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  if (pg_session_keep(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  bool failed = PQtransactionStatus(connection->link) == PQTRANS_INERROR;
  if (PQclientEncoding(connection->link) != connection->encoding && !failed) {
    pg_break(connection);
    return driver_error_set(error, FAILURE_REFUSED, NULL,
                            "the session's client_encoding was changed; it must stay UTF8");
  }
  connection->refused = false;
  return DRIVER_OK;
}

void pg_break(PgConnection *connection) {
  connection->base.broken = true;
  int socket = PQsocket(connection->link);
  /* The server learns at once that nobody waits; the descriptor is closed by close(). */
  if (socket >= 0 && connection->base.owner == driver_process()) shutdown(socket, SHUT_RDWR);
}

/* The server has refused what was sent last, or what stood before it. */
static void note_refusal(PgConnection *connection, const PGresult *result) {
  ExecStatusType status = PQresultStatus(result);
  if (result != NULL && (status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED)) {
    connection->refused = true;
  }
}

/* Sets the error for a wait that ended without data, after the server was told to stop. */
static DriverStatus give_up(PgConnection *connection, DriverWait why, DriverError *error) {
  if (why == WAIT_ERROR) return pg_error(connection, NULL, error);
  pg_stop(connection);
  /* The statement was over before the cancel came: what it did is done. A broken session tells the
  ** caller that this is not known. */
  if (!connection->base.broken && !connection->refused) pg_break(connection);
  if (why == WAIT_INTERRUPTED) {
    return driver_error_set(error, FAILURE_INTERRUPTED, "57014", "interrupted");
  }
  return driver_error_set(
      error, FAILURE_TIMEOUT, "57014",
      "the server did not answer within the time allowed (option statement_timeout)");
}

/* Data that never stops coming must not keep us from looking at the clock. */
static DriverWait look(PgConnection *connection) {
  int64_t now = driver_clock();
  if (connection->base.deadline != 0 && now >= connection->base.deadline) return WAIT_TIMEOUT;
  if (now - connection->looked < LOOK_EVERY) return WAIT_READY;
  connection->looked = now;
  const DriverHost *host = connection->base.host;
  return host->interrupted(host->context) ? WAIT_INTERRUPTED : WAIT_READY;
}

DriverStatus pg_pump(PgConnection *connection, DriverError *error) {
  PGconn *link = connection->link;
  short ready = 0;
  int unsent = PQflush(link);
  DriverWait wait = look(connection);
  if (wait == WAIT_READY && connection->flowing && unsent == 0) {
    /* Rows that come faster than they are read are there without a poll(). */
    bool came = PQconsumeInput(link) != 0;
    if (!PQisBusy(link)) return DRIVER_OK;
    if (!came) return pg_error(connection, NULL, error);
    connection->flowing = false; /* until the next row */
  }
  if (wait == WAIT_READY) {
    short events = (short)(POLLIN | (unsent == 1 ? POLLOUT : 0));
    int64_t deadline = connection->base.deadline, again = driver_clock() + LOOK_AGAIN;
    bool last = deadline != 0 && deadline <= again;
    wait =
        driver_wait(connection->base.host, PQsocket(link), events, last ? deadline : again, &ready);
    bool starved = strstr(PQerrorMessage(link), "out of memory") != NULL;
    if (wait == WAIT_TIMEOUT && !last && unsent >= 0 && !starved) return DRIVER_OK;
    if (wait == WAIT_TIMEOUT && !last) wait = WAIT_ERROR;
  }
  if (wait != WAIT_READY) return give_up(connection, wait, error);
  /* A failed flush is reported by the read: the server may have said why it hung up. */
  connection->heard |= (ready & ~POLLOUT) != 0;
  if ((ready & ~POLLOUT) != 0 && !PQconsumeInput(link)) {
    /* What had come before the end is still parsed: a FATAL message says more than "closed". */
    if (!PQisBusy(link)) return DRIVER_OK;
    return pg_error(connection, NULL, error);
  }
  if (unsent < 0 && (ready & ~POLLOUT) == 0) return pg_error(connection, NULL, error);
  return DRIVER_OK;
}

DriverStatus pg_take(PgConnection *connection, PGresult **result, DriverError *error) {
  *result = NULL;
  while (PQisBusy(connection->link)) {
    if (pg_pump(connection, error) != DRIVER_OK) return DRIVER_FAILED;
  }
  *result = PQgetResult(connection->link);
  note_refusal(connection, *result);
  if (*result != NULL && PQresultStatus(*result) == PGRES_PIPELINE_SYNC) connection->syncs--;
  return DRIVER_OK;
}

DriverStatus pg_sync(PgConnection *connection, DriverError *error) {
  if (!PQpipelineSync(connection->link)) return pg_error(connection, NULL, error);
  connection->syncs++;
  connection->sync_owed = false;
  return DRIVER_OK;
}

/* Ends a COPY that a statement of the user started; what follows is an ordinary error or end. True
** when more must be read from the server first: in that state libpq is never "busy". */
static bool copy_end(PGconn *link, ExecStatusType status) {
  if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) {
    PQputCopyEnd(link, "COPY FROM STDIN is not possible here");
  }
  if (status != PGRES_COPY_OUT && status != PGRES_COPY_BOTH) return false;
  char *data = NULL;
  int size;
  while ((size = PQgetCopyData(link, &data, 1)) > 0)
    PQfreemem(data);
  return size == 0;
}

DriverStatus pg_settle(PgConnection *connection, PGresult **last, DriverError *error) {
  bool piped = PQpipelineStatus(connection->link) != PQ_PIPELINE_OFF, failed = false;
  DriverError ignored;
  PGresult *kept = NULL;
  if (error == NULL) error = &ignored;
  if (last != NULL) *last = NULL;
  if (piped && connection->sync_owed && pg_sync(connection, error) != DRIVER_OK) {
    return DRIVER_FAILED;
  }
  while (!piped || connection->syncs > 0) {
    PGresult *result;
    DriverError later;
    DriverStatus status = pg_take(connection, &result, failed ? &later : error);
    bool lost =
        status == DRIVER_OK && result == NULL && PQstatus(connection->link) != CONNECTION_OK;
    if (lost && !failed) pg_error(connection, NULL, error);
    if (status != DRIVER_OK || lost) {
      PQclear(kept);
      return DRIVER_FAILED;
    }
    if (result == NULL && !piped) break;
    if (result == NULL) continue;
    ExecStatusType kind = PQresultStatus(result);
    bool bad = kind == PGRES_FATAL_ERROR || kind == PGRES_BAD_RESPONSE;
    if (bad && !failed) pg_error(connection, result, error);
    failed = failed || bad;
    if (bad && connection->base.broken) {
      PQclear(result);
      PQclear(kept);
      return DRIVER_FAILED;
    }
    if (copy_end(connection->link, kind) &&
        pg_pump(connection, failed ? &later : error) != DRIVER_OK) {
      PQclear(result);
      PQclear(kept);
      return DRIVER_FAILED;
    }
    if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK) {
      PQclear(kept);
      kept = result;
    } else {
      PQclear(result);
    }
  }
  if (piped && !PQexitPipelineMode(connection->link)) pg_break(connection);
  if (last != NULL && !failed)
    *last = kept;
  else
    PQclear(kept);
  return failed ? DRIVER_FAILED : DRIVER_OK;
}

bool pg_drain(PgConnection *connection, int64_t until) {
  PGconn *link = connection->link;
  bool piped = PQpipelineStatus(link) != PQ_PIPELINE_OFF;
  if (piped && connection->sync_owed) {
    DriverError ignored;
    if (pg_sync(connection, &ignored) != DRIVER_OK) return false;
  }
  for (;;) {
    while (!PQisBusy(link)) {
      if (PQstatus(link) != CONNECTION_OK) return false;
      if (piped && connection->syncs == 0) return PQexitPipelineMode(link) != 0;
      PGresult *result = PQgetResult(link);
      if (result == NULL && !piped) return true;
      ExecStatusType status = PQresultStatus(result);
      if (result != NULL && status == PGRES_PIPELINE_SYNC) connection->syncs--;
      note_refusal(connection, result);
      bool more = result != NULL && copy_end(link, status);
      PQclear(result);
      if (driver_clock() >= until) return false;
      if (more) break;
    }
    int unsent = PQflush(link);
    short ready, events = (short)(POLLIN | (unsent == 1 ? POLLOUT : 0));
    if (driver_clock() >= until) return false;
    if (driver_wait(&connection->quiet, PQsocket(link), events, until, &ready) != WAIT_READY) {
      return false;
    }
    if ((ready & ~POLLOUT) != 0 && !PQconsumeInput(link)) return false;
  }
}

static void stop_within(PgConnection *connection, int64_t budget) {
  int64_t end = driver_clock() + budget;
  bool idle = false;
  while (!idle && !connection->base.broken && driver_clock() < end) {
    int64_t again = driver_clock() + CANCEL_AGAIN;
    /* Without an answer the signal may still be on its way and could hit the next statement. */
    if (!pg_cancel(connection, end)) break;
    idle = pg_drain(connection, again < end ? again : end);
    if (!idle && PQstatus(connection->link) != CONNECTION_OK) break;
  }
  if (idle) return;
  pg_cancel_abandoned(connection);
  pg_break(connection);
}

void pg_stop(PgConnection *connection) {
  stop_within(connection, STOP_BUDGET);
}

void pg_stop_answered(PgConnection *connection) {
  stop_within(connection, ANSWERED_BUDGET);
}
