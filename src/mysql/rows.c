/*
** rows.c: the rows of a running statement, one by one off the wire, to their end or given up
** before.
**
** The end is only MYSQL_NO_DATA with no error beside it: a link that breaks, a session that is
** killed and a statement that is stopped all leave an error number, sometimes with the statement,
** sometimes with the connection. Anything but that end is a failure, never a short result.
*/
#include "my.h"
#include <unistd.h>

#define ROWS_PER_LOOK                                                                              \
  1024 /* rows that come without a wait between two looks at clock and interrupt */
#define DRAIN_TIME 15000 /* microseconds a rest is read before its statement is stopped */
#define SKIP_TIME 5000   /* microseconds between two looks at the clock meanwhile */
#define LAST_TIME 80000  /* microseconds kept for reading what was on its way */

/* ---- rows ---- */

/* While rows come faster than they are read there is no wait in which clock and interrupt
** are seen. */
static void look(MyConnection *connection) {
  const DriverHost *host = connection->base.host;
  if (connection->base.deadline != 0 && driver_clock() >= connection->base.deadline) {
    my_stop_begin(connection, FAILURE_TIMEOUT);
  } else if (host->interrupted(host->context)) {
    my_stop_begin(connection, FAILURE_INTERRUPTED);
  }
}

/* A stop during a fetch that still gave a row: the rest is read until the server's error comes. */
static DriverStatus give_up(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  bool timeout = connection->stopping == FAILURE_TIMEOUT;
  driver_error_set(error, connection->stopping, timeout ? "HYT00" : "57014", "%s",
                   timeout ? "the time for the statement is over" : "interrupted");
  my_statement_drain(statement);
  statement->state = STATE_FAILED;
  return DRIVER_FAILED;
}

static DriverStatus end_of_rows(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  if (mysql_stmt_errno(statement->handle) != 0 || mysql_errno(connection->mysql) != 0) {
    connection->running = NULL;
    return my_statement_fail(statement, error);
  }
  bool whole = statement->stored || my_skip_results(statement);
  connection->running = NULL;
  if (!whole) return my_statement_fail(statement, error);
  my_stop_end(connection);
  return DRIVER_DONE;
}

static DriverStatus next_binary(MyStatement *statement, DriverError *error) {
  MyConnection *connection = my_of(statement);
  switch (my_fetch(statement)) {
  case 0:
  case MYSQL_DATA_TRUNCATED: /* a value longer than its buffer: decode.c looks at the length */
    statement->rows++;
    return DRIVER_ROW;
  case MYSQL_NO_DATA: return end_of_rows(statement, error);
  case MY_FETCH_MEMORY: my_statement_drain(statement); return driver_error_memory(error);
  default: connection->running = NULL; return my_statement_fail(statement, error);
  }
}

DriverStatus my_next(DriverStatement *base, DriverError *error) {
  MyStatement *statement = (MyStatement *)base;
  MyConnection *connection = my_of(statement);
  if (statement->state == STATE_DONE) return DRIVER_DONE;
  if (statement->state != STATE_ROWS) {
    return driver_error_set(error, FAILURE_REFUSED, "24000", "the statement was not executed");
  }
  if (!my_is_ours(connection) && !my_usable(connection, error)) return DRIVER_FAILED;
  if (!statement->stored && statement->rows % ROWS_PER_LOOK == ROWS_PER_LOOK - 1) look(connection);
  DriverStatus status = DRIVER_FAILED;
  if (statement->handle != NULL) {
    status = next_binary(statement, error);
  } else {
    status = my_text_next(statement, error);
    if (status == DRIVER_ROW) statement->rows++;
  }
  if (status == DRIVER_ROW && connection->stopping != FAILURE_NONE) {
    return give_up(statement, error);
  }
  if (status == DRIVER_DONE) statement->state = STATE_DONE;
  if (status == DRIVER_FAILED) {
    statement->state = STATE_FAILED;
    connection->running = NULL;
    if (!statement->is_query) my_undo_look(connection, error);
  }
  return status;
}

