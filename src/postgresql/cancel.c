/*
** cancel.c: tells the server to stop what a session is doing.
**
** libpq 17 has a cancel that does not block and goes the same (TLS) way as the session. Before it:
**  - a plain session: PQcancel in a thread, as it blocks; it returns when the server has signalled;
**  - a TLS session: PQcancel would send the cancel key in clear, so a second session, opened with
**    the same target and pinned to the same address, asks for pg_cancel_backend. It goes on in
**    its thread when we cannot wait any longer. That the process is the one we mean (and not one of another
**    server behind a balancer, or a later one with the same number) is told by its start time;
**  - a TLS session through a pooler has no process number of its own: it is only closed.
**
** A cancel that comes before its statement has begun does nothing, and a server that works on a
** statement does not look whether the client is still there. So a session that is given up is
** cancelled again a few times, by a thread that nobody waits for: its key fits no other session.
*/
#include "postgresql.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_FIRST 40 /* milliseconds; each time doubled */
#define AGAIN_LAST 1280

#ifdef LIBPQ_HAS_ASYNC_CANCEL

bool pg_cancel(PgConnection *connection, int64_t until) {
  PGcancelConn *cancel = PQcancelCreate(connection->link);
  bool told = cancel != NULL && PQcancelStart(cancel);
  while (told) {
    PostgresPollingStatusType state = PQcancelPoll(cancel);
    if (state == PGRES_POLLING_OK) break;
    told =
        state != PGRES_POLLING_FAILED &&
        driver_wait(&connection->quiet, PQcancelSocket(cancel),
                    state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until, NULL) == WAIT_READY;
  }
  PQcancelFinish(cancel);
  return told;
}

typedef struct CancelTask {
  PgTask base; /* must be first */
  PGcancelConn *cancel;
} CancelTask;

static void cancel_run(PgTask *base) {
  CancelTask *task = (CancelTask *)base;
  PQcancelBlocking(task->cancel);
  PQcancelReset(task->cancel);
}

static void cancel_destroy(PgTask *base) {
  CancelTask *task = (CancelTask *)base;
  PQcancelFinish(task->cancel);
  free(task);
}

static CancelTask *cancel_new(PgConnection *connection) {
  CancelTask *task = calloc(1, sizeof(*task));
  if (task == NULL) return NULL;
  task->base.destroy = cancel_destroy;
  task->cancel = PQcancelCreate(connection->link);
  if (task->cancel != NULL) return task;
  cancel_destroy(&task->base);
  return NULL;
}

#else

#define SPARE_TIME 10000000 /* microseconds that a second session may take in its thread */

/* The host of a second session: it may outlive the extension's. */
static void no_log(void *context, const char *message) {
  (void)context;
  (void)message;
}
static bool no_interrupt(void *context) {
  (void)context;
  return false;
}
static const DriverHost own_host = {.size = sizeof(DriverHost),
                                    .abi = DRIVER_ABI,
                                    .allocate = malloc,
                                    .reallocate = realloc,
                                    .release = free,
                                    .log = no_log,
                                    .interrupted = no_interrupt};

typedef struct CancelTask {
  PgTask base;          /* must be first */
  PGcancel *cancel;     /* plain */
  DriverTarget *target; /* TLS */
  char process[16], started[40];
  int told; /* written by the thread before it reports */
} CancelTask;

static void cancel_second(CancelTask *task) {
  PgConnection *second;
  DriverError error;
  const char *values[2] = {task->process, task->started};
  PGresult *result = NULL;
  int64_t deadline = driver_clock() + SPARE_TIME;
  if (pg_open(task->target, &own_host, deadline, false, &second, &error) != DRIVER_OK) return;
  if (pg_query(second,
               "SELECT pg_catalog.pg_cancel_backend(pid)"
               " FROM pg_catalog.pg_stat_get_activity($1::pg_catalog.int4)"
               " WHERE backend_start = $2::pg_catalog.timestamptz",
               2, values, &result, &error) == DRIVER_OK) {
    task->told = PQntuples(result) == 1;
  }
  PQclear(result);
  pg_close(&second->base);
}

static void cancel_run(PgTask *base) {
  CancelTask *task = (CancelTask *)base;
  char text[256];
  if (task->target != NULL) {
    cancel_second(task);
  } else {
    task->told = PQcancel(task->cancel, text, sizeof(text));
  }
}

static void cancel_destroy(PgTask *base) {
  CancelTask *task = (CancelTask *)base;
  if (task->cancel != NULL) PQfreeCancel(task->cancel);
  pg_target_free(task->target, &own_host);
  free(task);
}

static CancelTask *cancel_new(PgConnection *connection) {
  bool tls = PQsslInUse(connection->link);
  if (tls && (connection->spare == NULL || *connection->started == 0)) return NULL;
  CancelTask *task = calloc(1, sizeof(*task));
  if (task == NULL) return NULL;
  task->base.destroy = cancel_destroy;
  if (tls) {
    task->target = pg_target_copy(connection->spare, &own_host);
    snprintf(task->process, sizeof(task->process), "%d", PQbackendPID(connection->link));
    snprintf(task->started, sizeof(task->started), "%s", connection->started);
  } else {
    task->cancel = PQgetCancel(connection->link);
  }
  if (task->target != NULL || task->cancel != NULL) return task;
  cancel_destroy(&task->base);
  return NULL;
}

bool pg_cancel(PgConnection *connection, int64_t until) {
  CancelTask *task = cancel_new(connection);
  if (task == NULL) return false;
  task->base.run = cancel_run;
  if (!pg_task_start(&task->base)) {
    cancel_destroy(&task->base);
    return false;
  }
  bool told = pg_task_wait(&task->base, &connection->quiet, until) == WAIT_READY && task->told;
  pg_task_release(&task->base);
  return told;
}

#endif

static void cancel_repeat(PgTask *base) {
  for (int pause = AGAIN_FIRST; pause <= AGAIN_LAST; pause *= 2) {
    poll(NULL, 0, pause);
    cancel_run(base);
  }
}

void pg_cancel_abandoned(PgConnection *connection) {
  CancelTask *task = cancel_new(connection);
  if (task == NULL) return;
  task->base.run = cancel_repeat;
  if (pg_task_start(&task->base)) {
    pg_task_release(&task->base);
  } else {
    cancel_destroy(&task->base);
  }
}