int64_t my_affected(DriverStatement *base) {
  const MyStatement *statement = (const MyStatement *)base;
  if (statement->is_ddl) return 0;
  if (statement->columns.count > 0) return statement->is_change ? statement->rows : 0;
  return statement->affected;
}

int64_t my_made_key(DriverStatement *base) {
  MyStatement *statement = (MyStatement *)base;
  return statement->handle != NULL ? (int64_t)mysql_stmt_insert_id(statement->handle)
                                   : (int64_t)mysql_insert_id(my_of(statement)->mysql);
}

/* ---- giving a result up ---- */

typedef struct Skip {
  MyStatement *statement;
  bool more;
} Skip;

/* Some rows at once, for a moment; no Value is made of them. */
static void skip_rows(void *argument) {
  Skip *skip = argument;
  MyStatement *statement = skip->statement;
  int64_t end = driver_clock() + SKIP_TIME;
  skip->more = true;
  for (int count = 1; skip->more; count++) {
    if (statement->handle != NULL) {
      int rc = mysql_stmt_fetch(statement->handle);
      skip->more = rc == 0 || rc == MYSQL_DATA_TRUNCATED;
    } else {
      skip->more = statement->result != NULL && mysql_fetch_row(statement->result) != NULL;
    }
    if (count % 64 == 0 && driver_clock() >= end) break;
  }
}

static void free_rows(void *argument) {
  mysql_stmt_free_result(argument);
}

void my_statement_drain(MyStatement *statement) {
  MyConnection *connection = my_of(statement);
  int64_t end = driver_clock() + DRAIN_TIME;
  connection->soft_limit = end;
  bool told = false; /* the server was given time to hear the KILL */
  Skip skip = {.statement = statement, .more = true};
  while (skip.more && !connection->base.broken) {
    if (connection->stopping != FAILURE_NONE && !told) {
      /* Reading on meanwhile would only take processor time away from it. */
      my_stop_sent(connection, connection->stop_until - LAST_TIME);
      told = true;
    }
    my_call(connection, skip_rows, &skip);
    int64_t now = driver_clock();
    if (connection->stopping == FAILURE_NONE && now >= end) {
      my_stop_begin(connection, FAILURE_INTERRUPTED);
    } else if (connection->stopping != FAILURE_NONE && now >= connection->stop_until) {
      my_cut(connection);
    }
  }
  connection->running = NULL;
  unsigned int number = statement->handle != NULL ? mysql_stmt_errno(statement->handle)
                                                  : mysql_errno(connection->mysql);
  if (number == 0) number = mysql_errno(connection->mysql);
  if (my_error_is_loss((int)number)) connection->base.broken = true;
  if (statement->handle == NULL) {
    my_text_end(statement);
  } else if (!connection->base.broken) {
    my_skip_results(statement);
    my_call(connection, free_rows, statement->handle);
  }
  my_stop_end(connection);
  connection->soft_limit = 0;
}

void my_finish(DriverStatement *base) {
  MyStatement *statement = (MyStatement *)base;
  MyConnection *connection = my_of(statement);
  bool ours = my_is_ours(connection) && connection->base.owner == driver_process();
  if (ours && statement->state == STATE_ROWS && !statement->stored) {
    my_statement_drain(statement);
  } else if (statement->handle != NULL && statement->stored && statement->state != STATE_IDLE) {
    mysql_stmt_free_result(statement->handle);
  } else if (statement->handle == NULL && statement->stored) {
    my_text_end(statement);
  }
  if (connection->running == statement) connection->running = NULL;
  statement->stored = false;
  statement->state = STATE_IDLE;
  my_columns_shrink(connection->base.host, &statement->columns);
  my_ahead_clear(statement);
  bool keep = ours && !connection->base.broken && !statement->is_ddl && statement->handle != NULL;
  if (keep) {
    statement_cache_put(connection->cache, statement->sql, statement->size, base);
  } else {
    my_statement_destroy(base);
  }
}
